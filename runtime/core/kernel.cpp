// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels: from a launch's block shape to the target's handle.
//
// The first CUTRANS_SHAPES shapes get an artifact of their own each, because thread ids are affine in the lane only
// when the shape is a constant; one more artifact, for any shape, serves the rest.
#include "kernel.h"

#include <algorithm>

#include "compiler_door.h"
#include "cutrans/support/config.h"
#include "cutrans/support/diagnostics.h"
#include "cutrans/support/log.h"

namespace cutrans::runtime {
namespace {

constinit HandlePool<Kernel, KernelAccess> pool;
constinit std::atomic<uint64_t> next_serial{1}, release_count{0};

constexpr uint32_t kAnyShape[3] = {0, 0, 0};

ShapeKey keyOf(const uint32_t block[3], uint32_t variant) {
  return uint64_t{block[0]} | uint64_t{block[1]} << 20 | uint64_t{block[2]} << 40 | uint64_t{variant} << 60;
}

std::string where(const Kernel &kernel, const uint32_t block[3]) {
  char shape[64];
  std::snprintf(shape, sizeof shape, " for blocks of %ux%ux%u", block[0], block[1], block[2]);
  return std::string("kernel ") + kernel.info().name + (block[0] ? shape : " for any block");
}

// Asks the compiler, and loads what it gives into the target.
Loaded compile(Kernel &kernel, ctc_module *module, const uint32_t block[3], uint32_t variant) {
  Context &context = kernel.module().context();
  const ct_device_info &device = context.device().info();
  Loaded loaded;
  auto fail = [&](Code code) {
    loaded.status = code;
    return loaded;
  };
  if (!(device.flags & CT_DEVICE_RUNS_KERNELS)) {
    report(Diag::target_no_kernels, std::string("kernel ") + kernel.info().name + " on target " + target().name);
    return fail(Code::unsupported);
  }
  Result<const ctc_api *> api = openCompiler();
  if (!api.ok()) return fail(api.code());
  ctc_request request{};
  request.struct_size = sizeof request;
  request.kernel = kernel.info().name;
  request.formats = device.formats;
  request.codegen = device.codegen;
  std::copy_n(block, 3, request.block);
  request.cooperative = variant & kCooperative ? 1 : 0;
  request.any_grid = variant & kAnyGrid ? 1 : 0;
  ctc_artifact *artifact = nullptr;
  if (ctc_status status = (*api)->compile(module, &request, &reportSink(), &artifact); status != CTC_OK)
    return fail(fromCompiler(status));
  ctc_artifact_info info{};
  info.struct_size = sizeof info;
  (*api)->artifact_info(artifact, &info);
  ct_artifact image{};
  image.struct_size = sizeof image;
  image.format = info.format;
  image.bytes = info.bytes;
  image.size = info.size;
  image.path = info.path;
  image.kernel = kernel.info().name;
  ct_status status = target().module.load(ContextAccess::state(context).device, &image, &loaded.module);
  if (status == CT_OK) status = target().module.kernel(loaded.module, &loaded.kernel);
  logf(LogCategory::module, LogLevel::debug, "%s: %s, %.1f ms%s", where(kernel, block).c_str(), info.format,
       static_cast<double>(info.compile_ns) * 1e-6, info.from_cache ? ", from the cache" : "");
  (*api)->artifact_destroy(artifact);
  if (status != CT_OK) {
    report(Diag::artifact_refused, where(kernel, block) + ": " + std::string(codeMeaning(fromTarget(status))));
    if (loaded.module) target().module.unload(std::exchange(loaded.module, nullptr));
    return fail(settle(context, status).code());
  }
  return loaded;
}

}  // namespace

Result<Kernel *> KernelAccess::create(Module &module, ctc_module *compiler_module, const ctc_kernel &info) {
  Kernel *kernel = pool.allocate();
  if (!kernel) {
    report(Diag::too_many_handles, "creating a kernel");
    return Code::out_of_memory;
  }
  const ct_device_info &device = module.context().device().info();
  kernel->module_ = &module;
  kernel->info_ = info;
  kernel->impl_ = new Kernel::State;
  kernel->impl_->compiler_module = compiler_module;
  kernel->impl_->serial = next_serial.fetch_add(1, std::memory_order_relaxed);
  uint64_t fixed = info.static_shared_bytes;
  kernel->max_dynamic_shared_ = device.shared_bytes_per_block > fixed ? device.shared_bytes_per_block - fixed : 0;
  pool.publish(kernel);
  return kernel;
}

uint64_t KernelAccess::releases() { return release_count.load(std::memory_order_acquire); }

void KernelAccess::release(Kernel &kernel) {
  if (!pool.retire(&kernel)) return;
  release_count.fetch_add(1, std::memory_order_release);
  Kernel::State *state = std::exchange(kernel.impl_, nullptr);
  auto unload = [](const Loaded &loaded) {
    if (loaded.module) target().module.unload(loaded.module);
  };
  for (uint32_t i = 0; i < state->count; ++i) unload(state->loaded[i]);
  for (auto &generic : state->generic)
    if (Loaded *loaded = generic.load()) {
      unload(*loaded);
      delete loaded;
    }
  delete state;
  pool.recycle(&kernel);
}

Loaded KernelAccess::find(Kernel &kernel, const uint32_t block[3], uint32_t variant) {
  Kernel::State &state = *kernel.impl_;
  const ShapeKey key = keyOf(block, variant);
  const bool any = block[0] == 0;
  auto known = [&]() -> const Loaded * {
    uint32_t count = state.count.load(std::memory_order_acquire);
    for (uint32_t i = 0; i < count && !any; ++i)
      if (state.keys[i].load(std::memory_order_relaxed) == key) return &state.loaded[i];
    if (any || count >= std::min(config().shapes, kMostShapes)) return state.generic[variant].load(std::memory_order_acquire);
    return nullptr;
  };
  if (const Loaded *loaded = known()) [[likely]] return *loaded;
  std::lock_guard hold(state.compiling);
  if (const Loaded *loaded = known()) return *loaded;
  uint32_t count = state.count.load(std::memory_order_relaxed);
  if (any || count >= std::min(config().shapes, kMostShapes)) {
    Loaded made = compile(kernel, state.compiler_module, kAnyShape, variant);
    if (!mayPass(made.status)) state.generic[variant].store(new Loaded(made), std::memory_order_release);
    return made;
  }
  Loaded made = compile(kernel, state.compiler_module, block, variant);
  if (mayPass(made.status)) return made;
  state.loaded[count] = made;
  state.keys[count].store(key, std::memory_order_relaxed);
  state.count.store(count + 1, std::memory_order_release);
  return made;
}

Kernel *Kernel::find(const void *handle) { return pool.find(handle); }

unsigned Kernel::maxThreads() const {
  unsigned limit = module_->context().device().info().max_threads_per_block;
  return info_.max_threads ? std::min(limit, info_.max_threads) : limit;
}

Status Kernel::setMaxDynamicShared(uint64_t bytes) {
  if (bytes + info_.static_shared_bytes > module_->context().device().info().shared_bytes_per_block_max) return Code::invalid_value;
  max_dynamic_shared_.store(bytes, std::memory_order_relaxed);
  return {};
}

Status Kernel::prepare(const uint32_t block[3], bool cooperative) {
  return KernelAccess::find(*this, block, cooperative ? kCooperative : 0).status;
}

}  // namespace cutrans::runtime
