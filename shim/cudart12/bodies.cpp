// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What CUDA 12 did that CUDA 13 does not, or does with other structures.
#include "bodies.h"

#include "shim/common/multi_launch.h"
#include "shim/cudart/device_properties.h"
#include "shim/cudart/kernel_handles.h"

namespace cutrans::cudart12 {

namespace {
constexpr int kVersion = 12090;  // that of the headers which the catalogue describes
constexpr size_t kProperties11 = offsetof(DeviceProperties, hostRegisterSupported);
}  // namespace

// The wish as CUDA 13 would have it: fields that both have.
cudaError_t body::cudaChooseDevice(Call &call, int *out, const DeviceProperties *wish) {
  if (!wish) return cudart::body::cudaChooseDevice(call, out, nullptr);
  cudaDeviceProp p{};
  std::memcpy(p.name, wish->name, sizeof p.name);
  std::memcpy(&p.uuid, &wish->uuid, sizeof p.uuid);
  p.totalGlobalMem = wish->totalGlobalMem;
#define CT_PROPERTY(field, attribute) \
  [](auto &to, const auto &from) {    \
    if constexpr (requires { to.field; from.field; }) std::memcpy(&to.field, &from.field, sizeof to.field); \
  }(p, *wish);
#include "shim/cudart/device_properties.def"
  return cudart::body::cudaChooseDevice(call, out, &p);
}

cudaError_t body::cudaGetDeviceProperties(Call &, DeviceProperties *out, int device) {
  return cudart::deviceProperties(out, device, kProperties11);
}

cudaError_t body::cudaGetDeviceProperties_v2(Call &, DeviceProperties *out, int device) {
  return cudart::deviceProperties(out, device);
}

cudaError_t body::cudaLaunchCooperativeKernelMultiDevice(Call &, LaunchParams *list, unsigned count, unsigned flags) {
  auto read = [](const LaunchParams &p, runtime::PartLaunch &part, const void *&stream) {
    stream = p.stream;
    part.shape = {{p.gridDim.x, p.gridDim.y, p.gridDim.z}, {p.blockDim.x, p.blockDim.y, p.blockDim.z}, {}, p.sharedMem, true};
    part.arguments.pointers = p.args;
  };
  auto kernel_in = [](const LaunchParams &p, runtime::Context &context) -> Result<runtime::Kernel *> {
    Result<runtime::LibraryKernel *> function = cudart::resolveFunction(p.func);
    return function.ok() ? (*function)->in(context) : Result<runtime::Kernel *>(function.status());
  };
  return cudart::error(shim::launchOnDevices(list, count, flags, read, kernel_in));
}

cudaError_t body::cudaRuntimeGetVersion(Call &, int *out) {
  if (!out) return cudaErrorInvalidValue;
  *out = kVersion;
  return cudaSuccess;
}

// Devices that had no double precision are long gone: nothing is converted.
cudaError_t body::cudaSetDoubleForDevice(Call &, double *number) { return number ? cudaSuccess : cudaErrorInvalidValue; }
cudaError_t body::cudaSetDoubleForHost(Call &, double *number) { return number ? cudaSuccess : cudaErrorInvalidValue; }

}  // namespace cutrans::cudart12
