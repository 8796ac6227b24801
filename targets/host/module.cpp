// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loading artifacts: a file is opened where it lies, bytes go through a file that exists in memory only.
#include "module.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "device.h"
#include "elf_check.h"
#include "faults.h"
#include "host.h"

namespace cutrans::host {
namespace {

ct_status refuse(const ct_artifact &artifact, const char *why) {
  report(Code::host_bad_artifact,
         std::string("kernel ") + (artifact.kernel ? artifact.kernel : "?") + ": its code cannot be loaded: " + why);
  return CT_ERR_BAD_ARTIFACT;
}

// A descriptor for the artifact's bytes, which have been looked at. -1: `problem` says why not.
int openChecked(const ct_artifact &artifact, const char *&problem) {
  problem = nullptr;
  if (artifact.path) {
    const int file = open(artifact.path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0 || status.st_size <= 0) {
      problem = "the file cannot be read";
    } else {
      void *bytes = mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
      problem = bytes == MAP_FAILED ? "the file cannot be read" : elfProblem(bytes, static_cast<uint64_t>(status.st_size));
      if (bytes != MAP_FAILED) munmap(bytes, static_cast<size_t>(status.st_size));
    }
    if (!problem) return file;
    if (file >= 0) close(file);
    return -1;
  }
  problem = elfProblem(artifact.bytes, artifact.size);
  if (problem) return -1;
  const int file = memfd_create("cutrans-kernel", MFD_CLOEXEC);
  uint64_t written = 0;
  while (file >= 0 && written < artifact.size) {
    const ssize_t step = write(file, static_cast<const char *>(artifact.bytes) + written, artifact.size - written);
    if (step <= 0) break;
    written += static_cast<uint64_t>(step);
  }
  if (file >= 0 && written == artifact.size) return file;
  problem = "no memory for it";
  if (file >= 0) close(file);
  return -1;
}

const char *kernelProblem(const ct_native_kernel *native) {
  if (!native) return "it exports no kernel";
  if (native->abi != CT_NATIVE_ABI || native->struct_size < sizeof(ct_native_kernel)) return "it was made for another version";
  if (native->form != CT_NATIVE_FORM_BLOCK && native->form != CT_NATIVE_FORM_GANG) return "its form is not known";
  if (native->gang_width == 0 || native->gang_width > kMaxThreadsPerBlock) return "its gang width is impossible";
  if (native->static_shared_bytes > kSharedPerBlockMax || native->local_bytes % 16 || !native->entry.block)
    return "its description is impossible";
  return nullptr;
}

ct_status load(ct_device *device, const ct_artifact *artifact, ct_module **out) {
  if (std::strcmp(artifact->format, CT_NATIVE_FORMAT) != 0) return refuse(*artifact, "its format is not native-so");
  const char *problem = nullptr;
  const int file = openChecked(*artifact, problem);
  if (file < 0) return refuse(*artifact, problem);
  // By its own path where it has one, so that debuggers and profilers find the code.
  const std::string path = artifact->path ? artifact->path : "/proc/self/fd/" + std::to_string(file);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const char *message = library ? nullptr : dlerror();
  close(file);
  if (!library) return refuse(*artifact, message);
  auto *native = static_cast<const ct_native_kernel *>(dlsym(library, CT_NATIVE_KERNEL_SYMBOL));
  problem = kernelProblem(native);
  if (problem) {
    dlclose(library);
    return refuse(*artifact, problem);
  }
  ct_module *module = new ct_module;
  module->library = library;
  module->kernel.native = native;
  module->kernel.name = artifact->kernel ? artifact->kernel : native->name ? native->name : "?";
  module->kernel.device = device;
  installFaultHandlers();
  *out = module;
  return CT_OK;
}

void unload(ct_module *module) {
  dlclose(module->library);
  delete module;
}

ct_status kernel(ct_module *module, ct_kernel **out) {
  *out = &module->kernel;
  return CT_OK;
}

}  // namespace

const ct_module_ops module_ops = {sizeof(ct_module_ops), load, unload, kernel};

}  // namespace cutrans::host
