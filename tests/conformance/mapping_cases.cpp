// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and addresses apart, and memory in files. Content is looked at through the queue's copies alone.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "session.h"

namespace cutrans::conformance {
namespace {

const ct_mapping_ops &ops(Session &s) {
  const ct_target &target = s.target();
  if (target.struct_size <= offsetof(ct_target, mapping) || !target.mapping) throw Unsupported{"the target leaves the group out"};
  return *target.mapping;
}

constexpr ct_access kAll[] = {{0, CT_ACCESS_READ_WRITE}};  // the suite maps for device 0

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

void movesOn(Session &s) {
  // Content stays with the memory, not with the address.
  const uint64_t unit = ops(s).granularity;
  ct_physical *first = create(s, unit), *second = create(s, unit);
  uint64_t at = 0;
  s.ok(ops(s).reserve(2 * unit, 0, 0, &at), "reserve");
  auto put = [&](ct_physical *memory, uint64_t where) {
    s.ok(ops(s).map(memory, 0, where, unit), "map");
    s.ok(ops(s).access(memory, where, unit, kAll, 1), "access");
  };
  put(first, at);
  put(second, at + unit);
  const uint32_t one = 1, two = 2;
  s.write(at, &one, 4);
  s.write(at + unit, &two, 4);
  // A copy over the border of two mappings.
  const std::vector<unsigned char> bytes(64, 9);
  s.write(at + unit - 32, bytes.data(), 64);
  s.check(s.read<unsigned char>(at + unit - 32, 64) == bytes, "neighbouring mappings are one range");
  ops(s).unmap(first, at, unit);
  ops(s).unmap(second, at + unit, unit);
  put(second, at);
  put(first, at + unit);
  s.check(s.read<uint32_t>(at, 1)[0] == 0x09090909 && s.read<uint32_t>(at + unit, 1)[0] == 1, "content moves with the memory");
  ops(s).unmap(second, at, unit);
  ops(s).unmap(first, at + unit, unit);
  ops(s).unreserve(at, 2 * unit);
  ops(s).release(first);
  ops(s).release(second);
}

void ofTheHost(Session &s) {
  const uint64_t unit = ops(s).granularity;
  ct_physical *memory = nullptr;
  uint64_t at = 0;
  s.ok(ops(s).create(0, CT_MEMORY_HOST, unit, &memory), "create of the host's memory");
  s.ok(ops(s).reserve(unit, 0, 0, &at), "reserve");
  s.ok(ops(s).map(memory, 0, at, unit), "map");
  const ct_access list[] = {{0, CT_ACCESS_READ_WRITE}, {CT_ACCESS_HOST, CT_ACCESS_READ_WRITE}};
  s.ok(ops(s).access(memory, at, unit, list, 2), "access for the device and the host");
  auto *words = reinterpret_cast<uint32_t *>(at);
  words[3] = 11;
  s.check(s.read<uint32_t>(at + 12, 1)[0] == 11, "the device sees what the host wrote");
  const uint32_t more = 12;
  s.write(at + 12, &more, 4);
  s.check(words[3] == 12, "and the host what the device wrote");
  ops(s).unmap(memory, at, unit);
  ops(s).unreserve(at, unit);
  ops(s).release(memory);
}

void rights(Session &s) {
  // The list is complete: who is not on it has no access; reading is not writing. Kernels are who tries.
  const uint64_t unit = ops(s).granularity;
  const Kernel kernel = s.kernel("move");
  ct_physical *memory = create(s, unit);
  uint64_t at = 0;
  s.ok(ops(s).reserve(unit, 0, 0, &at), "reserve");
  s.ok(ops(s).map(memory, 0, at, unit), "map");
  s.ok(ops(s).access(memory, at, unit, kAll, 1), "read and write");
  const uint32_t word = 5;
  s.write(at, &word, 4);
  const uint64_t out = s.alloc(CT_MEMORY_DEVICE, 64);
  struct {
    uint64_t dst, src;
    uint32_t value;
  } params{out, at, 0};
  ct_queue *queue = s.queue();
  auto go = [&] {
    const ct_launch launch = describe(kernel, {1, 1, 1}, {1, 1, 1}, &params, 20);
    s.ok(s.queues().launch(queue, &launch), "launch");
    return s.queues().synchronize(queue);
  };
  const ct_access reading[] = {{0, CT_ACCESS_READ}};
  s.ok(ops(s).access(memory, at, unit, reading, 1), "read only");
  s.is(CT_OK, go(), "a kernel reads");
  s.check(s.read<uint32_t>(out, 1)[0] == 5, "what is there");
  params = {at, 0, 6};
  s.is(CT_ERR_ILLEGAL_ADDRESS, go(), "a kernel that writes where it may only read");
  s.closeDevice();
  s.openDevice();
  ops(s).unmap(memory, at, unit);
  ops(s).unreserve(at, unit);
  ops(s).release(memory);
}

void nobody(Session &s) {
  const uint64_t unit = ops(s).granularity;
  ct_physical *memory = create(s, unit);
  uint64_t at = 0;
  s.ok(ops(s).reserve(unit, 0, 0, &at), "reserve");
  for (bool mapped : {false, true}) {
    if (mapped) s.ok(ops(s).map(memory, 0, at, unit), "map");
    const Kernel kernel = s.kernel("move");
    struct {
      uint64_t dst, src;
      uint32_t value;
    } params{at, 0, 1};
    const ct_launch launch = describe(kernel, {1, 1, 1}, {1, 1, 1}, &params, 20);
    ct_queue *queue = s.queue();
    s.ok(s.queues().launch(queue, &launch), "launch");
    s.is(CT_ERR_ILLEGAL_ADDRESS, s.queues().synchronize(queue), mapped ? "what is mapped is nobody's until it is given" : "what is reserved is nobody's");
    s.closeDevice();
    s.openDevice();
  }
  ops(s).unmap(memory, at, unit);
  ops(s).unreserve(at, unit);
  ops(s).release(memory);
}

void deviceClosed(Session &s) {
  const uint64_t unit = ops(s).granularity;
  s.closeDevice();
  ct_physical *memory = create(s, unit);
  auto *mapped = new Mapped(s, memory, 0, unit);
  s.openDevice();
  const uint32_t word = 33;
  s.write(mapped->at(), &word, 4);
  s.check(s.read<uint32_t>(mapped->at(), 1)[0] == 33, "what was mapped before the device was opened");
  s.closeDevice();
  delete mapped;
  ops(s).release(memory);
}

void twoDevices(Session &s) {
  OtherDevice other(s);
  const uint64_t unit = ops(s).granularity;
  ct_physical *memory = create(s, unit);
  uint64_t at = 0;
  s.ok(ops(s).reserve(unit, 0, 0, &at), "reserve");
  s.ok(ops(s).map(memory, 0, at, unit), "map");
  const ct_access list[] = {{s.deviceIndex(), CT_ACCESS_READ_WRITE}, {other.index(), CT_ACCESS_READ_WRITE}};
  s.ok(ops(s).access(memory, at, unit, list, 2), "access for two devices");
  const ct_fill fill{sizeof(ct_fill), 4, at, 44, 16, 1, 64};
  s.ok(s.queues().fill(other.queue(), &fill), "fill by the other device");
  s.ok(s.queues().synchronize(other.queue()), "synchronize");
  s.check(s.read<uint32_t>(at, 16)[15] == 44, "an address is the same for all devices");
  ops(s).unmap(memory, at, unit);
  ops(s).unreserve(at, unit);
  ops(s).release(memory);
}

void anyFile(Session &s) {
  const uint64_t unit = ops(s).granularity;
  const int file = memfd_create("conformance", MFD_CLOEXEC);
  s.check(file >= 0 && ftruncate(file, static_cast<off_t>(unit)) == 0, "a memory file can be made");
  const uint32_t word = 55;
  s.check(pwrite(file, &word, 4, 4096) == 4, "and written");
  ct_physical *import = nullptr;
  uint64_t size = 0;
  ct_memory_kind kind = CT_MEMORY_DEVICE;
  uint32_t device = 9;
  s.is(CT_ERR_INVALID, ops(s).import_file(file, 0, &import, &size, &kind, &device), "a file that nobody exported, without the flag");
  s.ok(ops(s).import_file(file, CT_IMPORT_ANY_FILE, &import, &size, &kind, &device), "with the flag");
  s.check(size == unit && kind == CT_MEMORY_HOST && device == 0, "size, host and 0");
  {
    Mapped mapped(s, import, 0, unit);
    s.check(s.read<uint32_t>(mapped.at() + 4096, 1)[0] == 55, "its bytes are the memory");
    const uint32_t more = 56;
    s.write(mapped.at() + 4096, &more, 4);
  }
  // Pages are enough.
  {
    Mapped page(s, import, 4096, 4096);
    s.check(s.read<uint32_t>(page.at(), 1)[0] == 56, "one page of it");
  }
  ops(s).release(import);
  uint32_t seen = 0;
  s.check(pread(file, &seen, 4, 4096) == 4 && seen == 56, "the file has what the device wrote");
  close(file);
}

void sharedInUse(Session &s) {
  const Kernel kernel = s.kernel("increment");
  constexpr uint32_t kCount = 1 << 14, kRounds = 300;
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, kCount * 8);
  const std::vector<uint64_t> zero(kCount);
  s.write(at, zero.data(), kCount * 8);
  ct_queue *queue = s.queue();
  for (uint32_t i = 0; i < kRounds; ++i) {
    s.ok(s.launch(queue, kernel, kCount / 128, 128, at), "launch");
    if (i != kRounds / 2) continue;
    ct_file_piece piece{};
    piece.struct_size = sizeof piece;
    uint64_t offset = 0;
    s.ok(ops(s).share(s.device(), at, &piece, &offset), "share while kernels use the memory");
  }
  s.wait(queue);
  for (uint64_t value : s.read<uint64_t>(at, kCount)) s.check(value == kRounds, "no write is lost");
}

void otherProcess(Session &s) {
  // The file is the memory, for whoever maps it.
  const uint64_t unit = ops(s).granularity;
  ct_physical *memory = create(s, unit);
  int32_t file = -1;
  {
    Mapped mine(s, memory, 0, unit);
    const uint32_t word = 21;
    s.write(mine.at(), &word, 4);
    s.ok(ops(s).export_file(memory, &file), "export");
    ct_physical *import = nullptr;
    uint64_t size = 0;
    ct_memory_kind kind;
    uint32_t device = 0;
    // Several imports of one file; each is released on its own.
    for (int i = 0; i < 3; ++i) {
      s.ok(ops(s).import_file(file, 0, &import, &size, &kind, &device), "import");
      {
        Mapped theirs(s, import, 0, unit);
        s.check(s.read<uint32_t>(theirs.at(), 1)[0] == 21, "the content");
      }
      ops(s).release(import);
    }
    s.check(s.read<uint32_t>(mine.at(), 1)[0] == 21, "the exporter's memory outlives its importers");
  }
  ops(s).release(memory);
  // The exporter has released it; the file keeps it.
  ct_physical *import = nullptr;
  uint64_t size = 0;
  ct_memory_kind kind;
  uint32_t device = 0;
  s.ok(ops(s).import_file(file, 0, &import, &size, &kind, &device), "import of what the exporter has released");
  {
    Mapped theirs(s, import, 0, unit);
    s.check(s.read<uint32_t>(theirs.at(), 1)[0] == 21, "the content outlives the exporter");
  }
  ops(s).release(import);
  close(file);
}

constexpr Case kCases[] = {
    {"mapping.reserve", "Addresses are reserved, aligned, and where they are wanted.", reserved},
    {"mapping.two-addresses", "Memory that is mapped twice is one.", twice},
    {"mapping.counted", "Memory without an address counts as the device's.", counted},
    {"mapping.files", "Exported memory can be imported, while it is mapped.", file},
    {"mapping.moves", "Content moves with the memory; neighbouring mappings are one range.", movesOn},
    {"mapping.host-memory", "Memory of the host can be mapped for both sides.", ofTheHost},
    {"mapping.rights", "A device that may only read may not write.", rights},
    {"mapping.nobody", "Reserved addresses, and mappings until access is given, are nobody's.", nobody},
    {"mapping.file-lives", "A file is imported more than once, and outlives the exporter.", otherProcess},
    {"mapping.device-closed", "Memory is made and mapped while no device is open.", deviceClosed},
    {"mapping.two-devices", "An address is the same for all devices that have access.", twoDevices},
    {"mapping.any-file", "Memory files of others can be imported where that is asked for, page by page.", anyFile},
    {"mapping.share-in-use", "An allocation moves into a file while kernels use it.", sharedInUse},
    {"mapping.share", "A plain allocation, small or large, moves into a file and keeps its content.", shared},
};

}  // namespace
std::span<const Case> mappingCases() { return kCases; }
}  // namespace cutrans::conformance
