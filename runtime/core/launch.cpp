// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A launch: check the shape, find the artifact, pack the arguments, hand one operation to the queue. The path that runs
// every time takes one lock, the queue's own, and allocates nothing.
#include "cutrans/runtime/launch.h"

#include <cstdio>
#include <cstring>

#include "capture/capture.h"
#include "checked.h"
#include "child_queue.h"
#include "cluster.h"
#include "cutrans/runtime/graph.h"
#include "cutrans/runtime/queue.h"
#include "cutrans/support/diagnostics.h"
#include "kernel.h"
#include "module_state.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

struct Refusal {
  Code code;
  const char *reason;
};

// Reasons in words; the numbers are added by the report.
Status refuse(const Kernel &kernel, const LaunchShape &s, Refusal refusal) {
  char text[512];
  std::snprintf(text, sizeof text, "kernel %.200s, grid %ux%ux%u, block %ux%ux%u, %llu bytes of dynamic shared memory: %s", kernel.info().name,
                s.grid[0], s.grid[1], s.grid[2], s.block[0], s.block[1], s.block[2],
                static_cast<unsigned long long>(s.dynamic_shared_bytes), refusal.reason);
  report(Diag::launch_shape, text);
  return refusal.code;
}

Status checkShape(const Kernel &kernel, const Device &device, const LaunchShape &s) {
  const ct_device_info &limit = device.info();
  const ctc_kernel &info = kernel.info();
  for (int d = 0; d < 3; ++d) {
    if (s.grid[d] == 0 || s.block[d] == 0) return refuse(kernel, s, {Code::invalid_configuration, "a dimension is 0"});
    if (s.grid[d] > limit.max_grid[d]) return refuse(kernel, s, {Code::invalid_configuration, "the grid is larger than the device allows"});
    if (s.block[d] > limit.max_block[d]) return refuse(kernel, s, {Code::invalid_configuration, "the block is larger than the device allows"});
    if (info.required_block[0] && s.block[d] != info.required_block[d])
      return refuse(kernel, s, {Code::invalid_value, "the kernel was built for another block shape (reqntid)"});
  }
  uint64_t threads = uint64_t{s.block[0]} * s.block[1] * s.block[2];
  if (threads > limit.max_threads_per_block)
    return refuse(kernel, s, {Code::invalid_configuration, "the block has more threads than the device allows"});
  if (info.max_threads && threads > info.max_threads)
    return refuse(kernel, s, {Code::out_of_resources, "the block has more threads than the kernel was built for (launch bounds)"});
  if (s.dynamic_shared_bytes > kernel.maxDynamicShared())
    return refuse(kernel, s, {Code::invalid_value, "more dynamic shared memory than the kernel may have (see MaxDynamicSharedMemorySize)"});
  if (s.cooperative) {
    if (!device.cooperative()) {
      report(Diag::launch_cooperative, std::string("kernel ") + info.name + " on target " + target().name);
      return Code::unsupported;
    }
    Result<unsigned> clusters = clustersAtOnce(kernel, s);
    if (!clusters.ok()) return clusters.status();
    const uint64_t each = s.cluster[0] ? uint64_t{s.cluster[0]} * s.cluster[1] * s.cluster[2] : 1;
    unsigned __int128 blocks = static_cast<unsigned __int128>(s.grid[0]) * s.grid[1] * s.grid[2];
    if (blocks > *clusters * each)
      return refuse(kernel, s, {Code::cooperative_too_large, "more blocks than can run together"});
  }
  return {};
}

Status refuseCluster(const Kernel &kernel, const Device &device, const LaunchShape &s, const char *problem) {
  if (device.info().max_cluster_blocks > 1) return refuse(kernel, s, {Code::invalid_cluster, problem});
  report(Diag::launch_cluster, std::string("kernel ") + kernel.info().name + " on target " + target().name);
  return Code::unsupported;
}

// The kernel may take the version whose global thread ids fit into 31 bits.
bool smallGrid(const LaunchShape &s) {
  for (int d = 0; d < 3; ++d)
    if (uint64_t{s.grid[d]} * s.block[d] >= uint64_t{1} << 31) return false;
  return true;
}

