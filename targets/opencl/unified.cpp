// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cl_intel_unified_shared_memory: device, host and shared allocations.
#include "host.h"
#include "strategy.h"

namespace cutrans::opencl {
namespace {

void *pointer(uint64_t address) { return reinterpret_cast<void *>(address); }

class Unified : public Strategy {
 public:
  Unified(const Found &found, cl_context context) : Strategy(found), context_(context) {}

  // Device allocations are the device's alone, unless the device is this process.
  bool hostReaches() const override { return found_.can.cpu; }
  bool sharesHostMemory() const override { return true; }

  cl_int setArgument(cl_kernel kernel, cl_uint index, uint64_t address) override {
    return found_.extensions.clSetKernelArgMemPointerINTEL(kernel, index, pointer(address));
  }

  cl_int copy(cl_command_queue queue, const ct_copy &box, Waits waits, cl_event *out) override {
    cl_int error = CL_SUCCESS;
    eachRow(box, [&](uint64_t to, uint64_t from, uint64_t bytes, bool last) {
      if (error != CL_SUCCESS) return;
      error = found_.extensions.clEnqueueMemcpyINTEL(queue, CL_FALSE, pointer(to), pointer(from), bytes, waits.count, waits.list, last ? out : nullptr);
      waits = {};
    });
    return error;
  }

  cl_int fillRow(cl_command_queue queue, uint64_t to, const void *pattern, size_t pattern_size, size_t size, Waits waits, cl_event *out) override {
    return found_.extensions.clEnqueueMemFillINTEL(queue, pointer(to), pattern, pattern_size, size, waits.count, waits.list, out);
  }

 protected:
  void *acquire(ct_memory_kind kind, uint64_t size, uint64_t align, uint64_t &out_address) override {
    const Extensions &call = found_.extensions;
    cl_int error = CL_SUCCESS;
    void *base = nullptr;
    const uint64_t more = size + align;  // as with SVM, alignments are bounded by the largest type
    switch (kind) {
      case CT_MEMORY_DEVICE: base = call.clDeviceMemAllocINTEL(context_, found_.device, nullptr, more, 0, &error); break;
      case CT_MEMORY_HOST: base = call.clHostMemAllocINTEL(context_, nullptr, more, 0, &error); break;
      case CT_MEMORY_MANAGED: base = call.clSharedMemAllocINTEL(context_, found_.device, nullptr, more, 0, &error); break;
    }
    out_address = roundUp(reinterpret_cast<uint64_t>(base), align);
    return base;
  }

  void release(const Piece &piece) override { found_.extensions.clMemBlockingFreeINTEL(context_, piece.base); }

  cl_int announceAll(cl_kernel kernel, const std::unordered_map<uint64_t, Piece> &) override {
    const cl_bool yes = CL_TRUE;
    for (cl_kernel_exec_info what : {CL_KERNEL_EXEC_INFO_INDIRECT_DEVICE_ACCESS_INTEL, CL_KERNEL_EXEC_INFO_INDIRECT_HOST_ACCESS_INTEL,
                                     CL_KERNEL_EXEC_INFO_INDIRECT_SHARED_ACCESS_INTEL})
      if (cl_int error = cl.clSetKernelExecInfo(kernel, what, sizeof yes, &yes); error != CL_SUCCESS) return error;
    return CL_SUCCESS;
  }

 private:
  const cl_context context_;
};

}  // namespace

std::unique_ptr<Strategy> makeUnifiedStrategy(const Found &found, cl_context context) { return std::make_unique<Unified>(found, context); }

}  // namespace cutrans::opencl
