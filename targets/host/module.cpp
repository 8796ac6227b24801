// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loading artifacts, from a file or from bytes.
#include "module.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include "device.h"
#include "faults.h"
#include "host.h"

namespace cutrans::host {
namespace {

ct_status refuse(const ct_artifact &artifact, const std::string &why) {
  report(Code::host_bad_artifact,
         std::string("kernel ") + (artifact.kernel ? artifact.kernel : "?") + ": its code cannot be loaded: " + why);
  return CT_ERR_BAD_ARTIFACT;
}

// The whole file; empty when it cannot be read.
std::vector<uint8_t> readFile(const char *path) {
  std::vector<uint8_t> bytes;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0) bytes.resize(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t step = read(file, bytes.data() + done, bytes.size() - done);
    if (step <= 0) break;
    done += static_cast<size_t>(step);
  }
  if (file >= 0) close(file);
  if (done < bytes.size()) bytes.clear();
  return bytes;
}

const char *kernelProblem(const ct_native_kernel *native, const ElfImage &image) {
  if (!native) return "it exports no kernel";
  if (native->abi != CT_NATIVE_ABI || native->struct_size < sizeof(ct_native_kernel)) return "it was made for another version";
  if (native->form != CT_NATIVE_FORM_BLOCK && native->form != CT_NATIVE_FORM_GANG) return "its form is not known";
  if (native->gang_width == 0 || native->gang_width > kMaxThreadsPerBlock) return "its gang width is impossible";
  if (native->static_shared_bytes > kSharedPerBlockMax || native->local_bytes % 16 || !image.isCode(reinterpret_cast<const void *>(native->entry.block)))
    return "its description is impossible";
  return nullptr;
}

ct_status load(ct_device *device, const ct_artifact *artifact, ct_module **out) {
  if (std::strcmp(artifact->format, CT_NATIVE_FORMAT) != 0) return refuse(*artifact, "its format is not native-so");
  auto module = std::make_unique<ct_module>();
  std::vector<uint8_t> file;
  const uint8_t *bytes = static_cast<const uint8_t *>(artifact->bytes);
  uint64_t size = artifact->size;
  if (!bytes) {
    file = readFile(artifact->path);
    if (file.empty()) return refuse(*artifact, std::string(artifact->path) + " cannot be read");
    bytes = file.data();
    size = file.size();
  }
  if (const std::string problem = module->image.load(bytes, size); !problem.empty()) return refuse(*artifact, problem);
  auto *native = static_cast<const ct_native_kernel *>(module->image.object(CT_NATIVE_KERNEL_SYMBOL, sizeof(ct_native_kernel)));
  if (const char *problem = kernelProblem(native, module->image)) return refuse(*artifact, problem);
  module->kernel.native = native;
  module->kernel.name = artifact->kernel ? artifact->kernel : "?";
  module->kernel.device = device;
  installFaultHandlers();
  *out = module.release();
  return CT_OK;
}

void unload(ct_module *module) { delete module; }

ct_status kernel(ct_module *module, ct_kernel **out) {
  *out = &module->kernel;
  return CT_OK;
}

}  // namespace

const ct_module_ops module_ops = {sizeof(ct_module_ops), load, unload, kernel};

}  // namespace cutrans::host
