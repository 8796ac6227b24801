// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Texture and surface instructions through the whole compiler: each form's operands reach the sampler in their places, under masks, in
// gangs of every width. What the sampler computes is tests/unit/texture's subject; here it is the reference sampler's word.
#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "cutrans/targets/textures.h"
#include "tests/amdgpu/wave_runner.h"
#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/opencl_runner.h"
#include "tests/ptx/run/runner.h"
#include "tests/unit/texture/reference_sampler.h"

namespace cutrans::test {
namespace {

constexpr unsigned Threads = 45;  // no multiple of any width

// One thread's coordinates and results. Texture handles differ between odd and even threads where two are given.
struct Thread {
  float x, y, z, w;
  int i, j, k, layer;
  uint32_t out[4];
};

// `body` sees %rd1 (handle), %f1-%f4 (x y z w), %r1-%r4 (i j k layer) and leaves results in %r11-%r14. Threads with %p1 false do nothing.
std::string kernel(const std::string &body) {
  return R"(.version 9.0
.target sm_90
.address_size 64
.visible .entry k(.param .u64 even, .param .u64 odd, .param .u64 data) {
.reg .u64 %rd<20>; .reg .b32 %r<30>; .reg .f32 %f<30>; .reg .b16 %h<20>; .reg .pred %p<4>;
ld.param.u64 %rd2, [even];
ld.param.u64 %rd3, [odd];
ld.param.u64 %rd4, [data];
mov.u32 %r20, %tid.x;
and.b32 %r21, %r20, 1;
setp.eq.u32 %p2, %r21, 1;
selp.b64 %rd1, %rd3, %rd2, %p2;
rem.u32 %r22, %r20, 7;
setp.ne.u32 %p1, %r22, 3;
mad.wide.u32 %rd5, %r20, 48, %rd4;
ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd5];
ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd5+16];
@!%p1 bra done;
)" + body + R"(
st.global.v4.b32 [%rd5+32], {%r11, %r12, %r13, %r14};
done:
ret;
}
)";
}

bool works(unsigned thread) { return thread % 7 != 3; }

std::vector<Thread> threads(Random &random) {
  std::vector<Thread> made(Threads);
  auto real = [&] { return (float(random()) / 4294967296.f - 0.25f) * 2; };
  for (Thread &t : made) {
    t = {real(), real(), real(), real(), int(random() % 9) - 1, int(random() % 9) - 1, int(random() % 5), int(random() % 3), {}};
    for (uint32_t &word : t.out) word = 0x55555555;
  }
  return made;
}

// Where a kernel runs: as native code in gangs of one width, on an OpenCL device of this machine, or in waves of a chip that is imitated.
struct Way {
  uint32_t width = 0;
  std::string format = {}, codegen = {};  // empty: native code
};
void PrintTo(const Way &way, std::ostream *out) { *out << (way.format.empty() ? "width " + std::to_string(way.width) : way.format); }

// The other formats take compilers more than half a second: each has some of the cases, with CUTRANS_LONG=1 all.
std::vector<Way> ways(size_t turn = 0) {
  std::vector<Way> made{{1}, {8}, {16}, {32}};
  const bool all = std::getenv("CUTRANS_LONG") != nullptr;
  if (openclMissing().empty() && (all || turn % 4 == 0)) made.push_back({0, CT_OPENCL_FORMAT_SPIR, openclCodegen()});
  if (openclMissing().empty() && (all || turn % 8 == 0)) made.push_back({0, CT_OPENCL_FORMAT_C, openclCodegen()});
  if (all || turn % 4 == 0 || turn % 4 == 2) made.push_back({0, CT_AMDGPU_FORMAT, turn % 4 ? "gpu=gfx1100;embed-ir=2" : "gpu=gfx90a;embed-ir=2"});
  return made;
}

