// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A module: PTX units, indexed and linked, with their variables in one image on one context's device. Kernels are
// compiled at their first launch, for the block shape of that launch.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cutrans/compiler.h"
#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

// One unit of PTX. `name` is for messages. `whole`: wrong text anywhere in it fails the load, as a driver does with text
// that the program hands over; else a kernel's text is read when the kernel is needed.
struct Unit {
  std::string name;
  std::string text;
  bool whole = false;
};

struct Variable {
  const char *name = nullptr;
  Address address = 0;
  uint64_t size = 0;
  bool constant = false;
  bool managed = false;
  uint32_t reference = 0;  // ct_texture_kind of a texture or surface reference; 0: an ordinary variable
};

class CUTRANS_API Module {
 public:
  // invalid_ptx, unsupported_ptx_version, unsupported, link_failure, out_of_memory, compiler_missing; reasons are
  // reported (a ReportCapture on this thread gets them for link and error logs). Owned by the context.
  static Result<Module *> load(Context &context, std::span<const Unit> units);
  // PTX of functions that programs declare and leave to be linked; `text` stays. Before the first load, by the shim.
  static void setLibrary(std::string_view name, std::string_view text);
  // What load would say of the units, without loading them.
  static Status check(std::span<const Unit> units);
  static Module *find(const void *handle);
  Status unload();  // waits for the work of its context

  Context &context() const { return *context_; }
  Result<Kernel *> kernel(std::string_view name);      // invalid_function
  Result<Variable> variable(std::string_view name);    // invalid_symbol; the image is made at load
  Result<Variable> reference(std::string_view name, uint32_t kind);  // ct_texture_kind; not_found
  size_t kernelCount() const;
  Result<Kernel *> kernelAt(size_t index);
  size_t variableCount() const;
  Result<Variable> variableAt(size_t index) const;

  struct State;  // runtime/core only

 private:
  friend class ModuleAccess;
  Module() = default;
  Context *context_ = nullptr;
  State *impl_ = nullptr;
};

class CUTRANS_API Kernel {
 public:
  static Kernel *find(const void *handle);

  Module &module() const { return *module_; }
  // Name, parameters, limits: from the PTX alone.
  const ctc_kernel &info() const { return info_; }

  // Threads of the largest block that may be launched.
  unsigned maxThreads() const;
  // Dynamic shared memory that a launch may ask for. Set: invalid_value beyond the device's limit.
  uint64_t maxDynamicShared() const { return max_dynamic_shared_.load(std::memory_order_relaxed); }
  Status setMaxDynamicShared(uint64_t bytes);
  // Clusters that launches get which ask for none; zeros: none. Set: not_permitted where the PTX says it.
  std::array<uint32_t, 3> requiredCluster() const;
  Status setRequiredCluster(unsigned dimension, uint32_t blocks);
  // Whether clusters of more than kPortableCluster blocks are allowed.
  std::atomic<bool> large_clusters{false};
  std::atomic<int> cluster_policy{0};
  // Hints that have no effect on results; kept for queries.
  std::atomic<int> preferred_carveout{-1};
  std::atomic<int> cache_preference{0};

  // Compiles for this block shape (zeros: any) now rather than at the first launch.
  Status prepare(const uint32_t block[3], bool cooperative = false);

  struct State;  // runtime/core only

 private:
  friend class KernelAccess;
  Kernel() = default;
  Module *module_ = nullptr;
  ctc_kernel info_{};
  std::atomic<uint64_t> max_dynamic_shared_{0};
  std::array<std::atomic<uint32_t>, 3> required_cluster_{};
  State *impl_ = nullptr;
};

}  // namespace cutrans::runtime
