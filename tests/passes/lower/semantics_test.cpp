// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What single instructions compute, at the edges where PTX and LLVM differ: each row is lowered with constant operands
// and folded; the constant that is stored must be the one that the PTX manual gives. A row adds a test.
#include <gtest/gtest.h>

#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "compiler/ptx/lower/lower.h"
#include "compiler/ptx/module.h"

namespace {

using namespace cutrans::ptx;

struct Row {
  const char *code;  // PTX statements; the result goes to %o
  unsigned width;    // of %o: 16, 32 or 64; 1 for a predicate
  uint64_t expected;
};

std::string kernelOf(const char *code, unsigned width) {
  std::string out = width == 1 ? ".reg .pred %o;" : ".reg .b" + std::to_string(width) + " %o;";
  std::string store = width == 1 ? "selp.u32 %r9, 1, 0, %o; st.global.b32 [0x100], %r9;"
                                 : "st.global.b" + std::to_string(width) + " [0x100], %o;";
  return ".version 9.0\n.target sm_100\n.address_size 64\n.visible .entry k()\n{ .reg .b16 %h<10>; .reg .b32 %r<10>;"
         ".reg .b64 %d<10>; .reg .pred %p<10>; " +
         out + "\n" + code + "\n" + store + " ret; }\n";
}

// The value of the last store, folded; no value: a message.
std::optional<uint64_t> evaluate(const char *code, unsigned width, std::string &why) {
  std::string text = kernelOf(code, width);
  UnitText unit{"", text};
  Problems problems;
  auto module = Module::create({&unit, 1}, 121, problems);
  Program program;
  if (!module || !module->program(*module->kernels()[0], program, problems)) {
    why = problems.empty() ? "no module" : problems[0].text;
    return {};
  }
  llvm::LLVMContext context;
  Lowered lowered = lower(program, context);
  if (!lowered.module) {
    why = lowered.refusals[0].text;
    return {};
  }
  llvm::Function &function = *lowered.module->getFunction("k");
  std::vector<llvm::AllocaInst *> slots;
  for (llvm::Instruction &instruction : function.getEntryBlock())
    if (auto *slot = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) slots.push_back(slot);
  llvm::DominatorTree tree(function);
  llvm::PromoteMemToReg(slots, tree);
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(llvm::instructions(function)))
    if (llvm::Constant *folded = llvm::ConstantFoldInstruction(&instruction, lowered.module->getDataLayout())) {
      instruction.replaceAllUsesWith(folded);
      instruction.eraseFromParent();
    }
  for (llvm::Instruction &instruction : llvm::instructions(function))
    if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
      if (auto *integer = llvm::dyn_cast<llvm::ConstantInt>(store->getValueOperand())) return integer->getZExtValue();
      if (auto *real = llvm::dyn_cast<llvm::ConstantFP>(store->getValueOperand()))
        return real->getValueAPF().bitcastToAPInt().getZExtValue();
    }
  llvm::raw_string_ostream(why) << "not a constant:\n" << function;
  return {};
}

void check(std::span<const Row> rows) {
  for (const Row &row : rows) {
    std::string why;
    auto value = evaluate(row.code, row.width, why);
    if (!value)
      ADD_FAILURE() << row.code << ": " << why;
    else
      EXPECT_EQ(*value, row.expected) << row.code << std::hex << ": 0x" << *value << " instead of 0x" << row.expected;
  }
}