// What a kernel with this handle may touch.
void addBuffers(uint64_t handle, std::vector<std::pair<const void *, size_t>> &buffers) {
  if (!handle) return;
  const auto &t = *reinterpret_cast<const ct_texture *>(handle);
  buffers.emplace_back(&t, sizeof t);
  for (uint32_t i = 0; i < t.levels; ++i) {
    const ct_texture_level &level = t.level[i];
    const uint64_t slices = uint64_t{t.layers} * (t.shape == CT_SHAPE_CUBE ? 6 : 1) * level.depth, texel = t.channels * t.bits / 8u;
    buffers.emplace_back(reinterpret_cast<const void *>(level.address), (slices - 1) * level.slice_pitch + (level.height - 1) * level.row_pitch + level.width * texel);
  }
}

Outcome launch(const PtxArtifact &artifact, const Launch &launch, std::vector<std::pair<const void *, size_t>> buffers, const Way &way) {
  std::string error;
  if (way.format == CT_AMDGPU_FORMAT) {
    CodeObject object(artifact.bytes);
    error = object.error;
    WaveLaunch waves;
    static_cast<Launch &>(waves) = launch;
    waves.buffers = std::move(buffers);
    if (error.empty()) return runInWaves(object, waves);
  } else if (!way.format.empty()) {
    OpenclArtifact loaded(artifact.bytes, way.format);
    error = loaded.error();
    if (error.empty()) return loaded.run(launch);
  } else {
    Artifact loaded(artifact.bytes);
    error = loaded.error();
    if (error.empty()) return loaded.run(launch);
  }
  return {false, error, ""};
}

// The message of a fault, or "".
std::string run(const std::string &body, uint64_t even, uint64_t odd, std::vector<Thread> &data, const Way &way) {
  PtxModule module(kernel(body));
  EXPECT_EQ(module.problems(), "");
  CompileOptions options;
  options.block = {Threads, 1, 1};
  options.gangWidth = way.width;
  if (!way.format.empty()) options.format = way.format, options.codegen = way.codegen;
  PtxArtifact artifact = module.compile("k", options);
  EXPECT_EQ(artifact.diagnostics, "") << body;
  if (artifact.bytes.empty()) return "";
  Launch launch;
  launch.block = {Threads, 1, 1};
  uint64_t params[3] = {even, odd, reinterpret_cast<uint64_t>(data.data())};
  launch.params.resize(sizeof params);
  std::memcpy(launch.params.data(), params, sizeof params);
  std::vector<std::pair<const void *, size_t>> buffers{{data.data(), data.size() * sizeof(Thread)}};
  addBuffers(even, buffers);
  addBuffers(odd, buffers);
  Outcome outcome = test::launch(artifact, launch, std::move(buffers), way);
  return outcome.ok ? "" : outcome.problem;
}

std::vector<Thread> after(const std::string &body, uint64_t even, uint64_t odd, std::vector<Thread> data, const Way &way) {
  EXPECT_EQ(run(body, even, odd, data, way), "");
  return data;
}

using Expected = std::array<uint32_t, 4>;

// Images of one shape, read as floats, filtered; two handles.
struct Pair {
  Image images[2];
  Stored first, second;

  static Image make(Random &random, Shape shape, bool mipmapped) {
    for (;;) {
      Image image = randomImage(random, shape, mipmapped);
      ct_texture &t = image.description;
      if (t.format != CT_TEXEL_UNSIGNED || t.bits > 16 || t.channels != 4) continue;
      t.flags |= CT_TEXTURE_READ_FLOAT | CT_TEXTURE_NORMALIZED;
      t.flags &= ~uint32_t(CT_TEXTURE_SRGB);
      t.filter = CT_FILTER_LINEAR;
      return image;
    }
  }
  Pair(Random &random, Shape shape, bool mipmapped)
      : images{make(random, shape, mipmapped), make(random, shape, mipmapped)}, first(images[0]), second(images[1]) {}
};

struct Form {
  const char *name;
  const char *text;  // to %r11..%r14
  Shape shape;
  bool mipmapped;
  std::function<Expected(const Image &, const Thread &)> expected;
};

Expected sampled(const Image &image, const Fetch &fetch) { return referenceSample(image, fetch).bits; }
Fetch at(const Thread &t) { return {{t.x, t.y, t.z}, {}, uint32_t(t.layer), {}, {}, {}}; }
uint32_t half(uint32_t bits) { return std::bit_cast<uint16_t>(_Float16(std::bit_cast<float>(bits))); }

