// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random divergent control flow: gangs of every width must leave the memory that threads leave one at a time.
// CUTRANS_TEST_SEEDS=first:count tries others; CUTRANS_TEST_PRINT=1 prints the kernels, CUTRANS_TEST_FILE is
// a kernel to take instead (for llvm-reduce; CUTRANS_TEST_REFERENCE=1 only runs it one thread at a time).
#include <cstdlib>
#include <cstring>
#include <random>

#include <gtest/gtest.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include "tests/passes/simt/jit.h"
#include "tests/passes/simt/random_kernel.h"

using namespace cutrans::test;

namespace {

struct Memory {
  std::vector<uint32_t> in, out, sums, exchange;
  RandomParameters parameters;
  explicit Memory(const Launch &launch, uint32_t n) : in(RandomInput), out(launch.threads() * launch.grid[0] * RandomOutput), sums(RandomSums), exchange(launch.threads() * launch.grid[0]) {
    std::mt19937 random(17);
    for (uint32_t &value : in) value = random() % 4 ? random() % 64 : random();
    parameters = {in.data(), out.data(), sums.data(), n, exchange.data()};
  }
};

void tryKernel(uint64_t seed, bool barriers) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  if (const char *file = getenv("CUTRANS_TEST_FILE")) {
    llvm::SMDiagnostic diagnostic;
    module = llvm::parseIRFile(file, diagnostic, context);
    ASSERT_TRUE(module);
  } else {
    module = randomKernel(context, seed, barriers);
  }
  if (getenv("CUTRANS_TEST_PRINT")) module->print(llvm::outs(), nullptr);
  const Launch launches[] = {{{64, 1, 1}, {2, 1, 1}}, {{37, 1, 1}, {2, 1, 1}}};
  Launch launch = launches[seed % 2];
  uint32_t n = seed % 23;
  Memory expected(launch, n);
  Outcome reference = runThreads(*module, launch, &expected.parameters);
  if (getenv("CUTRANS_TEST_REFERENCE")) return;
  for (unsigned width : {32u, 8u, 16u, 1u}) {
    if (width == 16 && seed % 3) continue;
    if (width == 1 && seed % 5) continue;
    Launch shape = launch;
    shape.anyShape = seed % 4 == 3;
    Memory actual(launch, n);
    Outcome outcome = runGangs(*module, shape, &actual.parameters, width, seed % 4 == 1);
    ASSERT_EQ(outcome.error, "") << "seed " << seed << " width " << width;
    EXPECT_EQ(outcome.arrivals, reference.arrivals) << "seed " << seed << " width " << width;
    if (actual.out != expected.out || actual.sums != expected.sums) {
      for (size_t i = 0; i < actual.out.size(); ++i)
        if (actual.out[i] != expected.out[i]) {
          ADD_FAILURE() << "seed " << seed << " width " << width << ": thread " << i / RandomOutput << " slot " << i % RandomOutput << " is "
                        << actual.out[i] << ", not " << expected.out[i];
          return;
        }
      ADD_FAILURE() << "seed " << seed << " width " << width << ": sums differ";
      return;
    }
  }
}

void tryKernels(bool barriers) {
  uint64_t first = 0, count = 40;
  if (const char *range = getenv("CUTRANS_TEST_SEEDS")) sscanf(range, "%lu:%lu", &first, &count);
  for (uint64_t seed = first; seed < first + count && !testing::Test::HasFatalFailure(); ++seed) tryKernel(seed, barriers);
}

}  // namespace

// Each stands for a fault once found.
TEST(Divergence, SeedsThatFailed) {
  for (uint64_t seed : {175, 230, 248, 249, 344, 418, 431}) tryKernel(seed, false);
  for (uint64_t seed : {144, 165, 355, 363, 486, 508, 529, 598}) tryKernel(seed, true);
}

TEST(Divergence, RandomControlFlow) { tryKernels(false); }
TEST(Divergence, RandomControlFlowAroundBarriers) { tryKernels(true); }
