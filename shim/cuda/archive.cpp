// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/cuda/archive.h"

#include <libelf.h>

#include <memory>

namespace cutrans::driver {
namespace {

struct End {
  void operator()(Elf *elf) const { elf_end(elf); }
};
using Owned = std::unique_ptr<Elf, End>;

}  // namespace

Result<std::vector<ArchiveMember>> archiveMembers(std::string_view archive) {
  if (elf_version(EV_CURRENT) == EV_NONE) return Code::internal;
  // libelf does not write to memory that it was given to read.
  Owned whole(elf_memory(const_cast<char *>(archive.data()), archive.size()));
  if (!whole || elf_kind(whole.get()) != ELF_K_AR) return Code::invalid_image;
  std::vector<ArchiveMember> members;
  Elf_Cmd command = ELF_C_READ;
  while (Owned member{elf_begin(-1, command, whole.get())}) {
    const Elf_Arhdr *header = elf_getarhdr(member.get());
    size_t size = 0;
    const char *bytes = elf_rawfile(member.get(), &size);
    if (header && header->ar_name && header->ar_name[0] != '/' && bytes) members.push_back({header->ar_name, {bytes, size}});
    command = elf_next(member.get());
  }
  return members;
}

}  // namespace cutrans::driver
