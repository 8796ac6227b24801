// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What doctor lists as kernels. The machine code is made by hand: only the names of its sections count.
#include "device_code.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "../fatbin/build_container.h"

namespace cutrans::command {
namespace {

// An ELF file with empty sections of these names.
std::string elfWith(const std::vector<std::string> &sections) {
  std::string names(1, '\0'), out;
  std::vector<Elf64_Shdr> headers(1);
  for (std::string name : sections) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<uint32_t>(names.size());
    header.sh_type = SHT_PROGBITS;
    headers.push_back(header);
    names.append(name.c_str(), name.size() + 1);
  }
  Elf64_Shdr strings{};
  strings.sh_name = 0;
  strings.sh_type = SHT_STRTAB;
  strings.sh_offset = sizeof(Elf64_Ehdr);
  strings.sh_size = names.size();
  headers.push_back(strings);
  Elf64_Ehdr file{};
  std::copy_n(ELFMAG, SELFMAG, file.e_ident);
  file.e_ident[EI_CLASS] = ELFCLASS64;
  file.e_ident[EI_DATA] = ELFDATA2LSB;
  file.e_ident[EI_VERSION] = EV_CURRENT;
  file.e_type = ET_EXEC;
  file.e_machine = EM_CUDA;
  file.e_version = EV_CURRENT;
  file.e_ehsize = sizeof file;
  file.e_shentsize = sizeof(Elf64_Shdr);
  file.e_shnum = static_cast<uint16_t>(headers.size());
  file.e_shstrndx = static_cast<uint16_t>(headers.size() - 1);
  fatbin::padTo8(names);
  file.e_shoff = sizeof file + names.size();
  fatbin::append(out, file);
  out += names;
  for (const Elf64_Shdr &header : headers) fatbin::append(out, header);
  return out;
}

TEST(DeviceCode, FunctionsThatKernelsCallAreNoKernels) {
  const std::string path = testing::TempDir() + "cutrans_device_code_test_" + std::to_string(getpid());
  const std::string cubin = elfWith({".text.kernel", ".nv.constant0.kernel", ".text.helper"});
  std::ofstream(path, std::ios::binary) << fatbin::buildContainer(
      {{.kind = fatbin::Kind::cubin, .sm = 75, .payload = cubin},
       {.kind = fatbin::Kind::ptx, .sm = 75, .payload = ".visible .func helper() { ret; }\n.visible .entry kernel() { ret; }"}});
  const DeviceCode code = readDeviceCode(path, 90);
  unlink(path.c_str());
  ASSERT_TRUE(code.damage.empty()) << code.damage[0];
  ASSERT_EQ(code.kernels.size(), 1u) << code.kernels.rbegin()->first;
  EXPECT_TRUE(code.kernels.at("kernel").usable);
  EXPECT_EQ(code.kernels.at("kernel").machine_code.count("sm_75"), 1u);
}

}  // namespace
}  // namespace cutrans::command
