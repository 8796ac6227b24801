// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// OpenCL, found at run time. The plug-in is not linked against a loader: a machine without one gets a refusal, not a program
// that cannot start. The headers are needed to build, for 60 prototypes and 100 constants are no text to write by hand.
#pragma once

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>

#include <string>

// cl_ext_buffer_device_address is younger than the headers of Debian 12.
#ifndef CL_MEM_DEVICE_ADDRESS_EXT
typedef cl_ulong cl_mem_device_address_ext;
#define CL_MEM_DEVICE_PRIVATE_ADDRESS_EXT 0x5000
#define CL_MEM_DEVICE_ADDRESS_EXT 0x5001
#define CL_KERNEL_EXEC_INFO_DEVICE_PTRS_EXT 0x5002
extern "C" cl_int clSetKernelArgDevicePointerEXT(cl_kernel kernel, cl_uint index, cl_mem_device_address_ext address);
#endif

namespace cutrans::opencl {

struct Api {
#define CL_REQUIRED(name) decltype(&::name) name = nullptr;
#define CL_OPTIONAL(name) decltype(&::name) name = nullptr;
#define CL_EXTENSION(name)
#include "functions.def"
};

// Functions of one platform.
struct Extensions {
#define CL_REQUIRED(name)
#define CL_OPTIONAL(name)
#define CL_EXTENSION(name) decltype(&::name) name = nullptr;
#include "functions.def"
};

// Filled once by loadApi and constant from then on.
extern Api cl;

// Opens the ICD loader, `path` or the system's. Returns what is wrong, or nothing.
std::string loadApi(const char *path);
Extensions extensionsOf(cl_platform_id platform);

// CL_OUT_OF_HOST_MEMORY...: the name where it is one that users can do something about, else the number.
std::string errorText(cl_int error);

}  // namespace cutrans::opencl
