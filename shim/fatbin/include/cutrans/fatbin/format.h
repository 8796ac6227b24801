// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The bytes of a fat binary, as nvcc writes them: the wrapper that a program registers, the container that it points
// to, and the entries in the container. Observed from outside; docs/fat-binaries.md has the tables with the meaning of
// every field. Only the layout is here: nothing in this file reads memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cutrans::fatbin {

inline constexpr uint32_t kWrapperMagic = 0x466243b1;
// Ours, of cuLinkComplete: units to be linked when they are loaded. A LinkedHeader, then containers, 8-aligned.
inline constexpr uint32_t kLinkedMagic = 0x4b4c5443;  // "CTLK"
inline constexpr uint32_t kContainerMagic = 0xba55ed50;

// What __cudaRegisterFatBinary gets. It lies in .nvFatBinSegment of the program.
struct WrapperHeader {
  uint32_t magic;
  uint32_t version;       // 1: `container` has it all. 2: built with -rdc, see `relocatable`
  const void *container;
  const void *relocatable;  // version 2: NULL-terminated array of pointers to one container for each source file
};
static_assert(sizeof(WrapperHeader) == 24);

struct LinkedHeader {
  uint32_t magic;
  uint32_t units;
  uint64_t bytes;  // of the whole image
};
static_assert(sizeof(LinkedHeader) == 16);

struct ContainerHeader {
  uint32_t magic;
  uint16_t version;       // 1
  uint16_t header_bytes;  // 16
  uint64_t entry_bytes;   // all that follows the header
};
static_assert(sizeof(ContainerHeader) == 16);

struct EntryHeader {
  uint16_t kind;
  uint16_t version;          // 0x0101
  uint32_t header_bytes;     // 64 and more: options and name follow the fixed part
  uint64_t payload_bytes;    // as stored, padded; the next entry starts behind them
  uint32_t compressed_bytes; // exact; 0: not compressed
  uint32_t options_offset;   // from the start of the entry to an OptionBlock; 0: none
  uint16_t minor, major;     // of PTX, cubin or LTO-IR
  uint32_t sm;
  uint32_t name_offset;      // from the start of the entry
  uint32_t name_bytes;
  uint64_t flags;
  uint64_t reserved;
  uint64_t unpacked_bytes;   // 0: not compressed
};
static_assert(sizeof(EntryHeader) == 64);

struct OptionBlock {
  uint32_t offset;  // of the text, from the start of the entry
  uint32_t bytes;
};

enum Flag : uint64_t {
  kFlag64Bit = 0x1,
  kFlagDebug = 0x2,
  kFlagLz4 = 0x2000,
  kFlagZstd = 0x8000,
  kFlagLtoIr = 0x10000,
  kFlagArchSpecific = 0x100000,  // sm_90a
  kFlagFamily = 0x200000,        // sm_100f
};

// What we are ready to believe. nvcc writes far less; the bounds keep a damaged header from costing memory or time.
inline constexpr uint64_t kMaxContainerBytes = uint64_t{4} << 30;
inline constexpr uint64_t kMaxUnpackedBytes = uint64_t{1} << 30;
inline constexpr size_t kMaxEntries = 1 << 16;
inline constexpr size_t kMaxUnits = 1 << 16;
inline constexpr uint32_t kMaxEntryHeaderBytes = 1 << 20;

}  // namespace cutrans::fatbin