constexpr Row Integer[] = {
    {"add.sat.s32 %o, 0x7fffffff, 1;", 32, 0x7fffffff},
    {"sub.sat.s32 %o, -2147483648, 1;", 32, 0x80000000},
    {"div.s32 %o, -2147483648, -1;", 32, 0x80000000},
    {"rem.s32 %o, -2147483648, -1;", 32, 0},
    {"div.u32 %o, 5, 0;", 32, 0xffffffff},
    {"rem.u32 %o, 5, 0;", 32, 0xffffffff},
    {"div.s64 %o, -7, 2;", 64, uint64_t(-3)},
    {"rem.s64 %o, -7, 2;", 64, uint64_t(-1)},
    {"div.s16 %o, -7, 0;", 16, 0xffff},
    {"mul.hi.s32 %o, -1, -1;", 32, 0},
    {"mul.hi.u32 %o, 0xffffffff, 0xffffffff;", 32, 0xfffffffe},
    {"mul.hi.s64 %o, -1, 2;", 64, ~0ull},
    {"mul.hi.u64 %o, 0xffffffffffffffffU, 0xffffffffffffffffU;", 64, ~0ull - 1},
    {"mul.wide.s32 %o, -1, 2;", 64, uint64_t(-2)},
    {"mul.wide.u16 %o, 0xffff, 0xffff;", 32, 0xfffe0001},
    {"mul24.lo.s32 %o, 0x00ffffff, 2;", 32, 0xfffffffe},
    {"mul24.hi.u32 %o, 0xffffff, 0xffffff;", 32, 0xfffffe00},
    {"mad24.lo.u32 %o, 0xff000003, 2, 1;", 32, 7},
    {"mad.hi.sat.s32 %o, 0x7fffffff, 0x7fffffff, 0x7fffffff;", 32, 0x7fffffff},
    {"mad.wide.s16 %o, -3, 4, 2;", 32, uint32_t(-10)},
    {"sad.s32 %o, -5, 7, 1;", 32, 13},
    {"sad.u32 %o, 0xfffffffb, 7, 1;", 32, 0xfffffff5},
    {"abs.s32 %o, -2147483648;", 32, 0x80000000},
    {"neg.s16 %o, 1;", 16, 0xffff},
    {"min.s32 %o, -1, 1;", 32, 0xffffffff},
    {"min.u32 %o, -1, 1;", 32, 1},
    {"max.relu.s32 %o, -5, -1;", 32, 0},
    {"add.u16x2 %o, 0xffff0001, 0x00010001;", 32, 0x00000002},
    {"max.s16x2 %o, 0xffff0001, 0x00010000;", 32, 0x00010001},
    {"dp4a.s32.s32 %o, 0x01ff0203, 0x01010101, 10;", 32, 15},
    {"dp4a.u32.s32 %o, 0x000000ff, 0x000000ff, 0;", 32, uint32_t(-255)},
    {"dp2a.lo.s32.s32 %o, 0xffff0002, 0x00000302, 0;", 32, 1},
    {"dp2a.hi.u32.u32 %o, 0x00010002, 0x05060000, 1;", 32, 18},
    {"add.cc.u32 %r1, 0xffffffff, 1; addc.u32 %o, 0, 0;", 32, 1},
    {"add.cc.u32 %r1, 1, 1; addc.cc.u32 %r2, 0xffffffff, 0; addc.u32 %o, 0, 0;", 32, 0},
    {"sub.cc.u32 %r1, 0, 1; subc.u32 %o, 5, 0;", 32, 4},
    {"sub.cc.u32 %r1, 0, 1; subc.cc.u32 %r2, 0, 0; subc.u32 %o, 0, 0;", 32, 0xffffffff},
    {"sub.cc.u32 %r1, 0, 1; addc.u32 %o, 0, 0;", 32, 0},
    {"sub.cc.u32 %r1, 1, 1; addc.u32 %o, 0, 0;", 32, 1},
    {"add.cc.u32 %r1, 0xffffffff, 1; subc.u32 %o, 5, 0;", 32, 5},
    {"add.cc.u32 %r1, 1, 1; subc.u32 %o, 5, 0;", 32, 4},
    {"mad.lo.cc.u32 %r1, 0xffffffff, 1, 1; madc.hi.u32 %o, 0xffffffff, 2, 0;", 32, 2},
    {"add.cc.u64 %d1, 0xffffffffffffffffU, 1; addc.u64 %o, 7, 0;", 64, 8},
};

