// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loading OpenCL. The library stays open: its threads outlive every context.
#include "api.h"

#include <dlfcn.h>

namespace cutrans::opencl {

Api cl;

std::string loadApi(const char *path) {
  const char *name = path && *path ? path : "libOpenCL.so.1";
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) return dlerror();
  Api found;
#define CL_REQUIRED(name)                                                     \
  found.name = reinterpret_cast<decltype(found.name)>(dlsym(library, #name)); \
  if (!found.name) return std::string(path && *path ? path : "libOpenCL.so.1") + " has no " #name;
#define CL_OPTIONAL(name) found.name = reinterpret_cast<decltype(found.name)>(dlsym(library, #name));
#define CL_EXTENSION(name)
#include "functions.def"
  cl = found;
  return {};
}

Extensions extensionsOf(cl_platform_id platform) {
  Extensions found;
#define CL_REQUIRED(name)
#define CL_OPTIONAL(name)
#define CL_EXTENSION(name) \
  found.name = reinterpret_cast<decltype(found.name)>(cl.clGetExtensionFunctionAddressForPlatform(platform, #name));
#include "functions.def"
  return found;
}

std::string errorText(cl_int error) {
  switch (error) {
#define CASE(name) \
  case name: return #name;
    CASE(CL_DEVICE_NOT_AVAILABLE)
    CASE(CL_COMPILER_NOT_AVAILABLE)
    CASE(CL_MEM_OBJECT_ALLOCATION_FAILURE)
    CASE(CL_OUT_OF_RESOURCES)
    CASE(CL_OUT_OF_HOST_MEMORY)
    CASE(CL_BUILD_PROGRAM_FAILURE)
    CASE(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
    CASE(CL_INVALID_BINARY)
    CASE(CL_INVALID_BUILD_OPTIONS)
    CASE(CL_INVALID_KERNEL_NAME)
    CASE(CL_INVALID_KERNEL_ARGS)
    CASE(CL_INVALID_WORK_GROUP_SIZE)
    CASE(CL_INVALID_GLOBAL_WORK_SIZE)
    CASE(CL_INVALID_OPERATION)
    CASE(CL_INVALID_VALUE)
#undef CASE
    default: return "OpenCL error " + std::to_string(error);
  }
}

}  // namespace cutrans::opencl
