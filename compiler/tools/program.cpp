// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads ELF files with libelf, which checks what the headers say.
#include "program.h"

#include <fcntl.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace cutrans::command {
namespace {

struct File {
  int fd;
  explicit File(const std::string &path) : fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd >= 0) close(fd);
  }
};

#if defined(__x86_64__)
constexpr GElf_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr GElf_Half kMachine = EM_AARCH64;
#else
constexpr GElf_Half kMachine = EM_NONE;
#endif

std::string_view textAt(Elf *elf, size_t section, size_t offset) {
  const char *text = elf_strptr(elf, section, offset);
  return text ? text : "";
}

void readDynamic(Elf *elf, const GElf_Shdr &section, Elf_Data *data, Program &out) {
  bool runpath = false;
  for (size_t i = 0; i < section.sh_size / sizeof(Elf64_Dyn); ++i) {
    GElf_Dyn entry;
    if (!gelf_getdyn(data, static_cast<int>(i), &entry) || entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) out.needed.emplace_back(textAt(elf, section.sh_link, entry.d_un.d_val));
    if (entry.d_tag == DT_RPATH) out.rpath = true;
    if (entry.d_tag == DT_RUNPATH) runpath = true;
    if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_PIE)) out.library = false;
  }
  if (runpath) out.rpath = false;
}

void readSymbols(Elf *elf, const GElf_Shdr &section, Elf_Data *data, Program &out) {
  out.symbols = true;
  for (size_t i = 0; i < section.sh_size / sizeof(Elf64_Sym); ++i) {
    GElf_Sym symbol;
    if (!gelf_getsym(data, static_cast<int>(i), &symbol)) return;
    if (symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
    if (textAt(elf, section.sh_link, symbol.st_name) == "__cudaRegisterFatBinary") out.static_runtime = true;
  }
}

void readSections(Elf *elf, Program &out) {
  size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return;
  for (Elf_Scn *scn = nullptr; (scn = elf_nextscn(elf, scn));) {
    GElf_Shdr section;
    if (!gelf_getshdr(scn, &section)) continue;
    std::string_view name = textAt(elf, names, section.sh_name);
    if (name == ".nvFatBinSegment" || name == ".nv_fatbin") out.device_code = true;
    if (name == ".note.cutrans") out.relinked = true;
    if (section.sh_type != SHT_DYNAMIC && section.sh_type != SHT_SYMTAB) continue;
    Elf_Data *data = elf_getdata(scn, nullptr);
    if (!data) continue;
    if (section.sh_type == SHT_DYNAMIC) readDynamic(elf, section, data, out);
    if (section.sh_type == SHT_SYMTAB) readSymbols(elf, section, data, out);
  }
}

void readElf(Elf *elf, Program &out) {
  GElf_Ehdr header;
  if (!gelf_getehdr(elf, &header)) return;
  out.this_machine = header.e_machine == kMachine && gelf_getclass(elf) == ELFCLASS64;
  size_t segments = 0;
  if (elf_getphdrnum(elf, &segments) == 0)
    for (size_t i = 0; i < segments; ++i) {
      GElf_Phdr segment;
      if (gelf_getphdr(elf, static_cast<int>(i), &segment) && segment.p_type == PT_INTERP) out.loader = true;
    }
  out.library = header.e_type == ET_DYN && !out.loader;
  if (out.this_machine) readSections(elf, out);
}

}  // namespace

bool Program::needs(const std::string &prefix) const {
  return std::any_of(needed.begin(), needed.end(), [&](const std::string &library) { return library.starts_with(prefix); });
}

std::optional<Program> inspect(const std::string &path, std::string &error) {
  File file(path);
  struct stat status {};
  if (file.fd < 0 || fstat(file.fd, &status) != 0) {
    error = path + ": " + std::strerror(errno);
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) {
    error = path + " is not a regular file";
    return std::nullopt;
  }
  Program out;
  out.path = path;
  out.elevated = (status.st_mode & (S_ISUID | S_ISGID)) != 0;
  char start[4] = {};
  ssize_t got = pread(file.fd, start, sizeof start, 0);
  if (got >= 2 && start[0] == '#' && start[1] == '!') out.sort = Program::Sort::script;
  if (got != 4 || std::memcmp(start, ELFMAG, SELFMAG) != 0) return out;
  elf_version(EV_CURRENT);
  std::unique_ptr<Elf, int (*)(Elf *)> elf(elf_begin(file.fd, ELF_C_READ_MMAP, nullptr), elf_end);
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF) return out;
  out.sort = Program::Sort::elf;
  readElf(elf.get(), out);
  return out;
}

std::string findProgram(const std::string &name) {
  if (name.find('/') != std::string::npos) return name;
  const char *path = std::getenv("PATH");
  std::string rest = path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    std::string folder = rest.substr(0, rest.find(':'));
    rest.erase(0, folder.size() + 1);
    std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

}  // namespace cutrans::command
