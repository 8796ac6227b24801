// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies and fills: what kind of memory each side is, whether the box fits into it, when the call may return.
//
// A device side must be memory that the layer knows. Host sides may be anything; a host pointer that the layer does not
// know is pageable, and the program may change or free it as soon as the call returns, so it is staged or waited for.
// Small copies in an idle queue are done here and now where the host can reach device memory: handing 4 bytes to
// another thread costs more than a hundred times as much as moving them.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "capture/capture.h"
#include "checked.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/queue.h"
#include "cutrans/support/diagnostics.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

constexpr uint64_t kInline = uint64_t{64} << 10;  // bytes that are moved by the calling thread
constexpr uint64_t kStage = uint64_t{1} << 20;    // pageable bytes that are staged rather than waited for

using Side = CopySide;

Status refuseRange(const char *side, Address address, uint64_t bytes, const std::optional<Allocation> &known) {
  char text[160];
  if (known)
    std::snprintf(text, sizeof text, "%s: %llu bytes at %#llx, but the allocation at %#llx has %llu", side,
                  static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(address),
                  static_cast<unsigned long long>(known->base), static_cast<unsigned long long>(known->size));
  else
    std::snprintf(text, sizeof text, "%s: %#llx is no device memory of this program", side, static_cast<unsigned long long>(address));
  report(Diag::copy_range, text);
  return Code::invalid_value;
}

// Mapped memory: a range may go on in the next mapping. Gives the devices that have the right in all of it.
Result<uint64_t> mappedFor(const char *name, Allocation known, Address address, uint64_t bytes, bool writes) {
  uint64_t devices = ~uint64_t{0};
  const bool on_host = known.onHost();
  for (;;) {
    devices &= writes ? known.writers : known.readers;
    const uint64_t here = known.size - (address - known.base);
    if (bytes <= here) return devices;
    std::optional<Allocation> next = findAllocation(address + here);
    if (!next || next->origin != Origin::mapped || next->onHost() != on_host) return refuseRange(name, address, bytes, known);
    address += here;
    bytes -= here;
    known = *next;
  }
}

Result<Side> resolve(const char *name, Address address, uint64_t bytes, bool must_be_known, bool writes) {
  if (address == 0) return Code::invalid_value;
  Side side;
  side.address = address;
  std::optional<Allocation> known = findAllocation(address);
  if (!known) {
    if (must_be_known) return refuseRange(name, address, bytes, known);
    return side;
  }
  uint64_t offset = address - (address - known->base < known->size ? known->base : known->device);
  if (known->origin == Origin::mapped) [[unlikely]] {
    Result<uint64_t> devices = mappedFor(name, *known, address, bytes, writes);
    if (!devices.ok()) return devices.status();
    side.devices = *devices;
  } else if (bytes > known->size - offset) {
    return refuseRange(name, address, bytes, known);
  }
  side.known = true;
  side.device = &known->context->device();
  side.on_device = !known->onHost();
  side.pure_device = side.on_device && known->kind != MemoryKind::managed;
  side.reachable = known->host != 0;
  side.address = side.on_device ? known->device + offset : known->host + offset;
  return side;
}

// First to last byte of a box; nullopt when that does not fit into 64 bits.
std::optional<uint64_t> extent(uint64_t width, uint64_t height, uint64_t depth, uint64_t pitch, uint64_t slice) {
  uint64_t rows, slices, bytes;
  if (__builtin_mul_overflow(height - 1, pitch, &rows) || __builtin_mul_overflow(depth - 1, slice, &slices) ||
      __builtin_add_overflow(rows, slices, &bytes) || __builtin_add_overflow(bytes, width, &bytes))
    return std::nullopt;
  return bytes;
}

char *at(Address address) { return reinterpret_cast<char *>(address); }

void moveNow(const ct_copy &box) {
  if (box.height == 1 && box.depth == 1) {
    std::memmove(at(box.dst), at(box.src), box.width);
    return;
  }
  for (uint64_t z = 0; z < box.depth; ++z)
    for (uint64_t y = 0; y < box.height; ++y)
      std::memcpy(at(box.dst + z * box.dst_slice + y * box.dst_pitch), at(box.src + z * box.src_slice + y * box.src_pitch), box.width);
}

void fillNow(const ct_fill &fill) {
  for (uint64_t y = 0; y < fill.height; ++y) {
    char *row = at(fill.dst + y * fill.pitch);
    if (fill.element == 1) {
      std::memset(row, static_cast<int>(fill.value & 0xff), fill.width);
    } else {
      for (uint64_t i = 0; i < fill.width; ++i) std::memcpy(row + i * fill.element, &fill.value, fill.element);
    }
  }
}

