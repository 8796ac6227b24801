// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include "compiler/emit/native/expand_math.h"

namespace cutrans::emit {
namespace {

using ir::Intrinsic;
using llvm::Value;

// One operation: its rz row (rm and rp follow), AVX-512 intrinsic on 512-bit registers (of the wider side), and the
// assembler's name of the operation on one element for machines without it.
struct Row {
  Intrinsic rz;
  llvm::Intrinsic::ID wide;
  unsigned lanes;  // of one 512-bit operation
  const char *mnemonic;
};

constexpr Row Rows[] = {
    {Intrinsic::AddF32Rz, llvm::Intrinsic::x86_avx512_add_ps_512, 16, "vaddss"},
    {Intrinsic::AddF64Rz, llvm::Intrinsic::x86_avx512_add_pd_512, 8, "vaddsd"},
    {Intrinsic::SubF32Rz, llvm::Intrinsic::x86_avx512_sub_ps_512, 16, "vsubss"},
    {Intrinsic::SubF64Rz, llvm::Intrinsic::x86_avx512_sub_pd_512, 8, "vsubsd"},
    {Intrinsic::MulF32Rz, llvm::Intrinsic::x86_avx512_mul_ps_512, 16, "vmulss"},
    {Intrinsic::MulF64Rz, llvm::Intrinsic::x86_avx512_mul_pd_512, 8, "vmulsd"},
    {Intrinsic::DivF32Rz, llvm::Intrinsic::x86_avx512_div_ps_512, 16, "vdivss"},
    {Intrinsic::DivF64Rz, llvm::Intrinsic::x86_avx512_div_pd_512, 8, "vdivsd"},
    {Intrinsic::FmaF32Rz, llvm::Intrinsic::x86_avx512_vfmadd_ps_512, 16, "vfmadd231ss"},
    {Intrinsic::FmaF64Rz, llvm::Intrinsic::x86_avx512_vfmadd_pd_512, 8, "vfmadd231sd"},
    {Intrinsic::SqrtF32Rz, llvm::Intrinsic::x86_avx512_sqrt_ps_512, 16, "vsqrtss"},
    {Intrinsic::SqrtF64Rz, llvm::Intrinsic::x86_avx512_sqrt_pd_512, 8, "vsqrtsd"},
    {Intrinsic::RcpF32Rz, llvm::Intrinsic::x86_avx512_div_ps_512, 16, "vdivss"},
    {Intrinsic::RcpF64Rz, llvm::Intrinsic::x86_avx512_div_pd_512, 8, "vdivsd"},
    {Intrinsic::CvtF32F64Rz, llvm::Intrinsic::x86_avx512_mask_cvtpd2ps_512, 8, "vcvtsd2ss"},
    {Intrinsic::CvtF32S32Rz, llvm::Intrinsic::x86_avx512_sitofp_round, 16, "vcvtsi2ss"},
    {Intrinsic::CvtF32U32Rz, llvm::Intrinsic::x86_avx512_uitofp_round, 16, "vcvtsi2ss"},
    {Intrinsic::CvtF32S64Rz, llvm::Intrinsic::x86_avx512_sitofp_round, 8, "vcvtsi2ss"},
    {Intrinsic::CvtF32U64Rz, llvm::Intrinsic::x86_avx512_uitofp_round, 8, "vcvtsi2ss"},
    {Intrinsic::CvtF64S64Rz, llvm::Intrinsic::x86_avx512_sitofp_round, 8, "vcvtsi2sd"},
    {Intrinsic::CvtF64U64Rz, llvm::Intrinsic::x86_avx512_uitofp_round, 8, "vcvtsi2sd"},
};

// Intel's encoding of a rounding direction: 1 down, 2 up, 3 to zero.
unsigned machineMode(unsigned direction) { return direction == 0 ? 3 : direction; }

class Expansion {
 public:
  Expansion(llvm::CallInst &call, unsigned direction, const Machine &machine)
      : b_(&call), machine_(machine), mode_(machineMode(direction)), call_(call) {}

  Value *run(const Row &row);
  Value *toHalf(Value *source);

 private:
  Value *wide(const Row &row, llvm::ArrayRef<Value *> operands);
  Value *single(const Row &row, llvm::ArrayRef<Value *> operands);
  Value *unsigned64(const char *mnemonic, Value *operand, llvm::Type *result);
  Value *assembly(const char *mnemonic, llvm::Type *result, llvm::ArrayRef<Value *> operands);
  template <class Operation>
  Value *byChunks(llvm::ArrayRef<Value *> operands, llvm::Type *resultElement, unsigned lanes, Operation operation);
  static unsigned count(llvm::Type *type) {
    auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
    return vector ? vector->getNumElements() : 1;
  }

