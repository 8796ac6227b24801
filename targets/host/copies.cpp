// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Moving and filling memory. A piece is some bytes of a gapless box, or a row of one with gaps.
#include "copies.h"

#include <cutrans/targets/boxes.h>

#include <cstring>

#include "host.h"
#include "queue.h"
#include "unit.h"

namespace cutrans::host {
namespace {

constexpr uint64_t kPiece = 1u << 20;
constexpr uint64_t kShareFrom = 4u << 20;       // below, waking others costs more than it saves
constexpr uint64_t kStreamFrom = 32u << 20;     // beyond this, the caches hold nothing useful afterwards

unsigned char *at(uint64_t address) { return reinterpret_cast<unsigned char *>(static_cast<uintptr_t>(address)); }

typedef uint64_t Line __attribute__((vector_size(64), aligned(1), may_alias));
typedef uint64_t AlignedLine __attribute__((vector_size(64), may_alias));

// memcpy past the caches.
void streamCopy(unsigned char *to, const unsigned char *from, uint64_t size) {
  const uint64_t head = std::min<uint64_t>(size, -reinterpret_cast<uintptr_t>(to) % 64);
  std::memcpy(to, from, head);
  to += head, from += head, size -= head;
#if defined(__clang__)
  for (; size >= 64; to += 64, from += 64, size -= 64)
    __builtin_nontemporal_store(*reinterpret_cast<const Line *>(from), reinterpret_cast<AlignedLine *>(to));
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
#endif
  std::memcpy(to, from, size);
}

bool gapless(uint64_t width, uint64_t height, uint64_t depth, uint64_t pitch, uint64_t slice) {
  return (height == 1 || pitch == width) && (depth == 1 || slice == width * height);
}

void workLinearCopy(Unit &unit, Job &job) {
  const ct_copy &copy = *static_cast<ct_copy *>(job.subject);
  const uint64_t size = copy.width * copy.height * copy.depth;
  uint64_t first = 0;
  do {
    const uint64_t count = job.take(first, 1);
    if (!count) return;
    const uint64_t begin = first * kPiece, bytes = std::min(count * kPiece, size - begin);
    if (size >= kStreamFrom)
      streamCopy(at(copy.dst + begin), at(copy.src + begin), bytes);
    else
      std::memcpy(at(copy.dst + begin), at(copy.src + begin), bytes);
  } while (mayContinue(unit, job));
}

// One ticket for everything; also right where source and destination overlap.
void workWholeCopy(Unit &unit, Job &job) {
  uint64_t first;
  if (job.take(first, 1)) ct_copy_box(static_cast<ct_copy *>(job.subject));
}

void workRowCopy(Unit &unit, Job &job) {
  const ct_copy &copy = *static_cast<ct_copy *>(job.subject);
  uint64_t first = 0;
  do {
    const uint64_t count = job.take(first, 1);
    if (!count) return;
    for (uint64_t row = first; row < first + count; ++row) {
      const uint64_t z = row / copy.height, y = row % copy.height;
      std::memcpy(at(copy.dst + z * copy.dst_slice + y * copy.dst_pitch), at(copy.src + z * copy.src_slice + y * copy.src_pitch),
                  copy.width);
    }
  } while (mayContinue(unit, job));
}

void workFill(Unit &unit, Job &job) {
  const ct_fill &fill = *static_cast<ct_fill *>(job.subject);
  const uint64_t piece = kPiece / fill.element, pieces = (fill.width + piece - 1) / piece;
  uint64_t first = 0;
  do {
    const uint64_t count = job.take(first, 1);
    if (!count) return;
    for (uint64_t i = first; i < first + count; ++i) {
      const uint64_t row = i / pieces, begin = i % pieces * piece;
      ct_fill part = fill;
      part.dst = fill.dst + row * fill.pitch + begin * fill.element;
      part.width = std::min(piece, fill.width - begin);
      part.height = 1;
      ct_fill_box(&part);
    }
  } while (mayContinue(unit, job));
}

void setUp(Job &job, void (*work)(Unit &, Job &), void *subject, uint64_t total, uint32_t largest_take) {
  job.work = work;
  job.subject = subject;
  job.total = total;
  job.largest_take = largest_take;
  job.one_by_one = false;
}

bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size) { return a < b + b_size && b < a + a_size; }

}  // namespace

bool setUpCopy(Job &job, ct_copy &copy) {
  const uint64_t size = copy.width * copy.height * copy.depth;
  const bool linear = gapless(copy.width, copy.height, copy.depth, copy.dst_pitch, copy.dst_slice) &&
                      gapless(copy.width, copy.height, copy.depth, copy.src_pitch, copy.src_slice);
  if (size < kShareFrom || (linear && overlaps(copy.dst, size, copy.src, size))) {
    setUp(job, workWholeCopy, &copy, 1, 1);
    return false;
  }
  if (linear)
    setUp(job, workLinearCopy, &copy, (size + kPiece - 1) / kPiece, 1);
  else
    setUp(job, workRowCopy, &copy, copy.height * copy.depth, static_cast<uint32_t>(std::max<uint64_t>(1, kPiece / copy.width)));
  return true;
}

bool setUpFill(Job &job, ct_fill &fill) {
  // Rows without gaps are one row.
  if (fill.height > 1 && fill.pitch == fill.width * fill.element) {
    fill.width *= fill.height;
    fill.height = 1;
  }
  const uint64_t piece = kPiece / fill.element, bytes = fill.width * fill.element;
  setUp(job, workFill, &fill, (fill.width + piece - 1) / piece * fill.height,
        static_cast<uint32_t>(std::max<uint64_t>(1, kPiece / std::min(bytes, kPiece))));
  return bytes * fill.height >= kShareFrom;
}

}  // namespace cutrans::host
