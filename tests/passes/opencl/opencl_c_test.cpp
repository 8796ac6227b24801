// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What OpenCL C text computes, on an OpenCL CPU device, against LLVM's native code of the same IR, bit for bit.
#include <bit>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "tests/passes/opencl/compare.h"
#include "tests/passes/opencl/functions.h"
#include "tests/passes/opencl/operations.h"

namespace cutrans::test {
namespace {

std::vector<uint8_t> input() {
  std::mt19937 random(1);
  std::vector<uint8_t> bytes(InputBytes);
  for (uint8_t &byte : bytes) byte = uint8_t(random());
  constexpr float Special[] = {0.f, -0.f, 1.f, -1.f, 0.5f, 2.5f, -3.5f, INFINITY, -INFINITY, NAN, 0x1p-149f, 0x1p-126f, 0x1.fffffep127f, 65520.f, 2147483648.f, 4294967296.f, 1e20f};
  for (size_t i = 0; i < InputBytes / 2; i += 4) {
    uint32_t r = random();
    float value = r % 4 ? std::ldexp(float(int32_t(random())), -int(r % 40)) : Special[r / 4 % std::size(Special)];
    std::memcpy(&bytes[i], &value, 4);
  }
  return bytes;
}

void check(const std::vector<Kernel> &kernels) {
  Module module{TestLayout, {}};
  size_t bytes = 0;
  for (size_t i = 0; i < kernels.size(); ++i) {
    module.text += kernels[i].text;
    bytes = std::max(bytes, kernels[i].outputBytes);
    module.kernels.push_back("k" + std::to_string(i));
  }
  Arrays arrays{std::vector<uint8_t>(bytes, 0xcc), input()};
  std::string problem = compareModule(module, arrays, [&](size_t k, size_t, size_t, const Arrays &native, const Arrays &opencl) {
    int shown = 0;
    for (const Place &place : kernels[k].places)
      if (std::memcmp(&native[0][place.offset], &opencl[0][place.offset], place.bytes) != 0 && ++shown <= 20) {
        size_t i = place.offset;
        while (native[0][i] == opencl[0][i]) ++i;
        i = place.offset + (i - place.offset) / 8 * 8;
        uint64_t want = 0, have = 0;
        std::memcpy(&want, &native[0][i], std::min<size_t>(8, native[0].size() - i)), std::memcpy(&have, &opencl[0][i], std::min<size_t>(8, native[0].size() - i));
        ADD_FAILURE() << module.kernels[k] << ": " << place.what << ", byte " << i - place.offset << std::hex << ": native " << want << ", OpenCL C " << have;
      }
  });
  if (problem.rfind("skip: ", 0) == 0) GTEST_SKIP() << problem.substr(6);
  EXPECT_EQ(problem, "");
}

std::vector<Kernel> forLanes(Kernel (*make)(const std::string &, unsigned), std::initializer_list<unsigned> lanes) {
  std::vector<Kernel> kernels;
  for (unsigned count : lanes) kernels.push_back(make("k" + std::to_string(kernels.size()), count));
  return kernels;
}

TEST(OpenclC, Integers) { check(forLanes(integerOperations, {1, 7, 16})); }
TEST(OpenclC, Floats) { check(forLanes(floatOperations, {1, 16})); }
TEST(OpenclC, Lanes) { check(forLanes(laneOperations, {4, 32})); }

TEST(OpenclC, Functions) {
  Module module{std::string(TestLayout) + FunctionText, {std::begin(FunctionNames), std::end(FunctionNames)}};
  Arrays arrays{std::vector<uint8_t>(1024, 0xcc), input()};
  std::string problem = compareModule(module, arrays, [&](size_t k, size_t a, size_t i, const Arrays &native, const Arrays &opencl) {
    ADD_FAILURE() << module.kernels[k] << ": byte " << i << ": native " << int(native[a][i]) << ", OpenCL C " << int(opencl[a][i]);
  });
  if (problem.rfind("skip: ", 0) == 0) GTEST_SKIP() << problem.substr(6);
  EXPECT_EQ(problem, "");
}

// What the text cannot say is refused by name.
TEST(OpenclC, Refusals) {
  constexpr struct {
    const char *ir, *says;
  } Rows[] = {
      {"define void @k(ptr %p) { %a = load i128, ptr %p\n %b = udiv i128 %a, 7\n store i128 %b, ptr %p\n ret void }", "the type i128"},
      {"@g = internal global i32 0\ndefine void @k(ptr %p) { store i32 1, ptr @g\n ret void }", "the variable g"},
      {"declare void @other()\ndefine void @k(ptr %p) { call void @other()\n ret void }", "a call of other"},
      {"define void @k(ptr %p) { call void %p()\n ret void }", "a call through a pointer"},
      {"define void @k(ptr %p) { %a = load half, ptr %p\n %b = frem half %a, %a\n store half %b, ptr %p\n ret void }", "the remainder of 16-bit floats"},
      {"define void @k(ptr %p) { %a = load double, ptr %p\n %b = call double @llvm.sin.f64(double %a)\n store double %b, ptr %p\n ret void }", "the intrinsic llvm.sin.f64"},
      {"define void @k(ptr %p) { %a = atomicrmw add ptr %p, i128 1 monotonic\n ret void }", "the type i128"},
      {"define void @k(ptr %p, i64 %n) { %a = alloca i8, i64 %n\n store ptr %a, ptr %p\n ret void }", "local memory of a size that is not known"},
      {"define i32 @k(ptr %p) { ret i32 0 }", "a kernel with a result"},
      {"define void @\"a b\"(ptr %p) { ret void }", "a kernel by the name a b"},
      {"define void @k(ptr %p) { call void asm sideeffect \"nop\", \"\"()\n ret void }", "a call through a pointer"},
  };
  for (auto [ir, says] : Rows) {
    std::string refusal, text = writtenText(std::string(TestLayout) + ir, refusal);
    EXPECT_NE(refusal.find("CT1460"), std::string::npos) << ir << ": " << refusal << text;
    EXPECT_NE(refusal.find(says), std::string::npos) << ir << ": " << refusal;
  }
}

TEST(OpenclC, RandomOperations) {
  std::vector<Kernel> kernels;
  for (unsigned seed = 0; seed < 6; ++seed) {
    constexpr unsigned Lanes[] = {1, 16, 32, 3, 8, 64};
    kernels.push_back(randomOperations("k" + std::to_string(kernels.size()), Lanes[seed % std::size(Lanes)], seed, 100));
  }
  check(kernels);
}

}  // namespace
}  // namespace cutrans::test
