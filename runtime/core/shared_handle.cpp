// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handles are read from memory that anybody may have written, so nothing in them is believed: the process must live and have
// started when the handle says; its descriptor is looked at (O_PATH, which opens nothing) and must be a sealed memory file of this
// layer with the inode of the handle, before it is opened.
#include "shared_handle.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace cutrans::runtime {
namespace {

constexpr uint32_t kMagic = 0x48535443;  // "CTSH"
constexpr uint16_t kVersion = 1;
constexpr std::string_view kFileName = "/memfd:cutrans-";

struct Layout {
  uint32_t magic;
  uint16_t kind, version;
  uint32_t pid;
  int32_t file;
  uint64_t start, inode, offset, size, tag;
  uint64_t check;  // of all before
};
static_assert(sizeof(Layout) == sizeof(SharedHandle));

uint64_t checkOf(const Layout &layout) { return XXH3_64bits(&layout, offsetof(Layout, check)); }

class Descriptor {
 public:
  explicit Descriptor(int file) : file_(file) {}
  ~Descriptor() {
    if (file_ >= 0) close(file_);
  }
  Descriptor(const Descriptor &) = delete;
  int get() const { return file_; }
  int take() { return std::exchange(file_, -1); }

 private:
  int file_;
};

// The state letter and the start time of a process; false: there is none.
bool readStat(uint32_t pid, char &state, uint64_t &start) {
  char path[32], text[1024];
  std::snprintf(path, sizeof path, "/proc/%u/stat", pid);
  Descriptor file(open(path, O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return false;
  const ssize_t length = read(file.get(), text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = 0;
  // The name in parentheses may hold anything, parentheses too.
  const char *at = std::strrchr(text, ')');
  if (!at || at[1] != ' ' || !at[2]) return false;
  state = at[2];
  at += 2;
  for (int field = 3; field < 22; ++field) {
    at = std::strchr(at, ' ');
    if (!at) return false;
    ++at;
  }
  start = std::strtoull(at, nullptr, 10);
  return true;
}

}  // namespace

ProcessName thisProcess() {
  ProcessName name;
  name.pid = static_cast<uint32_t>(getpid());
  char state = 0;
  (void)readStat(name.pid, state, name.start);
  return name;
}

bool alive(const ProcessName &process) {
  char state = 0;
  uint64_t start = 0;
  return readStat(process.pid, state, start) && start == process.start && state != 'Z' && state != 'X';
}

Result<SharedHandle> makeHandle(SharedPiece piece) {
  struct stat about {};
  if (fstat(piece.file, &about) != 0) return Code::invalid_value;
  const ProcessName here = thisProcess();
  Layout layout{kMagic, static_cast<uint16_t>(piece.kind), kVersion, here.pid, piece.file, here.start, about.st_ino, piece.offset, piece.size, piece.tag, 0};
  layout.check = checkOf(layout);
  return std::bit_cast<SharedHandle>(layout);
}

Result<SharedPiece> readHandle(const SharedHandle &handle, SharedKind kind) {
  const auto layout = std::bit_cast<Layout>(handle);
  if (layout.magic != kMagic || layout.version != kVersion || layout.check != checkOf(layout)) return Code::invalid_value;
  if (layout.kind != static_cast<uint16_t>(kind) || layout.pid == 0 || layout.file < 0) return Code::invalid_value;
  if (layout.size == 0 || layout.offset > UINT64_MAX / 2 || layout.size > UINT64_MAX / 2) return Code::invalid_value;
  SharedPiece piece;
  piece.kind = kind;
  piece.file = layout.file;
  piece.owner = {layout.pid, layout.start};
  piece.offset = layout.offset;
  piece.size = layout.size;
  piece.inode = layout.inode;
  piece.tag = layout.tag;
  return piece;
}

Result<int> openPiece(const SharedPiece &piece, bool own) {
  if (!alive(piece.owner)) return Code::invalid_value;
  if (!own && piece.owner.pid == static_cast<uint32_t>(getpid())) return Code::invalid_context;
  char path[64], name[256];
  std::snprintf(path, sizeof path, "/proc/%u/fd/%d", piece.owner.pid, piece.file);
  Descriptor looked(open(path, O_PATH | O_CLOEXEC));
  struct stat about {};
  if (looked.get() < 0 || fstat(looked.get(), &about) != 0 || !S_ISREG(about.st_mode) || about.st_ino != piece.inode) return Code::invalid_value;
  if (about.st_size < 0 || piece.offset + piece.size > static_cast<uint64_t>(about.st_size)) return Code::invalid_value;
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", looked.get());
  const ssize_t length = readlink(path, name, sizeof name);
  if (length <= 0 || !std::string_view(name, static_cast<size_t>(length)).starts_with(kFileName)) return Code::invalid_value;
  Descriptor file(open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return Code::invalid_value;
  const int seals = fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || !(seals & F_SEAL_SHRINK)) return Code::invalid_value;
  return file.take();
}

namespace {

struct Token {
  uint64_t magic, id, number, check;
  uint64_t right() const { return XXH3_64bits(this, offsetof(Token, check)); }
};
constexpr uint64_t kTokenMagic = 0x004e454b4f545443;  // "CTTOKEN"

}  // namespace

Result<int> createToken(SharedToken &token) {
  Token written{kTokenMagic, 0, token.number, 0};
  if (getrandom(&written.id, sizeof written.id, 0) != sizeof written.id) return Code::io_error;
  written.check = written.right();
  Descriptor file(memfd_create("cutrans-token", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0 || write(file.get(), &written, sizeof written) != sizeof written) return Code::out_of_memory;
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) return Code::io_error;
  token.id = written.id;
  return file.take();
}

Result<SharedToken> readToken(int file) {
  Token read{};
  struct stat about {};
  // Nothing is read from what is not a file: a pipe or a socket would lose its bytes.
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || pread(file, &read, sizeof read, 0) != sizeof read) return Code::invalid_value;
  if (read.magic != kTokenMagic || read.check != read.right()) return Code::invalid_value;
  return SharedToken{read.id, read.number};
}

int createSharedFile(const char *name, uint64_t size) {
  Descriptor file(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0 || ftruncate(file.get(), static_cast<off_t>(size)) != 0) return -1;
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return -1;
  return file.take();
}

}  // namespace cutrans::runtime
