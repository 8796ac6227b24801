// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Decompression with libzstd and liblz4 under two bounds: the size that the header claims, and kMaxUnpackedBytes.
#include "cutrans/fatbin/payload.h"

#include <fmt/format.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <climits>
#include <memory>

namespace cutrans::fatbin {
namespace {

// LZ4 cannot expand a byte to more than 255; a header that claims more is wrong, and need not be tried.
constexpr uint64_t kMaxLz4Ratio = 255;

Expected<std::string> unpackLz4(const Entry &entry) {
  if (entry.payload.size() > INT_MAX || entry.unpacked_bytes / kMaxLz4Ratio > entry.payload.size())
    return Error{Diag::fatbin_decompression, fmt::format("LZ4: {} bytes cannot hold the {} that the header claims",
                                                              entry.payload.size(), entry.unpacked_bytes)};
  std::string out(entry.unpacked_bytes, '\0');
  int got = LZ4_decompress_safe(reinterpret_cast<const char *>(entry.payload.data()), out.data(),
                                static_cast<int>(entry.payload.size()), static_cast<int>(out.size()));
  if (got < 0 || static_cast<uint64_t>(got) != entry.unpacked_bytes)
    return Error{Diag::fatbin_decompression, fmt::format("LZ4: damaged block of {} bytes", entry.payload.size())};
  return out;
}

// A stream, because zstd can expand four bytes to 128 KiB: the output buffer doubles as output arrives.
Expected<std::string> unpackZstd(const Entry &entry) {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context) return Error{Diag::fatbin_decompression, "zstd: no memory"};
  ZSTD_inBuffer in{entry.payload.data(), entry.payload.size(), 0};
  std::string out(std::min<uint64_t>(entry.unpacked_bytes, std::max<uint64_t>(4096, entry.payload.size() * 8)), '\0');
  size_t filled = 0, rc = 1;
  while (rc != 0) {
    ZSTD_outBuffer chunk{out.data(), out.size(), filled};
    size_t taken = in.pos;
    rc = ZSTD_decompressStream(context.get(), &chunk, &in);
    if (ZSTD_isError(rc))
      return Error{Diag::fatbin_decompression, fmt::format("zstd: {}", ZSTD_getErrorName(rc))};
    bool stuck = chunk.pos == filled && in.pos == taken;
    filled = chunk.pos;
    if (rc == 0) break;
    if (filled == out.size()) {
      if (filled >= entry.unpacked_bytes && stuck)
        return Error{Diag::fatbin_decompression,
                    fmt::format("zstd: more than the {} bytes that the header claims", entry.unpacked_bytes)};
      out.resize(std::min<uint64_t>(entry.unpacked_bytes, out.size() * 2));
    } else if (in.pos == in.size) {
      return Error{Diag::fatbin_decompression, fmt::format("zstd: the frame ends after {} bytes of {}", filled,
                                                                entry.unpacked_bytes)};
    }
  }
  if (filled != entry.unpacked_bytes)
    return Error{Diag::fatbin_decompression,
                fmt::format("zstd: {} bytes, the header claims {}", filled, entry.unpacked_bytes)};
  out.resize(filled);
  return out;
}

}  // namespace

std::string_view packingName(const Entry &entry) {
  if (entry.flags & kFlagLtoIr) return "scrambled";
  if (!entry.compressed) return "plain";
  if (entry.flags & kFlagZstd) return "zstd";
  if (entry.flags & kFlagLz4) return "lz4";
  return "unknown";
}

Expected<std::string> unpack(const Entry &entry, uint64_t max_bytes) {
  if (entry.flags & kFlagLtoIr)
    return Error{Diag::fatbin_packing, "LTO-IR is in a form that only NVIDIA's linker reads"};
  if (entry.unpacked_bytes > max_bytes)
    return Error{Diag::fatbin_too_large, fmt::format("an entry claims {} bytes, more than {}",
                                                          entry.unpacked_bytes, max_bytes)};
  Expected<std::string> out = [&]() -> Expected<std::string> {
    if (!entry.compressed)
      return std::string(reinterpret_cast<const char *>(entry.payload.data()), entry.payload.size());
    if (entry.flags & kFlagZstd) return unpackZstd(entry);
    if (entry.flags & kFlagLz4) return unpackLz4(entry);
    return Error{Diag::fatbin_packing, fmt::format("compressed in an unknown way, flags {:#x}", entry.flags)};
  }();
  if (out.ok() && entry.kind == Kind::ptx) {
    size_t end = out->find('\0');
    if (end != std::string::npos) out->resize(end);
  }
  return out;
}

}  // namespace cutrans::fatbin
