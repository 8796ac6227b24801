// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The compiler's C door as the runtime uses it, with a stand-in for the code generator (fake_codegen.cpp).
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "cutrans/compiler.h"

namespace {

namespace fs = std::filesystem;

constexpr char kPtx[] = R"(.version 9.0
.target sm_75
.address_size 64
.visible .global .align 8 .u32 counter[2] = {1, 2};
.const .u64 where = counter;
.visible .entry add(.param .u64 a, .param .u32 b)
.maxntid 128, 1, 1
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<3>;
  .shared .align 16 .b8 tile[100];
  .local .align 4 .b8 stack[12];
  ld.param.u64 %rd1, [a];
  ld.global.u32 %r1, [%rd1];
  add.u32 %r2, %r1, 1;
  st.global.u32 [%rd1], %r2;
  ret;
}
.entry exact() .reqntid 32, 2 { ret; }
.entry refused() { ret; }
.entry slow() { ret; }
.entry broken() { frobnicate; }
)";

struct Heard {
  std::vector<std::string> lines;
  ctc_sink sink = {this, [](void *ctx, const char *code, const char *text) {
                     static_cast<Heard *>(ctx)->lines.push_back(std::string(code) + ": " + text);
                   }};
};

const ctc_api &api() {
  static const ctc_api *const table = [] {
    void *library = dlopen(CUTRANS_TEST_COMPILER, RTLD_NOW | RTLD_LOCAL);
    if (!library) ADD_FAILURE() << dlerror();
    return reinterpret_cast<ctc_query_fn>(dlsym(library, CTC_QUERY_SYMBOL))(CTC_ABI);
  }();
  return *table;
}

int compiles() {
  void *library = dlopen(CUTRANS_TEST_CODEGEN, RTLD_NOW | RTLD_NOLOAD);
  if (!library) return 0;
  return reinterpret_cast<int (*)()>(dlsym(library, "fake_codegen_compiles"))();
}

class Door : public testing::Test {
 protected:
  Door() {
    std::string name = (fs::temp_directory_path() / "cutrans-door-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    options_.struct_size = sizeof options_;
    options_.cache_dir = folder_.c_str();
  }
  ~Door() override {
    if (module_) api().module_destroy(module_);
    fs::remove_all(folder_);
  }

  ctc_status load(const std::string &text) {
    if (module_) api().module_destroy(module_);
    module_ = nullptr;
    ctc_unit unit = {"test.cu", text.data(), text.size()};
    return api().module_create(&unit, 1, &options_, &heard_.sink, &module_);
  }

  struct Artifact {
    ctc_status status;
    std::string text, path;
    bool from_cache = false;
  };
  Artifact compile(const char *kernel, std::vector<uint32_t> block = {32, 1, 1}, const char *codegen = "cpu=x",
                   const char *format = "text", const char *then = nullptr) {
    const char *formats[] = {"other", format, then, nullptr};
    ctc_request request{};
    request.struct_size = sizeof request;
    request.kernel = kernel;
    request.formats = formats;
    request.codegen = codegen;
    std::copy(block.begin(), block.end(), request.block);
    ctc_artifact *artifact = nullptr;
    Artifact out{api().compile(module_, &request, &heard_.sink, &artifact), "", ""};
    if (out.status != CTC_OK) return out;
    ctc_artifact_info info{};
    info.struct_size = sizeof info;
    api().artifact_info(artifact, &info);
    out.path = info.path ? info.path : "";
    out.from_cache = info.from_cache;
    if (info.bytes) {
      out.text.assign(static_cast<const char *>(info.bytes), info.size);
    } else {
      std::ifstream in(out.path, std::ios::binary);
      out.text.resize(info.size);
      in.read(out.text.data(), static_cast<std::streamsize>(info.size));
    }
    api().artifact_destroy(artifact);
    return out;
  }

  std::string folder_;
  ctc_options options_{};
  Heard heard_;
  ctc_module *module_ = nullptr;
};

TEST_F(Door, DescribesKernels) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  EXPECT_EQ(api().kernel_count(module_), 5u);
  size_t index = 99;
  ASSERT_EQ(api().kernel_find(module_, "add", &index), CTC_OK);
  EXPECT_EQ(api().kernel_find(module_, "sub", &index), CTC_ERR_NOT_FOUND);
  ctc_kernel info{};
  info.struct_size = sizeof info;
  ASSERT_EQ(api().kernel_info(module_, index, &info), CTC_OK);
  EXPECT_STREQ(info.name, "add");
  ASSERT_EQ(info.param_count, 2u);
  EXPECT_EQ(info.params[1].offset, 8u);
  EXPECT_EQ(info.params[1].size, 4u);
  EXPECT_EQ(info.params_size, 12u);
  EXPECT_EQ(info.static_shared_bytes, 100u);
  EXPECT_EQ(info.local_bytes, 12u);
  EXPECT_EQ(info.max_threads, 128u);
  EXPECT_EQ(info.required_block[0], 0u);
  EXPECT_GE(info.registers, 8u);
  EXPECT_LE(info.registers, 32u);
  EXPECT_EQ(info.ptx_version, 90u);
  EXPECT_EQ(info.target_sm, 75u);
  EXPECT_EQ(api().kernel_info(module_, 77, &info), CTC_ERR_NOT_FOUND);
}

