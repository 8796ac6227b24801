// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules: indexing PTX through the compiler's door, and the image of variables in device memory.
#include "cutrans/runtime/module.h"

#include <algorithm>
#include <cstring>

#include "array_state.h"
#include "compiler_door.h"
#include "cutrans/runtime/memory.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/support/diagnostics.h"
#include "cutrans/support/log.h"
#include "kernel.h"
#include "memory_map.h"
#include "module_state.h"

namespace cutrans::runtime {
namespace {

constinit HandlePool<Module, ModuleAccess, size_t{1} << 18> pool;

// Written before the first module is loaded, constant after that.
struct {
  std::string name;
  std::string_view text;
} library;

bool isImage(const Allocation &a) { return a.kind == MemoryKind::image; }

bool hasManaged(const ctc_api &api, const ctc_module *module) {
  for (size_t i = 0, n = api.variable_count(module); i < n; ++i) {
    ctc_variable variable{};
    variable.struct_size = sizeof variable;
    if (api.variable_info(module, i, &variable) == CTC_OK && (variable.flags & CTC_VARIABLE_MANAGED)) return true;
  }
  return false;
}

// Adds `base` to the pointers in the image. False when a relocation lies outside or its width is unknown.
bool relocate(std::vector<char> &bytes, const ctc_image &image, Address base) {
  for (uint64_t i = 0; i < image.relocation_count; ++i) {
    const ctc_relocation &r = image.relocations[i];
    if ((r.bytes != 4 && r.bytes != 8) || r.offset > bytes.size() || r.bytes > bytes.size() - r.offset) return false;
    uint64_t value = 0;
    std::memcpy(&value, bytes.data() + r.offset, r.bytes);
    value += base;
    std::memcpy(bytes.data() + r.offset, &value, r.bytes);
  }
  return true;
}

}  // namespace

Status ModuleAccess::makeImage(Module &module) {
  Module::State &state = *module.impl_;
  ctc_image image{};
  image.struct_size = sizeof image;
  if (ctc_status status = state.api->image(state.handle, &image); status != CTC_OK) return fromCompiler(status);
  if (image.size == 0) return {};
  if (image.initial_size > image.size) return Code::internal;
  Context &context = module.context();
  Context::State &owner = ContextAccess::state(context);
  state.image_managed = hasManaged(*state.api, state.handle);
  const ct_memory_kind kind = state.image_managed ? CT_MEMORY_MANAGED : CT_MEMORY_DEVICE;
  const uint64_t align = image.align < 256 ? 256 : image.align;
  ct_status allocated = target().memory.alloc(owner.device, kind, image.size, align, &state.image);
  if (allocated != CT_OK) {
    state.image = 0;
    if (allocated == CT_ERR_OUT_OF_MEMORY) report(Diag::module_image, std::to_string(image.size) + " bytes of variables");
    return settle(context, allocated);
  }
  state.image_size = image.size;
  Allocation allocation;
  allocation.base = allocation.device = state.image;
  allocation.size = image.size;
  allocation.kind = MemoryKind::image;
  allocation.context = &context;
  allocation.context_id = context.id();
  allocation.flags = state.image_managed ? kManagedImage : 0;
  allocation.host = state.image_managed || context.device().hostCanAccess() ? state.image : 0;
  allocation.id = nextAllocationId();
  if (!insertAllocation(allocation)) return Code::internal;

  std::vector<char> bytes(image.size);
  if (image.initial_size) std::memcpy(bytes.data(), image.initial, image.initial_size);
  if (!relocate(bytes, image, state.image)) return Code::internal;
  return uploadNow(context, state.image, bytes.data(), image.size);
}

// Indexed and linked; the caller destroys it.
Result<ctc_module *> ModuleAccess::link(std::span<const Unit> units) {
  if (units.empty()) return Code::invalid_value;
  Result<const ctc_api *> api = openCompiler();
  if (!api.ok()) return api.status();
  Result<Platform *> platform = Platform::get();
  if (!platform.ok()) return platform.status();
  Result<unsigned> capability = (*platform)->computeCapability();
  if (!capability.ok()) return capability.status();

  std::vector<ctc_unit> texts;
  for (const Unit &unit : units) texts.push_back({unit.name.c_str(), unit.text.data(), unit.text.size()});
  ctc_options options = compilerOptions();
  options.compute_capability = *capability;
  options.check_bodies = std::ranges::any_of(units, &Unit::whole);
  const ctc_unit library_unit{library.name.c_str(), library.text.data(), library.text.size()};
  if (!library.text.empty()) options.library = &library_unit, options.library_count = 1;
  ctc_module *handle = nullptr;
  ctc_status status = (*api)->module_create(texts.data(), texts.size(), &options, &reportSink(), &handle);
  if (status != CTC_OK) return fromCompiler(status);
  return handle;
}

Status Module::check(std::span<const Unit> units) {
  Result<ctc_module *> linked = ModuleAccess::link(units);
  if (linked.ok()) (*openCompiler())->module_destroy(*linked);
  return linked.status();
}

Result<Module *> Module::load(Context &context, std::span<const Unit> units) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  Result<ctc_module *> linked = ModuleAccess::link(units);
  if (!linked.ok()) return linked.status();
  Result<const ctc_api *> api = openCompiler();
  ctc_module *handle = *linked;

