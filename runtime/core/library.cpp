// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Libraries: PTX first, contexts later.
#include "cutrans/runtime/library.h"

#include <map>
#include <mutex>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/device.h"
#include "cutrans/runtime/platform.h"
#include "cutrans/support/diagnostics.h"
#include "handle_pool.h"
#include "state.h"

namespace cutrans::runtime {

// Contexts are few; those with larger slot numbers than the tables take the lock each time.
constexpr unsigned kSlots = 16;

struct Library::State {
  std::mutex lock;
  Source source;
  bool asked = false;
  Code outcome = Code::ok;
  std::vector<Unit> units;
  struct Loaded {
    uint64_t context_id = 0;
    Module *module = nullptr;
    Code outcome = Code::ok;
  };
  std::map<Context *, Loaded> modules;
  std::map<std::string, LibraryKernel *, std::less<>> kernels;

  Status readSource();
  Result<Module *> moduleIn(Context &context);
  bool usedOnOtherDevice(const Context &context) const;
};

// A kernel is good only for the activation of the context in which it was found: both are published as one pointer.
struct FoundKernel {
  uint64_t context_id;
  Kernel *kernel;
};

struct LibraryKernel::State {
  std::string name;
  std::atomic<const FoundKernel *> by_slot[kSlots] = {};
  std::vector<const FoundKernel *> all;  // under the library's lock; freed with the library
};

class LibraryAccess {
 public:
  static Library *construct(void *place) { return new (place) Library; }
  struct KernelMaker {
    static LibraryKernel *construct(void *place) { return LibraryAccess::constructKernel(place); }
  };
  static LibraryKernel *constructKernel(void *place) { return new (place) LibraryKernel; }
  static LibraryKernel *create(Library &library, std::string_view name);
  static void release(LibraryKernel &kernel);
};

namespace {
constinit HandlePool<Library, LibraryAccess, size_t{1} << 18> libraries;
constinit HandlePool<LibraryKernel, LibraryAccess::KernelMaker> library_kernels;
}  // namespace

LibraryKernel *LibraryAccess::create(Library &library, std::string_view name) {
  LibraryKernel *kernel = library_kernels.allocate();
  if (!kernel) return nullptr;
  kernel->library_ = &library;
  kernel->impl_ = new LibraryKernel::State;
  kernel->impl_->name = name;
  library_kernels.publish(kernel);
  return kernel;
}

void LibraryAccess::release(LibraryKernel &kernel) {
  if (!library_kernels.retire(&kernel)) return;
  LibraryKernel::State *state = std::exchange(kernel.impl_, nullptr);
  for (const FoundKernel *found : state->all) delete found;
  delete state;
  library_kernels.recycle(&kernel);
}

Status Library::State::readSource() {
  if (std::exchange(asked, true)) return outcome;
  Result<Platform *> platform = Platform::get();
  Result<unsigned> capability = platform.ok() ? (*platform)->computeCapability() : Result<unsigned>(platform.status());
  if (!capability.ok()) {
    asked = false;  // not the source's fault: another time it may go
    return capability.status();
  }
  Result<std::vector<Unit>> read = source(*capability);
  if (read.ok()) units = *std::move(read);
  return outcome = read.code();
}

bool hasManagedVariables(const Module &module) {
  for (size_t i = 0; i < module.variableCount(); i++)
    if (Result<Variable> variable = module.variableAt(i); variable.ok() && variable->managed) return true;
  return false;
}

bool Library::State::usedOnOtherDevice(const Context &context) const {
  for (const auto &[other, loaded] : modules)
    if (loaded.module && loaded.context_id == other->id() && &other->device() != &context.device()) return true;
  return false;
}

Result<Module *> Library::State::moduleIn(Context &context) {
  Loaded &loaded = modules[&context];
  if (loaded.context_id == context.id()) {
    if (loaded.module) return loaded.module;
    return loaded.outcome;
  }
  if (Status read = readSource(); !read.ok()) return read;
  Result<Module *> module = Module::load(context, units);
  if (mayPass(module.code())) return module;
  // Each device has the module's variables in an image of its own, but a managed variable has one address for all.
  if (module.ok() && hasManagedVariables(**module) && usedOnOtherDevice(context)) {
    (void)(*module)->unload();
    report(Diag::managed_on_several_devices, "loading the program's code on device " + std::to_string(context.device().index()));
    module = Code::unsupported;
  }
  loaded = {context.id(), module.ok() ? *module : nullptr, module.code()};
  return module;
}

Result<Library *> Library::create(Source source) {
  Library *library = libraries.allocate();
  if (!library) {
    report(Diag::too_many_handles, "loading a library");
    return Code::out_of_memory;
  }
  library->impl_ = new State;
  library->impl_->source = std::move(source);
  libraries.publish(library);
  return library;
}

Library *Library::find(const void *handle) { return libraries.find(handle); }

Status Library::destroy() {
  if (!libraries.retire(this)) return Code::invalid_handle;
  State *state = std::exchange(impl_, nullptr);
  // In a forked child nobody ends what the parent had under way, and other threads' locks may be held: modules stay as they are.
  const bool forked = Platform::state() == Code::not_initialized;
  for (auto &[context, loaded] : state->modules)
    if (!forked && loaded.module && context->id() == loaded.context_id && context->check().code() != Code::invalid_context &&
        Module::find(loaded.module))
      (void)loaded.module->unload();
  for (auto &[name, kernel] : state->kernels) LibraryAccess::release(*kernel);
  delete state;
  libraries.recycle(this);
  return {};
}

Result<Module *> Library::module(Context &context) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  std::lock_guard hold(impl_->lock);
  return impl_->moduleIn(context);
}

LibraryKernel *Library::kernel(std::string_view name) {
  std::lock_guard hold(impl_->lock);
  auto found = impl_->kernels.find(name);
  if (found != impl_->kernels.end()) return found->second;
  LibraryKernel *kernel = LibraryAccess::create(*this, name);
  if (kernel) impl_->kernels.emplace(name, kernel);
  return kernel;
}

LibraryKernel *LibraryKernel::find(const void *handle) { return library_kernels.find(handle); }

const char *LibraryKernel::name() const { return impl_->name.c_str(); }

Result<Kernel *> LibraryKernel::in(Context &context) {
  const unsigned slot = context.slot();
  if (slot < kSlots) {
    const FoundKernel *found = impl_->by_slot[slot].load(std::memory_order_acquire);
    if (found && found->context_id == context.id()) [[likely]] return found->kernel;
  }
  Result<Module *> module = library_->module(context);
  if (!module.ok()) return module.status();
  Result<Kernel *> kernel = (*module)->kernel(impl_->name);
  if (kernel.ok() && slot < kSlots) {
    auto *found = new FoundKernel{context.id(), *kernel};
    std::lock_guard hold(library_->impl_->lock);
    impl_->all.push_back(found);
    impl_->by_slot[slot].store(found, std::memory_order_release);
  }
  return kernel;
}

}  // namespace cutrans::runtime
