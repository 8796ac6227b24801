// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A queue: work in the order of submission. Every call validates, orders the work against the legacy queue, and hands
// one operation to the target. Thread safe: each queue has a short lock of its own, none is shared.
//
// All calls return the context's fault once there is one. While the queue captures they add nodes to a graph (capture.h).
#pragma once
#include <span>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/runtime/launch.h"
#include "cutrans/support/status.h"
#include "cutrans/target.h"

namespace cutrans::runtime {

enum class Direction : uint8_t { infer, host_to_host, host_to_device, device_to_host, device_to_device };

// A box: width in bytes, rows, slices. A linear copy has height = depth = 1 and needs no pitch. Anything 0: nothing to do.
struct Copy {
  Address dst = 0, src = 0;
  uint64_t width = 0, height = 1, depth = 1;
  uint64_t dst_pitch = 0, dst_slice = 0;  // bytes from row to row, from slice to slice
  uint64_t src_pitch = 0, src_slice = 0;
  Direction direction = Direction::infer;
  // CUDA's synchronous forms: copies that touch host memory are done at return; device to device ones are only queued.
  // Asynchronous ones: pageable sources are read before return (staged), pageable destinations are written before return.
  bool synchronous = false;
  // When the source is read. As above; or when the queue gets there, pageable memory too, whose owner keeps it until then; or
  // before return, which may be earlier than the queue's order asks for.
  enum class Reads : uint8_t { usual, in_order, now } reads = Reads::usual;
};

struct Fill {
  Address dst = 0;
  uint32_t element = 1;  // 1, 2 or 4 bytes
  uint32_t value = 0;
  uint64_t width = 0;    // elements per row
  uint64_t height = 1;
  uint64_t pitch = 0;    // bytes; needed when height > 1
  bool synchronous = false;
};

// One word of memory that work on the device, the host or another queue reads and writes as well. A wait ends when the word
// compares with the value, modulo 2^32 or 2^64; the meanings are those of ct_compare.
struct WordOperation {
  enum class Kind : uint8_t { wait, write } kind = Kind::wait;
  ct_compare compare = CT_COMPARE_GEQ;
  bool wide = false;  // 8 bytes, else 4
  Address address = 0;
  uint64_t value = 0;
};

// What a program says of a queue's work, and may ask for again. Nothing here changes what work does.
struct QueueHints {
  int priority = 0;                 // at first that of the queue
  Address window = 0;               // memory whose accesses are of a kind; the numbers are the API's own
  uint64_t window_bytes = 0;
  float hit_ratio = 0;
  uint8_t hit_kind = 0, miss_kind = 0;
  uint8_t waiting = 0;              // how a thread waits for the queue; 0: not said
  uint8_t fence_domain = 0, fence_domains[2] = {0, 1};
  bool fills_links = false;
};

// status: ok, or the device's fault that stopped the queue before this call.
using HostFunction = void (*)(void *user, Code status);

// What an event behind a launch stands for. Outside of captures always the end, which is later than the others.
enum class LaunchPoint : uint8_t { end, trigger, start };

class CUTRANS_API Queue {
 public:
  enum Flags : uint32_t { kNonBlocking = 1 };  // not ordered against the legacy queue

  // priority is clamped; `partition` null: the current one
  static Result<Queue *> create(Context &context, uint32_t flags, int priority, Partition *partition = nullptr);
  static Queue *find(const void *handle);
  // Returns at once; the work that was submitted still runs. Default queues: invalid_handle.
  Status destroy();

  Context &context() const { return *context_; }
  uint32_t flags() const { return flags_; }
  int priority() const { return priority_; }  // that it was made with
  QueueHints hints() const;
  void setHints(const QueueHints &hints);     // the priority is clamped
  Partition *partition() const { return partition_; }  // that was current when it was made
  uint64_t id() const { return id_; }
  bool isLegacy() const;
  bool isThreadDefault() const { return thread_default_; }

  Status launch(Kernel &kernel, const LaunchShape &shape, const Arguments &arguments);
  Status copy(const Copy &copy);
  Status fill(const Fill &fill);
  // `always`: called with the fault even when the device has one (stream callbacks); else it is not called then.
  // Cannot be captured.
  Status hostCall(HostFunction fn, void *user, bool always = false);
  // Not called once the device has a fault.
  Status hostFunction(void (*fn)(void *user), void *user);
  Status record(Event &event, LaunchPoint point = LaunchPoint::end);
  Status wait(Event &event);    // of any context
  // Checked as a whole, then submitted side by side. Work behind a wait starts when it is over; no thread of the device is held
  // meanwhile. invalid_value: a word that is not aligned, not in memory that the device reaches, or a narrow one in managed memory.
  // `given`: for the node of a capture (WordsWork).
  Status onWords(std::span<const WordOperation> operations, std::span<const std::byte> given = {});
  Status query();               // ok, not_ready, fault
  Status synchronize();

  struct State;  // runtime/core only

 private:
  friend class QueueAccess;
  Queue() = default;
  Context *context_ = nullptr;
  uint32_t flags_ = 0;
  int priority_ = 0;
  bool thread_default_ = false;
  Partition *partition_ = nullptr;
  uint64_t id_ = 0;
  State *impl_ = nullptr;
};

}  // namespace cutrans::runtime
