// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The error log: shim/common/error_log.h.
#include "bodies.h"
#include "shim/common/error_log.h"

namespace cutrans::cudart {

cudaError_t body::cudaLogsRegisterCallback(Call &, cudaLogsCallback_t callback, void *user, cudaLogsCallbackHandle *out) {
  return error(shim::registerLogCallback(callback, user, out));
}

cudaError_t body::cudaLogsUnregisterCallback(Call &, cudaLogsCallbackHandle callback) { return error(shim::unregisterLogCallback(callback)); }

cudaError_t body::cudaLogsCurrent(Call &, cudaLogIterator *out, unsigned flags) { return error(shim::currentLog(out, flags)); }

cudaError_t body::cudaLogsDumpToFile(Call &, cudaLogIterator *iterator, const char *path, unsigned flags) {
  return error(shim::dumpLogToFile(iterator, path, flags));
}

cudaError_t body::cudaLogsDumpToMemory(Call &, cudaLogIterator *iterator, char *buffer, size_t *size, unsigned flags) {
  return error(shim::dumpLogToMemory(iterator, buffer, size, flags));
}

}  // namespace cutrans::cudart
