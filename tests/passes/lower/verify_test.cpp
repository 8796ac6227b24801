// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The verifier of the SPMD IR says what is wrong, and the intrinsics of the table agree with themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/ir/spmd.h"
#include "compiler/ir/verify.h"

namespace {

using namespace cutrans::ir;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> problems(const std::string &body, Stage stage = Stage::Front) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic error;
  std::string text = "target datalayout = \"" + std::string(DataLayoutText) + "\"\n" + body +
                     "\n!llvm.module.flags = !{!0}\n!0 = !{i32 1, !\"cutrans.spmd\", i32 1}\n";
  auto module = llvm::parseAssemblyString(text, error, context);
  if (!module) return {"does not parse: " + error.getMessage().str()};
  return verify(*module, stage);
}

const std::string Kernel = "define void @k(ptr addrspace(101) %p) #0 {\n";
const std::string Attributes = "\n}\nattributes #0 = { \"cutrans.kernel\" \"cutrans.params-size\"=\"0\" }\n";

TEST(Verify, AcceptsAKernel) {
  EXPECT_THAT(problems(Kernel + "ret void" + Attributes), IsEmpty());
}

TEST(Verify, RefusesAnUnknownFunction) {
  EXPECT_THAT(problems(Kernel + "call void @puts()\nret void" + Attributes + "declare void @puts()"),
              Contains(HasSubstr("puts: an external function that is not in intrinsics.def")));
}

TEST(Verify, RefusesAnIntrinsicOfAnotherType) {
  EXPECT_THAT(
      problems(Kernel + "%x = call i64 @cutrans.tid.x()\nret void" + Attributes + "declare i64 @cutrans.tid.x()"),
      Contains(HasSubstr("not the type of intrinsics.def")));
}

TEST(Verify, RefusesABarrierThatIsNotConvergent) {
  EXPECT_THAT(problems(Kernel + "call void @cutrans.barrier.sync(i32 0, i32 0)\nret void" + Attributes +
                       "declare void @cutrans.barrier.sync(i32, i32)"),
              Contains(HasSubstr("convergent")));
}

TEST(Verify, RefusesInternalIntrinsicsOfAFrontEnd) {
  std::string text = Kernel + "%x = call i1 @cutrans.gang.any(i1 true)\nret void" + Attributes +
                     "declare i1 @cutrans.gang.any(i1) convergent";
  EXPECT_THAT(problems(text), Contains(HasSubstr("internal intrinsic")));
  EXPECT_THAT(problems(text, Stage::Passes), IsEmpty());
}

TEST(Verify, RefusesFastMathVectorsAndOddSpaces) {
  EXPECT_THAT(problems(Kernel + "%x = fadd fast float 1.0, 2.0\nret void" + Attributes),
              Contains(HasSubstr("fast-math")));
  EXPECT_THAT(problems(Kernel + "%x = add <2 x i32> zeroinitializer, zeroinitializer\nret void" + Attributes),
              Contains(HasSubstr("a vector")));
  EXPECT_THAT(problems(Kernel + "%x = inttoptr i64 0 to ptr addrspace(7)\nret void" + Attributes),
              Contains(HasSubstr("unknown address space")));
}

TEST(Verify, RefusesVariablesWithoutAPlace) {
  EXPECT_THAT(problems("@x = external addrspace(1) global i32\n" + Kernel + "ret void" + Attributes),
              Contains(HasSubstr("x: a variable without !cutrans.offset")));
}

TEST(Verify, RefusesIndirectCallsAndForeignScopes) {
  EXPECT_THAT(problems(Kernel + "%f = inttoptr i64 4 to ptr\ncall void %f()\nret void" + Attributes),
              Contains(HasSubstr("indirect call")));
  EXPECT_THAT(problems(Kernel + "fence syncscope(\"agent\") acquire\nret void" + Attributes),
              Contains(HasSubstr("sync scope \"agent\"")));
}

TEST(Verify, RefusesAKernelWithOtherArguments) {
  EXPECT_THAT(problems("define void @k(i32 %x) #0 {\nret void" + Attributes),
              Contains(HasSubstr("a kernel takes one ptr")));
}

TEST(Intrinsics, EachIsRecognisedByItsDeclaration) {
  llvm::LLVMContext context;
  llvm::Module module("m", context);
  for (uint16_t i = 1; i < uint16_t(Intrinsic::Count); ++i) {
    llvm::Function *function = declaration(module, Intrinsic(i));
    EXPECT_EQ(intrinsicOf(function), Intrinsic(i)) << info(Intrinsic(i)).name;
    EXPECT_EQ(function->isConvergent(), isConvergent(Intrinsic(i))) << info(Intrinsic(i)).name;
  }
  EXPECT_EQ(intrinsicNamed("cutrans.nothing"), Intrinsic::None);
  EXPECT_EQ(intrinsicNamed("llvm.fabs.f32"), Intrinsic::None);
}

TEST(Intrinsics, RoundingsAreInOrder) {
  EXPECT_STREQ(info(rounded(Intrinsic::FmaF32Rz, Rounding::Down)).name, "cutrans.fma.rm.f32");
  EXPECT_STREQ(info(rounded(Intrinsic::CvtF64U64Rz, Rounding::Up)).name, "cutrans.cvt.rp.f64.u64");
}

}  // namespace
