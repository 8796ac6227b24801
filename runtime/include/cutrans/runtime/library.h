// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library: PTX that belongs to no context yet. Each context that uses it gets a module of its own at the first use.
// Registered fat binaries and the driver API's libraries are both this.
#pragma once
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/runtime/module.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

class CUTRANS_API Library {
 public:
  // Called at most once, at the first use, with what the devices claim (90 for 9.0): chooses and decompresses the PTX.
  // Its failure is remembered and returned by all that need it. Must be callable until destroy().
  using Source = std::function<Result<std::vector<Unit>>(unsigned compute_capability)>;

  static Result<Library *> create(Source source);
  static Library *find(const void *handle);
  Status destroy();  // unloads its modules

  // The module in this context; loads it at the first call.
  Result<Module *> module(Context &context);
  // One handle per name, good for all contexts. Nothing is loaded or checked by this call.
  LibraryKernel *kernel(std::string_view name);

  struct State;  // runtime/core only

 private:
  friend class LibraryAccess;
  friend class LibraryKernel;
  Library() = default;
  State *impl_ = nullptr;
};

class CUTRANS_API LibraryKernel {
 public:
  static LibraryKernel *find(const void *handle);
  Library &library() const { return *library_; }
  const char *name() const;

  // The kernel in this context. Later calls: two loads.
  Result<Kernel *> in(Context &context);

  struct State;  // runtime/core only

 private:
  friend class LibraryAccess;
  LibraryKernel() = default;
  Library *library_ = nullptr;
  State *impl_ = nullptr;
};

}  // namespace cutrans::runtime
