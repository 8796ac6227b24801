// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Artifacts: good ones by path and by bytes, and every kind of bad one.
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "host_fixture.h"
#include "machine.h"

namespace cutrans::host::test {
namespace {

std::string bytesOf(const std::string &name) {
  std::ifstream file(std::string(CUTRANS_HOST_KERNELS "/host_kernel_") + name + ".so", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ct_status load(Host &host, const std::string &bytes, ct_module **module, const char *format = "native-so") {
  const ct_artifact artifact{sizeof artifact, format, bytes.data(), bytes.size(), nullptr, "k"};
  return host.target->module->load(host.device, &artifact, module);
}

TEST(HostModule, RunsFromBytes) {
  Host host;
  ct_queue *queue = host.queue();
  ct_module *module = nullptr;
  ASSERT_EQ(load(host, bytesOf("scale"), &module), CT_OK);
  ct_kernel *kernel = nullptr;
  ASSERT_EQ(host.target->module->kernel(module, &kernel), CT_OK);
  uint32_t data = 1;
  struct { void *data; } params = {&data};
  EXPECT_EQ(host.launch(queue, kernel, params, 1, 1), CT_OK);
  EXPECT_EQ(host.synchronize(queue), CT_OK);
  EXPECT_EQ(data, 4u);
  host.target->module->unload(module);
}

TEST(HostModule, RefusesWhatIsNoKernel) {
  Host host;
  ct_module *module = nullptr;
  const std::string good = bytesOf("empty");
  EXPECT_EQ(load(host, "", &module), CT_ERR_BAD_ARTIFACT);
  EXPECT_EQ(load(host, std::string(5000, 'x'), &module), CT_ERR_BAD_ARTIFACT);
  EXPECT_EQ(load(host, good, &module, "spirv"), CT_ERR_BAD_ARTIFACT);
  for (size_t size = 1; size < good.size(); size += 97) {
    module = nullptr;
    // A cut through the section table, which nothing needs, is no harm.
    if (load(host, good.substr(0, size), &module) == CT_OK) host.target->module->unload(module);
  }
  EXPECT_EQ(load(host, good.substr(0, good.size() / 4), &module), CT_ERR_BAD_ARTIFACT);
  const ct_artifact gone{sizeof gone, "native-so", nullptr, 0, "/nonexistent/kernel.so", "k"};
  EXPECT_EQ(host.target->module->load(host.device, &gone, &module), CT_ERR_BAD_ARTIFACT);
  for (const std::string &report : host.reports()) EXPECT_EQ(report.substr(0, 6), "CT3110");
  // A library without a kernel.
  std::ifstream file(CUTRANS_HOST_PLUGIN, std::ios::binary);
  EXPECT_EQ(load(host, {std::istreambuf_iterator<char>(file), {}}, &module), CT_ERR_BAD_ARTIFACT);
}

// Flipped bytes in headers and tables are found, or do no harm; the load itself never crashes.
TEST(HostModule, SurvivesDamage) {
  Host host;
  const std::string good = bytesOf("empty");
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    std::string bad = good;
    for (uint32_t flips = 1 + random() % 3; flips; --flips) bad[random() % std::min<size_t>(bad.size(), 900)] = static_cast<char>(random());
    ct_module *module = nullptr;
    if (load(host, bad, &module) == CT_OK) host.target->module->unload(module);
  }
}

TEST(HostMachine, FeaturesForTheCodeGenerator) {
  const std::string v2 = "cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2", v3 = v2 + " avx avx2 bmi1 bmi2 f16c fma abm movbe",
                    v4 = v3 + " avx512f avx512bw avx512cd avx512dq avx512vl";
  EXPECT_EQ(codegenForFlags(""), "cpu=x86-64;features=");
  EXPECT_EQ(codegenForFlags(v2 + " aes"), "cpu=x86-64-v2;features=+cx16,+sahf,+popcnt,+sse3,+ssse3,+sse4.1,+sse4.2,+aes");
  EXPECT_EQ(codegenForFlags(v2 + " avx"), "cpu=x86-64-v2;features=+cx16,+sahf,+popcnt,+sse3,+ssse3,+sse4.1,+sse4.2,+avx");
  EXPECT_EQ(codegenForFlags(v3), "cpu=x86-64-v3;features=+cx16,+sahf,+popcnt,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe");
  EXPECT_EQ(codegenForFlags(v4 + " avx512_bf16 unknown"), "cpu=x86-64-v4;features=+cx16,+sahf,+popcnt,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl,+avx512bf16,-prefer-256-bit");
  EXPECT_GE(machine().processors, 1u);
  EXPECT_EQ(machine().codegen.substr(0, 4), "cpu=");
}

TEST(HostDevice, SaysWhatItIs) {
  Host host({{"HOST_THREADS", "3"}, {"HOST_DEVICES", "3"}});
  EXPECT_EQ(host.target->device->count(), 3u);
  ct_device_info first{}, second{};
  first.struct_size = second.struct_size = sizeof first;
  ASSERT_EQ(host.target->device->info(0, &first), CT_OK);
  ASSERT_EQ(host.target->device->info(1, &second), CT_OK);
  EXPECT_NE(std::memcmp(first.uuid, second.uuid, 16), 0);
  EXPECT_NE(first.pci_bus, second.pci_bus);
  EXPECT_EQ(first.compute_units, 3u);
  EXPECT_STREQ(first.formats[0], "native-so");
  EXPECT_EQ(first.formats[1], nullptr);
  EXPECT_EQ(first.shared_bytes_per_block_max, 232448u);
  // An older runtime's structure is not written beyond its end.
  ct_device_info old{};
  old.struct_size = offsetof(ct_device_info, memory_bytes);
  ASSERT_EQ(host.target->device->info(0, &old), CT_OK);
  EXPECT_EQ(old.memory_bytes, 0u);
  EXPECT_EQ(old.struct_size, offsetof(ct_device_info, memory_bytes));
}

}  // namespace
}  // namespace cutrans::host::test