const Form Forms[] = {
    {"1d", "tex.1d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1}];", {CT_SHAPE_1D, false}, false,
     [](auto &image, auto &t) { return sampled(image, at(t)); }},
    {"2d", "tex.2d.v4.s32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2}];", {CT_SHAPE_2D, false}, false,
     [](auto &image, auto &t) { return sampled(image, at(t)); }},
    {"2d_f32", "tex.2d.v4.f32.f32 {%f11,%f12,%f13,%f14}, [%rd1, {%f1,%f2}]; mov.b32 %r11,%f11; mov.b32 %r12,%f12; mov.b32 %r13,%f13; mov.b32 %r14,%f14;",
     {CT_SHAPE_2D, false}, false, [](auto &image, auto &t) { return sampled(image, at(t)); }},
    {"2d_resident", "tex.2d.v4.u32.f32 {%r11,%r12,%r13,%r14}|%p3, [%rd1, {%f1,%f2}]; selp.b32 %r14, 7, 8, %p3;", {CT_SHAPE_2D, false}, false,
     [](auto &image, auto &t) { Expected e = sampled(image, at(t)); e[3] = 7; return e; }},
    {"2d_half", "tex.2d.v4.f16.f32 {%h1,%h2,%h3,%h4}, [%rd1, {%f1,%f2}]; cvt.u32.u16 %r11,%h1; cvt.u32.u16 %r12,%h2; cvt.u32.u16 %r13,%h3; cvt.u32.u16 %r14,%h4;",
     {CT_SHAPE_2D, false}, false, [](auto &image, auto &t) { Expected e = sampled(image, at(t)); for (uint32_t &v : e) v = half(v); return e; }},
    {"2d_halves", "tex.2d.v2.f16x2.f32 {%r11,%r12}, [%rd1, {%f1,%f2}]; mov.u32 %r13, 0; mov.u32 %r14, 0;", {CT_SHAPE_2D, false}, false,
     [](auto &image, auto &t) { Expected e = sampled(image, at(t)); return Expected{half(e[0]) | half(e[1]) << 16, half(e[2]) | half(e[3]) << 16, 0, 0}; }},
    {"2d_part", "mov.u32 %r12, 1; mov.u32 %r14, 2; tex.2d.v4.u32.f32 {%r11,_,%r13,_}, [%rd1, {%f1,%f2}];", {CT_SHAPE_2D, false}, false,
     [](auto &image, auto &t) { Expected e = sampled(image, at(t)); e[1] = 1, e[3] = 2; return e; }},
    {"2d_offset", "tex.2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2}], {%r4,-8};", {CT_SHAPE_2D, false}, false,
     [](auto &image, auto &t) { Fetch f = at(t); f.offset = {t.layer, -8, 0}; return sampled(image, f); }},
    {"1d_offset", "tex.1d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1}], {-2};", {CT_SHAPE_1D, false}, false,
     [](auto &image, auto &t) { Fetch f = at(t); f.offset = {-2, 0, 0}; return sampled(image, f); }},
    {"3d", "tex.3d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2,%f3,%f3}];", {CT_SHAPE_3D, false}, false,
     [](auto &image, auto &t) { return sampled(image, at(t)); }},
    {"3d_offset", "tex.3d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2,%f3,%f3}], {1,-1,2,0};", {CT_SHAPE_3D, false}, false,
     [](auto &image, auto &t) { Fetch f = at(t); f.offset = {1, -1, 2}; return sampled(image, f); }},
    {"a1d", "tex.a1d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%r4,%f1}];", {CT_SHAPE_1D, true}, false,
     [](auto &image, auto &t) { return sampled(image, at(t)); }},
    {"a2d", "tex.a2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%r4,%f1,%f2,%f2}];", {CT_SHAPE_2D, true}, false,
     [](auto &image, auto &t) { return sampled(image, at(t)); }},
    {"cube", "tex.cube.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2,%f3,%f4}];", {CT_SHAPE_CUBE, false}, false,
     [](auto &image, auto &t) { return sampled(image, at(t)); }},
    {"acube", "tex.acube.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%r4,%f1,%f2,%f3}];", {CT_SHAPE_CUBE, true}, false,
     [](auto &image, auto &t) { return sampled(image, at(t)); }},
    {"base", "tex.base.2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2}];", {CT_SHAPE_2D, false}, true,
     [](auto &image, auto &t) { return sampled(image, at(t)); }},
    {"level", "tex.level.2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2}], %f4;", {CT_SHAPE_2D, false}, true,
     [](auto &image, auto &t) { Fetch f = at(t); f.lod = t.w; return sampled(image, f); }},
    {"level_offset", "tex.level.a2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%r4,%f1,%f2,%f2}], 0f3F800000, {1,2};", {CT_SHAPE_2D, true}, true,
     [](auto &image, auto &t) { Fetch f = at(t); f.lod = 1.f; f.offset = {1, 2, 0}; return sampled(image, f); }},
    {"grad", "tex.grad.2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2}], {0f3E800000,0f00000000}, {0f00000000,0f3E000000};", {CT_SHAPE_2D, false}, true,
     [](auto &image, auto &t) { Fetch f = at(t); f.derivatives = {{{{0.25f, 0, 0}, {0, 0.125f, 0}}}}; return sampled(image, f); }},
    {"grad_3d", "tex.grad.3d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2,%f3,%f3}], {0f00000000,0f00000000,0f3F000000,0f41200000}, {0f00000000,0f00000000,0f00000000,0f00000000};",
     {CT_SHAPE_3D, false}, true, [](auto &image, auto &t) { Fetch f = at(t); f.derivatives = {{{{0, 0, 0.5f}, {0, 0, 0}}}}; return sampled(image, f); }},
    {"fetch_1d", "tex.1d.v4.u32.s32 {%r11,%r12,%r13,%r14}, [%rd1, {%r1}];", {CT_SHAPE_1D, false}, false,
     [](auto &image, auto &t) { return referenceFetch(image, {t.i, 0, 0}, 0, 0); }},
    {"fetch_linear", "tex.1d.v4.u32.s32 {%r11,%r12,%r13,%r14}, [%rd1, %r1];", {CT_SHAPE_LINEAR, false}, false,
     [](auto &image, auto &t) { return referenceFetch(image, {t.i, 0, 0}, 0, 0); }},
    {"fetch_3d", "tex.3d.v4.u32.s32 {%r11,%r12,%r13,%r14}, [%rd1, {%r1,%r2,%r3,%r3}];", {CT_SHAPE_3D, false}, false,
     [](auto &image, auto &t) { return referenceFetch(image, {t.i, t.j, t.k}, 0, 0); }},
    {"fetch_level", "tex.level.a2d.v4.u32.s32 {%r11,%r12,%r13,%r14}, [%rd1, {%r4,%r1,%r2,%r2}], %r4;", {CT_SHAPE_2D, true}, true,
     [](auto &image, auto &t) { return referenceFetch(image, {t.i, t.j, 0}, uint32_t(t.layer), t.layer); }},
    {"2dms", "tex.2dms.v4.u32.s32 {%r11,%r12,%r13,%r14}, [%rd1, {%r4,%r1,%r2,%r2}];", {CT_SHAPE_2D, false}, false,
     [](auto &image, auto &t) { return referenceFetch(image, {t.i, t.j, 0}, 0, 0); }},
    {"a2dms", "tex.a2dms.v4.u32.s32 {%r11,%r12,%r13,%r14}, [%rd1, {%r4,%r3,%r1,%r2}];", {CT_SHAPE_2D, true}, false,
     [](auto &image, auto &t) { return referenceFetch(image, {t.i, t.j, 0}, uint32_t(t.layer), 0); }},
    {"gather_r", "tld4.r.2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2}];", {CT_SHAPE_2D, false}, false,
     [](auto &image, auto &t) { return referenceGather(image, at(t), 0); }},
    {"gather_g", "tld4.g.a2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%r4,%f1,%f2,%f2}], {%r4,3};", {CT_SHAPE_2D, true}, false,
     [](auto &image, auto &t) { Fetch f = at(t); f.offset = {t.layer, 3, 0}; return referenceGather(image, f, 1); }},
    {"gather_b", "tld4.b.cube.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2,%f3,%f3}];", {CT_SHAPE_CUBE, false}, false,
     [](auto &image, auto &t) { return referenceGather(image, at(t), 2); }},
    {"gather_a", "tld4.a.acube.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%r4,%f1,%f2,%f3}];", {CT_SHAPE_CUBE, true}, false,
     [](auto &image, auto &t) { return referenceGather(image, at(t), 3); }},
    {"queries", "txq.width.b32 %r11, [%rd1]; txq.level.height.b32 %r12, [%rd1], 1; txq.array_size.b32 %r13, [%rd1]; txq.num_mipmap_levels.b32 %r14, [%rd1];",
     {CT_SHAPE_2D, true}, true,
     [](auto &image, auto &) {
       const Image::Level &second = image.levels[std::min<size_t>(1, image.levels.size() - 1)];
       return Expected{image.levels[0].width, second.height, image.description.layers, uint32_t(image.levels.size())};
     }},
    {"istypep", "istypep.texref %p3, %rd1; selp.b32 %r11, 1, 0, %p3; istypep.surfref %p3, %rd1; selp.b32 %r12, 1, 0, %p3; istypep.samplerref %p3, %rd1; selp.b32 "
     "%r13, 1, 0, %p3; txq.normalized_coords.b32 %r14, [%rd1];", {CT_SHAPE_2D, false}, false, [](auto &, auto &) { return Expected{1, 0, 0, 1}; }},
};