constexpr Row Bits[] = {
    {"shl.b32 %o, 1, 31;", 32, 0x80000000},
    {"shl.b32 %o, 1, 32;", 32, 0},
    {"shl.b32 %o, 1, 0xffffffff;", 32, 0},
    {"shl.b64 %o, 1, 64;", 64, 0},
    {"shl.b16 %o, 1, 16;", 16, 0},
    {"shl.b16 %o, 1, 0x10001;", 16, 0},
    {"shr.u32 %o, 0x80000000, 32;", 32, 0},
    {"shr.s32 %o, 0x80000000, 40;", 32, 0xffffffff},
    {"shr.s16 %o, 0x8000, 20;", 16, 0xffff},
    {"shr.b64 %o, -1, 63;", 64, 1},
    {"shf.l.wrap.b32 %o, 0x80000000, 1, 1;", 32, 3},
    {"shf.r.wrap.b32 %o, 2, 1, 33;", 32, 0x80000001},
    {"shf.r.clamp.b32 %o, 2, 7, 32;", 32, 7},
    {"shf.l.clamp.b32 %o, 2, 7, 33;", 32, 2},
    {"cnot.b32 %o, 0;", 32, 1},
    {"cnot.b64 %o, 5;", 64, 0},
    {"not.b16 %o, 0x00ff;", 16, 0xff00},
    {"mov.pred %p1, 1; mov.pred %p2, 0; xor.pred %o, %p1, %p2;", 1, 1},
    {"mov.pred %p1, 1; not.pred %o, %p1;", 1, 0},
    {"popc.b64 %o, -1;", 32, 64},
    {"clz.b32 %o, 0;", 32, 32},
    {"clz.b64 %o, 1;", 32, 63},
    {"brev.b32 %o, 1;", 32, 0x80000000},
    {"bfind.u32 %o, 0;", 32, 0xffffffff},
    {"bfind.u32 %o, 0x10;", 32, 4},
    {"bfind.s32 %o, -1;", 32, 0xffffffff},
    {"bfind.s32 %o, -17;", 32, 4},
    {"bfind.shiftamt.u32 %o, 0x10;", 32, 27},
    {"bfind.shiftamt.u32 %o, 0;", 32, 0xffffffff},
    {"bfind.u64 %o, 0x10000000000;", 32, 40},
    {"bfe.u32 %o, 0xabcd1234, 8, 8;", 32, 0x12},
    {"bfe.s32 %o, 0x0000f000, 12, 4;", 32, 0xffffffff},
    {"bfe.s32 %o, 0x80000000, 31, 5;", 32, 0xffffffff},
    {"bfe.u32 %o, 0x80000000, 31, 5;", 32, 1},
    {"bfe.s32 %o, 0x80000000, 40, 4;", 32, 0xffffffff},
    {"bfe.u32 %o, 0x80000000, 40, 4;", 32, 0},
    {"bfe.s32 %o, -1, 3, 0;", 32, 0},
    {"bfe.s32 %o, 0x12345678, 0, 255;", 32, 0x12345678},
    {"bfe.u32 %o, 0x12345678, 256, 264;", 32, 0x78},
    {"bfe.s64 %o, 0xff00000000, 32, 8;", 64, ~0ull},
    {"bfi.b32 %o, 0xf, 0, 4, 4;", 32, 0xf0},
    {"bfi.b32 %o, 0xff, 0, 28, 8;", 32, 0xf0000000},
    {"bfi.b32 %o, 1, 5, 32, 4;", 32, 5},
    {"bfi.b32 %o, -1, 0, 0, 32;", 32, 0xffffffff},
    {"bfi.b32 %o, -1, 0x55, 3, 0;", 32, 0x55},
    {"bfi.b64 %o, 0xab, 0, 56, 8;", 64, 0xab00000000000000},
    {"bmsk.clamp.b32 %o, 4, 8;", 32, 0xff0},
    {"bmsk.clamp.b32 %o, 36, 8;", 32, 0},
    {"bmsk.clamp.b32 %o, 4, 32;", 32, 0xfffffff0},
    {"bmsk.wrap.b32 %o, 36, 40;", 32, 0xff0},
    {"bmsk.wrap.b32 %o, 28, 8;", 32, 0xf0000000},
    {"szext.clamp.s32 %o, 0x80, 8;", 32, 0xffffff80},
    {"szext.clamp.s32 %o, 0x80, 32;", 32, 0x80},
    {"szext.clamp.s32 %o, 0x80, 0;", 32, 0},
    {"szext.wrap.u32 %o, 0x1ff, 40;", 32, 0xff},
    {"szext.wrap.s32 %o, 0x1ff, 32;", 32, 0},
    {"fns.b32 %o, 0xaaaaaaaa, 3, 1;", 32, 3},
    {"fns.b32 %o, 0xaaaaaaaa, 3, -1;", 32, 3},
    {"fns.b32 %o, 0xaaaaaaaa, 2, 1;", 32, 3},
    {"fns.b32 %o, 0xaaaaaaaa, 2, -1;", 32, 1},
    {"fns.b32 %o, 0xaaaaaaaa, 2, 0;", 32, 0xffffffff},
    {"fns.b32 %o, 0xaaaaaaaa, 30, 2;", 32, 0xffffffff},
    {"prmt.b32 %o, 0x03020100, 0x07060504, 0x7654;", 32, 0x07060504},
    {"prmt.b32 %o, 0x03020100, 0x07060504, 0x0123;", 32, 0x00010203},
    {"prmt.b32 %o, 0x80, 0, 0x0008;", 32, 0x808080ff},
    {"prmt.b32.f4e %o, 0x03020100, 0x07060504, 1;", 32, 0x04030201},
    {"prmt.b32.b4e %o, 0x03020100, 0x07060504, 1;", 32, 0x06070001},
    {"prmt.b32.rc8 %o, 0x03020100, 0x07060504, 2;", 32, 0x02020202},
    {"prmt.b32.ecl %o, 0x03020100, 0x07060504, 2;", 32, 0x03020202},
    {"prmt.b32.ecr %o, 0x03020100, 0x07060504, 1;", 32, 0x01010100},
    {"prmt.b32.rc16 %o, 0x03020100, 0x07060504, 1;", 32, 0x03020302},
    {"mov.pred %p1, 0; lop3.or.b32 %r1|%o, 1, 1, 1, 0x80, %p1;", 1, 1},
};

