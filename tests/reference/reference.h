// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A plain interpreter of PTX, thread by thread, after the manual: the judge of what the compiler makes of a kernel. It
// shares no code with the compiler (tests/reference includes nothing of it), and is slow on purpose. docs/testing-ptx.md.
//
//   std::string problem;
//   auto module = reference::parse(text, problem);         // null: problem says what and where
//   reference::Memory memory(*module);                     // the module's variables
//   memory.add(buffer.data(), buffer.size());              // what the kernel may touch besides
//   auto result = reference::run(*module, "kernel", launch, memory);
//
// Addresses in global memory are host addresses, so one parameter buffer serves this and a target whose device memory is
// the host's. Shared and local windows lie where no host pointer can, shared offsets start at 0: their addresses are not
// comparable with those of a target.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutrans::reference {

struct Module;  // module.h

std::shared_ptr<const Module> parse(std::string_view text, std::string &problem);

class Memory {
 public:
  explicit Memory(const Module &module);
  ~Memory();
  Memory(const Memory &) = delete;
  void add(void *address, size_t bytes, bool writable = true);
  // The storage of a .global or .const variable; empty where the module has none of that name.
  std::span<uint8_t> variable(std::string_view name) const;

  struct Region {
    uint64_t base, bytes;
    bool writable;
  };
  const std::vector<Region> &regions() const { return regions_; }
  uint64_t image() const { return image_; }

 private:
  const Module &module_;
  std::vector<Region> regions_;
  uint64_t image_ = 0;  // address of the variables, owned
};

struct Launch {
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1}, cluster{1, 1, 1};
  uint32_t dynamicShared = 0;
  std::span<const uint8_t> params;  // laid out as the kernel's parameters say
  bool together = false;            // all blocks are resident; else some, started in order
  uint64_t stepLimit = 100'000'000; // instructions of all threads
};

enum class End {
  Completed,
  Trapped,    // `trap`, or an assertion of the program
  Fault,      // an address outside of what the kernel may touch, or a misaligned one
  Undefined,  // the manual says that the result is undefined: the program is not valid
  Refused,    // not in this interpreter
  Deadlock,   // all threads wait
  StepLimit,
};

const char *name(End end);

struct Result {
  End end = End::Completed;
  std::string what;  // "line 12: add.foo: reason"
  uint32_t line = 0;
  uint64_t steps = 0;
  std::string printed;  // by vprintf: the format strings, as they are
  bool ok() const { return end == End::Completed; }
};

Result run(const Module &module, std::string_view kernel, const Launch &launch, Memory &memory);

// The instructions that it knows, by the words that begin them ("add", "bar.sync"), sorted.
std::vector<std::string> mnemonics();

}  // namespace cutrans::reference
