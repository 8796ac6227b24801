// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a code object says of itself: to HIP's loader in its metadata and descriptor, to our target in its record.
#include <gtest/gtest.h>

#include "tests/amdgpu/code_object.h"
#include "tests/ptx/run/compile_ptx.h"

namespace cutrans::test {
namespace {

constexpr char Head[] = ".version 8.0\n.target sm_80\n.address_size 64\n";

PtxArtifact compile(const std::string &text, const std::string &codegen, std::array<uint32_t, 3> block = {64, 1, 1}) {
  CompileOptions options;
  options.block = block;
  options.format = CT_AMDGPU_FORMAT;
  options.codegen = codegen;
  PtxModule module(Head + text);
  EXPECT_EQ(module.problems(), "");
  return module.compile("k", options);
}

const char Plain[] = R"(
.extern .shared .align 16 .b8 rest[];
.visible .entry k(.param .u64 out, .param .u32 n, .param .align 16 .b8 more[20])
{ .reg .u64 %a; .reg .u32 %x, %y;
  .shared .align 8 .b8 memory[200];
  ld.param.u64 %a, [out]; ld.param.u32 %x, [more+16]; mov.u32 %y, memory; add.u32 %x, %x, %y;
  st.shared.u32 [memory+4], %x; bar.sync 0; ld.shared.u32 %y, [rest]; add.u32 %x, %x, %y; st.global.u32 [%a], %x; ret; }
)";

TEST(AmdgpuReadBack, ArgumentsAreTheParametersAndTheLaunch) {
  PtxArtifact artifact = compile(Plain, "gpu=gfx90a");
  ASSERT_EQ(artifact.diagnostics, "");
  CodeObject object(artifact.bytes);
  ASSERT_EQ(object.error, "");
  EXPECT_EQ(object.name, CT_AMDGPU_KERNEL_NAME);
  EXPECT_EQ(object.symbol, CT_AMDGPU_KERNEL_NAME ".kd");
  EXPECT_EQ(object.abi, 3);  // code object version 5
  EXPECT_NE(object.target.find("gfx90a"), std::string::npos);
  // out 0-7, n 8-11, more 16-35; the record behind, on a multiple of 8.
  EXPECT_EQ(object.record.params_bytes, 36u);
  EXPECT_EQ(object.record.launch_offset, 40u);
  EXPECT_EQ(object.record.kernarg_bytes, 40u + sizeof(ct_amdgpu_launch));
  ASSERT_EQ(object.arguments.size(), 2u);
  EXPECT_EQ(object.arguments[0].offset, 0u);
  EXPECT_EQ(object.arguments[0].size, 36u);
  EXPECT_EQ(object.arguments[1].offset, 40u);
  EXPECT_EQ(object.arguments[1].size, sizeof(ct_amdgpu_launch));
  for (const CodeObject::Argument &argument : object.arguments) EXPECT_EQ(argument.kind, "by_value");
  EXPECT_EQ(object.numbers["kernarg_segment_size"], object.record.kernarg_bytes);
  EXPECT_GE(object.numbers["kernarg_segment_align"], 16u);
  EXPECT_TRUE(object.imports.empty());
}

TEST(AmdgpuReadBack, RecordMetadataAndDescriptorAgree) {
  for (const char *codegen : {"gpu=gfx906", "gpu=gfx942", "gpu=gfx1030;wave=64", "gpu=gfx1100", "gpu=gfx1201"}) {
    SCOPED_TRACE(codegen);
    PtxArtifact artifact = compile(Plain, codegen);
    ASSERT_EQ(artifact.diagnostics, "");
    CodeObject object(artifact.bytes);
    ASSERT_EQ(object.error, "");
    const ct_amdgpu_kernel &record = object.record;
    EXPECT_EQ(record.abi, CT_AMDGPU_ABI);
    EXPECT_EQ(record.struct_size, sizeof record);
    // 200 bytes, and the dynamic array begins at the next multiple of 16.
    EXPECT_EQ(record.static_shared_bytes, 208u);
    EXPECT_EQ(object.numbers["group_segment_fixed_size"], 208u);
    EXPECT_EQ(object.descriptor[0], 208u);
    EXPECT_EQ(object.descriptor[1], record.scratch_bytes);
    EXPECT_EQ(object.descriptor[2], record.kernarg_bytes);
    EXPECT_EQ(object.numbers["private_segment_fixed_size"], record.scratch_bytes);
    EXPECT_EQ(object.numbers["wavefront_size"], record.wave_size);
    EXPECT_EQ(object.numbers["vgpr_count"], record.vector_registers);
    EXPECT_GT(record.vector_registers, 0u);
    EXPECT_EQ(object.numbers["max_flat_workgroup_size"], 64u);
    EXPECT_EQ(record.max_threads, 64u);
    // compute_pgm_rsrc1: round to nearest (12-15), subnormals kept in all sizes (16-19).
    EXPECT_EQ(object.descriptor[12] >> 12 & 15, 0u);
    EXPECT_EQ(object.descriptor[12] >> 16 & 15, 15u);
    EXPECT_EQ(record.flags, 0u);
  }
}

TEST(AmdgpuReadBack, WaveSizes) {
  auto wave = [](const char *codegen) { return CodeObject(compile(Plain, codegen).bytes).record.wave_size; };
  EXPECT_EQ(wave("gpu=gfx90a:sramecc+:xnack-"), 64u);
  EXPECT_EQ(wave("gpu=gfx1100"), 32u);
  EXPECT_EQ(wave("gpu=gfx1100;wave=64"), 64u);
}

TEST(AmdgpuReadBack, UnknownMachinesAreRefused) {
  for (const char *codegen : {"", "gpu=gfx9999", "gpu=gfx803", "gpu=gfx90a;wave=32", "gpu=gfx1100;wave=16", "gpu=gfx1100;colour=red", "cpu=znver5", "gpu=gfx90a:fast+"}) {
    PtxArtifact artifact = compile(Plain, codegen);
    EXPECT_TRUE(artifact.bytes.empty()) << codegen;
    EXPECT_EQ(artifact.diagnostics.substr(0, 6), "CT1450") << codegen;
  }
}

TEST(AmdgpuReadBack, IrOnRequest) {
  EXPECT_EQ(CodeObject(compile(Plain, "gpu=gfx90a").bytes).ir, "");
  std::string ir = CodeObject(compile(Plain, "gpu=gfx90a;embed-ir=1").bytes).ir;
  EXPECT_EQ(ir.substr(0, 2), "BC");
}

TEST(AmdgpuReadBack, NoMoreSharedMemoryThanAGroupHas) {
  auto withBytes = [](const char *bytes) {
    return compile(std::string(".visible .entry k(.param .u64 out)\n{ .reg .u32 %x; .shared .align 4 .b8 memory[") + bytes +
                       "]; mov.u32 %x, memory; st.shared.u32 [%x+4], %x; ret; }\n",
                   "gpu=gfx90a");
  };
  EXPECT_EQ(CodeObject(withBytes("65536").bytes).record.static_shared_bytes, 65536u);
  PtxArtifact artifact = withBytes("65540");
  EXPECT_TRUE(artifact.bytes.empty());
  EXPECT_EQ(artifact.diagnostics.substr(0, 6), "CT1470");
}

TEST(AmdgpuReadBack, WhatALaunchMustBring) {
  auto flags = [](const char *body) {
    std::string text = ".extern .func (.param .b32 r) vprintf(.param .b64 f, .param .b64 a);\n.global .align 1 .b8 words[4] = {72, 105, 10, 0};\n"
                       ".visible .entry k(.param .u64 out)\n{ .reg .u64 %a, %b; .reg .u32 %x; .reg .pred %p;\n ld.param.u64 %a, [out];\n";
    PtxArtifact artifact = compile(text + body + "\n ret; }\n", "gpu=gfx1100");
    EXPECT_EQ(artifact.diagnostics, "");
    return CodeObject(artifact.bytes).record.flags;
  };
  EXPECT_EQ(flags("st.global.u64 [%a], %a;"), 0u);
  EXPECT_EQ(flags("trap;"), uint32_t(CT_AMDGPU_USES_MESSAGES));
  EXPECT_EQ(flags("mov.u64 %b, %globaltimer; st.global.u64 [%a], %b;"), uint32_t(CT_AMDGPU_USES_TIMER));
  EXPECT_EQ(flags("{ .param .b64 f; .param .b64 v; .param .b32 r; mov.u64 %b, words; st.param.b64 [f], %b; st.param.b64 [v], 0;"
                  " call.uni (r), vprintf, (f, v); }"),
            uint32_t(CT_AMDGPU_USES_MESSAGES));
  // What does not fit ends the grid.
  EXPECT_EQ(flags("alloca.u64 %b, 64; st.global.u64 [%a], %b;"), uint32_t(CT_AMDGPU_USES_STACK | CT_AMDGPU_USES_MESSAGES));
  // Its members may be missing, which ends the grid.
  EXPECT_EQ(flags("activemask.b32 %x; vote.sync.any.pred %p, 1, -1; @%p st.global.u32 [%a], %x;"), uint32_t(CT_AMDGPU_USES_MESSAGES));
}

}  // namespace
}  // namespace cutrans::test
