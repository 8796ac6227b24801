// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The chip's own operations, and LLVM's that are frequent. Of lane operations AMD's manuals say: those among lanes look at the lanes that are here (the EXEC mask);
// ds_bpermute gives 0 from lanes that are not.
#include <chrono>
#include <cmath>

#include <llvm/ADT/APFloat.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/IntrinsicsAMDGPU.h>

#include "tests/amdgpu/waves/wave.h"

namespace cutrans::waves {

namespace intrinsic = llvm::Intrinsic;

namespace {

uint64_t nanoseconds() { return uint64_t(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1)); }

}  // namespace

bool Wave::lanesOperation(const Step &step) {
  auto forAll = [&](uint64_t value) {
    eachLane([&](unsigned lane) { at(step.to, lane) = value; });
    return true;
  };
  auto first = [&] { return unsigned(std::countr_zero(lanes_)); };
  switch (step.intrinsic) {
    case intrinsic::amdgcn_ballot: {
      uint64_t set = 0;
      eachLane([&](unsigned lane) { set |= (get(step.operands[0], lane) & 1) << lane; });
      return forAll(set);
    }
    case intrinsic::amdgcn_readfirstlane: return forAll(get(step.operands[0], first()));
    case intrinsic::amdgcn_readlane: return forAll(get(step.operands[0], unsigned(get(step.operands[1], first()) % program_.wave)));
    case intrinsic::amdgcn_ds_bpermute: {
      uint64_t got[64];
      eachLane([&](unsigned lane) {
        const unsigned from = unsigned(get(step.operands[0], lane) / 4 % program_.wave);
        got[lane] = lanes_ >> from & 1 ? get(step.operands[1], from) : 0;
      });
      eachLane([&](unsigned lane) { at(step.to, lane) = got[lane]; });
      return true;
    }
    case intrinsic::amdgcn_mbcnt_lo:
    case intrinsic::amdgcn_mbcnt_hi:
      eachLane([&](unsigned lane) {
        const uint64_t below = (uint64_t{1} << lane) - 1, mask = get(step.operands[0], lane);
        const uint32_t counted = uint32_t((step.intrinsic == intrinsic::amdgcn_mbcnt_lo ? below : below >> 32) & mask);
        at(step.to, lane) = uint32_t(get(step.operands[1], lane) + uint64_t(std::popcount(counted)));
      });
      return true;
    default: return false;
  }
}

bool Wave::chipOperation(const Step &step) {
  if (llvm::cast<llvm::CallInst>(step.ir)->isInlineAsm()) return assembly(step), true;
  if (lanesOperation(step)) return true;
  auto each = [&](auto f) {
    eachLane([&](unsigned lane) { at(step.to, lane) = uint64_t(f(lane)); });
    return true;
  };
  auto thread = [&](unsigned lane) { return first_ + lane; };
  auto operand = [&](unsigned i, unsigned lane) { return get(step.operands[i], lane); };
  auto is32 = [&] { return step.shape->pieces.size() == 1 && step.shape->pieces[0].bits == 32; };
  auto isFloat = [&] { return is32() && step.shape->pieces[0].type->isFloatTy(); };
  auto isSimple = [&] { return step.shape->pieces.size() == 1 && step.shape->pieces[0].bits <= 64; };
  auto bits = [&] { return step.shape->pieces[0].bits; };
  auto isSigned = [&](uint64_t value) { return int64_t(value << (64 - bits())) >> (64 - bits()); };
  switch (step.intrinsic) {
    case intrinsic::amdgcn_workitem_id_x: return each([&](unsigned lane) { return thread(lane) % launch_.block[0]; });
    case intrinsic::amdgcn_workitem_id_y: return each([&](unsigned lane) { return thread(lane) / launch_.block[0] % launch_.block[1]; });
    case intrinsic::amdgcn_workitem_id_z: return each([&](unsigned lane) { return thread(lane) / launch_.block[0] / launch_.block[1]; });
    case intrinsic::amdgcn_workgroup_id_x: return each([&](unsigned) { return block_.id[0]; });
    case intrinsic::amdgcn_workgroup_id_y: return each([&](unsigned) { return block_.id[1]; });
    case intrinsic::amdgcn_workgroup_id_z: return each([&](unsigned) { return block_.id[2]; });
    case intrinsic::amdgcn_s_barrier: return state = State::Barrier, true;
    case intrinsic::amdgcn_s_sleep: return yields_ = true;
    case intrinsic::amdgcn_s_getreg: return each([](unsigned) { return 0; });
    case intrinsic::amdgcn_is_shared: return each([&](unsigned lane) { return operand(0, lane) >> 32 == kSharedWindow >> 32; });
    case intrinsic::amdgcn_is_private: return each([&](unsigned lane) { return operand(0, lane) >> 32 == kPrivateWindow >> 32; });
    case intrinsic::readcyclecounter:
    case intrinsic::readsteadycounter: {
      // The steady one has 100 MHz.
      const uint64_t now = nanoseconds() / (step.intrinsic == intrinsic::readcyclecounter ? 1 : 10);
      return each([&](unsigned) { return now; });
    }
    case intrinsic::amdgcn_wave_barrier:
    case intrinsic::lifetime_start:
    case intrinsic::lifetime_end:
    case intrinsic::assume:
    case intrinsic::sideeffect:
    case intrinsic::experimental_noalias_scope_decl: return true;
    // LLVM's own.
    case intrinsic::fma:
      if (isFloat())
        return each([&](unsigned lane) {
          auto value = [&](unsigned i) { return std::bit_cast<float>(uint32_t(operand(i, lane))); };
          return std::bit_cast<uint32_t>(std::fmaf(value(0), value(1), value(2)));
        });
      if (step.shape->pieces.size() > 1 || !step.shape->pieces[0].type->isDoubleTy()) return false;
      return each([&](unsigned lane) {
        auto value = [&](unsigned i) { return std::bit_cast<double>(operand(i, lane)); };
        return std::bit_cast<uint64_t>(std::fma(value(0), value(1), value(2)));
      });
    case intrinsic::sqrt:  // of negative ones too, which LLVM does not fold
      if (isFloat()) return each([&](unsigned lane) { return std::bit_cast<uint32_t>(std::sqrt(std::bit_cast<float>(uint32_t(operand(0, lane))))); });
      if (step.shape->pieces.size() > 1 || !step.shape->pieces[0].type->isDoubleTy()) return false;
      return each([&](unsigned lane) { return std::bit_cast<uint64_t>(std::sqrt(std::bit_cast<double>(operand(0, lane)))); });
    case intrinsic::fabs:
      if (!isSimple()) return false;
      return each([&](unsigned lane) { return operand(0, lane) & ~(uint64_t{1} << (bits() - 1)); });
    case intrinsic::umin: return isSimple() && each([&](unsigned lane) { return std::min(operand(0, lane), operand(1, lane)); });
    case intrinsic::umax: return isSimple() && each([&](unsigned lane) { return std::max(operand(0, lane), operand(1, lane)); });
    case intrinsic::smin:
      return isSimple() && each([&](unsigned lane) { return isSigned(operand(0, lane)) < isSigned(operand(1, lane)) ? operand(0, lane) : operand(1, lane); });
    case intrinsic::smax:
      return isSimple() && each([&](unsigned lane) { return isSigned(operand(0, lane)) > isSigned(operand(1, lane)) ? operand(0, lane) : operand(1, lane); });
    case intrinsic::ctpop: return isSimple() && each([&](unsigned lane) { return std::popcount(operand(0, lane)); });
    default: return false;
  }
}

