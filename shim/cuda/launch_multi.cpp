// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One cooperative launch on several devices.
#include "bodies.h"
#include "shim/common/multi_launch.h"
#include "shim/cuda/handles.h"

namespace cutrans::driver {

static_assert(CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_PRE_LAUNCH_SYNC == runtime::kBeginApart &&
              CUDA_COOPERATIVE_LAUNCH_MULTI_DEVICE_NO_POST_LAUNCH_SYNC == runtime::kEndApart);

CUresult body::cuLaunchCooperativeKernelMultiDevice(Call &, CUDA_LAUNCH_PARAMS *list, unsigned int count, unsigned int flags) {
  auto read = [](const CUDA_LAUNCH_PARAMS &p, runtime::PartLaunch &part, const void *&stream) {
    stream = p.hStream;
    part.shape = {{p.gridDimX, p.gridDimY, p.gridDimZ}, {p.blockDimX, p.blockDimY, p.blockDimZ}, {}, p.sharedMemBytes, true};
    part.arguments.pointers = p.kernelParams;
    part.arguments.origin = p.function;
  };
  auto kernel_in = [](const CUDA_LAUNCH_PARAMS &p, runtime::Context &context) { return resolveKernel(p.function, context); };
  return error(shim::launchOnDevices(list, count, flags, read, kernel_in));
}

}  // namespace cutrans::driver
