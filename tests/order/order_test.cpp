// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random programs against the model, and the model against histories that are wrong. ORDER_PROGRAMS: how many programs of each
// number of threads; ORDER_SEED: the first one's seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "program.h"

namespace order {
namespace {

uint64_t number(const char *name, uint64_t otherwise) {
  const char *text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

class RandomOrder : public testing::TestWithParam<int> {};

TEST_P(RandomOrder, KeepsAllPromises) {
  const uint64_t first = number("ORDER_SEED", 1), count = number("ORDER_PROGRAMS", ORDER_TEST_PROGRAMS);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    History history = runProgram(seed, GetParam());
    const std::string wrong = violations(history);
    ASSERT_EQ(wrong, "") << "ORDER_SEED=" << seed << " ORDER_PROGRAMS=1\n" << print(history);
  }
}
INSTANTIATE_TEST_SUITE_P(Threads, RandomOrder, testing::Values(1, 2, 4), testing::PrintToStringParamName());

// Two host functions, the second of which began while the first one ran.
struct Overlap {
  History history;
  Overlap(int first_stream, int second_stream) {
    history.streams = {StreamKind::legacy, StreamKind::blocking, StreamKind::non_blocking};
    history.calls = {{.stream = first_stream, .called = 1, .returned = 2, .began = 5, .ended = 8},
                     {.stream = second_stream, .called = 3, .returned = 4, .began = 6, .ended = 9}};
  }
  void swap() { std::swap(history.calls[0].called, history.calls[1].called), std::swap(history.calls[0].returned, history.calls[1].returned); }
};

TEST(OrderModel, OfStreams) {
  EXPECT_NE(violations(Overlap(1, 1).history), "");
  EXPECT_NE(violations(Overlap(0, 1).history), "") << "a blocking stream waits for the legacy one";
  EXPECT_NE(violations(Overlap(1, 0).history), "") << "and it for them";
  EXPECT_EQ(violations(Overlap(0, 2).history), "");
  EXPECT_EQ(violations(Overlap(1, 2).history), "");
  Overlap together(1, 1);
  together.history.calls[1].called = 1;
  EXPECT_EQ(violations(together.history), "") << "calls at the same time have no order";
}

TEST(OrderModel, OfEvents) {
  Overlap events(1, 2);
  History &history = events.history;
  history.calls[1].called = 20, history.calls[1].returned = 21;
  history.calls.push_back({.kind = Kind::record, .stream = 1, .event = 0, .called = 10, .returned = 11});
  EXPECT_EQ(violations(history), "");
  history.calls.push_back({.kind = Kind::wait, .stream = 2, .event = 0, .called = 12, .returned = 13});
  EXPECT_NE(violations(history), "");
  history.calls[3].event = 1;
  EXPECT_EQ(violations(history), "") << "an event that was never recorded";
  history.calls[3].event = 0;
  history.calls.push_back({.kind = Kind::record, .stream = 2, .event = 0, .called = 11, .returned = 12});
  EXPECT_EQ(violations(history), "") << "another record may have been the last one";
}

TEST(OrderModel, OfWaiting) {
  Overlap waits(1, 2);
  History &history = waits.history;
  history.calls.push_back({.kind = Kind::sync_stream, .stream = 1, .called = 6, .returned = 7});
  EXPECT_NE(violations(history), "") << "the first function ended at 8";
  history.calls[2].stream = 0;
  EXPECT_EQ(violations(history), "");
  history.calls[2].kind = Kind::sync_device;
  EXPECT_NE(violations(history), "");
  history.calls[2].returned = 10;
  EXPECT_EQ(violations(history), "");
  history.calls[1].ended = 0;
  EXPECT_NE(violations(history), "") << "never ran";
}

TEST(OrderModel, OfGraphs) {
  Overlap nodes(1, 1);
  History &history = nodes.history;
  for (Call &call : history.calls) call.launch = 0, call.called = 1, call.returned = 2;
  EXPECT_EQ(violations(history), "") << "no edge";
  history.calls[1].after = {0};
  EXPECT_NE(violations(history), "");
  history.calls[1].began = 9;
  EXPECT_EQ(violations(history), "");
  history.calls.push_back({.stream = 1, .called = 3, .returned = 4, .began = 8, .ended = 10});
  EXPECT_NE(violations(history), "") << "the stream goes on when all nodes have ended";
  history.calls[2].stream = 2;
  EXPECT_EQ(violations(history), "");
}

TEST(OrderModel, OfMemory) {
  History history;
  history.streams = {StreamKind::legacy, StreamKind::blocking};
  history.calls = {{.kind = Kind::write, .stream = 1, .cell = 0, .value = 1, .called = 1, .returned = 2},
                   {.kind = Kind::write, .stream = 1, .cell = 0, .value = 2, .called = 3, .returned = 4},
                   {.kind = Kind::read, .stream = 0, .cell = 0, .value = 2, .called = 5, .returned = 6},
                   {.kind = Kind::write, .stream = 1, .cell = 0, .value = 3, .called = 7, .returned = 8}};
  EXPECT_EQ(violations(history), "");
  for (uint32_t wrong : {0u, 1u, 3u, 4u}) {
    history.calls[2].value = wrong;
    EXPECT_NE(violations(history), "") << wrong;
  }
}

}  // namespace
}  // namespace order

int main(int argc, char **argv) {
  setenv("CUTRANS_TARGET", ORDER_TEST_TARGET, 1);
  setenv("CUTRANS_COMPUTE_CAPABILITY", "90", 1);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
