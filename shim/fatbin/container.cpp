// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Containers and entries. Every offset is compared with what is left before it is used, in 64 bits and by subtraction,
// so that no sum of hostile numbers can wrap.
#include "cutrans/fatbin/container.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace cutrans::fatbin {
namespace {

template <class T>
T load(Bytes bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// `offset` and `size` come from the file. Empty when they do not lie in `bytes`.
std::string_view textAt(Bytes bytes, uint64_t offset, uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return {};
  std::string_view text(reinterpret_cast<const char *>(bytes.data()) + offset, size);
  return text.substr(0, text.find('\0'));
}

// The options of an entry are text up to sm_90 and a list of binary attributes from sm_100 on.
std::string_view optionText(Bytes header, const EntryHeader &h) {
  if (h.options_offset < sizeof(EntryHeader) || h.options_offset > header.size() ||
      header.size() - h.options_offset < sizeof(OptionBlock))
    return {};
  OptionBlock block = load<OptionBlock>(header, h.options_offset);
  if (block.offset < sizeof(EntryHeader)) return {};
  std::string_view text = textAt(header, block.offset, block.bytes);
  bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
  return printable ? text : std::string_view();
}

Arch archOf(const EntryHeader &h) {
  char variant = 0;
  if (h.flags & kFlagArchSpecific) variant = 'a';
  else if (h.flags & kFlagFamily) variant = 'f';
  return {h.sm, variant};
}

// Reads the entry at the start of `rest` and says in `out_bytes` where the next one starts.
Expected<Entry> readEntry(Bytes rest, size_t index, uint64_t *out_bytes) {
  if (rest.size() < sizeof(EntryHeader))
    return Error{Diag::fatbin_truncated, fmt::format("entry {}: {} bytes are left for a header of {}", index,
                                                          rest.size(), sizeof(EntryHeader))};
  auto h = load<EntryHeader>(rest, 0);
  if (h.header_bytes < sizeof(EntryHeader) || h.header_bytes > kMaxEntryHeaderBytes || h.version >> 8 != 1)
    return Error{Diag::fatbin_bad_header, fmt::format("entry {}: header of {} bytes, version {:#x}", index,
                                                           h.header_bytes, h.version)};
  if (h.header_bytes > rest.size() || h.payload_bytes > rest.size() - h.header_bytes)
    return Error{Diag::fatbin_truncated,
                fmt::format("entry {}: {} bytes of header and {} of payload, {} are left", index, h.header_bytes,
                            h.payload_bytes, rest.size())};
  if (h.compressed_bytes > h.payload_bytes)
    return Error{Diag::fatbin_bad_header, fmt::format("entry {}: {} compressed bytes in a payload of {}", index,
                                                           h.compressed_bytes, h.payload_bytes)};

  Bytes header = rest.first(h.header_bytes);
  Entry entry;
  entry.kind = static_cast<Kind>(h.kind);
  entry.arch = archOf(h);
  entry.major = h.major;
  entry.minor = h.minor;
  entry.flags = h.flags;
  entry.payload = rest.subspan(h.header_bytes, h.compressed_bytes ? h.compressed_bytes : h.payload_bytes);
  entry.compressed = h.compressed_bytes != 0;
  entry.unpacked_bytes = h.unpacked_bytes;
  if (h.name_offset >= sizeof(EntryHeader)) entry.name = textAt(header, h.name_offset, h.name_bytes);
  entry.options = optionText(header, h);
  *out_bytes = h.header_bytes + h.payload_bytes;
  return entry;
}

}  // namespace

std::string Arch::text() const { return variant ? fmt::format("sm_{}{}", sm, variant) : fmt::format("sm_{}", sm); }

std::string_view kindName(Kind kind) {
  switch (kind) {
    case Kind::ptx: return "PTX";
    case Kind::cubin: return "cubin";
    case Kind::lto_ir: return "LTO-IR";
  }
  return "unknown";
}

Expected<Container> readContainer(Bytes bytes) {
  if (bytes.size() < sizeof(ContainerHeader))
    return Error{Diag::fatbin_truncated, fmt::format("{} bytes are too few for a container", bytes.size())};
  auto h = load<ContainerHeader>(bytes, 0);
  if (h.magic != kContainerMagic)
    return Error{Diag::fatbin_bad_magic, fmt::format("a container starts with {:#010x}, not {:#010x}", h.magic,
                                                          kContainerMagic)};
  if (h.version != 1 || h.header_bytes < sizeof(ContainerHeader))
    return Error{Diag::fatbin_bad_header, fmt::format("container version {}, header of {} bytes", h.version,
                                                           h.header_bytes)};
  if (h.header_bytes > bytes.size() || h.entry_bytes > bytes.size() - h.header_bytes ||
      h.entry_bytes > kMaxContainerBytes)
    return Error{Diag::fatbin_truncated, fmt::format("a container of {} bytes, {} can be read", h.entry_bytes,
                                                          bytes.size() - std::min<size_t>(h.header_bytes, bytes.size()))};
  Container container;
  container.total_bytes = h.header_bytes + h.entry_bytes;
  Bytes rest = bytes.subspan(h.header_bytes, h.entry_bytes);
  while (!rest.empty()) {
    if (container.entries.size() == kMaxEntries)
      return Error{Diag::fatbin_bad_header, fmt::format("more than {} entries in a container", kMaxEntries)};
    uint64_t used = 0;
    Expected<Entry> entry = readEntry(rest, container.entries.size(), &used);
    if (!entry.ok()) return entry.error();
    container.entries.push_back(*entry);
    rest = rest.subspan(used);
  }
  return container;
}

Expected<std::vector<Container>> readContainers(Bytes bytes) {
  std::vector<Container> containers;
  size_t at = 0;
  while (bytes.size() - at >= sizeof(ContainerHeader)) {
    if (load<uint64_t>(bytes, at) == 0) {
      at += 8;
      continue;
    }
    Expected<Container> container = readContainer(bytes.subspan(at));
    if (!container.ok()) return container.error();
    at += std::min<uint64_t>((container->total_bytes + 7) & ~uint64_t{7}, bytes.size() - at);
    containers.push_back(std::move(*container));
    if (containers.size() > kMaxUnits)
      return Error{Diag::fatbin_bad_header, fmt::format("more than {} containers", kMaxUnits)};
  }
  return containers;
}

}  // namespace cutrans::fatbin
