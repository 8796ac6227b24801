// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A linked module: the indexes of its units, joined, with the image of its variables. Bodies are parsed on demand, each
// once, and kept. Thread safe after create().
#pragma once

#include <memory>
#include <memory_resource>
#include <mutex>

#include "compiler/ptx/index.h"

namespace cutrans::ptx {

struct UnitText {
  std::string_view name, text;
};

// A pointer in the image: add its base address to the `bytes`-wide number at `offset`.
struct Relocation {
  uint64_t offset;
  uint32_t bytes;  // 4 or 8
};

struct Image {
  uint64_t size = 0, align = 1;
  std::vector<unsigned char> initial;    // the rest, up to size, is zero
  std::vector<Relocation> relocations;   // ascending
};

class Module {
 public:
  // Copies the texts. `compute_capability`: PTX for more is refused. Null: `problems` says why. Units of `library` that
  // define a function which the others only declare are linked as well.
  static std::unique_ptr<Module> create(std::span<const UnitText> units, uint32_t compute_capability, Problems &problems,
                                        std::span<const UnitText> library = {});
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;

  std::span<const Unit> units() const { return units_; }
  bool inLibrary(const Function &function) const { return function.location.unit >= own_units_; }
  std::span<const Function *const> kernels() const { return kernels_; }
  static constexpr size_t kNone = SIZE_MAX;
  size_t findKernel(std::string_view name) const;   // index in kernels(), or kNone
  std::span<const Variable *const> variables() const { return image_variables_; }  // those in the image
  const Image &image() const { return image_; }

  // The parsed body; null without one or with problems.
  const Body *body(const Function &function, Problems &problems) const;

  // The kernel with all that it reaches, parsed. False: see problems.
  bool program(const Function &kernel, Program &out, Problems &problems) const;

  // Functions whose address the module takes, in bodies and initial values, in the order of their numbers. Scans all
  // bodies when first asked.
  const std::vector<const Function *> &takenFunctions() const;
  uint64_t functionBase() const;  // see functionAddress

  // Parses every body and looks for missing symbols, as a driver does at load. Stops after a few problems.
  bool check(Problems &problems) const;

 private:
  Module() = default;

  bool addUnit(const UnitText &unit, uint32_t compute_capability, Problems &problems);
  bool addLibrary(std::span<const UnitText> library, uint32_t compute_capability, Problems &problems);
  // link.cpp
  bool link(Problems &problems);
  SymbolRef resolve(uint32_t unit, std::string_view name) const;
  // layout.cpp
  bool layOut(Problems &problems);

  std::pmr::monotonic_buffer_resource index_arena_;
  std::vector<std::unique_ptr<char[]>> texts_;
  std::vector<Unit> units_;
  size_t own_units_ = 0;                     // those behind are of the library
  std::deque<UnitIndex> indexes_;
  std::vector<NameMap<SymbolRef>> scopes_;   // of each unit: what its names mean after linking
  std::vector<const Function *> kernels_;
  NameMap<size_t> kernels_by_name_;
  std::vector<const Variable *> image_variables_;
  Image image_;
  // Functions whose address an initial value takes, by variable.
  std::unordered_map<const Variable *, std::vector<const Function *>> function_addresses_;

  mutable std::once_flag hashed_, scanned_;
  mutable uint64_t function_base_ = 0;
  mutable std::vector<const Function *> taken_;

  mutable std::mutex parse_lock_;            // held while a body is parsed; guards body_arena_
  mutable std::pmr::monotonic_buffer_resource body_arena_;
};

// Functions that the device runtime supplies: the lowering knows them or refuses them by name.
bool isDeviceRuntime(std::string_view name);

}  // namespace cutrans::ptx