// Nothing is under way in the queue, nor before it: the calling thread does the work itself. False: it was not done. Under the
// queue's lock, and announced to the other sort of queues, as any submission: other threads' work neither gets in nor overlaps.
template <class Work>
bool doneNow(Queue &queue, uint64_t bytes, Work &&work) {
  if (bytes > kInline || !orderBefore(queue).ok()) return false;
  Queue::State &state = QueueAccess::state(queue);
  std::lock_guard hold(state.lock);
  if (!idle(state)) {
    if (ct_status status = target().queue.query(state.handle); status != CT_OK) {
      if (status != CT_NOT_READY) (void)settle(queue.context(), status);  // what is submitted instead says so
      return false;
    }
    state.finished.store(state.submitted.load(std::memory_order_relaxed), std::memory_order_release);
  }
  const Announced announced(queue);
  if (!announced.alone()) return false;
  work();
  return true;
}

Status enqueue(Queue &queue, const ct_copy &box) {
  return submit(queue, [&](ct_queue *handle) { return target().queue.copy(handle, &box); });
}

// A pageable source: its bytes are taken now, the copy runs later.
Status enqueueStaged(Queue &queue, ct_copy box, uint64_t bytes) {
  void *staging = std::malloc(bytes);
  if (!staging) return Code::out_of_memory;
  ct_copy gather = box;
  gather.dst = reinterpret_cast<Address>(staging);
  gather.dst_pitch = box.width;
  gather.dst_slice = box.width * box.height;
  moveNow(gather);
  box.src = gather.dst;
  box.src_side = CT_SIDE_HOST;
  box.src_pitch = gather.dst_pitch;
  box.src_slice = gather.dst_slice;
  Status status = enqueue(queue, box);
  if (!status.ok()) {
    std::free(staging);
    return status;
  }
  Status freed = queue.hostCall([](void *user, Code) { std::free(user); }, staging, true);
  if (!freed.ok()) {
    // The copy may be running: wait, then the memory is ours again.
    (void)target().queue.synchronize(QueueAccess::state(queue).handle);
    std::free(staging);
  }
  return freed;
}

// Between devices that cannot reach each other's memory: through the host, in two waits.
Status copyThroughHost(Queue &queue, const Side &source, ct_copy box, uint64_t bytes) {
  std::unique_ptr<void, decltype(&std::free)> staging(std::malloc(bytes), std::free);
  if (!staging) return Code::out_of_memory;
  ct_copy out = box;
  out.dst = reinterpret_cast<Address>(staging.get());
  out.dst_side = CT_SIDE_HOST;
  out.dst_pitch = box.width;
  out.dst_slice = box.width * box.height;
  // Everything that this queue did before may produce the source.
  if (Status before = queue.synchronize(); !before.ok()) return before;
  Queue &far = source.device->primary().legacyQueue();
  if (Status status = enqueue(far, out); !status.ok()) return status;
  if (Status status = far.synchronize(); !status.ok()) return status;
  box.src = out.dst;
  box.src_side = CT_SIDE_HOST;
  box.src_pitch = out.dst_pitch;
  box.src_slice = out.dst_slice;
  if (Status status = enqueue(queue, box); !status.ok()) return status;
  return queue.synchronize();
}

bool needsKnown(Direction direction, bool source) {
  switch (direction) {
    case Direction::infer:
    case Direction::host_to_host: return false;
    case Direction::host_to_device: return !source;
    case Direction::device_to_host: return source;
    case Direction::device_to_device: return true;
  }
  return true;
}

}  // namespace

Result<CheckedCopy> checkCopy(const Copy &copy) {
  CheckedCopy checked;
  if (copy.width == 0 || copy.height == 0 || copy.depth == 0) return checked;
  if (copy.height > 1 && (copy.dst_pitch < copy.width || copy.src_pitch < copy.width)) return Code::invalid_pitch;
  auto dst_bytes = extent(copy.width, copy.height, copy.depth, copy.dst_pitch, copy.dst_slice);
  auto src_bytes = extent(copy.width, copy.height, copy.depth, copy.src_pitch, copy.src_slice);
  if (!dst_bytes || !src_bytes || __builtin_mul_overflow(copy.width * copy.height, copy.depth, &checked.bytes)) return Code::invalid_value;
  Result<Side> dst = resolve("destination of a copy", copy.dst, *dst_bytes, needsKnown(copy.direction, false), true);
  if (!dst.ok()) return dst.status();
  Result<Side> src = resolve("source of a copy", copy.src, *src_bytes, needsKnown(copy.direction, true), false);
  if (!src.ok()) return src.status();

  ct_copy &box = checked.box;
  box.struct_size = sizeof box;
  box.dst_side = dst->on_device ? CT_SIDE_DEVICE : CT_SIDE_HOST;
  box.src_side = src->on_device ? CT_SIDE_DEVICE : CT_SIDE_HOST;
  box.dst = dst->address;
  box.src = src->address;
  box.width = copy.width;
  box.height = copy.height;
  box.depth = copy.depth;
  box.dst_pitch = copy.dst_pitch;
  box.dst_slice = copy.dst_slice;
  box.src_pitch = copy.src_pitch;
  box.src_slice = copy.src_slice;
  checked.dst = *dst;
  checked.src = *src;
  return checked;
}