  llvm::IRBuilder<> b_;
  const Machine &machine_;
  unsigned mode_;
  llvm::CallInst &call_;
};

// Runs `operation` on pieces of `lanes` elements (the last one padded with its first lane's value) and joins the results.
template <class Operation>
Value *Expansion::byChunks(llvm::ArrayRef<Value *> operands, llvm::Type *resultElement, unsigned lanes, Operation operation) {
  llvm::Type *full = operands[0]->getType();
  unsigned total = count(full);
  llvm::SmallVector<Value *, 8> results;
  for (unsigned first = 0; first < total; first += lanes) {
    llvm::SmallVector<int, 16> pick;
    for (unsigned i = 0; i < lanes; ++i) pick.push_back(int(first + i < total ? first + i : first));
    llvm::SmallVector<Value *, 3> parts;
    for (Value *operand : operands)
      parts.push_back(full->isVectorTy() ? b_.CreateShuffleVector(operand, pick) : b_.CreateVectorSplat(lanes, operand));
    results.push_back(operation(parts));
  }
  if (!full->isVectorTy()) return b_.CreateExtractElement(results[0], uint64_t(0));
  Value *joined = results[0];
  for (unsigned i = 1; i < results.size(); ++i) {
    // Both sides of a shuffle have one type: widen the piece first.
    llvm::SmallVector<int, 64> grow, join;
    unsigned have = i * lanes;
    for (unsigned k = 0; k < have; ++k) grow.push_back(k < lanes ? int(k) : -1);
    for (unsigned k = 0; k < have + lanes; ++k) join.push_back(int(k < have ? k : have + (k - have)));
    Value *piece = b_.CreateShuffleVector(results[i], grow);
    joined = b_.CreateShuffleVector(joined, piece, join);
  }
  llvm::SmallVector<int, 64> keep;
  for (unsigned k = 0; k < total; ++k) keep.push_back(int(k));
  return b_.CreateShuffleVector(joined, keep);
}

Value *Expansion::wide(const Row &row, llvm::ArrayRef<Value *> operands) {
  Value *rounding = b_.getInt32(8 | mode_);
  llvm::Type *element = call_.getType()->getScalarType();
  auto *resultType = llvm::FixedVectorType::get(element, row.lanes);
  return byChunks(operands, element, row.lanes, [&](llvm::ArrayRef<Value *> parts) -> Value * {
    llvm::SmallVector<Value *, 4> arguments(parts);
    switch (row.wide) {
      case llvm::Intrinsic::x86_avx512_mask_cvtpd2ps_512:
        arguments.append({llvm::Constant::getNullValue(resultType), b_.getInt8(0xff), rounding});
        return b_.CreateIntrinsic(row.wide, {}, arguments);
      case llvm::Intrinsic::x86_avx512_sitofp_round:
      case llvm::Intrinsic::x86_avx512_uitofp_round:
        arguments.push_back(rounding);
        return b_.CreateIntrinsic(row.wide, {resultType, parts[0]->getType()}, arguments);
      default:
        arguments.push_back(rounding);
        return b_.CreateIntrinsic(row.wide, {}, arguments);
    }
  });
}

// One instruction between two writes of MXCSR, in one piece, so that nothing else is ever rounded that way. The default
// control word is 0x1f80; generated code never changes it otherwise.
Value *Expansion::assembly(const char *mnemonic, llvm::Type *result, llvm::ArrayRef<Value *> operands) {
  llvm::Module &module = *call_.getModule();
  auto word = [&](uint32_t value) {
    std::string name = "cutrans.mxcsr." + llvm::utohexstr(value);
    llvm::GlobalVariable *variable = module.getGlobalVariable(name, true);
    if (!variable) {
      variable = new llvm::GlobalVariable(module, b_.getInt32Ty(), true, llvm::GlobalValue::InternalLinkage, b_.getInt32(value), name);
    }
    return variable;
  };
  std::string text = "vldmxcsr $1\n\t", constraints = "=&x,*m,*m";
  bool fma = operands.size() == 3, fromInteger = operands[0]->getType()->isIntegerTy(), one = operands.size() == 1;
  llvm::SmallVector<Value *, 5> arguments{word(0x1f80 | mode_ << 13), word(0x1f80)};
  if (fma) {  // the destination starts as the third operand
    text += std::string(mnemonic) + " $4, $3, $0";
    constraints += ",x,x,0";
    arguments.append({operands[0], operands[1], operands[2]});
    constraints = "=x,*m,*m,x,x,0";
  } else if (fromInteger) {
    text += "vxorps $0, $0, $0\n\t" + std::string(mnemonic) + "q $3, $0, $0";
    constraints += ",r";
    arguments.push_back(operands[0]);
  } else if (one) {
    text += std::string(mnemonic) + " $3, $3, $0";
    constraints += ",x";
    arguments.push_back(operands[0]);
  } else {
    text += std::string(mnemonic) + " $4, $3, $0";
    constraints += ",x,x";
    arguments.append({operands[0], operands[1]});
  }
  text += "\n\tvldmxcsr $2";
  constraints += ",~{dirflag},~{fpsr},~{flags}";
  llvm::SmallVector<llvm::Type *, 5> types;
  for (Value *argument : arguments) types.push_back(argument->getType());
  auto *inlineAsm = llvm::InlineAsm::get(llvm::FunctionType::get(result, types, false), text, constraints, /*hasSideEffects=*/true);
  llvm::CallInst *call = b_.CreateCall(inlineAsm, arguments);
  for (unsigned i = 0; i < 2; ++i)
    call->addParamAttr(i, llvm::Attribute::get(b_.getContext(), llvm::Attribute::ElementType, b_.getInt32Ty()));
  return call;
}

// Above 2^63: half of it with the lost bit kept as sticky, converted, doubled - exact, whatever the direction.
Value *Expansion::unsigned64(const char *mnemonic, Value *operand, llvm::Type *result) {
  Value *large = b_.CreateICmpSLT(operand, b_.getInt64(0));
  Value *half = b_.CreateOr(b_.CreateLShr(operand, 1), b_.CreateAnd(operand, 1));
  Value *converted = assembly(mnemonic, result, {b_.CreateSelect(large, half, operand)});
  return b_.CreateSelect(large, b_.CreateFAdd(converted, converted), converted);
}

Value *Expansion::single(const Row &row, llvm::ArrayRef<Value *> operands) {
  llvm::Type *element = call_.getType()->getScalarType();
  unsigned lanes = count(call_.getType());
  Value *result = llvm::PoisonValue::get(call_.getType());
  for (unsigned lane = 0; lane < lanes; ++lane) {
    llvm::SmallVector<Value *, 3> parts;
    for (Value *operand : operands)
      parts.push_back(operand->getType()->isVectorTy() ? b_.CreateExtractElement(operand, lane) : operand);
    Value *value;
    if (row.rz == Intrinsic::CvtF32U64Rz || row.rz == Intrinsic::CvtF64U64Rz) value = unsigned64(row.mnemonic, parts[0], element);
    else if (row.rz == Intrinsic::CvtF32S32Rz) value = assembly(row.mnemonic, element, {b_.CreateSExt(parts[0], b_.getInt64Ty())});
    else if (row.rz == Intrinsic::CvtF32U32Rz) value = assembly(row.mnemonic, element, {b_.CreateZExt(parts[0], b_.getInt64Ty())});
    else value = assembly(row.mnemonic, element, parts);
    if (!call_.getType()->isVectorTy()) return value;
    result = b_.CreateInsertElement(result, value, lane);
  }
  return result;
}

Value *Expansion::run(const Row &row) {
  llvm::SmallVector<Value *, 3> operands(call_.args());
  if (row.rz == Intrinsic::RcpF32Rz || row.rz == Intrinsic::RcpF64Rz)
    operands.insert(operands.begin(), llvm::ConstantFP::get(call_.getType(), 1.0));
  return machine_.avx512 ? wide(row, operands) : single(row, operands);
}

// vcvtps2ph has its own rounding control.
Value *Expansion::toHalf(Value *source) {
  Value *words = byChunks({source}, b_.getInt16Ty(), 8, [&](llvm::ArrayRef<Value *> parts) -> Value * {
    return b_.CreateIntrinsic(llvm::Intrinsic::x86_vcvtps2ph_256, {}, {parts[0], b_.getInt32(mode_)});
  });
  return b_.CreateBitCast(words, call_.getType());
}

}  // namespace

llvm::Value *expandRounding(llvm::CallInst &call, Intrinsic id, const Machine &machine) {
  auto isRow = [&](Intrinsic rz) { return id >= rz && uint16_t(id) < uint16_t(rz) + 3; };
  for (const Row &row : Rows)
    if (isRow(row.rz)) return Expansion(call, uint16_t(id) - uint16_t(row.rz), machine).run(row);
  if (isRow(Intrinsic::CvtF16F32Rz))
    return Expansion(call, uint16_t(id) - uint16_t(Intrinsic::CvtF16F32Rz), machine).toHalf(call.getArgOperand(0));
  return nullptr;
}

}  // namespace cutrans::emit
