// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What stands behind the handles of compiler.h, and how this library's parts talk to the caller's sink.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "compiler/cache/disk_cache.h"
#include "compiler/ptx/module.h"
#include "cutrans/compiler.h"
#include "cutrans/support/diagnostics.h"

// The highest compute capability that is fully covered: what devices claim unless told otherwise.
inline constexpr uint32_t kMaxComputeCapability = 90;

namespace cutrans::compiler {

struct Options {
  uint32_t compute_capability = kMaxComputeCapability;
  std::string print_after, print_kernel, dump_dir;
  bool verify = false, time_passes = false, check_bodies = false;
  uint32_t gang_width = 0;

  // Whether prints and dumps are wanted of that kernel: then the cache is not asked.
  bool looksAt(std::string_view kernel) const {
    return (!print_after.empty() || !dump_dir.empty() || time_passes) && (print_kernel.empty() || print_kernel == kernel);
  }
};

// Answers of kernel_info, made when first asked for. Addresses in it live as long as the module.
struct KernelFacts {
  std::once_flag once;
  std::string name;
  std::vector<ctc_param> params;
  ctc_kernel info{};
};

void tell(const ctc_sink *sink, Diag code, const std::string &text);
void tell(const ctc_sink *sink, const ptx::Problems &problems);

// What a problem's code means to the caller of compiler.h.
ctc_status statusOf(Diag code);
ctc_status statusOf(const ptx::Problems &problems);  // of the first; CTC_ERR_INTERNAL where there is none

void describeKernel(const ptx::Module &module, const ptx::Function &kernel, KernelFacts &facts);

// One cache for each folder in this process: it warns once.
std::shared_ptr<cache::DiskCache> cacheOf(const std::string &folder, uint64_t max_bytes);

// Writes the PTX of the module into options.dump_dir, one file for each unit. Best effort: a dump that cannot be written
// is said on the log only.
void dumpUnits(const ctc_module &module);

ctc_status compile(ctc_module &module, const ctc_request &request, const ctc_sink *sink, ctc_artifact **out);

}  // namespace cutrans::compiler

struct ctc_module {
  std::unique_ptr<cutrans::ptx::Module> linked;
  cutrans::compiler::Options options;
  std::shared_ptr<cutrans::cache::DiskCache> cache;      // null: none
  cutrans::cache::Key texts;                             // of all units
  mutable std::deque<cutrans::compiler::KernelFacts> kernels;  // in the order of linked->kernels()
  std::vector<std::string> variable_names;               // terminated, in the order of linked->variables()
  std::vector<ctc_relocation> relocations;
};

// Immutable once made; may be shared by several artifacts when several threads asked for the same kernel.
struct ctc_artifact {
  std::string format, bytes, path;
  uint64_t size = 0, compile_ns = 0;
  bool from_cache = false;
};
