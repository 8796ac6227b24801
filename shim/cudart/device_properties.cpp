// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cudaDeviceProp, filled from the attributes: one row for each field, so that the two can never disagree.
#include <cstring>

#include "bodies.h"
#include "cutrans/runtime/device.h"
#include "shim/common/device_attributes.h"

namespace cutrans::cudart {
namespace {

// Writes the attribute into the field, whatever its integer type. Fields with several numbers take attributes that
// follow each other.
struct Filler {
  const runtime::Device &device;
  Status status = Code::ok;

  template <class Field>
  void operator()(Field &field, int attribute) {
    if constexpr (std::is_array_v<Field>) {
      for (auto &element : field) (*this)(element, attribute++);
    } else {
      Result<int> value = shim::deviceAttribute(device, attribute);
      if (value.ok()) field = static_cast<Field>(*value);
      else status = value.status();
    }
  }
};

Status fill(const runtime::Device &device, cudaDeviceProp &p) {
  const ct_device_info &info = device.info();
  std::memcpy(p.name, info.name, sizeof(info.name));
  static_assert(sizeof(p.name) > sizeof(info.name) && sizeof(p.uuid) == sizeof(info.uuid));
  std::memcpy(&p.uuid, info.uuid, sizeof(info.uuid));
  p.totalGlobalMem = info.memory_bytes;

  Filler set{device};
  set(p.sharedMemPerBlock, cudaDevAttrMaxSharedMemoryPerBlock);
  set(p.regsPerBlock, cudaDevAttrMaxRegistersPerBlock);
  set(p.warpSize, cudaDevAttrWarpSize);
  set(p.memPitch, cudaDevAttrMaxPitch);
  set(p.maxThreadsPerBlock, cudaDevAttrMaxThreadsPerBlock);
  set(p.maxThreadsDim, cudaDevAttrMaxBlockDimX);
  set(p.maxGridSize, cudaDevAttrMaxGridDimX);
  set(p.totalConstMem, cudaDevAttrTotalConstantMemory);
  set(p.major, cudaDevAttrComputeCapabilityMajor);
  set(p.minor, cudaDevAttrComputeCapabilityMinor);
  set(p.textureAlignment, cudaDevAttrTextureAlignment);
  set(p.texturePitchAlignment, cudaDevAttrTexturePitchAlignment);
  set(p.multiProcessorCount, cudaDevAttrMultiProcessorCount);
  set(p.integrated, cudaDevAttrIntegrated);
  set(p.canMapHostMemory, cudaDevAttrCanMapHostMemory);
  set(p.maxTexture1D, cudaDevAttrMaxTexture1DWidth);
  set(p.maxTexture1DMipmap, cudaDevAttrMaxTexture1DMipmappedWidth);
  set(p.maxTexture2D, cudaDevAttrMaxTexture2DWidth);
  set(p.maxTexture2DMipmap, cudaDevAttrMaxTexture2DMipmappedWidth);
  set(p.maxTexture2DLinear, cudaDevAttrMaxTexture2DLinearWidth);
  set(p.maxTexture2DGather, cudaDevAttrMaxTexture2DGatherWidth);
  set(p.maxTexture3D, cudaDevAttrMaxTexture3DWidth);
  set(p.maxTexture3DAlt, cudaDevAttrMaxTexture3DWidthAlt);
  set(p.maxTextureCubemap, cudaDevAttrMaxTextureCubemapWidth);
  set(p.maxTexture1DLayered, cudaDevAttrMaxTexture1DLayeredWidth);
  set(p.maxTexture2DLayered, cudaDevAttrMaxTexture2DLayeredWidth);
  set(p.maxTextureCubemapLayered, cudaDevAttrMaxTextureCubemapLayeredWidth);
  set(p.maxSurface1D, cudaDevAttrMaxSurface1DWidth);
  set(p.maxSurface2D, cudaDevAttrMaxSurface2DWidth);
  set(p.maxSurface3D, cudaDevAttrMaxSurface3DWidth);
  set(p.maxSurface1DLayered, cudaDevAttrMaxSurface1DLayeredWidth);
  set(p.maxSurface2DLayered, cudaDevAttrMaxSurface2DLayeredWidth);
  set(p.maxSurfaceCubemap, cudaDevAttrMaxSurfaceCubemapWidth);
  set(p.maxSurfaceCubemapLayered, cudaDevAttrMaxSurfaceCubemapLayeredWidth);
  set(p.surfaceAlignment, cudaDevAttrSurfaceAlignment);
  set(p.concurrentKernels, cudaDevAttrConcurrentKernels);
  set(p.ECCEnabled, cudaDevAttrEccEnabled);
  set(p.pciBusID, cudaDevAttrPciBusId);
  set(p.pciDeviceID, cudaDevAttrPciDeviceId);
  set(p.pciDomainID, cudaDevAttrPciDomainId);
  set(p.tccDriver, cudaDevAttrTccDriver);
  set(p.asyncEngineCount, cudaDevAttrAsyncEngineCount);
  set(p.unifiedAddressing, cudaDevAttrUnifiedAddressing);
  set(p.memoryBusWidth, cudaDevAttrGlobalMemoryBusWidth);
  set(p.l2CacheSize, cudaDevAttrL2CacheSize);
  set(p.persistingL2CacheMaxSize, cudaDevAttrMaxPersistingL2CacheSize);
  set(p.maxThreadsPerMultiProcessor, cudaDevAttrMaxThreadsPerMultiProcessor);
  set(p.streamPrioritiesSupported, cudaDevAttrStreamPrioritiesSupported);
  set(p.globalL1CacheSupported, cudaDevAttrGlobalL1CacheSupported);
  set(p.localL1CacheSupported, cudaDevAttrLocalL1CacheSupported);
  set(p.sharedMemPerMultiprocessor, cudaDevAttrMaxSharedMemoryPerMultiprocessor);
  set(p.regsPerMultiprocessor, cudaDevAttrMaxRegistersPerMultiprocessor);
  set(p.managedMemory, cudaDevAttrManagedMemory);
  set(p.isMultiGpuBoard, cudaDevAttrIsMultiGpuBoard);
  set(p.multiGpuBoardGroupID, cudaDevAttrMultiGpuBoardGroupID);
  set(p.hostNativeAtomicSupported, cudaDevAttrHostNativeAtomicSupported);
  set(p.pageableMemoryAccess, cudaDevAttrPageableMemoryAccess);
  set(p.concurrentManagedAccess, cudaDevAttrConcurrentManagedAccess);
  set(p.computePreemptionSupported, cudaDevAttrComputePreemptionSupported);
  set(p.canUseHostPointerForRegisteredMem, cudaDevAttrCanUseHostPointerForRegisteredMem);
  set(p.cooperativeLaunch, cudaDevAttrCooperativeLaunch);
  set(p.sharedMemPerBlockOptin, cudaDevAttrMaxSharedMemoryPerBlockOptin);
  set(p.pageableMemoryAccessUsesHostPageTables, cudaDevAttrPageableMemoryAccessUsesHostPageTables);
  set(p.directManagedMemAccessFromHost, cudaDevAttrDirectManagedMemAccessFromHost);
  set(p.maxBlocksPerMultiProcessor, cudaDevAttrMaxBlocksPerMultiprocessor);
  set(p.accessPolicyMaxWindowSize, cudaDevAttrMaxAccessPolicyWindowSize);
  set(p.reservedSharedMemPerBlock, cudaDevAttrReservedSharedMemoryPerBlock);
  set(p.hostRegisterSupported, cudaDevAttrHostRegisterSupported);
  set(p.sparseCudaArraySupported, cudaDevAttrSparseCudaArraySupported);
  set(p.hostRegisterReadOnlySupported, cudaDevAttrHostRegisterReadOnlySupported);
  set(p.timelineSemaphoreInteropSupported, cudaDevAttrTimelineSemaphoreInteropSupported);
  set(p.memoryPoolsSupported, cudaDevAttrMemoryPoolsSupported);
  set(p.gpuDirectRDMASupported, cudaDevAttrGPUDirectRDMASupported);
  set(p.gpuDirectRDMAFlushWritesOptions, cudaDevAttrGPUDirectRDMAFlushWritesOptions);
  set(p.gpuDirectRDMAWritesOrdering, cudaDevAttrGPUDirectRDMAWritesOrdering);
  set(p.memoryPoolSupportedHandleTypes, cudaDevAttrMemoryPoolSupportedHandleTypes);
  set(p.deferredMappingCudaArraySupported, cudaDevAttrDeferredMappingCudaArraySupported);
  set(p.ipcEventSupported, cudaDevAttrIpcEventSupport);
  set(p.clusterLaunch, cudaDevAttrClusterLaunch);
  set(p.unifiedFunctionPointers, cudaDevAttrReserved129);
  set(p.deviceNumaConfig, cudaDevAttrNumaConfig);
  set(p.deviceNumaId, cudaDevAttrNumaId);
  set(p.mpsEnabled, cudaDevAttrMpsEnabled);
  set(p.hostNumaId, cudaDevAttrHostNumaId);
  set(p.gpuPciDeviceID, cudaDevAttrGpuPciDeviceId);
  set(p.gpuPciSubsystemID, cudaDevAttrGpuPciSubsystemId);
  set(p.hostNumaMultinodeIpcSupported, cudaDevAttrHostNumaMultinodeIpcSupported);
  return set.status;
}

}  // namespace

cudaError_t body::cudaGetDeviceProperties(Call &, cudaDeviceProp *out, int index) {
  if (!out) return cudaErrorInvalidValue;
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(index);
  if (!device.ok()) return error(device.status());
  cudaDeviceProp properties{};
  Status status = fill(**device, properties);
  if (status.ok()) *out = properties;
  return error(status);
}

}  // namespace cutrans::cudart
