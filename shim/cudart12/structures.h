// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How the structures and parameters of CUDA 12 become those of CUDA 13, for the entries that the catalogue generates (shim/api/cudart12.def).
#pragma once
#include <driver_types.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "shim/api/cudart12.h"

namespace cutrans::cudart12 {

// A structure that has become longer: the program's one is its first `bytes`. The copy lives until the call that it is an argument of has returned, and
// then goes back to where it came from, unless T is const.
template <class T, std::size_t bytes>
class Longer {
 public:
  explicit Longer(T *program) : program_(program) {
    if (program) std::memcpy(&copy_, program, bytes);
  }
  ~Longer() {
    if constexpr (!std::is_const_v<T>)
      if (program_) std::memcpy(program_, &copy_, bytes);
  }
  Longer(const Longer &) = delete;
  Longer &operator=(const Longer &) = delete;
  operator T *() { return program_ ? &copy_ : nullptr; }

 private:
  static_assert(bytes < sizeof(T) && std::is_trivially_copyable_v<T>);
  T *program_;
  std::remove_const_t<T> copy_{};
};

// Devices by number, as cudaMemAdvise and cudaMemPrefetchAsync took them.
inline cudaMemLocation place(int device) {
  cudaMemLocation location{};
  location.type = device == cudaCpuDeviceId ? cudaMemLocationTypeHost : cudaMemLocationTypeDevice;
  location.id = device == cudaCpuDeviceId ? 0 : device;
  return location;
}

// Batches told which of their copies failed. Nothing is started before all have been checked, so no single one is at fault.
inline std::size_t noIndex(std::size_t *failed, std::size_t count) {
  if (failed) *failed = SIZE_MAX;
  return count;
}

inline void convert(const SignalParams &from, cudaExternalSemaphoreSignalParams &to) {
  to.params.fence.value = from.params.fence.value;
  to.params.nvSciSync.reserved = from.params.nvSciSync.reserved;
  to.params.keyedMutex.key = from.params.keyedMutex.key;
  to.flags = from.flags;
}
inline void convert(const WaitParams &from, cudaExternalSemaphoreWaitParams &to) {
  to.params.fence.value = from.params.fence.value;
  to.params.nvSciSync.reserved = from.params.nvSciSync.reserved;
  to.params.keyedMutex.key = from.params.keyedMutex.key;
  to.params.keyedMutex.timeoutMs = from.params.keyedMutex.timeoutMs;
  to.flags = from.flags;
}

// The converted parameters, for as long as the call lasts; data() is null where the program's pointer is.
template <class From, class To = std::conditional_t<std::is_same_v<From, SignalParams>, cudaExternalSemaphoreSignalParams, cudaExternalSemaphoreWaitParams>>
std::vector<To> longer(const From *params, unsigned count) {
  std::vector<To> all(params ? count : 0);
  for (unsigned i = 0; i < all.size(); ++i) convert(params[i], all[i]);
  return all;
}

}  // namespace cutrans::cudart12
