// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/fatbin/linked.h"

#include "cutrans/fatbin/format.h"

namespace cutrans::fatbin {
namespace {

template <class T>
void append(std::string &out, const T &record) {
  out.append(reinterpret_cast<const char *>(&record), sizeof record);
}

void appendUnit(std::string &out, const PtxUnit &unit) {
  const uint64_t padded = (unit.text.size() + 1 + 7) & ~uint64_t{7};  // PTX is stored with a NUL
  const uint64_t name = (unit.name.size() + 7) & ~uint64_t{7};
  EntryHeader entry{};
  entry.kind = static_cast<uint16_t>(Kind::ptx);
  entry.version = 0x0101;
  entry.header_bytes = static_cast<uint32_t>(sizeof entry + name);
  entry.payload_bytes = padded;
  entry.sm = unit.arch.sm;
  entry.name_offset = sizeof entry;
  entry.name_bytes = static_cast<uint32_t>(unit.name.size());
  entry.flags = kFlag64Bit | (unit.arch.variant == 'a' ? kFlagArchSpecific : 0) | (unit.arch.variant == 'f' ? kFlagFamily : 0);
  append(out, ContainerHeader{kContainerMagic, 1, sizeof(ContainerHeader), entry.header_bytes + padded});
  append(out, entry);
  out.append(unit.name).append(name - unit.name.size(), '\0');
  out.append(unit.text).append(padded - unit.text.size(), '\0');
}

}  // namespace

std::string writeLinked(std::span<const PtxUnit> units) {
  std::string out;
  append(out, LinkedHeader{kLinkedMagic, static_cast<uint32_t>(units.size()), 0});
  for (const PtxUnit &unit : units) appendUnit(out, unit);
  const LinkedHeader header{kLinkedMagic, static_cast<uint32_t>(units.size()), out.size()};
  return out.replace(0, sizeof header, reinterpret_cast<const char *>(&header), sizeof header);
}

}  // namespace cutrans::fatbin