// Arguments in the kernel's own layout. `buffer` has room for kMaxParameterBytes.
Result<const void *> pack(const ctc_kernel &info, const Arguments &arguments, std::byte *buffer) {
  if (info.param_count == 0) return static_cast<const void *>(buffer);
  if (arguments.buffer) {
    const ctc_param &last = info.params[info.param_count - 1];
    if (arguments.buffer_size < last.offset + last.size) return Code::invalid_value;
    if (arguments.buffer_size >= info.params_size) return arguments.buffer;
    std::memcpy(buffer, arguments.buffer, arguments.buffer_size);
    return static_cast<const void *>(buffer);
  }
  if (!arguments.pointers || info.params_size > kMaxParameterBytes) return Code::invalid_value;
  for (uint32_t i = 0; i < info.param_count; ++i) {
    if (!arguments.pointers[i]) return Code::invalid_value;
    std::memcpy(buffer + info.params[i].offset, arguments.pointers[i], info.params[i].size);
  }
  return static_cast<const void *>(buffer);
}

// The program's limit counts the frames of a chip's compiler. Ours hold values that a chip keeps in registers, so that they
// may be larger; and programs seldom ask for more where the default of 1 KiB happened to do.
constexpr uint64_t kStackFactor = 4, kLeastStackBytes = 16 << 10;

}  // namespace

Status checkLaunch(Kernel &kernel, LaunchShape &shape) {
  const Device &device = kernel.module().context().device();
  if (const char *problem = settleCluster(kernel, shape)) [[unlikely]] return refuseCluster(kernel, device, shape, problem);
  return checkShape(kernel, device, shape);
}

Status prepareLaunch(Kernel &kernel, const LaunchShape &asked, ct_launch &launch) {
  LaunchShape shape = asked;
  if (Status fits = checkLaunch(kernel, shape); !fits.ok()) return fits;
  const uint32_t variant = (shape.cooperative ? kCooperative : 0u) | (smallGrid(shape) ? 0u : kAnyGrid);
  const Loaded loaded = KernelAccess::find(kernel, shape.block, variant);
  if (loaded.status != Code::ok) return loaded.status;
  launch.struct_size = sizeof launch;
  const bool clusters = shape.cluster[0] != 0;
  launch.flags = (shape.cooperative ? CT_LAUNCH_COOPERATIVE : 0u) | (clusters ? CT_LAUNCH_CLUSTERS : 0u);
  launch.kernel = loaded.kernel;
  for (int d = 0; d < 3; ++d) {
    launch.grid[d] = shape.grid[d];
    launch.block[d] = shape.block[d];
    launch.cluster[d] = clusters ? shape.cluster[d] : 1;
  }
  launch.dynamic_shared_bytes = static_cast<uint32_t>(shape.dynamic_shared_bytes);
  launch.params_size = kernel.info().params_size;
  launch.params = nullptr;
  launch.globals = ModuleAccess::image(kernel.module());
  launch.child_queue = 0;
  launch.stack_bytes = std::max(kLeastStackBytes, kStackFactor * kernel.module().context().stackLimit());
  return {};
}

Result<std::vector<std::byte>> packArguments(const Kernel &kernel, const Arguments &arguments) {
  alignas(16) std::byte buffer[kMaxParameterBytes];  // deliberately not initialised
  const ctc_kernel &info = kernel.info();
  Result<const void *> params = pack(info, arguments, buffer);
  if (!params.ok()) return params.status();
  const auto *bytes = static_cast<const std::byte *>(*params);
  return std::vector<std::byte>(bytes, bytes + info.params_size);
}

Status Queue::launch(Kernel &kernel, const LaunchShape &asked, const Arguments &arguments) {
  if (captures(*this)) [[unlikely]]
    if (std::optional<Status> captured = captureLaunch(*this, kernel, asked, arguments)) return *captured;
  if (!recordsChildren(kernel)) [[likely]] return launchKernel(*this, kernel, asked, arguments, 0);
  if (Status healthy = context_->check(); !healthy.ok()) return healthy;
  LaunchShape shape = asked;
  if (Status fits = checkLaunch(kernel, shape); !fits.ok()) return fits;
  Result<PendingChildren *> children = prepareChildren(*this, kernel, shape);
  if (!children.ok()) return children.status();
  return submitChildren(*this, *children, launchKernel(*this, kernel, asked, arguments, childQueueAddress(**children)));
}

Status launchKernel(Queue &queue, Kernel &kernel, const LaunchShape &asked, const Arguments &arguments, Address child_queue) {
  Context &context = queue.context();
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (&kernel.module().context() != &context) return Code::invalid_handle;
  ct_launch launch;
  if (Status ready = prepareLaunch(kernel, asked, launch); !ready.ok()) return ready;
  alignas(16) std::byte buffer[kMaxParameterBytes];  // deliberately not initialised
  Result<const void *> params = pack(kernel.info(), arguments, buffer);
  if (!params.ok()) return params.status();
  launch.params = *params;
  launch.child_queue = child_queue;
  return submit(queue, [&](ct_queue *handle) { return target().queue.launch(handle, &launch); });
}

}  // namespace cutrans::runtime
