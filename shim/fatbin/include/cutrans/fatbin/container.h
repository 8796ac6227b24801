// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Walks one container, or several behind each other, inside bytes whose end is known. Everything that comes out is a
// view into these bytes: nothing is unpacked or copied here (payload.h does that), so a walk costs a few loads an entry.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cutrans/fatbin/error.h"
#include "cutrans/fatbin/format.h"

namespace cutrans::fatbin {

using Bytes = std::span<const std::byte>;

enum class Kind : uint16_t { ptx = 1, cubin = 2, lto_ir = 8 };

// The architecture of an entry as nvcc spells it: 90, "a" or "f" or neither.
struct Arch {
  uint32_t sm = 0;
  char variant = 0;  // 'a': runs on this number alone; 'f': on its family; 0: on this and all later ones

  bool operator==(const Arch &) const = default;
  std::string text() const;  // "sm_90a"
};

struct Entry {
  Kind kind{};  // values other than the named ones occur: such entries are listed and never chosen
  Arch arch;
  uint16_t major = 0, minor = 0;
  uint64_t flags = 0;
  Bytes payload;                 // as stored, without the padding where the exact size is known
  bool compressed = false;
  uint64_t unpacked_bytes = 0;   // claimed by the header of a compressed entry
  std::string_view name;         // the source file, with -lineinfo or -G; else empty
  std::string_view options;      // " -g --dont-merge-basicblocks"; empty for binary option lists
};

struct Container {
  std::vector<Entry> entries;
  uint64_t total_bytes = 0;  // header and entries
};

// `bytes` may be longer than the container: a mapped image has no other end than that of its mapping.
Expected<Container> readContainer(Bytes bytes);

// Containers that follow each other, 8-aligned, with zeros allowed between them, to the end of `bytes`.
Expected<std::vector<Container>> readContainers(Bytes bytes);

std::string_view kindName(Kind kind);  // "PTX", "cubin", "LTO-IR", "unknown"

}  // namespace cutrans::fatbin
