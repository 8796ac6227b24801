// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whether a node's work is right in itself: the same checks as when a queue is given the operation, without doing it.
//
//   kind          setWork of a node   setWork in an executable graph   may be disabled there
//   kernel, copy, fill     yes                  yes                            yes
//   host, record, wait, words, signal, await    yes    yes                     no
//   child                  no                   yes (same shape)               no
//   empty                  yes (nothing)        no                             no
//   alloc, free, conditional   no               no                             no
#include <algorithm>

#include "../checked.h"
#include "../semaphore_state.h"
#include "cutrans/runtime/array.h"
#include "cutrans/runtime/graph.h"
#include "cutrans/support/diagnostics.h"
#include "graph_memory.h"
#include "graph_state.h"

namespace cutrans::runtime {
namespace {

Status check(const Graph &, const KernelWork &work) {
  if (!work.kernel || Kernel::find(work.kernel) != work.kernel) return Code::invalid_handle;
  LaunchShape shape = work.shape;
  if (Status fits = checkLaunch(*work.kernel, shape); !fits.ok()) return fits;
  return work.arguments.size() == work.kernel->info().params_size ? Status() : Status(Code::invalid_value);
}

Status check(const Graph &, const CopyWork &work) {
  if (!work.context) return Code::invalid_value;
  if (Status healthy = work.context->check(); !healthy.ok()) return healthy;
  Result<Copy> copy = resolveCopy(work);
  if (!copy.ok()) return copy.status();
  Result<CheckedCopy> checked = checkCopy(*copy);
  return checked.ok() ? checkRights(work.context->device(), checked->dst, &checked->src) : checked.status();
}

Status check(const Graph &, const FillWork &work) {
  if (!work.context) return Code::invalid_value;
  if (Status healthy = work.context->check(); !healthy.ok()) return healthy;
  Result<CheckedFill> checked = checkFill(work.fill);
  return checked.ok() ? checkRights(work.context->device(), checked->dst, nullptr) : checked.status();
}

Status check(const Graph &, const HostWork &work) { return work.fn ? Status() : Status(Code::invalid_value); }

Status check(const Graph &graph, const ChildWork &work) {
  if (!work.graph || Graph::find(work.graph) != work.graph) return Code::invalid_value;
  if (hasConditionalNodes(*work.graph)) return Code::unsupported;
  if (!work.moved) return hasMemoryNodes(*work.graph) ? Status(Code::unsupported) : Status();
  return GraphAccess::state(*work.graph).owner || work.graph == &graph.root() ? Status(Code::invalid_value) : Status();
}

Status check(const Graph &, const EmptyWork &) { return {}; }

Status checkEvent(const Event *event) {
  if (!event || Event::find(event) != event) return Code::invalid_handle;
  if (!(event->flags() & Event::kInterprocess)) return {};
  report(Diag::api_ipc, "an event with the interprocess flag in a graph");
  return Code::unsupported;
}
Status check(const Graph &, const RecordWork &work) { return checkEvent(work.event); }
Status check(const Graph &, const WaitWork &work) { return checkEvent(work.event); }

Status check(const Graph &graph, const AllocWork &work) {
  // A body runs any number of times and a moved child graph belongs to another.
  if (GraphAccess::state(graph).owner) return Code::unsupported;
  return work.device && work.size ? Status() : Status(Code::invalid_value);
}

Status check(const Graph &graph, const FreeWork &work) {
  if (GraphAccess::state(graph).owner) return Code::unsupported;
  return work.address ? Status() : Status(Code::invalid_value);
}

Status check(const Graph &graph, const ConditionalWork &work) {
  const size_t bodies = work.bodies.size();
  const bool fits = work.kind == ConditionalKind::once ? bodies == 1 || bodies == 2
                    : work.kind == ConditionalKind::loop ? bodies == 1 : bodies >= 1;
  if (!fits || std::ranges::any_of(work.bodies, [](const Graph *body) { return body != nullptr; })) return Code::invalid_value;
  std::shared_ptr<Condition> condition = findCondition(graph, work.handle);
  return condition && !condition->used ? Status() : Status(Code::invalid_value);
}

Status check(const Graph &, const WordsWork &work) {
  if (!work.context || work.operations.empty()) return Code::invalid_value;
  if (Status healthy = work.context->check(); !healthy.ok()) return healthy;
  for (const WordOperation &operation : work.operations)
    if (Result<ct_word> word = checkWord(work.context->device(), operation); !word.ok()) return word.status();
  return {};
}

Status check(const Graph &, const SignalWork &work) { return checkSemaphores(work); }
Status check(const Graph &, const AwaitWork &work) { return checkSemaphores(work); }

// Address, pitch and slice of one end.
struct Place {
  Address address = 0;
  uint64_t pitch = 0, slice = 0;
};

Result<Place> place(const CopyEnd &end, const CopyWork &work) {
  if (end.array) {
    if (Array::find(end.array) != end.array) return Code::invalid_handle;
    Result<Address> address = end.array->locate({end.x, end.y, end.z, work.width, work.height, work.depth});
    if (!address.ok()) return address.status();
    return Place{*address, end.array->rowPitch(), end.array->slicePitch()};
  }
  const uint64_t slice = end.pitch * end.rows;
  return Place{end.address + end.x + end.y * end.pitch + end.z * slice, end.pitch, slice};
}

}  // namespace

Status checkWork(const Graph &graph, const NodeWork &work) {
  return std::visit([&](const auto &each) { return check(graph, each); }, work);
}

Result<Copy> resolveCopy(const CopyWork &work) {
  Copy copy;
  copy.width = work.width;
  copy.height = work.height;
  copy.depth = work.depth;
  copy.direction = work.direction;
  if (work.width == 0 || work.height == 0 || work.depth == 0) return copy;
  Result<Place> dst = place(work.dst, work), src = place(work.src, work);
  if (!dst.ok()) return dst.status();
  if (!src.ok()) return src.status();
  copy.dst = dst->address, copy.dst_pitch = dst->pitch, copy.dst_slice = dst->slice;
  copy.src = src->address, copy.src_pitch = src->pitch, copy.src_slice = src->slice;
  return copy;
}

}  // namespace cutrans::runtime
