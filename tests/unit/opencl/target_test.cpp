// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Starting, choosing devices, and loading kernels: what is refused and how.
#include "opencl_fixture.h"

namespace cutrans::opencl::test {
namespace {

TEST(OpenclTarget, AMissingLoaderIsNamed) {
  Target target({{"OPENCL_LIBRARY", "/nowhere/libOpenCL.so"}});
  EXPECT_EQ(target.started, CT_ERR_UNSUPPORTED);
  EXPECT_NE(target.reports().find("CT3200"), std::string::npos);
  EXPECT_NE(target.reports().find("/nowhere"), std::string::npos);
}

TEST(OpenclTarget, ALibraryThatIsNoLoaderIsRefused) {
  Target target({{"OPENCL_LIBRARY", "libm.so.6"}});
  EXPECT_EQ(target.started, CT_ERR_UNSUPPORTED);
  EXPECT_NE(target.reports().find("clGetPlatformIDs"), std::string::npos) << target.reports();
}

TEST(OpenclTarget, DevicesAreChosenByNumberOrName) {
  std::string name;
  {
    Target all;
    CUTRANS_NEEDS_OPENCL(all);
    ct_device_info info{};
    info.struct_size = sizeof info;
    ASSERT_EQ(all.table->device->info(0, &info), CT_OK);
    name = info.name;
    EXPECT_GT(info.memory_bytes, 0u);
    EXPECT_NE(std::string(info.codegen).find("kind="), std::string::npos);
  }
  for (const std::string &wanted : {std::string("0"), name.substr(0, name.find(','))}) {
    Target one({{"OPENCL_DEVICES", wanted}});
    EXPECT_EQ(one.started, CT_OK) << one.reports();
    EXPECT_EQ(one.opened, CT_OK);
  }
  for (const char *wanted : {"4711", "no such device", "0,,0"}) {
    Target none({{"OPENCL_DEVICES", wanted}});
    EXPECT_EQ(none.started, CT_ERR_UNSUPPORTED);
    EXPECT_NE(none.reports().find("CT3201"), std::string::npos);
  }
}

TEST(OpenclTarget, AKindOfMemoryThatTheDeviceLacksIsRefused) {
  Target target({{"OPENCL_MEMORY", "granite"}});
  if (target.table->device->count() == 0) GTEST_SKIP() << "no OpenCL device on this machine";
  EXPECT_EQ(target.opened, CT_ERR_UNSUPPORTED);
  EXPECT_NE(target.reports().find("CT3202"), std::string::npos);
}

TEST(OpenclModule, DamagedArtifactsAreRefused) {
  Target target;
  CUTRANS_NEEDS_OPENCL(target);
  ct_kernel *kernel = nullptr;
  const std::string good = artifactOf("");
  EXPECT_EQ(target.load("", &kernel), CT_ERR_BAD_ARTIFACT);
  EXPECT_EQ(target.load(good.substr(0, sizeof(ct_opencl_header) - 1), &kernel), CT_ERR_BAD_ARTIFACT);
  EXPECT_EQ(target.load(good.substr(0, good.size() - 1), &kernel), CT_ERR_BAD_ARTIFACT);
  EXPECT_EQ(target.load(good + "what a cache file has behind it", &kernel), CT_OK);
  EXPECT_EQ(target.load(good, &kernel, "native-so"), CT_ERR_BAD_ARTIFACT);
  struct Change {
    const char *what;
    void (*apply)(ct_opencl_header &);
  };
  const Change changes[] = {
      {"magic", [](ct_opencl_header &h) { h.magic ^= 1; }},
      {"abi", [](ct_opencl_header &h) { h.abi = 99; }},
      {"header in itself", [](ct_opencl_header &h) { h.header_bytes = 8; }},
      {"header behind the end", [](ct_opencl_header &h) { h.header_bytes = 0xfffffff0; }},
      {"payload wraps", [](ct_opencl_header &h) { h.payload_bytes = ~uint64_t{0} - 7; }},
      {"no payload", [](ct_opencl_header &h) { h.header_bytes += static_cast<uint32_t>(h.payload_bytes), h.payload_bytes = 0; }},
      {"gang of none", [](ct_opencl_header &h) { h.gang_width = 0; }},
      {"wide gang", [](ct_opencl_header &h) { h.gang_width = 5000; }},
      {"flat block", [](ct_opencl_header &h) { h.block[0] = 32; }},
      {"large block", [](ct_opencl_header &h) { h.block[0] = h.block[1] = 1024, h.block[2] = 1; }},
      {"block that wraps", [](ct_opencl_header &h) { h.block[0] = h.block[1] = h.block[2] = 0x80000000; }},
      {"too much shared memory", [](ct_opencl_header &h) { h.static_shared_bytes = 1u << 30; }},
      {"odd local memory", [](ct_opencl_header &h) { h.local_bytes = 8; }},
      {"too much local memory", [](ct_opencl_header &h) { h.local_bytes = 0x7ffffff0; }},
      {"too much scratch", [](ct_opencl_header &h) { h.scratch_bytes = 0xffffffff; }},
      {"options without an end", [](ct_opencl_header &h) { std::memset(h.build_options, ' ', sizeof h.build_options); }},
  };
  for (const Change &change : changes) {
    std::string bytes = good;
    ct_opencl_header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    change.apply(header);
    std::memcpy(bytes.data(), &header, sizeof header);
    EXPECT_EQ(target.load(bytes, &kernel), CT_ERR_BAD_ARTIFACT) << change.what;
  }
  EXPECT_EQ(target.load(good, &kernel), CT_OK) << target.reports();
}

TEST(OpenclModule, TheDevicesCompilerIsQuoted) {
  Target target;
  CUTRANS_NEEDS_OPENCL(target);
  ct_kernel *kernel = nullptr;
  EXPECT_EQ(target.load(artifactOf("nobody_knows_this(1);"), &kernel), CT_ERR_BAD_ARTIFACT);
  EXPECT_NE(target.reports().find("CT3205"), std::string::npos);
  EXPECT_NE(target.reports().find("nobody_knows_this"), std::string::npos) << target.reports();
}

}  // namespace
}  // namespace cutrans::opencl::test
