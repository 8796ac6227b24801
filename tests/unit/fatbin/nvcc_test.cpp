// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What nvcc really writes: one small program built in every way that changes the fat binary, read back from the file.
// Skipped where no nvcc is installed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "build_container.h"
#include "cutrans/fatbin/choose.h"
#include "cutrans/fatbin/payload.h"
#include "cutrans/fatbin/scan.h"

namespace cutrans::fatbin {
namespace {

struct Variant {
  const char *name;
  const char *flags;
  const char *ptx;      // architectures of all PTX entries, in the order of the file
  const char *packing;  // of the PTX
  const char *section;  // of the PTX
};

void PrintTo(const Variant &variant, std::ostream *out) { *out << variant.name; }

constexpr Variant kVariants[] = {
    {"default_build", "", "sm_75", "zstd", ".nv_fatbin"},
    {"compress_all", "-Xfatbin -compress-all", "sm_75", "zstd", ".nv_fatbin"},
    {"compress_size", "--compress-mode=size", "sm_75", "zstd", ".nv_fatbin"},
    {"compress_speed", "--compress-mode=speed", "sm_75", "lz4", ".nv_fatbin"},
    {"compress_none", "--compress-mode=none", "sm_75", "plain", ".nv_fatbin"},
    {"no_compress", "--no-compress", "sm_75", "plain", ".nv_fatbin"},
    {"debug", "-G", "sm_75", "zstd", ".nv_fatbin"},
    {"lineinfo", "-lineinfo", "sm_75", "zstd", ".nv_fatbin"},
    {"sm_80", "-arch=sm_80", "sm_80", "zstd", ".nv_fatbin"},
    {"compute_80", "-arch=compute_80", "sm_80", "zstd", ".nv_fatbin"},
    {"sm_90a", "-arch=sm_90a", "sm_90 sm_90a", "zstd", ".nv_fatbin"},
    {"sm_100f", "-arch=sm_100f", "sm_100 sm_100f", "zstd", ".nv_fatbin"},
    {"all_major", "-arch=all-major", "sm_120", "zstd", ".nv_fatbin"},
    {"no_ptx", "-gencode arch=compute_80,code=sm_80", "", "", ""},
    {"relocatable", "-rdc=true", "sm_75", "zstd", "__nv_relfatbin"},
    {"shared_library", "-shared -Xcompiler -fPIC", "sm_75", "zstd", ".nv_fatbin"},
    {"object", "-c", "sm_75", "zstd", ".nv_fatbin"},
    {"fatbin", "-fatbin", "sm_75", "zstd", ""},
    {"stripped", "-Xlinker -s", "sm_75", "zstd", ".nv_fatbin"},
};

class Nvcc : public testing::TestWithParam<Variant> {};

TEST_P(Nvcc, WritesWhatWeRead) {
  const char *nvcc = CUTRANS_NVCC;
  if (!std::filesystem::exists(nvcc)) GTEST_SKIP() << "no nvcc on this machine";
  const Variant &variant = GetParam();
  std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / ("cutrans-fatbin-" + std::string(variant.name));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "k.cu") << "__device__ int v = 3;\n"
                                    "__global__ void k(int *p) { p[threadIdx.x] = v; }\n"
                                    "int main() { k<<<1, 1>>>(nullptr); }\n";
  std::string command = "cd '" + folder.string() + "' && '" + nvcc + "' " + variant.flags + " k.cu -o out >log 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  Expected<std::string> file = readFile(folder / "out");
  ASSERT_TRUE(file.ok());
  Scan found = scan(bytesOf(*file));
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(found.damage.empty());

  std::string archs;
  for (const FoundContainer &at : found.containers) {
    for (const Entry &entry : at.container.entries) {
      Expected<std::string> bytes = unpack(entry);
      ASSERT_TRUE(bytes.ok()) << bytes.error().text;
      if (entry.kind != Kind::ptx) continue;
      archs += (archs.empty() ? "" : " ") + entry.arch.text();
      EXPECT_EQ(packingName(entry), variant.packing);
      EXPECT_EQ(at.section, variant.section);
      EXPECT_NE(bytes->find(".target " + entry.arch.text()), std::string::npos);
      EXPECT_NE(bytes->find(".entry _Z1kPi"), std::string::npos);
    }
  }
  EXPECT_EQ(archs, variant.ptx);
}

INSTANTIATE_TEST_SUITE_P(Builds, Nvcc, testing::ValuesIn(kVariants), [](const auto &info) { return info.param.name; });

}  // namespace
}  // namespace cutrans::fatbin
