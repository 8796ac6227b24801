// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cuda.h>
#include <unistd.h>

#include "log_test.h"

namespace {

struct DriverNames {
  using Handle = CUlogsCallbackHandle;
  using Iterator = CUlogIterator;
  using Level = CUlogLevel;
  static constexpr CUresult ok = CUDA_SUCCESS, invalid = CUDA_ERROR_INVALID_VALUE;
  static constexpr const char *failing = "cuDriverGetVersion returns 1 (CUDA_ERROR_INVALID_VALUE)";
  static void fail() { EXPECT_EQ(cuDriverGetVersion(nullptr), invalid); }
  static constexpr auto registerCallback = cuLogsRegisterCallback;
  static constexpr auto unregister = cuLogsUnregisterCallback;
  static constexpr auto current = cuLogsCurrent;
  static constexpr auto toFile = cuLogsDumpToFile;
  static constexpr auto toMemory = cuLogsDumpToMemory;
};

using Common = shim_test::LogTest<DriverNames>;

TEST(DriverLogs, MessagesComeAfterTheIterator) { Common::messagesComeAfterTheIterator(); }
TEST(DriverLogs, ASmallBufferGetsTheNewest) { Common::aSmallBufferGetsTheNewest(); }
TEST(DriverLogs, TheOldestGo) { Common::theOldestGo(); }
TEST(DriverLogs, ListenersAreTold) { Common::listenersAreTold(); }
TEST(DriverLogs, FilesAreWritten) { Common::filesAreWritten(); }
TEST(DriverLogs, MistakesAreNamed) { Common::mistakesAreNamed(); }

}  // namespace
