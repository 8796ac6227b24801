// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A double of the OpenCL library that gives its devices memory that none here has: unified shared memory, or buffers with device
// addresses (CUTRANS_OPENCL_DOUBLE=unified or address). It is linked against the real loader, so that what it does not define
// is found there. It checks what a driver may rely on: pointers and sizes inside of allocations, kernels told what they reach.
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace {

#ifndef CL_MEM_DEVICE_ADDRESS_EXT
typedef cl_ulong cl_mem_device_address_ext;
constexpr cl_mem_properties CL_MEM_DEVICE_PRIVATE_ADDRESS_EXT = 0x5000;
constexpr cl_mem_info CL_MEM_DEVICE_ADDRESS_EXT = 0x5001;
constexpr cl_kernel_exec_info CL_KERNEL_EXEC_INFO_DEVICE_PTRS_EXT = 0x5002;
#endif

std::string kind() {
  const char *text = std::getenv("CUTRANS_OPENCL_DOUBLE");
  return text ? text : "";
}

template <class Function>
Function real(const char *name, Function) {
  static void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  return reinterpret_cast<Function>(dlsym(library, name));
}
#define REAL(name) real(#name, &name)

std::mutex lock;
std::map<uint64_t, size_t> unified;                                  // allocations
std::map<uint64_t, std::pair<cl_mem, size_t>> buffers;               // by device address
std::map<cl_kernel, std::set<cl_mem_device_address_ext>> announced;  // what kernels were told

// An address that no command of this extension may take: the host's own is fine, half of an allocation is not.
bool inside(const void *at, size_t size) {
  std::lock_guard hold(lock);
  const auto address = reinterpret_cast<uint64_t>(at);
  auto after = unified.upper_bound(address);
  if (after == unified.begin()) return true;
  const auto &[start, bytes] = *--after;
  return address - start >= bytes || size <= bytes - (address - start);
}

void *take(size_t size, cl_int *error) {
  void *at = std::aligned_alloc(64, (size + 63) / 64 * 64);
  std::lock_guard hold(lock);
  unified[reinterpret_cast<uint64_t>(at)] = size;
  if (error) *error = CL_SUCCESS;
  return at;
}

void *hostAlloc(cl_context, const cl_mem_properties_intel *, size_t size, cl_uint, cl_int *error) { return take(size, error); }
void *deviceAlloc(cl_context, cl_device_id, const cl_mem_properties_intel *, size_t size, cl_uint, cl_int *error) { return take(size, error); }

cl_int freeMemory(cl_context, void *at) {
  std::lock_guard hold(lock);
  if (!unified.erase(reinterpret_cast<uint64_t>(at))) return CL_INVALID_VALUE;
  std::free(at);
  return CL_SUCCESS;
}

cl_int setPointer(cl_kernel kernel, cl_uint index, const void *at) { return REAL(clSetKernelArgSVMPointer)(kernel, index, at); }

cl_int copyMemory(cl_command_queue queue, cl_bool blocking, void *to, const void *from, size_t size, cl_uint count, const cl_event *waits, cl_event *out) {
  if (!inside(to, size) || !inside(from, size)) return CL_INVALID_VALUE;
  return REAL(clEnqueueSVMMemcpy)(queue, blocking, to, from, size, count, waits, out);
}

cl_int fillMemory(cl_command_queue queue, void *to, const void *pattern, size_t pattern_size, size_t size, cl_uint count, const cl_event *waits, cl_event *out) {
  if (!inside(to, size) || size % pattern_size || reinterpret_cast<uint64_t>(to) % pattern_size) return CL_INVALID_VALUE;
  return REAL(clEnqueueSVMMemFill)(queue, to, pattern, pattern_size, size, count, waits, out);
}

cl_int setAddress(cl_kernel kernel, cl_uint index, cl_mem_device_address_ext address) {
  {
    std::lock_guard hold(lock);
    auto after = buffers.upper_bound(address);
    if (after == buffers.begin()) return CL_INVALID_ARG_VALUE;
    const auto &[start, buffer] = *--after;
    if (address - start >= buffer.second) return CL_INVALID_ARG_VALUE;
    if (!announced[kernel].count(start)) return CL_INVALID_OPERATION;
  }
  return REAL(clSetKernelArgSVMPointer)(kernel, index, reinterpret_cast<const void *>(address));
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) cl_int clGetDeviceInfo(cl_device_id device, cl_device_info what, size_t size, void *to, size_t *needed) {
  if (what == CL_DEVICE_SVM_CAPABILITIES && to) {
    std::memset(to, 0, size);
    return CL_SUCCESS;
  }
  if (what != CL_DEVICE_EXTENSIONS) return REAL(clGetDeviceInfo)(device, what, size, to, needed);
  size_t bytes = 0;
  REAL(clGetDeviceInfo)(device, what, 0, nullptr, &bytes);
  std::string text(bytes, ' ');
  REAL(clGetDeviceInfo)(device, what, bytes, text.data(), nullptr);
  text = text.c_str() + std::string(kind() == "unified" ? " cl_intel_unified_shared_memory" : " cl_ext_buffer_device_address");
  if (needed) *needed = text.size() + 1;
  if (to && size < text.size() + 1) return CL_INVALID_VALUE;
  if (to) std::memcpy(to, text.c_str(), text.size() + 1);
  return CL_SUCCESS;
}

__attribute__((visibility("default"))) void *clGetExtensionFunctionAddressForPlatform(cl_platform_id, const char *name) {
  const struct {
    const char *kind, *name;
    void *function;
  } all[] = {
      {"unified", "clHostMemAllocINTEL", reinterpret_cast<void *>(hostAlloc)},
      {"unified", "clDeviceMemAllocINTEL", reinterpret_cast<void *>(deviceAlloc)},
      {"unified", "clSharedMemAllocINTEL", reinterpret_cast<void *>(deviceAlloc)},
      {"unified", "clMemBlockingFreeINTEL", reinterpret_cast<void *>(freeMemory)},
      {"unified", "clSetKernelArgMemPointerINTEL", reinterpret_cast<void *>(setPointer)},
      {"unified", "clEnqueueMemcpyINTEL", reinterpret_cast<void *>(copyMemory)},
      {"unified", "clEnqueueMemFillINTEL", reinterpret_cast<void *>(fillMemory)},
      {"address", "clSetKernelArgDevicePointerEXT", reinterpret_cast<void *>(setAddress)},
  };
  for (const auto &row : all)
    if (kind() == row.kind && std::strcmp(name, row.name) == 0) return row.function;
  return nullptr;
}

__attribute__((visibility("default"))) cl_int clSetKernelExecInfo(cl_kernel kernel, cl_kernel_exec_info what, size_t size, const void *value) {
  if (kind() == "unified") return what == CL_KERNEL_EXEC_INFO_SVM_PTRS ? CL_INVALID_OPERATION : CL_SUCCESS;
  if (what != CL_KERNEL_EXEC_INFO_DEVICE_PTRS_EXT) return CL_INVALID_OPERATION;
  std::lock_guard hold(lock);
  auto *list = static_cast<const cl_mem_device_address_ext *>(value);
  announced[kernel] = {list, list + size / sizeof *list};
  for (cl_mem_device_address_ext address : announced[kernel])
    if (!buffers.count(address)) return CL_INVALID_VALUE;
  return CL_SUCCESS;
}

// The buffer's memory is the host's, so that its address is one for kernels.
__attribute__((visibility("default"))) cl_mem clCreateBufferWithProperties(cl_context context, const cl_mem_properties *properties, cl_mem_flags flags, size_t size,
                                                                           void *, cl_int *error) {
  if (!properties || properties[0] != CL_MEM_DEVICE_PRIVATE_ADDRESS_EXT || !properties[1] || properties[2]) {
    if (error) *error = CL_INVALID_PROPERTY;
    return nullptr;
  }
  void *memory = std::aligned_alloc(4096, (size + 4095) / 4096 * 4096);
  cl_mem buffer = REAL(clCreateBuffer)(context, flags | CL_MEM_USE_HOST_PTR, size, memory, error);
  std::lock_guard hold(lock);
  buffers[reinterpret_cast<uint64_t>(memory)] = {buffer, size};
  return buffer;
}

__attribute__((visibility("default"))) cl_int clGetMemObjectInfo(cl_mem buffer, cl_mem_info what, size_t size, void *to, size_t *needed) {
  if (what != CL_MEM_DEVICE_ADDRESS_EXT) return REAL(clGetMemObjectInfo)(buffer, what, size, to, needed);
  void *memory = nullptr;
  REAL(clGetMemObjectInfo)(buffer, CL_MEM_HOST_PTR, sizeof memory, &memory, nullptr);
  if (size != sizeof memory) return CL_INVALID_VALUE;
  std::memcpy(to, &memory, size);
  return CL_SUCCESS;
}

__attribute__((visibility("default"))) cl_int clReleaseMemObject(cl_mem buffer) {
  void *memory = nullptr;
  {
    std::lock_guard hold(lock);
    for (auto at = buffers.begin(); at != buffers.end(); ++at)
      if (at->second.first == buffer) {
        memory = reinterpret_cast<void *>(at->first);
        buffers.erase(at);
        break;
      }
  }
  const cl_int error = REAL(clReleaseMemObject)(buffer);
  std::free(memory);
  return error;
}

}  // extern "C"
