// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/runtime/multi_launch.h"

#include <cstring>
#include <vector>

#include "checked.h"
#include "child_queue.h"
#include "cutrans/runtime/capture_rules.h"
#include "cutrans/runtime/graph.h"

namespace cutrans::runtime {
namespace {

bool sameCode(const Kernel &a, const Kernel &b) {
  const ctc_kernel &x = a.info(), &y = b.info();
  return std::strcmp(x.name, y.name) == 0 && x.params_size == y.params_size && x.param_count == y.param_count;
}

bool sameShape(const LaunchShape &a, const LaunchShape &b) {
  return std::equal(a.grid, a.grid + 3, b.grid) && std::equal(a.block, a.block + 3, b.block) && a.dynamic_shared_bytes == b.dynamic_shared_bytes;
}

// Compiles the kernel as well, so that no part fails when others run already.
Status checkPart(const PartLaunch &part) {
  Context &context = part.queue->context();
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (part.queue->isLegacy() || part.queue->isThreadDefault()) return Code::invalid_value;
  if (Status free = forbidOnCapturing(*part.queue); !free.ok()) return free;
  if (&part.kernel->module().context() != &context) return Code::invalid_handle;
  if (recordsChildren(*part.kernel)) return Code::invalid_value;
  ct_launch launch;
  if (Status fits = prepareLaunch(*part.kernel, part.shape, launch); !fits.ok()) return fits;
  return packArguments(*part.kernel, part.arguments).status();
}

// What each queue does from now on comes after what all of them have.
Status meet(std::span<const PartLaunch> parts) {
  std::vector<Event *> events;
  Status status;
  for (const PartLaunch &part : parts) {
    Result<Event *> event = Event::create(part.queue->context(), Event::kNoTiming);
    status = event.status();
    if (!status.ok()) break;
    events.push_back(*event);
    status = part.queue->record(**event);
    if (!status.ok()) break;
  }
  for (size_t i = 0; i < parts.size() && status.ok(); ++i)
    for (size_t other = 0; other < parts.size() && status.ok(); ++other)
      if (other != i) status = parts[i].queue->wait(*events[other]);
  for (Event *event : events) (void)event->destroy();
  return status;
}

}  // namespace

Status launchOnDevices(std::span<const PartLaunch> given, unsigned flags) {
  if (given.empty() || (flags & ~(kBeginApart | kEndApart))) return Code::invalid_value;
  std::vector<PartLaunch> parts(given.begin(), given.end());
  for (PartLaunch &part : parts) part.shape.cooperative = true;
  for (size_t i = 0; i < parts.size(); ++i) {
    for (size_t other = 0; other < i; ++other)
      if (&parts[i].queue->context().device() == &parts[other].queue->context().device()) return Code::invalid_value;
    if (!sameShape(parts[i].shape, parts[0].shape) || !sameCode(*parts[i].kernel, *parts[0].kernel)) return Code::invalid_value;
    if (Status right = checkPart(parts[i]); !right.ok()) return right;
  }
  if (!(flags & kBeginApart))
    if (Status met = meet(parts); !met.ok()) return met;
  for (const PartLaunch &part : parts)
    if (Status launched = part.queue->launch(*part.kernel, part.shape, part.arguments); !launched.ok()) return launched;
  return flags & kEndApart ? Status() : meet(parts);
}

}  // namespace cutrans::runtime
