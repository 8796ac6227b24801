// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every call that a target can refuse is made to fail, one after the other, in programs that go through the API. Each time:
//   - the program sees the CUDA error of that failure, or the layer got over it and all results are right;
//   - a program that tries again gets what it wanted, and one that stops leaves nothing behind;
//   - a device's fault stays until the reset, and no longer;
//   - the same program runs again, without an error; after a reset the target has no object left.
#include <cuda.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "faults.h"
#include "script.h"

namespace cutrans::faults {
namespace {

const Control &control() {
  static const Control *const found = [] {
    void *plugin = dlopen(CUTRANS_FAULTS_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    return static_cast<const Control *>(plugin ? dlsym(plugin, kControlSymbol) : nullptr);
  }();
  if (!found) std::abort();
  return *found;
}

struct Fault {
  const char *name;
  ct_status status;
  int error;   // both APIs have the same numbers
  bool sticky;
};
constexpr Fault kFaults[] = {
    {"out_of_memory", CT_ERR_OUT_OF_MEMORY, 2, false},
    {"internal", CT_ERR_INTERNAL, 999, false},
    {"illegal_address", CT_ERR_ILLEGAL_ADDRESS, 700, true},
};

struct Case {
  Script script;
  Fault fault;
  Steps::Kind kind;
};
void PrintTo(const Case &c, std::ostream *out) { *out << c.script.name; }

void reset() {
  EXPECT_EQ(cudaDeviceReset(), cudaSuccess);
  (void)cudaGetLastError();
  for (Object object : kObjects) {
    EXPECT_EQ(control().live(object), 0) << kObjectNames[static_cast<size_t>(object)] << " are left";
  }
}

void expectRight(const Steps &steps) {
  for (const std::string &wrong : steps.wrong()) ADD_FAILURE() << wrong;
}

// At the start of the layer: in a child each, which has not used it yet.
TEST(FaultyTarget, TheStartFails) {
  int status = 0;
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    control().arm(1, CT_ERR_INTERNAL);
    int count = 0;
    bool right = cudaGetDeviceCount(&count) == cudaErrorUnknown && cudaFree(nullptr) == cudaErrorUnknown && cuInit(0) == CUDA_ERROR_UNKNOWN;
    _exit(right && control().fired() ? 0 : 1);
  }
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

class Faults : public testing::TestWithParam<Case> {};

TEST_P(Faults, AtEveryCall) {
  const auto &[script, fault, kind] = GetParam();
  reset();
  uint64_t n = 1;
  for (bool more = true; more && !HasFailure(); ++n) {
    SCOPED_TRACE(std::string(script.name) + ", " + fault.name + " at call " + std::to_string(n));
    Steps steps(kind, fault.sticky ? fault.error : -1);
    control().arm(n, fault.status);
    script.run(steps);
    steps.finish();
    const char *fired = control().fired();
    control().arm(0, CT_OK);
    more = fired != nullptr;
    SCOPED_TRACE(fired ? fired : "no call failed");
    SCOPED_TRACE(steps.where());
    expectRight(steps);
    if (steps.error()) EXPECT_EQ(steps.error(), fired ? fault.error : 0);
    if (fired && fault.sticky) {
      void *memory = nullptr;
      // Where the device could not be started it is closed again, and nothing remembers.
      if (control().live(Object::device)) {
        EXPECT_EQ(static_cast<int>(cudaDeviceSynchronize()), fault.error);
        EXPECT_EQ(static_cast<int>(cudaMalloc(&memory, 1)), fault.error);
      }
      reset();
    } else {
      (void)cudaGetLastError();
      EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    }
    Steps again(Steps::Kind::stops, -1);
    script.run(again);
    again.finish();
    expectRight(again);
    EXPECT_EQ(again.error(), 0) << "again: " << again.where();
    reset();
  }
  EXPECT_GT(n, 3u);
  RecordProperty("calls", static_cast<int>(n));
}

std::vector<Case> cases() {
  std::vector<Case> out;
  const bool host = std::string(CUTRANS_FAULTS_UNDER).find("host") != std::string::npos;
  for (const auto &scripts : {runtimeScripts(), graphScripts(), driverScripts()})
    for (const Script &script : scripts) {
      if (!host && script.needs) continue;  // the null target has none of it
      if ((script.needs & Script::kLaunches) && !CUTRANS_FAULTS_CODEGEN) continue;
      for (const Fault &fault : kFaults)
        for (Steps::Kind kind : {Steps::Kind::stops, Steps::Kind::tries_again})
          if (!fault.sticky || kind == Steps::Kind::stops) out.push_back({script, fault, kind});
    }
  return out;
}
INSTANTIATE_TEST_SUITE_P(Scripts, Faults, testing::ValuesIn(cases()), [](const auto &info) {
  return std::string(info.param.script.name) + "_" + info.param.fault.name + (info.param.kind == Steps::Kind::stops ? "" : "_again");
});

TEST(FaultyTarget, KnowsAllSlots) {
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
  EXPECT_EQ(control().incomplete(), nullptr) << "tests/faults/slots.def lacks a slot of this group";
}

}  // namespace
}  // namespace cutrans::faults

int main(int argc, char **argv) {
  setenv("CUTRANS_TARGET", CUTRANS_FAULTS_PLUGIN, 1);
  setenv("FAULTY_TARGET_UNDER", CUTRANS_FAULTS_UNDER, 1);
  setenv("CUTRANS_COMPUTE_CAPABILITY", "90", 1);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
