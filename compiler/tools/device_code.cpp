// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels by name: PTX says them in its .entry directives, machine code in the names of its parameter sections.
#include "device_code.h"

#include <cxxabi.h>
#include <gelf.h>

#include <cstdlib>
#include <memory>

#if CUTRANS_HAS_FATBIN
#include "cutrans/fatbin/choose.h"
#include "cutrans/fatbin/payload.h"
#include "cutrans/fatbin/scan.h"
#endif

namespace cutrans::command {

std::string demangle(const std::string &name) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 && text ? text.get() : name;
}

#if CUTRANS_HAS_FATBIN
namespace {

// ".visible .entry name(": good enough for a list; the compiler's own reader judges the text.
std::vector<std::string> entriesOfPtx(std::string_view text) {
  constexpr std::string_view kEntry = ".entry";
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<std::string> names;
  for (size_t at = 0; (at = text.find(kEntry, at)) != text.npos;) {
    at += kEntry.size();
    size_t start = text.find_first_not_of(kSpace, at);
    if (start == text.npos || start == at) continue;
    size_t end = text.find_first_of(" \t\r\n({;", start);
    if (end == text.npos) break;
    names.emplace_back(text.substr(start, end - start));
    at = end;
  }
  return names;
}

std::vector<std::string> kernelsOfMachineCode(std::string &bytes) {
  constexpr std::string_view kText = ".nv.constant0.";  // parameters: kernels have them, functions that they call do not
  std::vector<std::string> names;
  elf_version(EV_CURRENT);
  std::unique_ptr<Elf, int (*)(Elf *)> elf(elf_memory(bytes.data(), bytes.size()), elf_end);
  size_t strings = 0;
  if (!elf || elf_getshdrstrndx(elf.get(), &strings) != 0) return names;
  for (Elf_Scn *scn = nullptr; (scn = elf_nextscn(elf.get(), scn));) {
    GElf_Shdr section;
    const char *name = gelf_getshdr(scn, &section) ? elf_strptr(elf.get(), strings, section.sh_name) : nullptr;
    if (name && std::string_view(name).starts_with(kText)) names.emplace_back(name + kText.size());
  }
  return names;
}

void addEntry(const fatbin::Entry &entry, unsigned capability, DeviceCode &out) {
  if (entry.kind != fatbin::Kind::ptx && entry.kind != fatbin::Kind::cubin) return;
  auto bytes = fatbin::unpack(entry);
  if (!bytes.ok()) {
    out.damage.push_back(bytes.error().text);
    return;
  }
  const bool ptx = entry.kind == fatbin::Kind::ptx;
  for (const std::string &name : ptx ? entriesOfPtx(*bytes) : kernelsOfMachineCode(*bytes)) {
    KernelForms &forms = out.kernels[name];
    (ptx ? forms.ptx : forms.machine_code).insert(entry.arch.text());
    forms.usable |= ptx && fatbin::runsOn(entry.arch, capability);
  }
}

}  // namespace

DeviceCode readDeviceCode(const std::string &path, unsigned capability) {
  DeviceCode out;
  auto file = fatbin::readFile(path);
  if (!file.ok()) {
    out.damage.push_back(file.error().text);
    return out;
  }
  fatbin::Scan scan = fatbin::scan(std::as_bytes(std::span(*file)));
  for (const fatbin::Error &error : scan.damage) out.damage.push_back(error.text);
  std::vector<fatbin::Container> containers;
  for (fatbin::FoundContainer &found : scan.containers) {
    for (const fatbin::Entry &entry : found.container.entries) addEntry(entry, capability, out);
    containers.push_back(found.container);
  }
  out.summary = fatbin::summary(containers);
  return out;
}

unsigned neededCapability(const std::string &path, unsigned capability) {
  auto file = fatbin::readFile(path);
  if (!file.ok()) return capability;
  fatbin::Scan scan = fatbin::scan(std::as_bytes(std::span(*file)));
  std::vector<fatbin::Container> containers;
  for (fatbin::FoundContainer &found : scan.containers) containers.push_back(std::move(found.container));
  return fatbin::neededCapability(containers, capability).value_or(capability);
}
#else
DeviceCode readDeviceCode(const std::string &, unsigned) {
  DeviceCode out;
  out.known = false;
  return out;
}

unsigned neededCapability(const std::string &, unsigned capability) { return capability; }
#endif

}  // namespace cutrans::command
