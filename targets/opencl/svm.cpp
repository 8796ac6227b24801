// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared virtual memory of OpenCL 2.0 (the OpenCL API, 5.6): system, fine and coarse grain.
#include <cstdlib>

#include "host.h"
#include "strategy.h"

namespace cutrans::opencl {
namespace {

void *pointer(uint64_t address) { return reinterpret_cast<void *>(address); }

class Svm : public Strategy {
 public:
  enum class Grain { system, fine, coarse };
  Svm(const Found &found, cl_context context, Grain grain) : Strategy(found), context_(context), grain_(grain) {}

  bool hostReaches() const override { return grain_ != Grain::coarse; }
  bool sharesHostMemory() const override { return grain_ != Grain::coarse; }

  cl_int setArgument(cl_kernel kernel, cl_uint index, uint64_t address) override {
    return cl.clSetKernelArgSVMPointer(kernel, index, pointer(address));
  }

  cl_int copy(cl_command_queue queue, const ct_copy &box, Waits waits, cl_event *out) override {
    cl_int error = CL_SUCCESS;
    eachRow(box, [&](uint64_t to, uint64_t from, uint64_t bytes, bool last) {
      if (error != CL_SUCCESS) return;
      error = cl.clEnqueueSVMMemcpy(queue, CL_FALSE, pointer(to), pointer(from), bytes, waits.count, waits.list, last ? out : nullptr);
      waits = {};
    });
    return error;
  }

  cl_int fillRow(cl_command_queue queue, uint64_t to, const void *pattern, size_t pattern_size, size_t size, Waits waits, cl_event *out) override {
    return cl.clEnqueueSVMMemFill(queue, pointer(to), pattern, pattern_size, size, waits.count, waits.list, out);
  }

 protected:
  bool refuses(ct_memory_kind kind) const override { return kind == CT_MEMORY_MANAGED && grain_ == Grain::coarse; }

  // Drivers need not align more than their largest type (128 bytes), so more is taken and the address rounded up.
  void *acquire(ct_memory_kind, uint64_t size, uint64_t align, uint64_t &out_address) override {
    if (grain_ == Grain::system) {
      void *base = std::aligned_alloc(align, roundUp(size, align));
      out_address = reinterpret_cast<uint64_t>(base);
      return base;
    }
    const cl_svm_mem_flags flags = CL_MEM_READ_WRITE | (grain_ == Grain::coarse ? 0 : CL_MEM_SVM_FINE_GRAIN_BUFFER | atomics());
    void *base = cl.clSVMAlloc(context_, flags, size + align, 0);
    out_address = roundUp(reinterpret_cast<uint64_t>(base), align);
    return base;
  }

  void release(const Piece &piece) override {
    if (grain_ == Grain::system)
      std::free(piece.base);
    else
      cl.clSVMFree(context_, piece.base);
  }

  cl_int announceAll(cl_kernel kernel, const std::unordered_map<uint64_t, Piece> &pieces) override {
    if (grain_ == Grain::system) {
      const cl_bool yes = CL_TRUE;
      return cl.clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, sizeof yes, &yes);
    }
    std::vector<void *> all;
    for (const auto &[address, piece] : pieces)
      if (!piece.plain) all.push_back(piece.base);
    if (all.empty()) return CL_SUCCESS;
    return cl.clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, all.size() * sizeof(void *), all.data());
  }

 private:
  cl_svm_mem_flags atomics() const { return found_.can.svm & CL_DEVICE_SVM_ATOMICS ? CL_MEM_SVM_ATOMICS : 0; }
  const cl_context context_;
  const Grain grain_;
};

}  // namespace

std::unique_ptr<Strategy> makeSvmStrategy(const std::string &name, const Found &found, cl_context context) {
  const auto grain = name == "system" ? Svm::Grain::system : name == "fine" ? Svm::Grain::fine : Svm::Grain::coarse;
  return std::make_unique<Svm>(found, context, grain);
}

}  // namespace cutrans::opencl