TEST_F(Door, DescribesVariables) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  ASSERT_EQ(api().variable_count(module_), 2u);
  ctc_variable v{};
  v.struct_size = sizeof v;
  ASSERT_EQ(api().variable_info(module_, 0, &v), CTC_OK);
  EXPECT_STREQ(v.name, "counter");
  EXPECT_EQ(v.size, 8u);
  EXPECT_EQ(v.flags, CTC_VARIABLE_VISIBLE);
  ctc_image image{};
  image.struct_size = sizeof image;
  ASSERT_EQ(api().image(module_, &image), CTC_OK);
  EXPECT_EQ(image.relocation_count, 1u);
  EXPECT_EQ(static_cast<const char *>(image.initial)[v.offset + 4], 2);
}

TEST_F(Door, CompilesAndRemembers) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  Artifact first = compile("add");
  ASSERT_EQ(first.status, CTC_OK);
  EXPECT_EQ(first.text, "add cpu=x 32 1 1");
  EXPECT_FALSE(first.from_cache);
  EXPECT_TRUE(fs::exists(first.path));
  int before = compiles();
  ASSERT_EQ(load(kPtx), CTC_OK);
  Artifact again = compile("add");
  EXPECT_TRUE(again.from_cache);
  EXPECT_EQ(again.text, first.text);
  EXPECT_EQ(compiles(), before);
  // Whatever goes in makes another artifact.
  EXPECT_FALSE(compile("add", {64, 1, 1}).from_cache);
  EXPECT_FALSE(compile("add", {0, 0, 0}).from_cache);
  EXPECT_FALSE(compile("add", {32, 1, 1}, "cpu=y").from_cache);
  ASSERT_EQ(load(std::string(kPtx) + "\n"), CTC_OK);
  EXPECT_FALSE(compile("add").from_cache);
  EXPECT_TRUE(heard_.lines.empty()) << heard_.lines[0];
}

TEST_F(Door, CompilesAgainWhenTheFileIsDamaged) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  Artifact first = compile("add");
  fs::resize_file(first.path, 5);
  Artifact again = compile("add");
  EXPECT_EQ(again.status, CTC_OK);
  EXPECT_FALSE(again.from_cache);
  EXPECT_EQ(again.text, first.text);
  EXPECT_TRUE(compile("add").from_cache);
}

TEST_F(Door, WorksWithoutACache) {
  options_.cache_dir = nullptr;
  ASSERT_EQ(load(kPtx), CTC_OK);
  Artifact artifact = compile("add");
  EXPECT_EQ(artifact.text, "add cpu=x 32 1 1");
  EXPECT_EQ(artifact.path, "");
}

TEST_F(Door, AnUnwritableCacheIsOneWarning) {
  std::string file = folder_ + "/file";
  std::ofstream(file) << "x";
  std::string folder = file + "/cache";
  options_.cache_dir = folder.c_str();
  ASSERT_EQ(load(kPtx), CTC_OK);
  EXPECT_EQ(compile("add").status, CTC_OK);
  EXPECT_EQ(compile("add", {64, 1, 1}).status, CTC_OK);
  ASSERT_EQ(heard_.lines.size(), 1u);
  EXPECT_TRUE(heard_.lines[0].starts_with("CT1350: ")) << heard_.lines[0];
}

TEST_F(Door, RefusalsReachTheCaller) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  EXPECT_EQ(compile("refused").status, CTC_ERR_UNSUPPORTED);
  ASSERT_EQ(heard_.lines.size(), 1u);
  EXPECT_EQ(heard_.lines[0], "CT1250: kernel refused");
  EXPECT_EQ(compile("nowhere").status, CTC_ERR_NOT_FOUND);
  EXPECT_EQ(compile("add", {32, 1, 1}, "cpu=x", "spirv").status, CTC_ERR_UNSUPPORTED);
}

