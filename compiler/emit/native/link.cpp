// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Links one object into a shared library, in process, with lld. lld writes by renaming, so the output needs a name: a folder
// of this call's own in the system's place for temporary files.
#include <mutex>

#include <sys/mman.h>
#include <unistd.h>

#include <lld/Common/CommonLinkerContext.h>
#include <lld/Common/Driver.h>
#include <llvm/ADT/Twine.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/MemoryBuffer.h>

#include "compiler/emit/native/native.h"
#include "compiler/simt/refusal.h"

LLD_HAS_DRIVER(elf)

namespace cutrans::emit {
namespace {

class MemoryFile {
 public:
  explicit MemoryFile(const char *name) : fd_(memfd_create(name, MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (fd_ >= 0) close(fd_);
  }
  MemoryFile(const MemoryFile &) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  bool write(llvm::ArrayRef<char> bytes) {
    while (!bytes.empty()) {
      ssize_t done = ::write(fd_, bytes.data(), bytes.size());
      if (done <= 0) return false;
      bytes = bytes.drop_front(size_t(done));
    }
    return fd_ >= 0;
  }

 private:
  int fd_;
};

class TemporaryFolder {
 public:
  TemporaryFolder() : error_(llvm::sys::fs::createUniqueDirectory("cutrans", path_)) {}
  ~TemporaryFolder() {
    if (!error_) llvm::sys::fs::remove_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  std::error_code error() const { return error_; }
  std::string file(const char *name) const { return (path_ + "/" + name).str(); }

 private:
  llvm::SmallString<128> path_;
  std::error_code error_;
};

llvm::Error failed(const llvm::Twine &why) { return simt::refuse(Diag::codegen_link, ("linking: " + why).str()); }

}  // namespace

llvm::Expected<std::string> linkShared(llvm::ArrayRef<char> object, const char *hashStyle) {
  static std::mutex oneAtATime;
  MemoryFile input("cutrans.o");
  TemporaryFolder folder;
  if (!input.write(object)) return failed("no anonymous file");
  if (folder.error()) return failed("no temporary folder: " + folder.error().message());
  std::string in = input.path(), out = folder.file("kernel.so"), messages;
  llvm::raw_string_ostream errors(messages);
  const char *arguments[] = {"ld.lld", "-shared", "--no-undefined", "--threads=1", "--build-id=none",
                             hashStyle, "-z", "noexecstack", "-z", "nognustack", "--strip-all", "-o", out.c_str(), in.c_str()};
  bool linked;
  {
    std::lock_guard lock(oneAtATime);
    linked = lld::elf::link(arguments, llvm::nulls(), errors, /*exitEarly=*/false, /*disableOutput=*/false);
    lld::CommonLinkerContext::destroy();
  }
  if (!linked) return failed(llvm::StringRef(messages).trim());
  auto output = llvm::MemoryBuffer::getFile(out);
  if (!output) return failed("no output: " + output.getError().message());
  return (*output)->getBuffer().str();
}

}  // namespace cutrans::emit
