// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What targets read out of the memory that kernels write messages into.
#include <cutrans/targets/messages.h>

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace cutrans::targets {
namespace {

class Space {
 public:
  explicit Space(uint32_t bytes) : memory_((sizeof(ct_messages) + bytes) / 8) { get().bytes = bytes; }
  ct_messages &get() { return *reinterpret_cast<ct_messages *>(memory_.data()); }

  // As generated code writes: the place first, the record only where it fits whole.
  void add(uint32_t kind, uint32_t thread, std::string rest) {
    while (rest.size() % 8) rest += '\0';
    const auto size = static_cast<uint32_t>(sizeof(ct_message) + rest.size());
    const uint32_t at = get().written;
    get().written += size;
    if (get().written > get().bytes) return;
    const ct_message head = {kind, size, {1, 2, 3}, thread};
    char *to = reinterpret_cast<char *>(&get() + 1) + at;
    std::memcpy(to, &head, sizeof head);
    std::memcpy(to + sizeof head, rest.data(), rest.size());
  }
  void print(const std::string &format, std::string values, const std::string &texts) {
    const uint32_t sizes[] = {static_cast<uint32_t>(format.size() + 1), static_cast<uint32_t>(values.size())};
    std::string rest(reinterpret_cast<const char *>(sizes), sizeof sizes);
    rest += format + '\0';
    while (rest.size() % 8) rest += '\0';
    while (values.size() % 8) values += '\0';
    add(CT_MESSAGE_PRINTF, 0, rest + values + texts);
  }
  Messages take() {
    const uint32_t block[] = {4, 2, 1};
    return takeMessages(get(), block, "k");
  }

 private:
  std::vector<uint64_t> memory_;
};

template <class T>
std::string bytes(T value) {
  return {reinterpret_cast<const char *>(&value), sizeof value};
}
std::string words(uint32_t a, uint32_t b) { return bytes(a) + bytes(b); }

TEST(Messages, PrintfWithNumbersAndTexts) {
  Space space(4096);
  space.print("n=%d s=%s d=%.2f t=%s\n", words(7, 0) + bytes(uint64_t{0xdead}) + bytes(1.5) + bytes(uint64_t{0}), std::string("one\0two\0", 8));
  space.print("plain\n", "", "");
  const Messages got = space.take();
  EXPECT_EQ(got.printed, "n=7 s=one d=1.50 t=two\nplain\n");
  EXPECT_EQ(got.fault, CT_OK);
  EXPECT_FALSE(got.lost);
  EXPECT_EQ(space.get().written, 0u);
  EXPECT_EQ(space.take().printed, "");
}

TEST(Messages, TheFirstFaultCounts) {
  Space space(4096);
  space.add(CT_MESSAGE_ASSERT, 6, words(12, 0) + std::string("x > 0\0f.cu\0k()\0", 15));
  space.add(CT_MESSAGE_TRAP, 1, words(0, 0));
  space.get().ended = 1;
  const Messages got = space.take();
  EXPECT_EQ(got.fault, CT_ERR_ASSERT);
  EXPECT_EQ(got.errors, "f.cu:12: k(): block: [1,2,3], thread: [2,1,0] Assertion `x > 0` failed.\n");
  EXPECT_EQ(space.get().ended, 0u);
  space.add(CT_MESSAGE_TRAP, 5, words(9u << 13, 0));
  const Messages trap = space.take();
  EXPECT_EQ(trap.fault, CT_ERR_TRAP);
  EXPECT_EQ(trap.text, "kernel k, block (1, 2, 3): trap instruction in thread 5, PTX line 9");
  space.add(CT_MESSAGE_TRAP, 5, words(static_cast<uint32_t>(Code::host_misaligned), 0));
  EXPECT_EQ(space.take().fault, CT_ERR_MISALIGNED);
}

TEST(Messages, TooMuchIsLost) {
  Space space(64);
  space.print("one\n", "", "");   // 40 bytes
  space.print("two\n", "", "");
  const Messages got = space.take();
  EXPECT_EQ(got.printed, "one\n");
  EXPECT_TRUE(got.lost);
  space.get().ended = 1;
  EXPECT_EQ(space.take().fault, CT_ERR_LAUNCH);
}

TEST(Messages, DamagedRecordsEndTheReading) {
  for (const std::string &rest : {std::string(), words(1000, 0), words(4, 4000) + "abc\0", words(4, 0) + "abcd", words(0, 0)}) {
    Space space(256);
    space.add(CT_MESSAGE_PRINTF, 0, rest);
    EXPECT_EQ(space.take().printed, "");
  }
  Space space(256);
  space.print("%d %lld %s|\n", words(1, 0), "");  // fewer values than the format wants
  EXPECT_EQ(space.take().printed, "1 0 |\n");
  space.add(77, 0, "");
  space.get().written = 0x7fffffff;
  EXPECT_TRUE(space.take().lost);
}

}  // namespace
}  // namespace cutrans::targets