  Module *module = pool.allocate();
  if (!module) {
    report(Diag::too_many_handles, "loading a module");
    (*api)->module_destroy(handle);
    return Code::out_of_memory;
  }
  module->context_ = &context;
  module->impl_ = new State;
  module->impl_->api = *api;
  module->impl_->handle = handle;
  module->impl_->kernels.resize((*api)->kernel_count(handle));
  pool.publish(module);
  if (Status made = ModuleAccess::makeImage(*module); !made.ok()) {
    ModuleAccess::release(*module);
    return made;
  }
  logf(LogCategory::module, LogLevel::debug, "module of %zu units: %zu kernels, %zu variables", units.size(), module->kernelCount(),
       module->variableCount());
  Context::State &owner = ContextAccess::state(context);
  std::lock_guard hold(owner.lists);
  owner.modules.insert(module);
  return module;
}

Module *Module::find(const void *handle) { return pool.find(handle); }

void ModuleAccess::release(Module &module) {
  if (!pool.retire(&module)) return;
  releaseTextureReferences(module);
  Module::State *state = std::exchange(module.impl_, nullptr);
  for (Kernel *kernel : state->kernels)
    if (kernel) KernelAccess::release(*kernel);
  if (state->image) {
    ct_memory_kind kind = state->image_managed ? CT_MEMORY_MANAGED : CT_MEMORY_DEVICE;
    takeAllocation(state->image, isImage);
    (void)target().memory.free(ContextAccess::state(module.context()).device, kind, state->image);
  }
  for (const ChildBlock &block : state->child_blocks) (void)releaseMemory(block.address, false);
  state->api->module_destroy(state->handle);
  delete state;
  pool.recycle(&module);
}

Result<ChildBlock> ModuleAccess::takeChildBlock(Module &module, uint64_t bytes) {
  {
    std::lock_guard hold(module.impl_->lock);
    auto &blocks = module.impl_->child_blocks;
    auto fits = std::ranges::find_if(blocks, [&](const ChildBlock &block) { return block.bytes >= bytes; });
    if (fits != blocks.end()) {
      ChildBlock block = *fits;
      blocks.erase(fits);
      return block;
    }
  }
  Result<Address> address = allocateMemory(module.context(), MemoryKind::device, bytes);
  if (!address.ok()) return address.status();
  return ChildBlock{*address, bytes};
}

void ModuleAccess::giveChildBlock(Module &module, const ChildBlock &block) {
  std::lock_guard hold(module.impl_->lock);
  module.impl_->child_blocks.push_back(block);
}

void Module::setLibrary(std::string_view name, std::string_view text) { library = {std::string(name), text}; }

Status Module::unload() {
  Context::State &owner = ContextAccess::state(*context_);
  {
    std::lock_guard hold(owner.lists);
    if (owner.modules.erase(this) == 0) return Code::invalid_handle;
  }
  // After a fault as well: what was submitted may still run.
  Status last = drain(*context_);
  ModuleAccess::release(*this);
  return last.ok() ? context_->check() : last;
}

size_t Module::kernelCount() const { return impl_->kernels.size(); }
size_t Module::variableCount() const { return impl_->api->variable_count(impl_->handle); }

Result<Kernel *> Module::kernelAt(size_t index) {
  std::lock_guard hold(impl_->lock);
  if (index >= impl_->kernels.size()) return Code::invalid_value;
  Kernel *&kernel = impl_->kernels[index];
  if (kernel) return kernel;
  ctc_kernel info{};
  info.struct_size = sizeof info;
  if (ctc_status status = impl_->api->kernel_info(impl_->handle, index, &info); status != CTC_OK) return fromCompiler(status);
  Result<Kernel *> made = KernelAccess::create(*this, impl_->handle, info);
  if (made.ok()) kernel = *made;
  return made;
}

Result<Kernel *> Module::kernel(std::string_view name) {
  size_t index = 0;
  if (impl_->api->kernel_find(impl_->handle, std::string(name).c_str(), &index) != CTC_OK) return Code::invalid_function;
  return kernelAt(index);
}

Result<Variable> Module::variableAt(size_t index) const {
  ctc_variable info{};
  info.struct_size = sizeof info;
  if (impl_->api->variable_info(impl_->handle, index, &info) != CTC_OK) return Code::invalid_symbol;
  const uint32_t reference = info.flags & CTC_VARIABLE_TEXTURE ? CT_TEXTURE_SAMPLED : info.flags & CTC_VARIABLE_SURFACE ? CT_TEXTURE_SURFACE : 0u;
  return Variable{info.name, impl_->image + info.offset, info.size, info.space == CTC_SPACE_CONST, (info.flags & CTC_VARIABLE_MANAGED) != 0, reference};
}

Result<Variable> Module::variable(std::string_view name) {
  Result<Variable> found = reference(name, 0);
  return found.ok() ? found : Code::invalid_symbol;
}

Result<Variable> Module::reference(std::string_view name, uint32_t kind) {
  for (size_t i = 0, n = variableCount(); i < n; ++i) {
    Result<Variable> variable = variableAt(i);
    if (variable.ok() && variable->reference == kind && name == variable->name) return variable;
  }
  return Code::not_found;
}

}  // namespace cutrans::runtime
