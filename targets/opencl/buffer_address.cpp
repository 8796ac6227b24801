// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cl_ext_buffer_device_address: memory is buffers, which have addresses for kernels; commands take the buffer and an offset,
// so that each address is looked up. Copies of boxes are single commands here.
#include <map>

#include "host.h"
#include "strategy.h"

namespace cutrans::opencl {
namespace {

class BufferAddress : public Strategy {
 public:
  BufferAddress(const Found &found, cl_context context) : Strategy(found), context_(context) {}

  bool hostReaches() const override { return false; }
  bool sharesHostMemory() const override { return false; }

  cl_int setArgument(cl_kernel kernel, cl_uint index, uint64_t address) override {
    return found_.extensions.clSetKernelArgDevicePointerEXT(kernel, index, address);
  }

  bool isForeign(uint64_t address) const override { return !find(address).buffer; }

  // Rectangles of OpenCL have pitches that divide their slices; whatever else a box may be is moved slice by slice.
  cl_int copy(cl_command_queue queue, const ct_copy &box, Waits waits, cl_event *out) override {
    const bool whole = box.depth == 1 || (divides(box.dst_pitch, box.height, box.dst_slice) && divides(box.src_pitch, box.height, box.src_slice));
    const uint64_t steps = whole ? 1 : box.depth;
    for (uint64_t z = 0; z < steps; ++z) {
      ct_copy slice = box;
      slice.dst += z * box.dst_slice;
      slice.src += z * box.src_slice;
      if (!whole) slice.depth = 1;
      if (cl_int error = copySlices(queue, slice, waits, z + 1 == steps ? out : nullptr); error != CL_SUCCESS) return error;
      waits = {};
    }
    return CL_SUCCESS;
  }

  cl_int fillRow(cl_command_queue queue, uint64_t to, const void *pattern, size_t pattern_size, size_t size, Waits waits, cl_event *out) override {
    const Place place = find(to);
    if (!place.buffer) return CL_INVALID_VALUE;
    return cl.clEnqueueFillBuffer(queue, place.buffer, pattern, pattern_size, place.offset, size, waits.count, waits.list, out);
  }

 protected:
  bool refuses(ct_memory_kind kind) const override { return kind == CT_MEMORY_MANAGED; }

  void *acquire(ct_memory_kind, uint64_t size, uint64_t align, uint64_t &out_address) override {
    const cl_mem_properties properties[] = {CL_MEM_DEVICE_PRIVATE_ADDRESS_EXT, CL_TRUE, 0};
    cl_int error = CL_SUCCESS;
    cl_mem buffer = cl.clCreateBufferWithProperties(context_, properties, CL_MEM_READ_WRITE, size + align, nullptr, &error);
    if (!buffer) return nullptr;
    cl_mem_device_address_ext address = 0;
    if (cl.clGetMemObjectInfo(buffer, CL_MEM_DEVICE_ADDRESS_EXT, sizeof address, &address, nullptr) != CL_SUCCESS) {
      cl.clReleaseMemObject(buffer);
      return nullptr;
    }
    out_address = roundUp(address, align);
    std::lock_guard hold(lock_);
    buffers_[address] = {buffer, size + align};
    return buffer;
  }

  void release(const Piece &piece) override {
    {
      std::lock_guard hold(lock_);
      std::erase_if(buffers_, [&](const auto &entry) { return entry.second.buffer == piece.base; });
    }
    cl.clReleaseMemObject(static_cast<cl_mem>(piece.base));
  }

  cl_int announceAll(cl_kernel kernel, const std::unordered_map<uint64_t, Piece> &) override {
    std::vector<cl_mem_device_address_ext> all;
    for (const auto &[address, buffer] : buffers_) all.push_back(address);
    if (all.empty()) return CL_SUCCESS;
    return cl.clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_DEVICE_PTRS_EXT, all.size() * sizeof all[0], all.data());
  }

 private:
  struct Buffer {
    cl_mem buffer;
    uint64_t size;
  };
  struct Place {
    cl_mem buffer = nullptr;
    uint64_t offset = 0;
  };

  static bool divides(uint64_t pitch, uint64_t height, uint64_t slice) { return pitch && slice % pitch == 0 && slice >= pitch * height; }

  Place find(uint64_t address) const {
    std::lock_guard hold(lock_);
    auto after = buffers_.upper_bound(address);
    if (after == buffers_.begin()) return {};
    const auto &[start, buffer] = *--after;
    return address - start < buffer.size ? Place{buffer.buffer, address - start} : Place{};
  }

  cl_int copySlices(cl_command_queue queue, const ct_copy &box, Waits waits, cl_event *out) {
    const Place to = find(box.dst), from = find(box.src);
    const size_t zero[3] = {}, to_origin[3] = {to.offset, 0, 0}, from_origin[3] = {from.offset, 0, 0}, region[3] = {box.width, box.height, box.depth};
    // A single row or slice may come with any pitch.
    const size_t to_row = box.height > 1 ? box.dst_pitch : box.width, from_row = box.height > 1 ? box.src_pitch : box.width;
    const size_t to_slice = box.depth > 1 ? box.dst_slice : to_row * box.height, from_slice = box.depth > 1 ? box.src_slice : from_row * box.height;
    if (to.buffer && from.buffer)
      return cl.clEnqueueCopyBufferRect(queue, from.buffer, to.buffer, from_origin, to_origin, region, from_row, from_slice, to_row, to_slice,
                                        waits.count, waits.list, out);
    if (to.buffer)
      return cl.clEnqueueWriteBufferRect(queue, to.buffer, CL_FALSE, to_origin, zero, region, to_row, to_slice, from_row, from_slice,
                                         reinterpret_cast<const void *>(box.src), waits.count, waits.list, out);
    if (from.buffer)
      return cl.clEnqueueReadBufferRect(queue, from.buffer, CL_FALSE, from_origin, zero, region, from_row, from_slice, to_row, to_slice,
                                        reinterpret_cast<void *>(box.dst), waits.count, waits.list, out);
    return CL_INVALID_VALUE;  // two host addresses: the queue sees to those
  }

  const cl_context context_;
  std::map<uint64_t, Buffer> buffers_;  // by the buffer's own address
};

}  // namespace

std::unique_ptr<Strategy> makeAddressStrategy(const Found &found, cl_context context) { return std::make_unique<BufferAddress>(found, context); }

}  // namespace cutrans::opencl
