// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All memory without an address lies in one sparse file, the arena, so that thousands of handles cost one descriptor. A piece that
// is exported moves into a file of its own. Devices of this target share one address space: a mapping can be used by all of them
// and the host as soon as one may use it.
#include "mapping.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "memory_file.h"
#include "pages.h"

struct ct_physical {
  struct Mapping {
    uint8_t *at;
    uint64_t size, offset;
    int protection;
  };
  ct_memory_kind kind = CT_MEMORY_DEVICE;
  uint32_t device = 0;
  uint64_t size = 0;
  int file = -1;                  // its own; -1: in the arena
  uint64_t offset = 0;            // in the file
  bool counted = true;            // against the device's memory: all but what was imported
  std::vector<Mapping> mappings;
};

namespace cutrans::process {
namespace {

constexpr uint64_t kGranularity = kHugePage;
constexpr uint64_t kArenaBytes = uint64_t{1} << 45;
constexpr uint32_t kMostDevices = 64;

class Arena {
 public:
  int file() const { return file_; }
  bool open() {
    if (file_ < 0) file_ = createMemoryFile("arena", kArenaBytes);
    return file_ >= 0;
  }
  void close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
  }
  // First fit; false: the arena is full.
  bool take(uint64_t size, uint64_t &out) {
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      auto [offset, length] = *it;
      if (length < size) continue;
      free_.erase(it);
      if (length > size) free_[offset + size] = length - size;
      out = offset;
      return true;
    }
    if (size > kArenaBytes - end_) return false;
    out = end_;
    end_ += size;
    return true;
  }
  void give(uint64_t offset, uint64_t size) {
    fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(size));
    auto after = free_.upper_bound(offset);
    if (after != free_.end() && offset + size == after->first) {
      size += after->second;
      after = free_.erase(after);
    }
    if (after != free_.begin()) {
      auto before = std::prev(after);
      if (before->first + before->second == offset) {
        before->second += size;
        return;
      }
    }
    free_[offset] = size;
  }

 private:
  int file_ = -1;
  uint64_t end_ = 0;
  std::map<uint64_t, uint64_t> free_;  // offset, size
};

Arena arena;
MappingOwner owner{};

uint8_t *at(uint64_t address) { return reinterpret_cast<uint8_t *>(address); }