constexpr Row Float[] = {
    {"add.rn.f32 %o, 0f3F800000, 0f33800000;", 32, 0x3f800000},
    {"fma.rn.f32 %o, 0f3F800001, 0f3F800001, 0fBF800002;", 32, 0x28800000},
    {"mul.f32 %o, 0f00800000, 0f3F000000;", 32, 0x00400000},
    {"min.f32 %o, 0f00000000, 0f80000000;", 32, 0x80000000},
    {"max.f32 %o, 0f80000000, 0f00000000;", 32, 0},
    {"min.f32 %o, 0f7FC00001, 0f3F800000;", 32, 0x3f800000},
    {"min.f32 %o, 0f7FC00001, 0f7FC00002;", 32, 0x7fffffff},
    {"min.NaN.f32 %o, 0f7FC00001, 0f3F800000;", 32, 0x7fffffff},
    {"max.xorsign.abs.f32 %o, 0fC0000000, 0f3F800000;", 32, 0xc0000000},
    {"max.f64 %o, 0d7FF8000000000001, 0d4000000000000000;", 64, 0x4000000000000000},
    {"abs.f32 %o, 0fBF800000;", 32, 0x3f800000},
    {"neg.f64 %o, 0d0000000000000000;", 64, 0x8000000000000000},
    {"copysign.f32 %o, 0fBF800000, 0f40000000;", 32, 0xc0000000},
    {"div.rn.f32 %o, 0f3F800000, 0f40400000;", 32, 0x3eaaaaab},
    {"rcp.rn.f64 %o, 0d4008000000000000;", 64, 0x3fd5555555555555},
    {"sqrt.rn.f32 %o, 0f40000000;", 32, 0x3fb504f3},
    {"testp.normal.f32 %o, 0f00000000;", 1, 1},
    {"testp.subnormal.f32 %o, 0f00000001;", 1, 1},
    {"testp.finite.f64 %o, 0d7FF0000000000000;", 1, 0},
    {"testp.notanumber.f32 %o, 0f7FC00000;", 1, 1},
    {"mov.b16 %h1, 0x3c00; add.rn.f16 %o, %h1, %h1;", 16, 0x4000},
    {"mov.b16 %h1, 0x3c00; mov.b16 %h2, 0xc000; fma.rn.relu.f16 %o, %h1, %h2, %h1;", 16, 0},
    {"mov.b16 %h1, 0x3c00; add.sat.f16 %o, %h1, %h1;", 16, 0x3c00},
    {"mov.b16 %h1, 0x0001; add.ftz.f16 %o, %h1, %h1;", 16, 0},
    {"mov.b32 %r1, 0x3c004000; neg.f16x2 %o, %r1;", 32, 0xbc00c000},
    {"mov.b32 %r1, 0x3c004000; mov.b32 %r2, 0x40003c00; min.f16x2 %o, %r1, %r2;", 32, 0x3c003c00},
    {"mov.b32 %r1, 0x3f804000; add.rn.bf16x2 %o, %r1, %r1;", 32, 0x40004080},
    {"mov.b16 %h1, 0xbf80; abs.bf16 %o, %h1;", 16, 0x3f80},
    {"mov.b16 %h1, 0x8000; neg.bf16 %o, %h1;", 16, 0},
    {"mov.b32 %r1, 0x80013f80; neg.bf16x2 %o, %r1;", 32, 0x0001bf80},
    {"mov.b16 %h1, 0x0001; add.rn.bf16 %o, %h1, %h1;", 16, 2},
    // 1.001 * 1.001 in f16 plus a tiny number: rounding twice would give an even last bit.
    {"mov.b16 %h1, 0x3c01; mov.b16 %h2, 0x3c00; mov.b16 %h3, 0x0001; fma.rn.f16 %o, %h1, %h2, %h3;", 16, 0x3c01},
    {"mov.b16 %h1, 0x3c20; mov.b16 %h2, 0x3c10; mov.b16 %h3, 0x0001; fma.rn.f16 %o, %h1, %h2, %h3;", 16, 0x3c31},
    {"mov.b16 %h1, 0x3c20; mov.b16 %h2, 0x3c10; mov.b16 %h3, 0x8001; fma.rn.f16 %o, %h1, %h2, %h3;", 16, 0x3c30},
    {"mov.b16 %h1, 0x3c20; mov.b16 %h2, 0x3c10; mov.b16 %h3, 0x0000; fma.rn.f16 %o, %h1, %h2, %h3;", 16, 0x3c30},
    {"mov.b16 %h1, 0x7c00; mov.b16 %h2, 0x3c00; fma.rn.f16 %o, %h1, %h2, %h2;", 16, 0x7c00},
    {"mov.b16 %h1, 0x3c00; add.f32.f16 %o, %h1, 0f3F800000;", 32, 0x40000000},
};

