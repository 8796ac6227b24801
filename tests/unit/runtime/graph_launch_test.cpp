// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels in graphs, on the host target with kernels built by hand.
#include "cutrans/runtime/module.h"
#include "graph_fixture.h"

namespace cutrans::runtime {
namespace {

using Trouble = GraphExec::Trouble;

class GraphLaunches : public GraphTest {
 protected:
  Module &load(const std::string &text, Context &context) {
    Unit unit{"unit", text};
    Result<Module *> module = Module::load(context, {&unit, 1});
    EXPECT_OK(module);
    return **module;
  }
  Kernel &kernel(const std::string &line) { return **load("kernel k " + line, context()).kernel("k"); }
  uint64_t *numbers(uint64_t count) {
    auto *memory = reinterpret_cast<uint64_t *>(*allocateMemory(context(), MemoryKind::device, count * 8));
    std::fill_n(memory, count, uint64_t{0});
    return memory;
  }
  // `ids` writes each thread's number plus `base` to out.
  static KernelWork ids(Kernel &kernel, uint64_t *out, uint64_t base, uint32_t threads = 32) {
    void *pointers[] = {&out, &base};
    return launch(kernel, pointers, threads);
  }
  static KernelWork increment(Kernel &kernel, uint64_t *out) {
    void *pointers[] = {&out};
    return launch(kernel, pointers, 32);
  }
  static KernelWork launch(Kernel &kernel, void **pointers, uint32_t threads) {
    KernelWork work;
    work.kernel = &kernel;
    work.shape.block[0] = threads;
    Arguments arguments;
    arguments.pointers = pointers;
    work.arguments = *packArguments(kernel, arguments);
    return work;
  }
  void run(GraphExec &exec) {
    ASSERT_OK(exec.launch(queue()));
    ASSERT_OK(queue().synchronize());
  }
};

TEST_F(GraphLaunches, KernelsRunInOrderAsOftenAsLaunched) {
  Kernel &first = kernel("ids 0 0 0 8 8"), &next = kernel("increment 0 0 0 8");
  uint64_t *out = numbers(32);
  GraphNode *node = add(ids(first, out, 100));
  for (int i = 0; i < 50; ++i) node = add(increment(next, out), {node});
  GraphExec &exec = instantiate();
  for (int i = 0; i < 20; ++i) ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(queue().synchronize());
  for (uint64_t i = 0; i < 32; ++i) EXPECT_EQ(out[i], 150 + i);
}

TEST_F(GraphLaunches, WrongKernelWorkIsRefused) {
  Kernel &k = kernel("ids 0 64 0 8 8");
  uint64_t *out = numbers(64);
  KernelWork work = ids(k, out, 1);
  work.arguments.pop_back();
  EXPECT_CODE(invalid_value, graph().add(work, {}));
  testing::internal::CaptureStderr();
  EXPECT_CODE(out_of_resources, graph().add(ids(k, out, 1, 65), {}));
  EXPECT_CODE(invalid_configuration, graph().add(ids(k, out, 1, 0), {}));
  testing::internal::GetCapturedStderr();
  GraphNode *node = add(ids(k, out, 1));
  EXPECT_NE(graph().dot(false).find("kernel\\nk\""), std::string::npos) << graph().dot(false);
  ASSERT_OK(k.module().unload());
  EXPECT_CODE(invalid_handle, node->setWork(node->work()));
  GraphExec::Report report;
  EXPECT_CODE(invalid_handle, GraphExec::instantiate(graph(), 0, &report));
  EXPECT_EQ(report.node, node);
}

TEST_F(GraphLaunches, AKernelThatCannotBeCompiledIsToldAtInstantiation) {
  add(ids(kernel("ids 0 0 0 8 8"), numbers(32), 1));
  GraphNode *bad = add(ids(kernel("no_such_file 0 0 0 8 8"), numbers(32), 1));
  GraphExec::Report report;
  testing::internal::CaptureStderr();
  EXPECT_CODE(invalid_image, GraphExec::instantiate(graph(), 0, &report));
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(report.node, bad);
}

TEST_F(GraphLaunches, ArgumentsShapesAndKernelsChange) {
  Kernel &a = kernel("ids 0 0 0 8 8"), &b = kernel("increment 0 0 0 8");
  uint64_t *out = numbers(64), *other = numbers(64);
  GraphNode *node = add(ids(a, out, 5));
  GraphExec &exec = instantiate();
  run(exec);
  ASSERT_OK(exec.setWork(*node, ids(a, other, 6, 64)));
  run(exec);
  EXPECT_EQ(out[31], 36u);
  EXPECT_EQ(other[63], 69u);
  ASSERT_OK(exec.setWork(*node, increment(b, out)));
  run(exec);
  EXPECT_EQ(out[31], 37u);
  ASSERT_OK(exec.setEnabled(*node, false));
  run(exec);
  EXPECT_EQ(out[31], 37u);
  ASSERT_OK(exec.setEnabled(*node, true));
  ASSERT_OK(b.module().unload());
  EXPECT_CODE(invalid_handle, exec.launch(queue())) << "a kernel that is gone";
  ASSERT_OK(exec.setWork(*node, ids(a, out, 1)));
  run(exec);
  EXPECT_EQ(out[0], 1u);
}

TEST_F(GraphLaunches, ArgumentsAreThoseOfTheLaunchNotOfTheRun) {
  Kernel &k = kernel("ids 0 0 0 8 8");
  uint64_t *out = numbers(32);
  GraphNode *node = add(ids(k, out, 5));
  GraphExec &exec = instantiate();
  ASSERT_OK(gate_.close(queue()));
  ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(exec.setWork(*node, ids(k, out, 500)));
  ASSERT_OK(exec.destroy());
  gate_.open();
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(out[0], 5u);
}

TEST_F(GraphLaunches, ManyArgumentsAreCopiedToo) {
  std::string line = "ids 0 0 0 8 8";
  for (int i = 0; i < 60; ++i) line += " 8";
  Kernel &k = kernel(line);
  uint64_t *out = numbers(32), base = 9, rest = 0;
  std::vector<void *> pointers(62, &rest);
  pointers[0] = &out, pointers[1] = &base;
  add(launch(k, pointers.data(), 32));
  GraphExec &exec = instantiate();
  for (int i = 0; i < 3; ++i) ASSERT_OK(exec.launch(queue()));
  ASSERT_OK(exec.destroy());
  ASSERT_OK(queue().synchronize());
  EXPECT_EQ(out[31], 40u);
}

TEST_F(GraphLaunches, UpdatesChangeKernelsWithinLimits) {
  Kernel &a = kernel("ids 0 0 0 8 8"), &b = kernel("increment 0 0 0 8");
  uint64_t *out = numbers(32);
  add(ids(a, out, 5));
  GraphExec &exec = instantiate();
  Graph &g = *newGraph();
  addTo(g, increment(b, out));
  GraphExec::Report report;
  run(exec);
  ASSERT_OK(exec.update(g, &report));
  run(exec);
  EXPECT_EQ(out[0], 6u);
  Graph &cooperative = *newGraph();
  KernelWork work = ids(a, out, 5);
  work.shape.cooperative = true;
  GraphNode *node = addTo(cooperative, work);
  EXPECT_CODE(graph_update_failure, exec.update(cooperative, &report));
  EXPECT_EQ(report.trouble, Trouble::attributes);
  EXPECT_EQ(report.node, node);
  Context &second = **Context::create(context().device(), 0);
  Kernel &far = **load("kernel k ids 0 0 0 8 8", second).kernel("k");
  Graph &elsewhere = *newGraph();
  addTo(elsewhere, ids(far, out, 5));
  EXPECT_CODE(graph_update_failure, exec.update(elsewhere, &report));
  EXPECT_EQ(report.trouble, Trouble::kernel);
  ASSERT_OK(elsewhere.destroy());
  ASSERT_OK(second.destroy());
}

TEST_F(GraphLaunches, AKernelDecidesHowOftenALoopRuns) {
  Kernel &k = kernel("ids 0 0 0 8 8"), &count = kernel("increment 0 0 0 8");
  uint64_t *out = numbers(32);
  Address loop = *graph().createCondition(context(), 1, true);
  GraphNode *node = add(ConditionalWork{loop, ConditionalKind::loop, {nullptr}});
  Graph &body = *std::get<ConditionalWork>(node->work()).bodies[0];
  GraphNode *inner = addTo(body, increment(count, out));
  // One thread writes 0 to the condition.
  addTo(body, ids(k, reinterpret_cast<uint64_t *>(loop), 0, 1), {inner});
  GraphExec &exec = instantiate();
  for (int i = 0; i < 5; ++i) run(exec);
  EXPECT_EQ(out[0], 5u);
}

TEST_F(GraphLaunches, AFaultEndsTheGraphAndStays) {
  static std::atomic<int> ended;
  ended = 0;
  UserObject *object = *UserObject::create(nullptr, [](void *) { ++ended; }, 1);
  ASSERT_OK(graph().retain(*object, 1, true));
  Kernel &bad = kernel("end 0 0 0 8 8");
  uint64_t how = 1, address = 0;
  void *pointers[] = {&how, &address};
  std::atomic<int> ran{0};
  GraphNode *fault = add(launch(bad, pointers, 1));
  GraphNode *host = add(call([&] { ++ran; }), {fault});
  Address condition = *graph().createCondition(context(), 1, true);
  add(ConditionalWork{condition, ConditionalKind::once, {nullptr}}, {host});
  GraphExec &exec = instantiate();
  testing::internal::CaptureStderr();
  ASSERT_OK(exec.launch(queue()));
  EXPECT_CODE(device_trap, queue().synchronize());
  EXPECT_CODE(device_trap, exec.launch(queue()));
  testing::internal::GetCapturedStderr();
  EXPECT_OK(exec.destroy());
  EXPECT_OK(graph().destroy());
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(ran, 0);
  EXPECT_OK(context().device().resetPrimary());
}

}  // namespace
}  // namespace cutrans::runtime
