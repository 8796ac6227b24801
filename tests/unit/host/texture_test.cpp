// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The texture service: results, and its faults as errors of the launch.
#include <cutrans/texture.h>
#include <cutrans/texture_ops.h>

#include <array>

#include "host_fixture.h"

namespace cutrans::host::test {
namespace {

struct Params {
  uint64_t form, handle, x;
  uint32_t *out;
};

class HostTexture : public testing::Test {
 protected:
  HostTexture() {
    record.magic = CT_TEXTURE_MAGIC;
    record.struct_size = sizeof record;
    record.kind = CT_TEXTURE_SAMPLED;
    record.shape = CT_SHAPE_LINEAR;
    record.bits = 32;
    record.channels = record.samples = 1;
    record.levels = record.layers = 1;
    record.level[0] = {reinterpret_cast<uint64_t>(texels.data()), sizeof texels, 0, uint32_t(texels.size()), 1, 1, 0};
  }
  ct_status run(uint64_t form, uint64_t handle, uint64_t x) {
    ct_queue *queue = host.queue();
    EXPECT_EQ(host.launch(queue, host.kernel("texture"), Params{form, handle, x, &out}, 2, 1), CT_OK);
    return host.synchronize(queue);
  }
  uint64_t handle() const { return reinterpret_cast<uint64_t>(&record); }

  Host host;
  std::array<uint32_t, 5> texels{10, 11, 12, 13, 14};
  alignas(CT_TEXTURE_ALIGN) ct_texture record{};
  uint32_t out = 99;
};

constexpr uint64_t Fetch = CT_TEX_1D | CT_TEX_INTEGER;
constexpr uint64_t Load = uint64_t{CT_TEX_LOAD} << CT_TEX_OP_SHIFT | CT_TEX_1D | 4 << CT_SURF_BYTES_SHIFT;

TEST_F(HostTexture, Fetches) {
  EXPECT_EQ(run(Fetch, handle(), 4), CT_OK);
  EXPECT_EQ(out, 14u);
  EXPECT_EQ(run(Fetch, handle(), 5), CT_OK);
  EXPECT_EQ(out, 0u);
}

// The thread is lane 3 of a gang that begins with thread 16.
TEST_F(HostTexture, NoHandle) {
  EXPECT_EQ(run(Fetch, 0, 0), CT_ERR_ILLEGAL_ADDRESS);
  ASSERT_EQ(host.reports().size(), 1u);
  EXPECT_EQ(host.reports()[0].substr(0, 6), "CT3120") << host.reports()[0];
  EXPECT_NE(host.reports()[0].find("thread 19"), std::string::npos) << host.reports()[0];
}

TEST_F(HostTexture, DestroyedHandle) {
  record.magic = 0;
  EXPECT_EQ(run(Fetch, handle(), 0), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(host.reports()[0].substr(0, 6), "CT3120");
}

TEST_F(HostTexture, HandleThatIsAnAddressOfNothing) {
  EXPECT_EQ(run(Fetch, 0x40, 0), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(host.reports()[0].substr(0, 6), "CT3100");
}

TEST_F(HostTexture, OtherDimensions) {
  EXPECT_EQ(run(CT_TEX_2D, handle(), 0), CT_ERR_LAUNCH);
  EXPECT_EQ(host.reports()[0].substr(0, 6), "CT3121");
}

TEST_F(HostTexture, OutsideOfASurface) {
  record.kind = CT_TEXTURE_SURFACE, record.shape = CT_SHAPE_1D;
  EXPECT_EQ(run(Load, handle(), 16), CT_OK);
  EXPECT_EQ(out, 14u);
  EXPECT_EQ(run(Load, handle(), 20), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(host.reports()[0].substr(0, 6), "CT3122");
}

TEST_F(HostTexture, MisalignedSurfaceAccess) {
  record.kind = CT_TEXTURE_SURFACE, record.shape = CT_SHAPE_1D;
  EXPECT_EQ(run(Load, handle(), 2), CT_ERR_MISALIGNED);
  EXPECT_EQ(host.reports()[0].substr(0, 6), "CT3123");
}

TEST_F(HostTexture, ReferenceValueOfNoDepthTexture) {
  EXPECT_EQ(run(Fetch | CT_TEX_COMPARE, handle(), 0), CT_ERR_LAUNCH);
  EXPECT_EQ(host.reports()[0].substr(0, 6), "CT3124");
}

}  // namespace
}  // namespace cutrans::host::test
