// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Batches of compressed pieces: raw Deflate, Snappy and LZ4 blocks, unpacked on the host in the stream's order.
#include "shim/cuda/decompress.h"

#include "bodies.h"

#include <lz4.h>
#include <snappy-c.h>
#include <zlib.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "cutrans/runtime/queue_task.h"
#include "cutrans/support/diagnostics.h"

namespace cutrans::driver {
namespace {

struct Piece {
  CUmemDecompressAlgorithm algorithm;
  const char *from;
  char *to;
  cuuint32_t *written;
  size_t bytes, room;  // room: to the end of the memory
};

std::optional<size_t> inflateRaw(const Piece &piece) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(piece.from));
  stream.avail_in = static_cast<uInt>(piece.bytes);
  stream.next_out = reinterpret_cast<Bytef *>(piece.to);
  stream.avail_out = static_cast<uInt>(piece.room);
  const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END;
  const size_t written = stream.total_out;
  inflateEnd(&stream);
  return whole ? std::optional(written) : std::nullopt;
}

std::optional<size_t> unpack(const Piece &piece) {
  switch (piece.algorithm) {
    case CU_MEM_DECOMPRESS_ALGORITHM_DEFLATE:
      return inflateRaw(piece);
    case CU_MEM_DECOMPRESS_ALGORITHM_SNAPPY: {
      size_t written = piece.room;
      if (snappy_uncompress(piece.from, piece.bytes, piece.to, &written) != SNAPPY_OK) return std::nullopt;
      return written;
    }
    default: {
      const int written = LZ4_decompress_safe(piece.from, piece.to, static_cast<int>(piece.bytes), static_cast<int>(piece.room));
      if (written < 0) return std::nullopt;
      return static_cast<size_t>(written);
    }
  }
}

class Batch : public runtime::QueueTask {
 public:
  std::vector<Piece> pieces;
  // All of them, whatever one does: they are independent.
  Code run() override {
    Code outcome = Code::ok;
    for (size_t i = 0; i < pieces.size(); ++i) {
      const std::optional<size_t> written = unpack(pieces[i]);
      *pieces[i].written = static_cast<cuuint32_t>(written.value_or(0));
      if (written) continue;
      report(Diag::decompress_failed, "operation " + std::to_string(i) + " of a batch of " + std::to_string(pieces.size()));
      outcome = Code::launch_failure;
    }
    return outcome;
  }
};

// Bytes from the address to the end of its memory, if the batch may use that.
std::optional<size_t> roomAt(const runtime::Queue &queue, const void *at) {
  const auto address = reinterpret_cast<runtime::Address>(at);
  std::optional<runtime::Allocation> memory = runtime::findAllocation(address);
  if (!memory || !decompressCapable(*memory)) return std::nullopt;
  if (&memory->context->device() != &queue.context().device() && !queue.context().device().hostCanAccess()) return std::nullopt;
  return memory->size - (address - memory->base);
}

std::optional<Piece> read(const runtime::Queue &queue, const CUmemDecompressParams &p) {
  if (std::any_of(std::begin(p.padding), std::end(p.padding), [](unsigned char byte) { return byte != 0; })) return std::nullopt;
  if (p.algo != CU_MEM_DECOMPRESS_ALGORITHM_DEFLATE && p.algo != CU_MEM_DECOMPRESS_ALGORITHM_SNAPPY && p.algo != CU_MEM_DECOMPRESS_ALGORITHM_LZ4)
    return std::nullopt;
  if (p.srcNumBytes == 0 || p.srcNumBytes > kMostDecompressed || p.dstNumBytes > kMostDecompressed) return std::nullopt;
  const std::optional<size_t> from = roomAt(queue, p.src), to = roomAt(queue, p.dst), written = roomAt(queue, p.dstActBytes);
  if (!from || !to || !written || p.srcNumBytes > *from || p.dstNumBytes > *to || *written < sizeof *p.dstActBytes) return std::nullopt;
  if (reinterpret_cast<uintptr_t>(p.dstActBytes) % alignof(cuuint32_t)) return std::nullopt;
  return Piece{p.algo, static_cast<const char *>(p.src), static_cast<char *>(p.dst), p.dstActBytes, p.srcNumBytes, std::min(*to, kMostDecompressed)};
}

}  // namespace

CUresult body::cuMemBatchDecompressAsync(Call &call, CUmemDecompressParams *list, size_t count, unsigned int flags, size_t *failed, CUstream stream) {
  if (failed) *failed = SIZE_MAX;
  if (!list || count == 0 || flags) return CUDA_ERROR_INVALID_VALUE;
  return call.onQueue(stream, [&](runtime::Queue &queue) -> Status {
    auto batch = std::make_unique<Batch>();
    for (size_t i = 0; i < count; ++i) {
      std::optional<Piece> piece = read(queue, list[i]);
      if (!piece) {
        if (failed) *failed = i;
        return Code::invalid_value;
      }
      batch->pieces.push_back(*piece);
    }
    return runtime::submitTask(queue, std::move(batch));
  });
}

}  // namespace cutrans::driver
