// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The order (CUDA programming guide, dynamic parallelism): a grid is complete when all its children are; the records of a
// grid run one after the other in the order they were asked for, which every stream, event and block-wide implicit
// stream allows; those of the tail launch stream run after all others of their grid. A grid that launches itself at its
// tail for ever needs no growing memory: a grid's frame is dropped before its last record runs.
#include "child_queue.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "cutrans/runtime/child_queue.h"
#include "cutrans/runtime/launch.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/support/diagnostics.h"
#include "kernel.h"
#include "module_state.h"

namespace cutrans::runtime {
namespace {

// A parent may have this many records; CUDA's own default limit is 2048 at a time.
constexpr uint32_t kMostRecords = 1u << 16;

// Beyond this the error words alone would not fit any memory, and sizes below could wrap.
constexpr uint64_t kMostThreads = uint64_t{1} << 40;

uint64_t alignUp(uint64_t value) { return (value + 63) & ~uint64_t{63}; }

uint64_t threadsOf(const LaunchShape &s) {
  return uint64_t{s.grid[0]} * s.grid[1] * s.grid[2] * s.block[0] * s.block[1] * s.block[2];
}

Status copyLinear(Queue &queue, Address dst, Address src, uint64_t bytes, Direction direction) {
  Copy copy;
  copy.dst = dst;
  copy.src = src;
  copy.width = bytes;
  copy.direction = direction;
  copy.synchronous = direction == Direction::device_to_host;
  return queue.copy(copy);
}

// Header and kernels, as they lie in device memory; the errors, which follow, are cleared by a fill.
Result<std::vector<std::byte>> layOut(Kernel &kernel, const LaunchShape &shape, uint64_t &bytes) {
  Module &module = kernel.module();
  const ct_device_info &limits = module.context().device().info();
  const size_t count = module.kernelCount();
  if (static_cast<unsigned __int128>(shape.grid[0]) * shape.grid[1] * shape.grid[2] * shape.block[0] * shape.block[1] * shape.block[2] > kMostThreads)
    return Code::out_of_memory;
  ct_child_queue head{};
  head.kernels = alignUp(sizeof head);
  head.errors = alignUp(head.kernels + count * sizeof(ct_child_kernel));
  std::vector<std::byte> front(head.errors);
  std::vector<ct_child_kernel> rows;
  uint64_t largest = 0;
  for (size_t i = 0; i < count; ++i) {
    Result<Kernel *> each = module.kernelAt(i);
    if (!each.ok()) return each.status();
    const ctc_kernel &info = (*each)->info();
    ct_child_kernel row{};
    row.address = info.address;
    row.index = static_cast<uint32_t>(i);
    row.params_size = info.params_size;
    row.max_threads = (*each)->maxThreads();
    std::copy_n(info.required_block, 3, row.required_block);
    row.max_dynamic_shared = static_cast<uint32_t>((*each)->maxDynamicShared());
    rows.push_back(row);
    largest = std::max<uint64_t>(largest, info.params_size);
  }
  std::ranges::sort(rows, {}, &ct_child_kernel::address);
  if (count) std::memcpy(front.data() + head.kernels, rows.data(), count * sizeof rows[0]);
  head.slots = alignUp(head.errors + threadsOf(shape) * sizeof(uint32_t));
  head.arena = alignUp(head.slots + kMostRecords * sizeof(uint64_t));
  head.arena_bytes = kMostRecords * ((sizeof(ct_child_record) + largest + 31) & ~uint64_t{15});
  head.bytes = bytes = head.arena + head.arena_bytes;
  head.kernel_count = static_cast<uint32_t>(count);
  head.max_records = kMostRecords;
  std::copy_n(limits.max_grid, 3, head.max_grid);
  std::copy_n(limits.max_block, 3, head.max_block);
  head.device = static_cast<uint32_t>(module.context().device().index());
  head.next_handle = CT_CHILD_FIRST_HANDLE;
  std::memcpy(front.data(), &head, sizeof head);
  return front;
}

// Memory for one launch's queue, laid out by the time that the launch runs.
Result<ChildBlock> prepareBlock(Queue &queue, Kernel &kernel, const LaunchShape &shape) {
  uint64_t bytes = 0;
  Result<std::vector<std::byte>> front = layOut(kernel, shape, bytes);
  if (!front.ok()) return front.status();
  Result<ChildBlock> block = ModuleAccess::takeChildBlock(kernel.module(), bytes);
  if (!block.ok()) return block.status();
  Status status = copyLinear(queue, block->address, reinterpret_cast<Address>(front->data()), front->size(), Direction::host_to_device);
  if (status.ok()) {
    Fill clear;
    clear.dst = block->address + front->size();
    clear.element = 4;
    clear.width = threadsOf(shape);
    status = queue.fill(clear);
  }
  if (status.ok()) return block;
  ModuleAccess::giveChildBlock(kernel.module(), *block);
  return status;
}

// One grid's records, on the host.
struct Frame {
  Module *module = nullptr;
  uint64_t arena = 0;               // where `bytes` starts in the queue
  std::vector<std::byte> bytes;     // of the arena, as far as it was used
  std::vector<uint64_t> order;      // offsets into bytes
  size_t next = 0;
  bool done() const { return next == order.size(); }
};

Result<Frame> readBack(Queue &queue, Module &module, Address address) {
  ct_child_queue head{};
  auto fetch = [&](void *to, uint64_t offset, uint64_t bytes) {
    return bytes ? copyLinear(queue, reinterpret_cast<Address>(to), address + offset, bytes, Direction::device_to_host) : Status();
  };
  if (Status status = fetch(&head, 0, sizeof head); !status.ok()) return status;
  Frame frame;
  frame.module = &module;
  frame.arena = head.arena;
  std::vector<uint64_t> slots(std::min(head.record_count, head.max_records));
  frame.bytes.resize(std::min(head.arena_used, head.arena_bytes));
  if (Status status = fetch(slots.data(), head.slots, slots.size() * sizeof slots[0]); !status.ok()) return status;
  if (Status status = fetch(frame.bytes.data(), head.arena, frame.bytes.size()); !status.ok()) return status;
  for (uint32_t tail : {0u, unsigned{CT_CHILD_TAIL}})
    for (uint64_t slot : slots) {
      // A kernel that writes where it must not could have damaged the queue.
      const uint64_t offset = slot - head.arena;
      if (slot < head.arena || offset > frame.bytes.size() || frame.bytes.size() - offset < sizeof(ct_child_record)) return Code::launch_failure;
      ct_child_record record;
      std::memcpy(&record, frame.bytes.data() + offset, sizeof record);
      if ((record.flags & CT_CHILD_TAIL) == tail) frame.order.push_back(offset);
    }
  return frame;
}

Status runCopy(Queue &queue, const ct_child_record &record) {
  const auto &given = record.u.copy;
  Copy copy;
  copy.dst = given.dst, copy.src = given.src;
  copy.width = given.width, copy.height = given.height, copy.depth = given.depth;
  copy.dst_pitch = given.dst_pitch, copy.dst_slice = given.dst_slice;
  copy.src_pitch = given.src_pitch, copy.src_slice = given.src_slice;
  return queue.copy(copy);
}

Status runFill(Queue &queue, const ct_child_record &record) {
  const auto &given = record.u.fill;
  Fill fill;
  fill.dst = given.dst;
  fill.value = given.value;
  fill.width = given.width, fill.height = given.height, fill.pitch = given.pitch;
  return queue.fill(fill);
}

// Launches a child; what it recorded itself becomes a frame.
Result<Frame> runLaunch(Queue &queue, Module &module, const ct_child_record &record, std::span<const std::byte> params) {
  Result<Kernel *> kernel = module.kernelAt(record.u.launch.kernel);
  if (!kernel.ok()) return kernel.status();
  LaunchShape shape;
  std::copy_n(record.u.launch.grid, 3, shape.grid);
  std::copy_n(record.u.launch.block, 3, shape.block);
  shape.dynamic_shared_bytes = record.u.launch.dynamic_shared;
  Arguments arguments;
  arguments.buffer = params.data();
  arguments.buffer_size = params.size();
  Frame frame;
  if (!recordsChildren(**kernel)) {
    if (Status launched = launchKernel(queue, **kernel, shape, arguments, 0); !launched.ok()) return launched;
    return frame;
  }
  Result<ChildBlock> block = prepareBlock(queue, **kernel, shape);
  if (!block.ok()) return block.status();
  Status status = launchKernel(queue, **kernel, shape, arguments, block->address);
  if (status.ok()) status = queue.synchronize();
  if (status.ok()) {
    Result<Frame> read = readBack(queue, module, block->address);
    if (read.ok()) frame = *std::move(read);
    status = read.status();
  }
  ModuleAccess::giveChildBlock(module, *block);
  if (!status.ok()) return status;
  return frame;
}

Status runAll(Queue &queue, Frame first) {
  std::vector<Frame> stack;
  stack.push_back(std::move(first));
  while (!stack.empty()) {
    Frame &frame = stack.back();
    if (frame.done()) {
      stack.pop_back();
      continue;
    }
    const std::span<const std::byte> bytes = std::span(frame.bytes).subspan(frame.order[frame.next++]);
    ct_child_record record;
    std::memcpy(&record, bytes.data(), sizeof record);
    Status status;
    switch (record.kind) {
      case CT_CHILD_COPY: status = runCopy(queue, record); break;
      case CT_CHILD_FILL: status = runFill(queue, record); break;
      case CT_CHILD_LAUNCH: {
        Result<Frame> child = runLaunch(queue, *frame.module, record, bytes.subspan(sizeof record));
        status = child.status();
        if (!child.ok() || child->done()) break;
        if (frame.done()) stack.pop_back();
        stack.push_back(*std::move(child));
        break;
      }
      default: status = Code::launch_failure;
    }
    if (!status.ok()) return status;
  }
  return queue.synchronize();
}

}  // namespace

struct PendingChildren {
  Module *module;
  ChildBlock block;
};

bool recordsChildren(const Kernel &kernel) { return kernel.info().flags & CTC_KERNEL_USES_LIBRARY; }

Result<PendingChildren *> prepareChildren(Queue &queue, Kernel &kernel, const LaunchShape &shape) {
  Result<ChildBlock> block = prepareBlock(queue, kernel, shape);
  if (!block.ok()) return block.status();
  return new PendingChildren{&kernel.module(), *block};
}

Address childQueueAddress(const PendingChildren &pending) { return pending.block.address; }

namespace {

// On a thread of the target, between the grid and what follows in its queue. A failure here is a fault of the device: no
// call of the program is there to return it.
void runPending(void *user, Code parent) {
  std::unique_ptr<PendingChildren> pending(static_cast<PendingChildren *>(user));
  Module &module = *pending->module;
  Context &context = module.context();
  Status status = parent;
  if (status.ok()) {
    Result<Queue *> queue = Queue::create(context, Queue::kNonBlocking, 0);
    status = queue.status();
    if (status.ok()) {
      Result<Frame> first = readBack(**queue, module, pending->block.address);
      status = first.ok() ? runAll(**queue, *std::move(first)) : first.status();
      (void)(*queue)->destroy();
    }
    if (!status.ok() && context.check().ok()) {
      report(Diag::child_launch, "a launch from a kernel failed: " + std::string(codeMeaning(status.code())));
      (void)settle(context, CT_ERR_LAUNCH);
    }
  }
  ModuleAccess::giveChildBlock(module, pending->block);
}

}  // namespace

Status submitChildren(Queue &queue, PendingChildren *pending, Status launched) {
  if (launched.ok()) {
    Status queued = queue.hostCall(runPending, pending, true);
    if (queued.ok()) return queued;
    launched = queued;
  }
  ModuleAccess::giveChildBlock(*pending->module, pending->block);
  delete pending;
  return launched;
}

}  // namespace cutrans::runtime
