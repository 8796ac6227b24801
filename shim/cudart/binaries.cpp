// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/cudart/binaries.h"

#include <map>

#include "cutrans/runtime/context.h"
#include "cutrans/runtime/module.h"
#include "shim/common/ptx_units.h"
#include "shim/cudart/call.h"
#include "shim/cudart/host_table.h"

namespace cutrans::cudart {
namespace {

constinit std::mutex registry_mutex;
constinit HostTable<KernelRecord> kernels;
constinit HostTable<VariableRecord> variables;

// Start and size of the managed variables that are bound. Under registry_mutex; never destroyed, like the tables.
std::map<runtime::Address, size_t> &managedRanges() {
  static auto *ranges = new std::map<runtime::Address, size_t>;
  return *ranges;
}

}  // namespace

Binary *Binary::of(void **handle) {
  auto *binary = reinterpret_cast<Binary *>(handle);
  return binary && binary->self_ == binary ? binary : nullptr;
}

void Binary::addKernel(const void *host, const char *name) {
  std::lock_guard lock(registry_mutex);
  kernels.insert(host, &kernels_.emplace_back(this, host, name));
}

void Binary::addVariable(const VariableRecord &variable) {
  std::lock_guard lock(registry_mutex);
  variables.insert(variable.host, &variables_.emplace_back(variable));
}

Result<std::vector<runtime::Unit>> Binary::takeUnits(unsigned capability) const {
  const runtime::LibraryKernel *wanted = threadState().wanted;
  const char *name = wanted && &wanted->library() == library_.load() ? wanted->name() : "";
  if (!*name && !kernels_.empty()) name = kernels_.front().name;
  return shim::unitsOfWrapper(wrapper_, capability, name);
}

Result<runtime::Library *> Binary::library() {
  if (runtime::Library *library = library_.load(std::memory_order_acquire)) return library;
  std::lock_guard lock(mutex_);
  if (runtime::Library *library = library_.load(std::memory_order_relaxed)) return library;
  Result<runtime::Library *> made =
      runtime::Library::create([this](unsigned capability) { return takeUnits(capability); });
  if (made.ok()) library_.store(*made, std::memory_order_release);
  return made;
}

Status Binary::bindManaged(runtime::Context &context) {
  Result<runtime::Library *> made = library();
  if (!made.ok()) return made.status();
  Result<runtime::Module *> module = (*made)->module(context);
  if (!module.ok()) return module.status();
  std::lock_guard lock(mutex_);
  if (bound_) return Code::ok;
  for (VariableRecord &variable : variables_) {
    if (!variable.managed) continue;
    Result<runtime::Variable> found = (*module)->variable(variable.name);
    if (!found.ok()) return found.status();
    variable.bound = reinterpret_cast<void *>(found->address);
    *variable.managed = variable.bound;
    std::lock_guard registry_lock(registry_mutex);
    variables.insert(variable.bound, &variable);
    managedRanges()[found->address] = found->size;
  }
  bound_ = true;
  return Code::ok;
}

void Binary::bindManagedToHost() {
  std::lock_guard lock(mutex_);
  for (VariableRecord &variable : variables_) {
    if (!variable.managed || *variable.managed) continue;
    spare_.push_back(std::make_unique<std::byte[]>(variable.size));
    *variable.managed = spare_.back().get();
  }
}

Binary *registerBinary(const void *wrapper) { return new Binary(wrapper); }

void unregisterBinary(Binary *binary) {
  {
    std::lock_guard lock(registry_mutex);
    for (KernelRecord &kernel : binary->kernels_) kernels.erase(kernel.host, &kernel);
    for (VariableRecord &variable : binary->variables_) {
      variables.erase(variable.host, &variable);
      if (!variable.bound) continue;
      variables.erase(variable.bound, &variable);
      managedRanges().erase(reinterpret_cast<uintptr_t>(variable.bound));
    }
    binary->self_ = nullptr;
  }
  if (runtime::Library *library = binary->library_.load(std::memory_order_acquire)) (void)library->destroy();
  delete binary;
}

Result<runtime::LibraryKernel *> findKernel(const void *host) {
  KernelRecord *record = kernels.find(host);
  if (!record) return Code::invalid_function;
  if (runtime::LibraryKernel *kernel = record->kernel.load(std::memory_order_acquire)) [[likely]]
    return kernel;
  Result<runtime::Library *> library = record->binary->library();
  if (!library.ok()) return library.status();
  runtime::LibraryKernel *kernel = (*library)->kernel(record->name);
  record->kernel.store(kernel, std::memory_order_release);
  return kernel;
}

const void *hostOf(const runtime::Kernel &kernel) {
  std::vector<std::pair<const void *, runtime::LibraryKernel *>> named;
  {
    std::lock_guard lock(registry_mutex);
    kernels.forEach([&](const void *host, const KernelRecord &record) {
      runtime::LibraryKernel *known = record.kernel.load(std::memory_order_acquire);
      if (known && kernel.info().name == std::string_view(record.name)) named.emplace_back(host, known);
    });
  }
  // Without the lock, since this may load a module.
  for (auto [host, known] : named) {
    if (!runtime::LibraryKernel::find(known)) continue;
    Result<runtime::Kernel *> here = known->in(kernel.module().context());
    if (here.ok() && *here == &kernel) return host;
  }
  return nullptr;
}

bool inManagedVariable(runtime::Address address) {
  std::lock_guard lock(registry_mutex);
  auto next = managedRanges().upper_bound(address);
  return next != managedRanges().begin() && address - std::prev(next)->first < std::prev(next)->second;
}

Result<Symbol> findSymbol(runtime::Context &context, const void *host) {
  VariableRecord *record = variables.find(host);
  if (!record) return Code::invalid_symbol;
  Result<runtime::Library *> library = record->binary->library();
  if (!library.ok()) return library.status();
  Result<runtime::Module *> module = (*library)->module(context);
  if (!module.ok()) return module.status();
  Result<runtime::Variable> variable = (*module)->variable(record->name);
  if (!variable.ok()) return variable.status();
  return Symbol{variable->address, variable->size, variable->constant};
}

}  // namespace cutrans::cudart
