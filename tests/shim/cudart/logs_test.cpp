// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cuda_runtime_api.h>
#include <unistd.h>

#include "../log_test.h"

namespace {

struct RuntimeNames {
  using Handle = cudaLogsCallbackHandle;
  using Iterator = cudaLogIterator;
  using Level = cudaLogLevel;
  static constexpr cudaError_t ok = cudaSuccess, invalid = cudaErrorInvalidValue;
  static constexpr const char *failing = "cudaRuntimeGetVersion returns 1 (cudaErrorInvalidValue)";
  static void fail() {
    EXPECT_EQ(cudaRuntimeGetVersion(nullptr), invalid);
    EXPECT_EQ(cudaGetLastError(), invalid);
  }
  static constexpr auto registerCallback = cudaLogsRegisterCallback;
  static constexpr auto unregister = cudaLogsUnregisterCallback;
  static constexpr auto current = cudaLogsCurrent;
  static constexpr auto toFile = cudaLogsDumpToFile;
  static constexpr auto toMemory = cudaLogsDumpToMemory;
};

using Common = shim_test::LogTest<RuntimeNames>;

TEST(Logs, MessagesComeAfterTheIterator) { Common::messagesComeAfterTheIterator(); }
TEST(Logs, ASmallBufferGetsTheNewest) { Common::aSmallBufferGetsTheNewest(); }
TEST(Logs, TheOldestGo) { Common::theOldestGo(); }
TEST(Logs, ListenersAreTold) { Common::listenersAreTold(); }
TEST(Logs, FilesAreWritten) { Common::filesAreWritten(); }
TEST(Logs, MistakesAreNamed) { Common::mistakesAreNamed(); }

// The reason comes before the error, and what is only an answer does not come.
TEST(Logs, ReasonsAreThere) {
  cudaLogIterator from = 0;
  ASSERT_EQ(cudaFree(nullptr), cudaSuccess);
  ASSERT_EQ(cudaLogsCurrent(&from, 0), cudaSuccess);
  EXPECT_EQ(cudaFree(reinterpret_cast<void *>(0x10)), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
  const std::string text = Common::dump(&from);
  EXPECT_THAT(text, testing::ContainsRegex("CT2006: freeing of 0x10.*\n.*cudaFree returns 1"));
}

}  // namespace