constexpr Row Compare[] = {
    {"setp.eq.f32 %o, 0f7FC00000, 0f7FC00000;", 1, 0},
    {"setp.equ.f32 %o, 0f7FC00000, 0f3F800000;", 1, 1},
    {"setp.ne.f32 %o, 0f7FC00000, 0f3F800000;", 1, 0},
    {"setp.neu.f32 %o, 0f7FC00000, 0f3F800000;", 1, 1},
    {"setp.num.f64 %o, 0d7FF8000000000000, 0d0000000000000000;", 1, 0},
    {"setp.nan.f64 %o, 0d7FF8000000000000, 0d0000000000000000;", 1, 1},
    {"setp.lo.u32 %o, 1, -1;", 1, 1},
    {"setp.lt.s32 %o, 1, -1;", 1, 0},
    {"setp.hs.u64 %o, -1, 1;", 1, 1},
    {"mov.pred %p1, 1; setp.eq.and.s32 %p2|%o, 1, 2, %p1;", 1, 1},
    {"mov.pred %p1, 1; setp.eq.and.s32 %o, 1, 1, !%p1;", 1, 0},
    {"mov.b32 %r1, 0x3c004000; mov.b32 %r2, 0x3c003c00; setp.gt.f16x2 %p1|%o, %r1, %r2;", 1, 0},
    {"mov.b32 %r1, 0x3c004000; mov.b32 %r2, 0x3c003c00; setp.gt.f16x2 %o|%p1, %r1, %r2;", 1, 1},
    {"set.lt.f32.s32 %o, -1, 1;", 32, 0x3f800000},
    {"set.lt.u32.s32 %o, -1, 1;", 32, 0xffffffff},
    {"set.gt.u32.f32 %o, 0f3F800000, 0f40000000;", 32, 0},
    {"mov.b32 %r1, 0x3c004000; mov.b32 %r2, 0x3c003c00; set.gt.f16x2.f16x2 %o, %r1, %r2;", 32, 0x00003c00},
    {"mov.b32 %r1, 0x3c004000; mov.b32 %r2, 0x3c003c00; set.eq.u32.f16x2 %o, %r1, %r2;", 32, 0xffff0000},
    {"slct.u32.f32 %o, 1, 2, 0f80000000;", 32, 1},
    {"slct.u32.f32 %o, 1, 2, 0f7FC00000;", 32, 2},
    {"slct.u64.s32 %o, 1, 2, -1;", 64, 2},
    {"mov.pred %p1, 0; selp.b32 %o, 1, 2, %p1;", 32, 2},
};