// expand_math.cpp's only kind: the rounding mode is set, one instruction done, and the mode set back.
void Wave::assembly(const Step &step) {
  auto *code = llvm::cast<llvm::InlineAsm>(llvm::cast<llvm::CallInst>(step.ir)->getCalledOperand());
  llvm::SmallVector<llvm::StringRef, 3> lines;
  code->getAsmString().split(lines, "\n\t");
  llvm::StringRef mode = lines[0];
  unsigned bits = 0;
  if (lines.size() != 3 || !mode.consume_front("s_setreg_imm32_b32 hwreg(1, 0, 4), ") || mode.getAsInteger(10, bits) || bits == 0 || bits % 5 || bits > 15 ||
      lines[2] != "s_setreg_imm32_b32 hwreg(1, 0, 4), 0")
    throw Stop{"assembly of an unknown kind"};
  constexpr llvm::RoundingMode modes[] = {llvm::RoundingMode::NearestTiesToEven, llvm::RoundingMode::TowardPositive, llvm::RoundingMode::TowardNegative,
                                          llvm::RoundingMode::TowardZero};
  const llvm::RoundingMode rounding = modes[bits & 3];
  const llvm::StringRef name = lines[1].split(' ').first;
  const size_t count = step.operands.size();
  eachLane([&](unsigned lane) {
    std::vector<llvm::APFloat> values;
    for (const Operand &operand : step.operands) {
      const Piece &piece = operand.shape->pieces[0];
      values.emplace_back(piece.type->getFltSemantics(), llvm::APInt(piece.bits, get(operand, lane)));
    }
    llvm::APFloat result = values[0];
    bool inexact;
    if ((name == "v_add_f32" || name == "v_add_f64") && count == 2) result.add(values[1], rounding);
    else if (name == "v_sub_f32" && count == 2) result.subtract(values[1], rounding);
    else if ((name == "v_mul_f32" || name == "v_mul_f64") && count == 2) result.multiply(values[1], rounding);
    else if ((name == "v_fma_f32" || name == "v_fma_f64") && count == 3) result.fusedMultiplyAdd(values[1], values[2], rounding);
    else if ((name == "v_cvt_f32_f64" || name == "v_cvt_f16_f32") && count == 1) result.convert(step.shape->pieces[0].type->getFltSemantics(), rounding, &inexact);
    else throw Stop{("assembly: " + name).str()};
    at(step.to, lane) = result.bitcastToAPInt().getZExtValue();
  });
}

}  // namespace cutrans::waves
