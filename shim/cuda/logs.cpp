// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The error log: shim/common/error_log.h.
#include "bodies.h"
#include "shim/common/error_log.h"

namespace cutrans::driver {

CUresult body::cuLogsRegisterCallback(Call &, CUlogsCallback callback, void *user, CUlogsCallbackHandle *out) {
  return error(shim::registerLogCallback(callback, user, out));
}

CUresult body::cuLogsUnregisterCallback(Call &, CUlogsCallbackHandle callback) { return error(shim::unregisterLogCallback(callback)); }

CUresult body::cuLogsCurrent(Call &, CUlogIterator *out, unsigned flags) { return error(shim::currentLog(out, flags)); }

CUresult body::cuLogsDumpToFile(Call &, CUlogIterator *iterator, const char *path, unsigned flags) {
  return error(shim::dumpLogToFile(iterator, path, flags));
}

CUresult body::cuLogsDumpToMemory(Call &, CUlogIterator *iterator, char *buffer, size_t *size, unsigned flags) {
  return error(shim::dumpLogToMemory(iterator, buffer, size, flags));
}

}  // namespace cutrans::driver
