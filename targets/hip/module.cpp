// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loading code objects: what they say of themselves is checked here, HIP loads them.
#include "module.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>

#include "code_object.h"
#include "device.h"
#include "host.h"

namespace cutrans::hip {
namespace {

ct_status refuseArtifact(const ct_artifact &artifact, const std::string &why) {
  report(Code::hip_bad_artifact, std::string("kernel ") + (artifact.kernel ? artifact.kernel : "?") + ": " + why);
  return CT_ERR_BAD_ARTIFACT;
}

const char *problemOf(const ct_amdgpu_kernel &record, const ct_device &device) {
  if (record.magic != CT_AMDGPU_MAGIC || record.abi != CT_AMDGPU_ABI || record.struct_size < sizeof record)
    return "its code object was made for another version";
  if (record.wave_size != static_cast<uint32_t>(device.facts.wave_size)) return "its waves are not as wide as the device's";
  const uint64_t offset = (uint64_t{record.params_bytes} + 7) / 8 * 8;
  if (record.launch_offset != offset || record.kernarg_bytes < offset + sizeof(ct_amdgpu_launch) || record.kernarg_bytes > kMostArguments)
    return "the layout of its arguments is impossible";
  if (record.static_shared_bytes > device.facts.info.shared_bytes_per_block_max) return "it needs more shared memory than the device has";
  return nullptr;
}

ct_status load(ct_device *device, const ct_artifact *artifact, ct_module **out) {
  if (std::strcmp(artifact->format, CT_AMDGPU_FORMAT) != 0) return refuseArtifact(*artifact, std::string("its format is ") + artifact->format);
  if (ct_status status = device->fault(); status != CT_OK) return status;
  if (ct_status status = device->makeCurrent(); status != CT_OK) return status;
  auto module = std::make_unique<ct_module>();
  module->device = device;
  if (artifact->bytes) {
    const char *bytes = static_cast<const char *>(artifact->bytes);
    module->image.assign(bytes, bytes + artifact->size);
  } else {
    std::ifstream file(artifact->path, std::ios::binary);
    module->image.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::string_view image(module->image.data(), module->image.size());
  const std::string_view section = findSection(image, CT_AMDGPU_RECORD_SECTION);
  ct_kernel &kernel = module->kernel;
  if (!readAt(section, 0, kernel.record)) return refuseArtifact(*artifact, "it is no code object, or has no record of its needs");
  if (const char *problem = problemOf(kernel.record, *device)) return refuseArtifact(*artifact, problem);
  kernel.name = artifact->kernel ? artifact->kernel : "?";
  ct_status status = HIP_CALL(hipModuleLoadData, &module->handle, module->image.data());
  if (status != CT_OK) return device->keep(status);
  status = HIP_CALL(hipModuleGetFunction, &kernel.function, module->handle, CT_AMDGPU_KERNEL_NAME);
  if (status != CT_OK) {
    (void)api.hipModuleUnload(module->handle);
    return device->keep(status);
  }
  *out = module.release();
  return CT_OK;
}

void unload(ct_module *module) {
  (void)module->device->makeCurrent();
  (void)HIP_CALL(hipModuleUnload, module->handle);
  delete module;
}

ct_status kernel(ct_module *module, ct_kernel **out) {
  *out = &module->kernel;
  return CT_OK;
}

}  // namespace

const ct_module_ops module_ops = {sizeof(ct_module_ops), load, unload, kernel};

}  // namespace cutrans::hip