Status checkRights(const Device &device, const CopySide &dst, const CopySide *src) {
  const uint64_t mine = uint64_t{1} << device.index();
  const bool writes = dst.devices & mine;
  if (writes && (!src || (src->devices & mine))) return {};
  char text[128];
  std::snprintf(text, sizeof text, "device %d may not %s the mapping at %#llx", device.index(), writes ? "read" : "write to",
                static_cast<unsigned long long>(writes ? src->address : dst.address));
  report(Diag::copy_range, text);
  return Code::invalid_value;
}

bool needsHost(const Device &mine, const CheckedCopy &copy) {
  return copy.src.on_device && copy.src.device != &mine && !(copy.src.device->hostCanAccess() && mine.hostCanAccess());
}

Status Queue::copy(const Copy &copy) {
  if (captures(*this)) [[unlikely]] {
    // What must be read now cannot wait for the graph.
    if (std::optional<Status> captured = copy.reads == Copy::Reads::now ? captureForbids(*this) : captureCopy(*this, copy)) return *captured;
  }
  if (Status healthy = context_->check(); !healthy.ok()) return healthy;
  Result<CheckedCopy> checked = checkCopy(copy);
  if (!checked.ok() || checked->bytes == 0) return checked.status();
  const auto &[box, dst, src, bytes] = *checked;
  if (Status may = checkRights(context_->device(), dst, &src); !may.ok()) return may;
  if (dst.reachable && src.reachable && doneNow(*this, bytes, [&box = box] { moveNow(box); })) return context_->check();
  if (needsHost(context_->device(), *checked)) return copyThroughHost(*this, src, box, bytes);

  const bool host_waits = copy.synchronous && !(dst.pure_device && src.pure_device);
  if (copy.reads == Copy::Reads::now && !host_waits && src.reachable && dst.known && bytes <= kStage) return enqueueStaged(*this, box, bytes);
  if (copy.reads == Copy::Reads::usual && !host_waits && !src.known && dst.known && bytes <= kStage) return enqueueStaged(*this, box, bytes);
  if (Status status = enqueue(*this, box); !status.ok()) return status;
  if (copy.reads == Copy::Reads::in_order) return host_waits ? synchronize() : Status();
  return host_waits || copy.reads == Copy::Reads::now || !src.known || !dst.known ? synchronize() : Status();
}

Status uploadNow(Context &context, Address dst, const void *src, uint64_t bytes) {
  if (context.device().hostCanAccess()) {
    std::memcpy(at(dst), src, bytes);
    return {};
  }
  Copy copy;
  copy.dst = dst;
  copy.src = reinterpret_cast<Address>(src);
  copy.width = bytes;
  copy.direction = Direction::host_to_device;
  copy.synchronous = true;
  Result<Queue *> queue = Queue::create(context, Queue::kNonBlocking, 0);
  if (!queue.ok()) return queue.status();
  Status copied = (*queue)->copy(copy);
  (void)(*queue)->destroy();
  return copied;
}

Result<CheckedFill> checkFill(const Fill &fill) {
  CheckedFill checked;
  if (fill.element != 1 && fill.element != 2 && fill.element != 4) return Code::invalid_value;
  if (fill.width == 0 || fill.height == 0) return checked;
  uint64_t row;
  if (__builtin_mul_overflow(fill.width, uint64_t{fill.element}, &row)) return Code::invalid_value;
  if (fill.height > 1 && fill.pitch < row) return Code::invalid_pitch;
  if (fill.dst % fill.element != 0 || (fill.height > 1 && fill.pitch % fill.element != 0)) return Code::invalid_value;
  auto bytes = extent(row, fill.height, 1, fill.pitch, 0);
  if (!bytes) return Code::invalid_value;
  Result<Side> dst = resolve("destination of a fill", fill.dst, *bytes, true, true);
  if (!dst.ok()) return dst.status();

  ct_fill &box = checked.box;
  box.struct_size = sizeof box;
  box.element = fill.element;
  box.dst = dst->address;
  box.value = fill.value;
  box.width = fill.width;
  box.height = fill.height;
  box.pitch = fill.height > 1 ? fill.pitch : row;
  checked.dst = *dst;
  checked.bytes = row * fill.height;
  return checked;
}

Status Queue::fill(const Fill &fill) {
  if (captures(*this)) [[unlikely]]
    if (std::optional<Status> captured = captureFill(*this, fill)) return *captured;
  if (Status healthy = context_->check(); !healthy.ok()) return healthy;
  Result<CheckedFill> checked = checkFill(fill);
  if (!checked.ok() || checked->bytes == 0) return checked.status();
  const auto &[box, dst, bytes] = *checked;
  if (Status may = checkRights(context_->device(), dst, nullptr); !may.ok()) return may;
  if (dst.reachable && doneNow(*this, bytes, [&box = box] { fillNow(box); })) return context_->check();
  Status status = submit(*this, [&](ct_queue *handle) { return target().queue.fill(handle, &box); });
  if (!status.ok()) return status;
  return fill.synchronous || !dst.pure_device ? synchronize() : Status();
}

}  // namespace cutrans::runtime
