// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Settings of core dumps, what a fault makes of them, and the state of a process for checkpoints.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "fixture.h"

namespace {

template <class T>
T global(CUcoredumpSettings which) {
  T value{};
  size_t size = sizeof value;
  EXPECT_EQ(cuCoredumpGetAttributeGlobal(which, &value, &size), CUDA_SUCCESS);
  return value;
}
template <class T>
T local(CUcoredumpSettings which) {
  T value{};
  size_t size = sizeof value;
  EXPECT_EQ(cuCoredumpGetAttribute(which, &value, &size), CUDA_SUCCESS);
  return value;
}
template <class T>
CUresult setGlobal(CUcoredumpSettings which, T value) {
  size_t size = sizeof value;
  return cuCoredumpSetAttributeGlobal(which, &value, &size);
}
template <class T>
CUresult setLocal(CUcoredumpSettings which, T value) {
  size_t size = sizeof value;
  return cuCoredumpSetAttribute(which, &value, &size);
}
struct Text {
  char text[1024];
};
Text text(const std::string &from) {
  Text t{};
  from.copy(t.text, sizeof t.text - 1);
  return t;
}

using DriverCoredump = shim_test::WithContext;

TEST_F(DriverCoredump, DefaultsAreThoseOfTheManual) {
  EXPECT_FALSE(global<bool>(CU_COREDUMP_ENABLE_ON_EXCEPTION));
  EXPECT_TRUE(global<bool>(CU_COREDUMP_TRIGGER_HOST));
  EXPECT_FALSE(global<bool>(CU_COREDUMP_LIGHTWEIGHT));
  EXPECT_FALSE(global<bool>(CU_COREDUMP_ENABLE_USER_TRIGGER));
  EXPECT_EQ(global<int>(CU_COREDUMP_GENERATION_FLAGS), 0);
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::string end = std::string(".cuda.") + host + "." + std::to_string(getpid());
  EXPECT_EQ(local<Text>(CU_COREDUMP_FILE).text, "core" + end);
  EXPECT_EQ(local<Text>(CU_COREDUMP_PIPE).text, "corepipe" + end);
}

TEST_F(DriverCoredump, AContextHasItsOwn) {
  EXPECT_EQ(setGlobal(CU_COREDUMP_FILE, text("of the process")), CUDA_SUCCESS);
  EXPECT_STREQ(local<Text>(CU_COREDUMP_FILE).text, "of the process");
  EXPECT_EQ(setLocal(CU_COREDUMP_FILE, text("of the context")), CUDA_SUCCESS);
  EXPECT_STREQ(local<Text>(CU_COREDUMP_FILE).text, "of the context");
  EXPECT_STREQ(global<Text>(CU_COREDUMP_FILE).text, "of the process");
  EXPECT_EQ(setLocal(CU_COREDUMP_ENABLE_ON_EXCEPTION, true), CUDA_SUCCESS);
  EXPECT_TRUE(local<bool>(CU_COREDUMP_ENABLE_ON_EXCEPTION));
  EXPECT_FALSE(global<bool>(CU_COREDUMP_ENABLE_ON_EXCEPTION));
}

TEST_F(DriverCoredump, OldSettingsAreFlags) {
  EXPECT_EQ(setGlobal(CU_COREDUMP_TRIGGER_HOST, false), CUDA_SUCCESS);
  EXPECT_EQ(global<int>(CU_COREDUMP_GENERATION_FLAGS), CU_COREDUMP_SKIP_ABORT);
  EXPECT_EQ(setGlobal(CU_COREDUMP_LIGHTWEIGHT, true), CUDA_SUCCESS);
  EXPECT_EQ(global<int>(CU_COREDUMP_GENERATION_FLAGS), CU_COREDUMP_SKIP_ABORT | CU_COREDUMP_LIGHTWEIGHT_FLAGS);
  EXPECT_EQ(setGlobal(CU_COREDUMP_GENERATION_FLAGS, 0), CUDA_SUCCESS);
  EXPECT_TRUE(global<bool>(CU_COREDUMP_TRIGGER_HOST));
  EXPECT_FALSE(global<bool>(CU_COREDUMP_LIGHTWEIGHT));
}

TEST_F(DriverCoredump, MistakesAreNamed) {
  size_t size = 0;
  EXPECT_EQ(cuCoredumpGetAttributeGlobal(CU_COREDUMP_FILE, nullptr, &size), CUDA_SUCCESS);
  EXPECT_EQ(size, 1024u);
  EXPECT_EQ(cuCoredumpSetAttribute(CU_COREDUMP_ENABLE_ON_EXCEPTION, nullptr, &size), CUDA_SUCCESS);
  EXPECT_EQ(size, sizeof(bool));
  char small[4];
  size = sizeof small;
  EXPECT_EQ(cuCoredumpGetAttribute(CU_COREDUMP_FILE, small, &size), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCoredumpGetAttribute(CU_COREDUMP_FILE, small, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCoredumpGetAttributeGlobal(CU_COREDUMP_MAX, small, &size), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(setGlobal(CU_COREDUMP_GENERATION_FLAGS, 1 << 20), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(setGlobal(CU_COREDUMP_FILE, text("")), CUDA_ERROR_INVALID_VALUE);
  std::string long_name(1024, 'x');
  size = long_name.size();
  EXPECT_EQ(cuCoredumpSetAttributeGlobal(CU_COREDUMP_FILE, long_name.data(), &size), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(setLocal(CU_COREDUMP_PIPE, text("pipe")), CUDA_ERROR_NOT_PERMITTED);
  EXPECT_EQ(setLocal(CU_COREDUMP_ENABLE_USER_TRIGGER, true), CUDA_ERROR_NOT_PERMITTED);
  EXPECT_EQ(setGlobal(CU_COREDUMP_ENABLE_USER_TRIGGER, true), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(setGlobal(CU_COREDUMP_ENABLE_USER_TRIGGER, false), CUDA_SUCCESS);
  EXPECT_EQ(setGlobal(CU_COREDUMP_PIPE, text("pipe")), CUDA_SUCCESS);
}

TEST(DriverCheckpoint, OnlyThisProcessHasAState) {
  ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
  CUprocessState state = CU_PROCESS_STATE_FAILED;
  EXPECT_EQ(cuCheckpointProcessGetState(getpid(), &state), CUDA_SUCCESS);
  EXPECT_EQ(state, CU_PROCESS_STATE_RUNNING);
  EXPECT_EQ(cuCheckpointProcessGetState(getpid(), nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCheckpointProcessGetState(-1, &state), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuCheckpointProcessGetState(1, &state), CUDA_ERROR_NOT_SUPPORTED);
  CUcheckpointLockArgs arguments{};
  EXPECT_EQ(cuCheckpointProcessLock(getpid(), &arguments), CUDA_ERROR_NOT_SUPPORTED);
}

}  // namespace