constexpr Row Convert[] = {
    {"cvt.rni.s32.f32 %o, 0f40200000;", 32, 2},
    {"cvt.rni.s32.f32 %o, 0f40600000;", 32, 4},
    {"cvt.rmi.s32.f32 %o, 0fC0200000;", 32, uint32_t(-3)},
    {"cvt.rpi.s32.f32 %o, 0fC0200000;", 32, uint32_t(-2)},
    {"cvt.rzi.u32.f32 %o, 0fBF800000;", 32, 0},
    {"cvt.rzi.u32.f32 %o, 0f4F951503;", 32, 0xffffffff},
    {"cvt.rzi.s32.f32 %o, 0f7FC00000;", 32, 0},
    {"cvt.rzi.s64.f32 %o, 0f7FC00000;", 64, 0x8000000000000000},
    {"cvt.rzi.s32.f64 %o, 0d7FF8000000000000;", 32, 0x80000000},
    {"cvt.rzi.u32.f64 %o, 0d7FF8000000000000;", 32, 0x80000000},
    {"cvt.rzi.u8.f32 %o, 0f43960000;", 32, 255},
    {"cvt.rzi.s8.f32 %o, 0fC3960000;", 32, 0xffffff80},
    {"mov.b16 %h1, 0x7e00; cvt.rzi.s16.f16 %o, %h1;", 16, 0},
    {"mov.b32 %r1, 0x1ff; cvt.u8.u32 %o, %r1;", 32, 0xff},
    {"mov.b32 %r1, 0x80; cvt.s32.s8 %o, %r1;", 32, 0xffffff80},
    {"mov.b32 %r1, 0x80; cvt.u32.u8 %o, %r1;", 32, 0x80},
    {"mov.b32 %r1, -1; cvt.u64.u32 %o, %r1;", 64, 0xffffffff},
    {"mov.b32 %r1, -1; cvt.s64.s32 %o, %r1;", 64, ~0ull},
    {"mov.b32 %r1, -5; cvt.sat.u8.s32 %o, %r1;", 32, 0},
    {"mov.b32 %r1, 300; cvt.sat.u8.s32 %o, %r1;", 32, 255},
    {"mov.b32 %r1, 200; cvt.sat.s8.u32 %o, %r1;", 32, 127},
    {"mov.b32 %r1, -200; cvt.sat.s8.s32 %o, %r1;", 32, 0xffffff80},
    {"mov.b32 %r1, -1; cvt.sat.u32.s32 %o, %r1;", 32, 0},
    {"mov.b32 %r1, -1; cvt.sat.s32.u32 %o, %r1;", 32, 0x7fffffff},
    {"mov.b32 %r1, -1; cvt.sat.u64.s32 %o, %r1;", 64, 0},
    {"cvt.rn.f16.f32 %o, 0f477FF000;", 16, 0x7c00},
    {"cvt.rn.f16.f32 %o, 0f477FEFFF;", 16, 0x7bff},
    {"cvt.rn.satfinite.f16.f32 %o, 0f477FF000;", 16, 0x7bff},
    {"cvt.rn.relu.f16.f32 %o, 0fBF800000;", 16, 0},
    {"cvt.rn.bf16.f32 %o, 0f3F808000;", 16, 0x3f80},
    {"cvt.rn.bf16.f32 %o, 0f3F818000;", 16, 0x3f82},
    {"cvt.rn.bf16.f32 %o, 0f7F800001;", 16, 0x7fff},
    {"cvt.rn.bf16.f32 %o, 0f7F7FFFFF;", 16, 0x7f80},
    {"cvt.rz.bf16.f32 %o, 0f7F7FFFFF;", 16, 0x7f7f},
    {"cvt.rn.bf16.f32 %o, 0f00000001;", 16, 0},
    {"cvt.rn.bf16.f32 %o, 0f00018000;", 16, 2},
    {"mov.b16 %h1, 0x3f80; cvt.f32.bf16 %o, %h1;", 32, 0x3f800000},
    {"cvt.rn.f16x2.f32 %o, 0f3F800000, 0f40000000;", 32, 0x3c004000},
    {"cvt.rn.bf16x2.f32 %o, 0f3F800000, 0f40000000;", 32, 0x3f804000},
    {"cvt.rna.tf32.f32 %o, 0f3F801000;", 32, 0x3f802000},
    {"cvt.rn.tf32.f32 %o, 0f3F801000;", 32, 0x3f800000},
    {"cvt.rni.f32.f32 %o, 0f40200000;", 32, 0x40000000},
    {"cvt.rmi.f64.f64 %o, 0dBFE0000000000000;", 64, 0xbff0000000000000},
    {"cvt.f64.f32 %o, 0f3F800000;", 64, 0x3ff0000000000000},
    {"cvt.rn.f32.f64 %o, 0d3FF0000010000000;", 32, 0x3f800000},
    {"cvt.rn.f32.u64 %o, 0xffffffffffffffffU;", 32, 0x5f800000},
    {"cvt.rn.f32.s64 %o, -1;", 32, 0xbf800000},
    {"cvt.rn.f64.u32 %o, 0xffffffff;", 64, 0x41efffffffe00000},
    {"cvt.rn.f16.u64 %o, 0xffffffffffffffffU;", 16, 0x7c00},
    {"cvt.rn.f16.s32 %o, -2049;", 16, 0xe800},
    {"mov.b16 %h1, 3; cvt.rn.f16.u16 %o, %h1;", 16, 0x4200},
    {"cvt.rn.satfinite.e4m3x2.f32 %o, 0f3F800000, 0f43E00000;", 16, 0x387e},
    {"cvt.rn.satfinite.e4m3x2.f32 %o, 0f3B000000, 0f3A800000;", 16, 0x0100},  // the least one, and half of it: to even
    {"cvt.rn.satfinite.e4m3x2.f32 %o, 0fFF800000, 0f7FC00000;", 16, 0xfe7f},
    {"cvt.rn.satfinite.e4m3x2.f32 %o, 0f3F880000, 0f3F980000;", 16, 0x383a},  // ties
    {"cvt.rn.satfinite.e5m2x2.f32 %o, 0f7F7FFFFF, 0fBF800000;", 16, 0x7bbc},
    {"cvt.rn.satfinite.relu.e5m2x2.f32 %o, 0fBF800000, 0f3F800000;", 16, 0x003c},
    {"mov.b32 %r1, 0x3c00c000; cvt.rn.satfinite.e4m3x2.f16x2 %o, %r1;", 16, 0x38c0},
    {"mov.b16 %h1, 0x387e; cvt.rn.f16x2.e4m3x2 %o, %h1;", 32, 0x3c005f00},
    {"mov.b16 %h1, 0xff01; cvt.rn.f16x2.e4m3x2 %o, %h1;", 32, 0x7fff1800},
    {"mov.b16 %h1, 0x7c01; cvt.rn.f16x2.e5m2x2 %o, %h1;", 32, 0x7c000100},
    {"cvt.rn.satfinite.e2m3x2.f32 %o, 0f3F800000, 0f41000000;", 16, 0x081f},
    {"cvt.rn.satfinite.e3m2x2.f32 %o, 0f3F800000, 0fC1E00000;", 16, 0x0c3f},
    {"mov.b16 %h1, 0x0c3f; cvt.rn.f16x2.e3m2x2 %o, %h1;", 32, 0x3c00cf00},
    {"cvt.pack.sat.s16.s32 %o, 70000, -70000;", 32, 0x7fff8000},
    {"cvt.pack.sat.u8.s32.b32 %o, 300, -1, 0x1234;", 32, 0x1234ff00},
};