// Nothing behind these addresses; any access faults.
void *empty(uint64_t address, uint64_t size, int flags) {
  return mmap(at(address), size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

// `kind` and device in the name of a file, so that an importer knows them.
std::string fileName(ct_memory_kind kind, uint32_t device) {
  return kind == CT_MEMORY_DEVICE ? "device" + std::to_string(device) : std::string("host0");
}
bool readName(const std::string &name, ct_memory_kind &kind, uint32_t &device) {
  kind = CT_MEMORY_DEVICE;
  device = 0;
  if (name == "host0") {
    kind = CT_MEMORY_HOST;
    return true;
  }
  char rest = 0;
  return std::sscanf(name.c_str(), "device%u%c", &device, &rest) == 1;
}

ct_status reserve(uint64_t size, uint64_t align, uint64_t wanted, uint64_t *out) {
  align = std::max<uint64_t>(align, kGranularity);
  if (wanted && wanted % align == 0) {
    void *there = empty(wanted, size, MAP_FIXED_NOREPLACE);
    if (there == at(wanted)) {
      *out = wanted;
      return CT_OK;
    }
    if (there != MAP_FAILED) munmap(there, size);
  }
  if (size + align < size) return CT_ERR_OUT_OF_MEMORY;
  void *range = empty(0, size + align, 0);
  if (range == MAP_FAILED) return CT_ERR_OUT_OF_MEMORY;
  const uint64_t begin = reinterpret_cast<uint64_t>(range), start = roundUp(begin, align), end = begin + size + align;
  if (start > begin) munmap(range, start - begin);
  munmap(at(start + size), end - start - size);
  *out = start;
  return CT_OK;
}

void unreserve(uint64_t address, uint64_t size) { munmap(at(address), size); }

ct_status create(uint32_t device, ct_memory_kind kind, uint64_t size, ct_physical **out) {
  auto memory = std::make_unique<ct_physical>();
  memory->kind = kind;
  memory->device = device;
  memory->size = size;
  if (kind == CT_MEMORY_DEVICE) {
    if (ct_status status = owner.room(device, size); status != CT_OK) return status;
  }
  // The system would promise more than it has and kill the process later.
  if (size >= (64u << 20) && size > availableMemory()) return CT_ERR_OUT_OF_MEMORY;
  if (!arena.open() || !arena.take(size, memory->offset)) return CT_ERR_OUT_OF_MEMORY;
  if (kind == CT_MEMORY_DEVICE) mappedMemory(device) += size;
  *out = memory.release();
  return CT_OK;
}

void release(ct_physical *memory) {
  if (memory->counted && memory->kind == CT_MEMORY_DEVICE) mappedMemory(memory->device) -= memory->size;
  if (memory->file < 0)
    arena.give(memory->offset, memory->size);
  else
    close(memory->file);
  delete memory;
}

ct_status exportFile(ct_physical *memory, int32_t *out) {
  if (memory->file < 0) {
    const int file = createMemoryFile(fileName(memory->kind, memory->device), memory->size);
    if (file < 0) return CT_ERR_OUT_OF_MEMORY;
    std::vector<FileRange> ranges;
    for (const ct_physical::Mapping &m : memory->mappings) ranges.push_back({m.at, m.size, m.offset, m.protection});
    if (!moveIntoFile(ranges.data(), ranges.size(), arena.file(), memory->offset, file, memory->size)) {
      close(file);
      return CT_ERR_OUT_OF_MEMORY;
    }
    arena.give(memory->offset, memory->size);
    memory->file = file;
    memory->offset = 0;
  }
  *out = fcntl(memory->file, F_DUPFD_CLOEXEC, 3);
  return *out >= 0 ? CT_OK : CT_ERR_OUT_OF_MEMORY;
}

ct_status importFile(int32_t file, uint32_t flags, ct_physical **out, uint64_t *out_size, ct_memory_kind *out_kind, uint32_t *out_device) {
  std::string name;
  auto memory = std::make_unique<ct_physical>();
  bool ours = describeMemoryFile(file, name, memory->size) && readName(name, memory->kind, memory->device);
  if (!ours) {
    struct stat about {};
    if (!(flags & CT_IMPORT_ANY_FILE) || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return CT_ERR_INVALID;
    // Only memory files have seals; without the one against shrinking the owner could take pages away under a running kernel.
    const int seals = fcntl(file, F_GET_SEALS);
    if (seals < 0) return CT_ERR_INVALID;
    memory->kind = CT_MEMORY_HOST;
    memory->size = static_cast<uint64_t>(about.st_size);
  }
  if (memory->size == 0 || memory->size % kPage != 0) return CT_ERR_INVALID;
  if (memory->device >= owner.devices) memory->device = 0;
  memory->counted = false;
  memory->file = fcntl(file, F_DUPFD_CLOEXEC, 3);
  if (memory->file < 0) return CT_ERR_OUT_OF_MEMORY;
  *out_size = memory->size;
  *out_kind = memory->kind;
  *out_device = memory->device;
  *out = memory.release();
  return CT_OK;
}

ct_status map(ct_physical *memory, uint64_t offset, uint64_t address, uint64_t size) {
  const int file = memory->file < 0 ? arena.file() : memory->file;
  memory->mappings.push_back({at(address), size, offset, PROT_NONE});
  void *there = mmap(at(address), size, PROT_NONE, MAP_SHARED | MAP_FIXED, file, static_cast<off_t>(memory->offset + offset));
  if (there == MAP_FAILED) {
    memory->mappings.pop_back();
    empty(address, size, MAP_FIXED);
    return CT_ERR_OUT_OF_MEMORY;
  }
  if (owner.huge_pages) madvise(at(address), size, MADV_HUGEPAGE);
  return CT_OK;
}

void unmap(ct_physical *memory, uint64_t address, uint64_t size) {
  std::erase_if(memory->mappings, [&](const ct_physical::Mapping &m) { return m.at == at(address); });
  empty(address, size, MAP_FIXED);
}

ct_status access(ct_physical *memory, uint64_t address, uint64_t size, const ct_access *list, uint32_t count) {
  int protection = PROT_NONE;
  for (uint32_t i = 0; i < count; ++i) {
    if (list[i].rights & CT_ACCESS_READ) protection |= PROT_READ;
    if (list[i].rights == CT_ACCESS_READ_WRITE) protection |= PROT_WRITE;
  }
  if (mprotect(at(address), size, protection) != 0) return CT_ERR_INVALID;  // a descriptor that may only be read
  for (ct_physical::Mapping &m : memory->mappings)
    if (m.at == at(address)) m.protection = protection;
  return CT_OK;
}

ct_status share(ct_device *device, uint64_t address, ct_file_piece *out, uint64_t *out_offset) {
  uint32_t index = 0;
  Suballocator *memory = owner.memory(device, index);
  return memory ? memory->share(address, fileName(CT_MEMORY_DEVICE, index), out, out_offset) : CT_ERR_UNSUPPORTED;
}

}  // namespace

const ct_mapping_ops mapping_ops = {sizeof(ct_mapping_ops), 0,   kGranularity, reserve, unreserve, create, release, exportFile,
                                    importFile,             map, unmap,        access,  share};

std::atomic<uint64_t> &mappedMemory(uint32_t device) {
  static std::array<std::atomic<uint64_t>, kMostDevices> bytes;
  return bytes[device];
}

void startMapping(const MappingOwner &who) { owner = who; }
void endMapping() { arena.close(); }

}  // namespace cutrans::process
