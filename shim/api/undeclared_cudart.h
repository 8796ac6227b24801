// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prototypes of runtime entry points that nvcc's generated code calls and that no header declares in a form that
// can be included here (the compiler's own headers need nvcc's macros). Written from the calls themselves.
#pragma once
#include <driver_types.h>
#include <vector_types.h>

extern "C" {
void **__cudaRegisterFatBinary(void *wrapper);
void __cudaRegisterFatBinaryEnd(void **binary);
void __cudaUnregisterFatBinary(void **binary);
void __cudaRegisterFunction(void **binary, const char *host_function, char *device_function, const char *device_name,
                            int thread_limit, uint3 *thread, uint3 *block, dim3 *block_shape, dim3 *grid_shape,
                            int *warp_size);
void __cudaRegisterVar(void **binary, char *host_variable, char *device_address, const char *device_name,
                       int is_extern, size_t size, int is_constant, int is_global);
void __cudaRegisterManagedVar(void **binary, void **host_pointer, char *device_address, const char *device_name,
                              int is_extern, size_t size, int is_constant, int is_global);
char __cudaInitModule(void **binary);
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared_bytes, struct CUstream_st *stream);
cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared_bytes, void *stream);
cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *host_function);
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **args, size_t shared_bytes,
                               cudaStream_t stream);
cudaError_t __cudaLaunchKernel_ptsz(cudaKernel_t kernel, dim3 grid, dim3 block, void **args, size_t shared_bytes,
                                    cudaStream_t stream);
cudaError_t cudaProfilerStart(void);
cudaError_t cudaProfilerStop(void);
}