constexpr Row Video[] = {
    {"vabsdiff4.u32.u32.u32.add %o, 0x01020304, 0x04030201, 10;", 32, 18},
    {"vabsdiff4.u32.u32.u32 %o, 0x01020304, 0x04030201, 0;", 32, 0x03010103},
    {"vadd2.s32.s32.s32.sat %o, 0x7fff0001, 0x00010001, 0;", 32, 0x7fff0002},
    {"vavrg2.u32.u32.u32 %o, 0x00030002, 0x00040002, 0;", 32, 0x00040002},
    {"vset4.u32.u32.eq %o, 0x01020304, 0x01000300, 0;", 32, 0x01000100},
    {"vadd.s32.s32.s32.sat %o, 0x7fffffff, 1;", 32, 0x7fffffff},
    {"vsub.u32.u32.u32.sat %o, 1, 2;", 32, 0},
    {"mov.b32 %r1, 0x12345680; vadd.s32.s32.s32 %o, %r1.b0, 1;", 32, uint32_t(-127)},
    {"vabsdiff.s32.s32.s32.add %o, -5, 5, 1;", 32, 11},
};

constexpr Row Move[] = {
    {"mov.b64 %o, {1, 2};", 64, 0x200000001},
    {"mov.b64 %d1, 0x500000003; mov.b64 {%r1, %o}, %d1;", 32, 5},
    {"mov.b32 %r1, 0x00070009; mov.b32 {%o, %h1}, %r1;", 16, 9},
    {"mov.b32 %o, 0f3F800000;", 32, 0x3f800000},
    {"mov.u16 %o, -1;", 16, 0xffff},
    {"mov.u32 %o, %cluster_nctaid.w;", 32, 1},
};

TEST(Semantics, Integer) {
  check(Integer);
}
TEST(Semantics, Bits) {
  check(Bits);
}
TEST(Semantics, Float) {
  check(Float);
}
TEST(Semantics, Compare) {
  check(Compare);
}
TEST(Semantics, Convert) {
  check(Convert);
}
TEST(Semantics, Video) {
  check(Video);
}
TEST(Semantics, Move) {
  check(Move);
}

TEST(Semantics, Lop3) {
  for (unsigned table = 0; table < 256; ++table) {
    std::string code = "lop3.b32 %o, 0xf0, 0xcc, 0xaa, " + std::to_string(table) + ";", why;
    auto value = evaluate(code.c_str(), 32, why);
    ASSERT_TRUE(value) << code << why;
    EXPECT_EQ(*value & 0xff, table);
  }
}

}  // namespace
