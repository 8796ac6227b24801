// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and addresses apart, and memory in files. Content is looked at through the queue's copies alone.
#include <fcntl.h>
#include <unistd.h>

#include "session.h"

namespace cutrans::conformance {
namespace {

const ct_mapping_ops &ops(Session &s) {
  const ct_target &target = s.target();
  if (target.struct_size <= offsetof(ct_target, mapping) || !target.mapping) throw Unsupported{"the target leaves the group out"};
  return *target.mapping;
}

constexpr ct_access kAll[] = {{0, CT_ACCESS_READ_WRITE}};

// A range with one mapping for device 0, released by the destructor.
class Mapped {
 public:
  Mapped(Session &s, ct_physical *memory, uint64_t offset, uint64_t size) : s_(s), memory_(memory), size_(size), room_((size + ops(s).granularity - 1) / ops(s).granularity * ops(s).granularity) {
    s.ok(ops(s).reserve(room_, 0, 0, &at_), "reserve");
    s.ok(ops(s).map(memory, offset, at_, size), "map");
    s.ok(ops(s).access(memory, at_, size, kAll, 1), "access");
  }
  ~Mapped() {
    ops(s_).unmap(memory_, at_, size_);
    ops(s_).unreserve(at_, room_);
  }
  Mapped(const Mapped &) = delete;
  uint64_t at() const { return at_; }

 private:
  Session &s_;
  ct_physical *memory_;
  uint64_t size_, room_, at_ = 0;
};

ct_physical *create(Session &s, uint64_t size) {
  ct_physical *memory = nullptr;
  s.ok(ops(s).create(0, CT_MEMORY_DEVICE, size, &memory), "create");
  return memory;
}

void reserved(Session &s) {
  const uint64_t unit = ops(s).granularity;
  s.check(unit && (unit & (unit - 1)) == 0, "the granularity is a power of two");
  uint64_t at = 0, again = 0;
  s.ok(ops(s).reserve(3 * unit, 8 * unit, 0, &at), "reserve");
  s.check(at % (8 * unit) == 0, "aligned");
  ops(s).unreserve(at, 3 * unit);
  s.ok(ops(s).reserve(unit, 0, at, &again), "reserve where there is room");
  s.check(again == at, "the wanted place is taken where it is free");
  ops(s).unreserve(again, unit);
  s.is(CT_ERR_OUT_OF_MEMORY, ops(s).reserve(uint64_t{1} << 62, 0, 0, &at), "more than there are");
}

void twice(Session &s) {
  const uint64_t unit = ops(s).granularity;
  ct_physical *memory = create(s, 2 * unit);
  {
    Mapped all(s, memory, 0, 2 * unit), half(s, memory, unit, unit);
    const uint32_t word = 0x12345678;
    s.write(all.at() + 2 * unit - 4, &word, 4);
    s.check(s.read<uint32_t>(half.at() + unit - 4, 1)[0] == word, "both addresses are the same memory");
  }
  ops(s).release(memory);
}

void counted(Session &s) {
  const uint64_t unit = ops(s).granularity;
  uint64_t before = 0, during = 0, after = 0, total = 0;
  s.ok(s.memory().info(s.device(), &before, &total), "info");
  ct_physical *memory = create(s, 2 * unit), *more = nullptr;
  s.ok(s.memory().info(s.device(), &during, &total), "info");
  s.is(CT_ERR_OUT_OF_MEMORY, ops(s).create(0, CT_MEMORY_DEVICE, (total / unit + 1) * unit, &more), "more than there is");
  ops(s).release(memory);
  s.ok(s.memory().info(s.device(), &after, &total), "info");
  s.check(during + 2 * unit <= before, "free memory shrinks by what was made");
  s.check(after == before, "and comes back");
}

void file(Session &s) {
  const uint64_t unit = ops(s).granularity;
  ct_physical *memory = create(s, unit), *import = nullptr;
  int32_t descriptor = -1;
  uint64_t size = 0;
  ct_memory_kind kind = CT_MEMORY_HOST;
  uint32_t device = 9;
  {
    Mapped mine(s, memory, 0, unit);
    uint32_t word = 77;
    s.write(mine.at() + 4096, &word, 4);
    s.ok(ops(s).export_file(memory, &descriptor), "export");
    s.check(s.read<uint32_t>(mine.at() + 4096, 1)[0] == 77, "the exporter's mapping goes on");
    s.ok(ops(s).import_file(descriptor, 0, &import, &size, &kind, &device), "import");
    s.check(size == unit && kind == CT_MEMORY_DEVICE && device == 0, "size, kind and device come along");
    Mapped theirs(s, import, 0, unit);
    s.check(s.read<uint32_t>(theirs.at() + 4096, 1)[0] == 77, "the importer sees what was there");
    word = 78;
    s.write(theirs.at() + 4096, &word, 4);
    s.check(s.read<uint32_t>(mine.at() + 4096, 1)[0] == 78, "and the exporter what it writes");
  }
  close(descriptor);
  ops(s).release(memory);
  ops(s).release(import);
  const int other = open("/dev/null", O_RDWR | O_CLOEXEC);
  s.is(CT_ERR_INVALID, ops(s).import_file(other, 0, &import, &size, &kind, &device), "a file that is no memory");
  s.is(CT_ERR_INVALID, ops(s).import_file(other, CT_IMPORT_ANY_FILE, &import, &size, &kind, &device), "nor by the flag");
  close(other);
}

void shared(Session &s) {
  for (uint64_t size : {uint64_t{256}, uint64_t{3} << 20}) {
    const uint64_t at = s.alloc(CT_MEMORY_DEVICE, size), neighbour = s.alloc(CT_MEMORY_DEVICE, size);
    uint32_t word = 5;
    s.write(at + size - 4, &word, 4);
    s.write(neighbour, &word, 4);
    ct_file_piece piece{};
    piece.struct_size = sizeof piece;
    uint64_t offset = 0, whole = 0;
    s.ok(ops(s).share(s.device(), at, &piece, &offset), "share");
    s.check(piece.file >= 0 && offset + size <= piece.size, "the allocation lies in the piece");
    ct_file_piece again = piece;
    s.ok(ops(s).share(s.device(), at, &again, &offset), "share once more");
    s.check(again.file == piece.file, "is the same file");
    s.check(s.read<uint32_t>(at + size - 4, 1)[0] == 5, "its content is what it was");
    ct_physical *import = nullptr;
    ct_memory_kind kind = CT_MEMORY_HOST;
    uint32_t device = 0;
    s.ok(ops(s).import_file(piece.file, 0, &import, &whole, &kind, &device), "import");
    {
      Mapped theirs(s, import, piece.offset, piece.size);
      word = 6;
      s.write(theirs.at() + offset + size - 4, &word, 4);
      s.check(s.read<uint32_t>(at + size - 4, 1)[0] == 6, "both are the same memory");
    }
    ops(s).release(import);
  }
}

constexpr Case kCases[] = {
    {"mapping.reserve", "Addresses are reserved, aligned, and where they are wanted.", reserved},
    {"mapping.two-addresses", "Memory that is mapped twice is one.", twice},
    {"mapping.counted", "Memory without an address counts as the device's.", counted},
    {"mapping.files", "Exported memory can be imported, while it is mapped.", file},
    {"mapping.share", "A plain allocation, small or large, moves into a file and keeps its content.", shared},
};

}  // namespace
std::span<const Case> mappingCases() { return kCases; }
}  // namespace cutrans::conformance
