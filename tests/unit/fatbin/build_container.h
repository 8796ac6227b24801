// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes fat binaries by hand, right and wrong ones, so that the reader is tested where no CUDA compiler is installed.
#pragma once

#include <lz4.h>
#include <zstd.h>

#include <cstring>
#include <string>
#include <string_view>

#include "cutrans/fatbin/container.h"
#include "cutrans/fatbin/format.h"

namespace cutrans::fatbin {

enum class Packing { plain, zstd, lz4 };

struct EntrySpec {
  Kind kind = Kind::ptx;
  uint32_t sm = 75;
  uint64_t flags = 0;
  Packing packing = Packing::plain;
  std::string payload = "ptx text";
  std::string name{}, options{};
};

template <class T>
void append(std::string &out, const T &value) {
  out.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

inline void padTo8(std::string &out) { out.resize((out.size() + 7) & ~size_t{7}); }

inline std::string packed(const EntrySpec &spec, std::string_view bytes) {
  if (spec.packing == Packing::plain) return std::string(bytes);
  std::string out(ZSTD_compressBound(bytes.size()) + LZ4_compressBound(static_cast<int>(bytes.size())), '\0');
  if (spec.packing == Packing::zstd)
    out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  else
    out.resize(static_cast<size_t>(LZ4_compress_default(bytes.data(), out.data(), static_cast<int>(bytes.size()),
                                                        static_cast<int>(out.size()))));
  return out;
}

inline std::string buildEntry(const EntrySpec &spec) {
  std::string raw = spec.payload;
  if (spec.kind == Kind::ptx) raw.push_back('\0');
  std::string stored = packed(spec, raw);

  std::string extra;
  EntryHeader h{};
  h.kind = static_cast<uint16_t>(spec.kind);
  h.version = 0x0101;
  h.major = 9;
  h.sm = spec.sm;
  h.flags = spec.flags | kFlag64Bit;
  if (!spec.options.empty()) {
    h.options_offset = sizeof(EntryHeader);
    append(extra, OptionBlock{sizeof(EntryHeader) + sizeof(OptionBlock), static_cast<uint32_t>(spec.options.size())});
    extra += spec.options;
    padTo8(extra);
  }
  if (!spec.name.empty()) {
    h.name_offset = static_cast<uint32_t>(sizeof(EntryHeader) + extra.size());
    h.name_bytes = static_cast<uint32_t>(spec.name.size());
    extra += spec.name;
    padTo8(extra);
  }
  h.header_bytes = static_cast<uint32_t>(sizeof(EntryHeader) + extra.size());
  if (spec.packing != Packing::plain) {
    h.flags |= spec.packing == Packing::zstd ? kFlagZstd : kFlagLz4;
    h.compressed_bytes = static_cast<uint32_t>(stored.size());
    h.unpacked_bytes = raw.size();
  }
  padTo8(stored);
  h.payload_bytes = stored.size();

  std::string out;
  append(out, h);
  return out + extra + stored;
}

inline std::string wrapEntries(const std::string &entries) {
  std::string out;
  append(out, ContainerHeader{kContainerMagic, 1, sizeof(ContainerHeader), entries.size()});
  return out + entries;
}

inline std::string buildContainer(const std::vector<EntrySpec> &specs) {
  std::string entries;
  for (const EntrySpec &spec : specs) entries += buildEntry(spec);
  return wrapEntries(entries);
}

inline Bytes bytesOf(const std::string &text) { return std::as_bytes(std::span(text)); }

// Changes one field of a header inside `bytes`: poke(bytes, at + offsetof(EntryHeader, sm), uint32_t{80}).
template <class T>
void poke(std::string &bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

}  // namespace cutrans::fatbin
