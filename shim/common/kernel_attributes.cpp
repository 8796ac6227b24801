// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attributes from what the PTX says of a kernel; hints are stored in the kernel.
#include "shim/common/kernel_attributes.h"

#include "cutrans/runtime/platform.h"
#include "shim/common/refusal.h"

namespace cutrans::shim {

Result<int> kernelAttribute(const runtime::Kernel &kernel, CUfunction_attribute attribute) {
  const ctc_kernel &info = kernel.info();
  switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      return static_cast<int>(kernel.maxThreads());
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
      return static_cast<int>(info.static_shared_bytes);
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
      return static_cast<int>(info.local_bytes);
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
      return static_cast<int>(info.registers);
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
      return static_cast<int>(info.target_sm);
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION: {
      Result<unsigned> capability = runtime::Platform::loaded()->computeCapability();
      if (!capability.ok()) return capability.status();
      return static_cast<int>(*capability);
    }
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      return static_cast<int>(kernel.maxDynamicShared());
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
      return kernel.preferred_carveout.load();
    case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:  // constants live in the module's one image
    case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
      return 0;
    case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
      return info.flags & CTC_KERNEL_EXPLICIT_CLUSTER ? 1 : 0;
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
      return static_cast<int>(kernel.requiredCluster()[attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH]);
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
      return kernel.large_clusters.load() ? 1 : 0;
    case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
      return kernel.cluster_policy.load();
    default:
      return Code::invalid_value;
  }
}

Status setKernelAttribute(runtime::Kernel &kernel, CUfunction_attribute attribute, int value, const char *entry) {
  switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      if (value < 0) return Code::invalid_value;
      return kernel.setMaxDynamicShared(static_cast<uint64_t>(value));
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
      if (value < -1 || value > 100) return Code::invalid_value;
      kernel.preferred_carveout.store(value);
      return Code::ok;
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
      if (value < 0) return Code::invalid_value;
      return kernel.setRequiredCluster(attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH, static_cast<uint32_t>(value));
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
      if (value != 0 && value != 1) return Code::invalid_value;
      kernel.large_clusters.store(value != 0);
      return Code::ok;
    case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
      if (value < CU_CLUSTER_SCHEDULING_POLICY_DEFAULT || value > CU_CLUSTER_SCHEDULING_POLICY_LOAD_BALANCING) return Code::invalid_value;
      kernel.cluster_policy.store(value);
      return Code::ok;
    default:
      return Code::invalid_value;
  }
}

Status setCachePreference(runtime::Kernel &kernel, int preference) {
  if (preference < CU_FUNC_CACHE_PREFER_NONE || preference > CU_FUNC_CACHE_PREFER_EQUAL) return Code::invalid_value;
  kernel.cache_preference.store(preference);
  return Code::ok;
}

Result<ctc_param> parameter(const runtime::Kernel &kernel, size_t index) {
  if (index >= kernel.info().param_count) return Code::invalid_value;
  return kernel.info().params[index];
}

}  // namespace cutrans::shim