class TextureForm : public testing::TestWithParam<size_t> {};

TEST_P(TextureForm, ReachesTheSampler) {
  const Form &form = Forms[GetParam()];
  Random random(unsigned(GetParam()) + 1);
  Pair pair(random, form.shape, form.mipmapped);
  std::vector<Thread> before = threads(random);
  // Two textures in one gang, and one: the sampler has a way of its own for that.
  std::vector<std::pair<Way, unsigned>> all{{{16}, 1}};
  for (const Way &way : ways(GetParam())) all.push_back({way, 2});
  for (auto [way, textures] : all) {
    std::vector<Thread> after = test::after(form.text, pair.first.handle(), textures == 2 ? pair.second.handle() : pair.first.handle(), before, way);
    for (unsigned i = 0; i < Threads; ++i) {
      Expected expected = works(i) ? form.expected(pair.images[i % textures], before[i]) : std::to_array(before[i].out);
      for (unsigned c = 0; c < 4; ++c)
        ASSERT_LE(std::abs(int(after[i].out[c] - expected[c])), form.shape.shape == CT_SHAPE_CUBE ? 1 : 0) << testing::PrintToString(way) << ", thread " << i << ", word " << c;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ptx, TextureForm, testing::Range<size_t>(0, std::size(Forms)), [](auto &info) { return std::string(Forms[info.param].name); });

TEST(TextureForm, ReferenceValues) {
  Random random(99);
  Image image = randomImage(random, {CT_SHAPE_2D, false}, false);
  ct_texture &t = image.description;
  t.format = CT_TEXEL_FLOAT, t.bits = 32, t.channels = 1, t.compare = CT_COMPARE_LESS_EQUAL, t.flags |= CT_TEXTURE_NORMALIZED;
  image.levels[0].raw.resize(image.levels[0].width * image.levels[0].height);
  for (uint32_t &raw : image.levels[0].raw) raw = std::bit_cast<uint32_t>(float(random() % 100) / 100);
  Stored stored(image);
  std::vector<Thread> before = threads(random);
  const char *Texts[] = {"tex.2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2}], %f3;", "tex.level.2d.v4.u32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2}], 0f00000000, {0,0}, %f3;"};
  for (const char *text : Texts)
    for (const Way &way : ways(1)) {
      std::vector<Thread> after = test::after(text, stored.handle(), stored.handle(), before, way);
      for (unsigned i = 0; i < Threads; ++i) {
        Fetch fetch = at(before[i]);
        fetch.reference = before[i].z;
        if (works(i)) { ASSERT_EQ(after[i].out[0], referenceSample(image, fetch).bits[0]) << "thread " << i; }
      }
    }
}

// Thread 1 is the first that has no texture.
TEST(TextureForm, AHandleThatIsNoneEndsTheKernel) {
  Random random(7);
  Pair pair(random, {CT_SHAPE_2D, false}, false);
  for (const Way &way : ways()) {
    std::vector<Thread> data = threads(random);
    const std::string problem = run("tex.2d.v4.s32.f32 {%r11,%r12,%r13,%r14}, [%rd1, {%f1,%f2}];", pair.first.handle(), 0, data, way);
    const uint32_t code = CT_TEXTURE_BAD_HANDLE | 19u << CT_NATIVE_TRAP_LINE_SHIFT;
    if (way.format.empty()) EXPECT_EQ(problem, "texture fault " + std::to_string(CT_TEXTURE_BAD_HANDLE) + " in thread 1");
    else EXPECT_EQ(problem, "trap " + std::to_string(code) + " in thread 1");
  }
}

// ---- surfaces: each thread has its own place ----

struct SurfaceForm {
  const char *name, *text;
  std::function<void(std::vector<uint32_t> &texels, Thread &)> effect;  // texels of 16 bytes, one for each thread
};

const SurfaceForm SurfaceForms[] = {
    {"b32", "mul.lo.u32 %r5, %r20, 16; suld.b.1d.b32.trap %r11, [%rd1, {%r5}]; mov.b32 %r12, 0; mov.b32 %r13, 0; mov.b32 %r14, 0; sust.b.1d.b32.trap [%rd1, {%r5}], %r2;",
     [](auto &texel, auto &t) { t.out[0] = texel[0]; t.out[1] = t.out[2] = t.out[3] = 0; texel[0] = uint32_t(t.j); }},
    {"v4_b32", "mul.lo.u32 %r5, %r20, 16; suld.b.1d.v4.b32.trap {%r11,%r12,%r13,%r14}, [%rd1, {%r5}]; sust.b.1d.v4.b32.trap [%rd1, {%r5}], {%r1,%r2,%r3,%r4};",
     [](auto &texel, auto &t) { for (int c = 0; c < 4; ++c) t.out[c] = texel[c]; texel = {uint32_t(t.i), uint32_t(t.j), uint32_t(t.k), uint32_t(t.layer)}; }},
    {"v2_b64", "mul.lo.u32 %r5, %r20, 16; suld.b.1d.v2.b64.zero {%rd10,%rd11}, [%rd1, {%r5}]; mov.b64 {%r11,%r12}, %rd10; mov.b64 {%r13,%r14}, %rd11; sust.b.1d.v2.b64.zero [%rd1, {%r5}], {%rd11,%rd10};",
     [](auto &texel, auto &t) { for (int c = 0; c < 4; ++c) t.out[c] = texel[c]; std::swap(texel[0], texel[2]); std::swap(texel[1], texel[3]); }},
    {"v4_b8", "mad.lo.u32 %r5, %r20, 16, 4; suld.b.1d.v4.b8.clamp {%h1,%h2,%h3,%h4}, [%rd1, {%r5}]; cvt.u32.u16 %r11,%h1; cvt.u32.u16 %r12,%h2; cvt.u32.u16 %r13,%h3; cvt.u32.u16 %r14,%h4; sust.b.1d.v4.b8.clamp [%rd1, {%r5}], {%h4,%h3,%h2,%h1};",
     [](auto &texel, auto &t) { for (int c = 0; c < 4; ++c) t.out[c] = texel[1] >> 8 * c & 0xff; texel[1] = __builtin_bswap32(texel[1]); }},
    {"v2_b16", "mad.lo.u32 %r5, %r20, 16, 12; suld.b.1d.v2.b16.trap {%h1,%h2}, [%rd1, {%r5}]; cvt.u32.u16 %r11,%h1; cvt.u32.u16 %r12,%h2; mov.b32 %r13, 0; mov.b32 %r14, 0; sust.b.1d.v2.b16.trap [%rd1, {%r5}], {%h2,%h1};",
     [](auto &texel, auto &t) { t.out[0] = texel[3] & 0xffff; t.out[1] = texel[3] >> 16; t.out[2] = t.out[3] = 0; texel[3] = texel[3] << 16 | texel[3] >> 16; }},
    {"p", "mov.b32 %r11, 0; mov.b32 %r12, 0; mov.b32 %r13, 0; mov.b32 %r14, 0; sust.p.1d.v2.b32.trap [%rd1, {%r20}], {%r1,%r2};",
     [](auto &texel, auto &t) { for (uint32_t &v : t.out) v = 0; texel = {uint32_t(t.i), uint32_t(t.j), 0, 0}; }},
    {"reduce", "mul.lo.u32 %r5, %r20, 16; mov.b32 %r11, 0; mov.b32 %r12, 0; mov.b32 %r13, 0; mov.b32 %r14, 0; sured.b.min.1d.s32.trap [%rd1, {%r5}], %r1; add.u32 %r5, %r5, 4; sured.b.or.1d.b32.trap [%rd1, {%r5}], %r3; add.u32 %r5, %r5, 4; mov.b64 %rd10, {%r4,%r4}; sured.b.add.1d.u64.trap [%rd1, {%r5}], %rd10;",
     [](auto &texel, auto &t) {
       for (uint32_t &v : t.out) v = 0;
       texel[0] = uint32_t(std::min(int(texel[0]), t.i)), texel[1] |= uint32_t(t.k);
       uint64_t sum = (texel[2] | uint64_t(texel[3]) << 32) + (uint64_t(uint32_t(t.layer)) << 32 | uint32_t(t.layer));
       texel[2] = uint32_t(sum), texel[3] = uint32_t(sum >> 32);
     }},
    {"queries", "suq.width.b32 %r11, [%rd1]; suq.channel_data_type.b32 %r12, [%rd1]; suq.channel_order.b32 %r13, [%rd1]; suq.memory_layout.b32 %r14, [%rd1];",
     [](auto &, auto &t) { t.out[0] = Threads; t.out[1] = 0x10DC; t.out[2] = 0x10B5; t.out[3] = 0; }},
};

class SurfaceRun : public testing::TestWithParam<size_t> {};

TEST_P(SurfaceRun, LandsInPlace) {
  const SurfaceForm &form = SurfaceForms[GetParam()];
  Random random(unsigned(GetParam()) + 50);
  Image image = randomImage(random, {CT_SHAPE_1D, false}, false);
  ct_texture &d = image.description;
  d.kind = CT_TEXTURE_SURFACE, d.format = CT_TEXEL_UNSIGNED, d.bits = 32, d.channels = 4, d.flags = 0;
  image.levels = {{Threads, 1, 1, {}}};
  for (unsigned i = 0; i < Threads * 4; ++i) image.levels[0].raw.push_back(random());
  std::vector<Thread> before = threads(random);
  for (const Way &way : ways(GetParam() % 2 * 2)) {
    Stored stored(image);
    std::vector<Thread> after = test::after(form.text, stored.handle(), stored.handle(), before, way);
    for (unsigned i = 0; i < Threads; ++i) {
      std::vector<uint32_t> texel(image.levels[0].raw.begin() + 4 * i, image.levels[0].raw.begin() + 4 * i + 4);
      Thread expected = before[i];
      if (works(i)) form.effect(texel, expected);
      for (unsigned c = 0; c < 4; ++c) {
        ASSERT_EQ(after[i].out[c], expected.out[c]) << testing::PrintToString(way) << ", thread " << i << ", word " << c;
        ASSERT_EQ(stored.element(image, 0, i, 0, 0, c), texel[c]) << testing::PrintToString(way) << ", thread " << i << ", element " << c;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ptx, SurfaceRun, testing::Range<size_t>(0, std::size(SurfaceForms)), [](auto &info) { return std::string(SurfaceForms[info.param].name); });

}  // namespace
}  // namespace cutrans::test