TEST_F(Door, WhatOneFormatCannotHoldTheNextMay) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  EXPECT_EQ(compile("add", {32, 1, 1}, "cpu=x", "small", "text").text, "add cpu=x 32 1 1");
  EXPECT_TRUE(heard_.lines.empty());
  EXPECT_TRUE(compile("add", {32, 1, 1}, "cpu=x", "small", "text").from_cache);
  EXPECT_EQ(compile("refused", {32, 1, 1}, "cpu=x", "small", "text").status, CTC_ERR_UNSUPPORTED);
  EXPECT_EQ(heard_.lines.size(), 1u);
  EXPECT_EQ(compile("add", {64, 1, 1}, "cpu=x", "text", "small").status, CTC_OK);
}

TEST_F(Door, BlockShapesOfTheKernelHold) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  EXPECT_EQ(compile("add", {128, 1, 1}).status, CTC_OK);
  EXPECT_EQ(compile("add", {129, 1, 1}).status, CTC_ERR_LAUNCH_SHAPE);
  EXPECT_EQ(compile("exact", {32, 2, 1}).status, CTC_OK);
  EXPECT_EQ(compile("exact", {64, 1, 1}).status, CTC_ERR_LAUNCH_SHAPE);
  ASSERT_EQ(heard_.lines.size(), 2u);
  EXPECT_TRUE(heard_.lines[1].starts_with("CT1362: kernel exact, block 64x1x1: .reqntid is 32x2x1")) << heard_.lines[1];
}

TEST_F(Door, BrokenBodiesFailWhenUsedOrWhenChecked) {
  ASSERT_EQ(load(kPtx), CTC_OK) << "bodies are not read at load";
  EXPECT_EQ(compile("broken").status, CTC_ERR_SYNTAX);
  ASSERT_EQ(heard_.lines.size(), 1u);
  EXPECT_NE(heard_.lines[0].find("test.cu line 22:19: "), std::string::npos) << heard_.lines[0];
  size_t index;
  ctc_kernel info{};
  info.struct_size = sizeof info;
  ASSERT_EQ(api().kernel_find(module_, "broken", &index), CTC_OK);
  EXPECT_EQ(api().kernel_info(module_, index, &info), CTC_OK);
  options_.check_bodies = 1;
  EXPECT_EQ(load(kPtx), CTC_ERR_SYNTAX);
  EXPECT_EQ(module_, nullptr);
}

TEST_F(Door, StatusOfBadModules) {
  EXPECT_EQ(load("garbage"), CTC_ERR_SYNTAX);
  EXPECT_EQ(load(".version 9.0\n.target sm_120\n"), CTC_ERR_ISA_VERSION);
  EXPECT_EQ(load(".version 12.0\n.target sm_75\n"), CTC_ERR_ISA_VERSION);
  EXPECT_EQ(load(".version 9.0\n.target sm_75\n.address_size 32\n"), CTC_ERR_UNSUPPORTED);
  EXPECT_EQ(load(std::string(kPtx, sizeof kPtx)), CTC_OK) << "a final NUL is no part of the text";
}

TEST_F(Door, ThreadsShareOneCompile) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  int before = compiles();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      if (compile("slow").text == "slow cpu=x 32 1 1") ++right;
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(right, 8);
  EXPECT_EQ(compiles() - before, 1);
}

TEST_F(Door, DumpsTheTextAndCompilesAgain) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  EXPECT_EQ(compile("add").status, CTC_OK);
  std::string dumps = folder_ + "/dumps";
  options_.dump_dir = dumps.c_str();
  options_.print_kernel = "add";
  ASSERT_EQ(load(kPtx), CTC_OK);
  EXPECT_EQ(compile("exact", {32, 2, 1}).status, CTC_OK);
  EXPECT_FALSE(fs::exists(dumps)) << "another kernel";
  EXPECT_FALSE(compile("add").from_cache);
  ASSERT_TRUE(fs::exists(dumps));
  EXPECT_EQ(fs::file_size(fs::directory_iterator(dumps)->path()), sizeof kPtx - 1);
}

// A caller built against an older, shorter structure.
TEST_F(Door, ReadsAndWritesOnlyWhatBothSidesKnow) {
  ASSERT_EQ(load(kPtx), CTC_OK);
  ctc_kernel info;
  std::memset(&info, 0x5a, sizeof info);
  info.struct_size = offsetof(ctc_kernel, ptx_version);
  ASSERT_EQ(api().kernel_info(module_, 0, &info), CTC_OK);
  EXPECT_EQ(info.ptx_version, 0x5a5a5a5au);
  EXPECT_EQ(info.max_threads, 128u);
}

}  // namespace
