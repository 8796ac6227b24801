// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What programs have registered: fat binaries with their kernels and variables. Registering only takes notes, so that
// it may happen in any static constructor and costs a program that launches nothing almost nothing. The PTX is looked
// at when the first kernel or variable of the binary is used.
//
// Locks: one, taken to register and unregister; finding takes none. A binary lives from its registration to its
// unregistration (dlclose, end of the process); records belong to it.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "cutrans/runtime/library.h"
#include "cutrans/support/status.h"

namespace cutrans::cudart {

class Binary;

struct KernelRecord {
  KernelRecord(Binary *binary, const void *host, const char *name) : binary(binary), host(host), name(name) {}
  Binary *binary;
  const void *host;   // the address that the program launches by
  const char *name;   // mangled; the program's memory
  std::atomic<runtime::LibraryKernel *> kernel{nullptr};
};

struct VariableRecord {
  Binary *binary;
  const void *host;   // the shadow variable that the program names it by
  const char *name;
  size_t size;
  bool constant;
  void **managed;     // where the program keeps the address of a managed variable; null for others
  void *bound = nullptr;  // that address, once known: nvcc's code names the variable by it from then on
};

class Binary {
 public:
  explicit Binary(const void *wrapper) : wrapper_(wrapper) {}
  // Handles that the program gives back; null where it is none of ours.
  static Binary *of(void **handle);
  void **handle() { return reinterpret_cast<void **>(this); }

  void addKernel(const void *host, const char *name);
  void addVariable(const VariableRecord &variable);

  // The PTX as a library; made at the first call.
  Result<runtime::Library *> library();
  // Loads the module in the context and tells the program where its managed variables are.
  Status bindManaged(runtime::Context &context);
  // Gives them zeroed host memory instead. Kernels do not see it; there are none when this is called.
  void bindManagedToHost();

 private:
  friend void unregisterBinary(Binary *binary);
  Result<std::vector<runtime::Unit>> takeUnits(unsigned capability) const;

  const void *self_ = this;  // first: also marks a live object
  const void *wrapper_;
  std::mutex mutex_;
  std::atomic<runtime::Library *> library_{nullptr};
  std::deque<KernelRecord> kernels_;
  std::deque<VariableRecord> variables_;
  std::vector<std::unique_ptr<std::byte[]>> spare_;  // of bindManagedToHost
  bool bound_ = false;
};

Binary *registerBinary(const void *wrapper);
void unregisterBinary(Binary *binary);

// By the program's address. invalid_function; else what making the library says.
Result<runtime::LibraryKernel *> findKernel(const void *host);

// The other way: by what address the program launches it. Null: by none, or it never did. Looks at all kernels.
const void *hostOf(const runtime::Kernel &kernel);

struct Symbol {
  runtime::Address address;
  size_t size;
  bool constant;
};
// A variable in the context's module, by its shadow or, if managed, its own address. invalid_symbol; else what loading
// the module says.
Result<Symbol> findSymbol(runtime::Context &context, const void *host);

// The address lies in a managed variable, which the memory map knows only as a part of a module's variables.
bool inManagedVariable(runtime::Address address);

}  // namespace cutrans::cudart
