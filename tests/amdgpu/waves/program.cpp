// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/amdgpu/waves/program.h"

#include <cstring>

#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/Analysis/PostDominators.h>
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/GetElementPtrTypeIterator.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Operator.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Transforms/IPO/AlwaysInliner.h>
#include <llvm/Transforms/Scalar/StructurizeCFG.h>
#include <llvm/Transforms/Utils/FixIrreducible.h>
#include <llvm/Transforms/Utils/LowerSwitch.h>
#include <llvm/Transforms/Utils/UnifyFunctionExitNodes.h>
#include <llvm/Transforms/Utils/UnifyLoopExits.h>

namespace cutrans::waves {

using llvm::cast;
using llvm::dyn_cast;
using llvm::isa;

namespace {

// What stands for a value that is not defined: nothing that a kernel could want.
constexpr uint64_t kGarbage = 0xa5a5a5a5a5a5a5a5ull;

uint64_t low(uint64_t word, uint32_t bits) { return bits >= 64 ? word : word & ((uint64_t{1} << bits) - 1); }

// Constant expressions become instructions, each in front of its user.
void spellOut(llvm::Function &kernel) {
  llvm::SmallVector<llvm::Instruction *, 64> work;
  for (llvm::Instruction &instruction : llvm::instructions(kernel)) work.push_back(&instruction);
  while (!work.empty()) {
    llvm::Instruction *user = work.pop_back_val();
    for (unsigned i = 0; i < user->getNumOperands(); ++i) {
      auto *expression = dyn_cast<llvm::ConstantExpr>(user->getOperand(i));
      if (!expression) continue;
      auto *phi = dyn_cast<llvm::PHINode>(user);
      llvm::Instruction *place = phi ? phi->getIncomingBlock(i)->getTerminator() : user;
      llvm::Instruction *made = expression->getAsInstruction();
      made->insertBefore(place->getIterator());
      work.push_back(made);
      if (!phi) user->setOperand(i, made);
      else
        for (unsigned j = 0; j < phi->getNumIncomingValues(); ++j)
          if (phi->getIncomingBlock(j) == place->getParent() && phi->getIncomingValue(j) == expression) phi->setIncomingValue(j, made);
    }
  }
}

// As AMDGPU's back end lays out control flow, so that lanes meet where they do on the chip: where a way out of a region leads past the place where its ways meet (the end
// of the grid), they meet inside all the same. The parts of it that LLVM has for any target; kernels have one return.
void layOut(llvm::Function &kernel) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  for (llvm::Function &function : *kernel.getParent()) {
    if (function.isDeclaration() || &function == &kernel) continue;
    function.removeFnAttr(llvm::Attribute::NoInline);
    function.addFnAttr(llvm::Attribute::AlwaysInline);
  }
  llvm::ModulePassManager calls;
  calls.addPass(llvm::AlwaysInlinerPass());
  calls.run(*kernel.getParent(), modules);
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::LowerSwitchPass());
  passes.addPass(llvm::UnifyFunctionExitNodesPass());
  passes.addPass(llvm::FixIrreduciblePass());
  passes.addPass(llvm::UnifyLoopExitsPass());
  passes.addPass(llvm::StructurizeCFGPass(/*SkipUniformRegions=*/false));
  passes.run(kernel, functions);
}

}  // namespace

void Program::addPieces(llvm::Type *type, uint64_t offset, Shape &shape) {
  if (auto *structure = dyn_cast<llvm::StructType>(type)) {
    const llvm::StructLayout *parts = layout().getStructLayout(structure);
    for (unsigned i = 0; i < structure->getNumElements(); ++i) addPieces(structure->getElementType(i), offset + parts->getElementOffset(i), shape);
  } else if (auto *array = dyn_cast<llvm::ArrayType>(type)) {
    const uint64_t size = layout().getTypeAllocSize(array->getElementType());
    for (uint64_t i = 0; i < array->getNumElements(); ++i) addPieces(array->getElementType(), offset + i * size, shape);
  } else if (auto *vector = dyn_cast<llvm::FixedVectorType>(type)) {
    // Not of bits in memory; as values they are as any other.
    const uint64_t size = (layout().getTypeSizeInBits(vector->getElementType()) + 7) / 8;
    for (unsigned i = 0; i < vector->getNumElements(); ++i) addPieces(vector->getElementType(), offset + i * size, shape);
  } else if (!type->isVoidTy() && !type->isMetadataTy() && !type->isLabelTy() && !type->isFunctionTy()) {
    const Piece piece{shape.words, uint32_t(offset), uint32_t(layout().getTypeSizeInBits(type)), type};
    if (piece.bits > 128) problem = "a value of more than 128 bits";
    shape.pieces.push_back(piece);
    shape.words += piece.words();
  }
}

const Shape &Program::shapeOf(llvm::Type *type) {
  std::unique_ptr<Shape> &known = shapes_[type];
  if (!known) {
    auto made = std::make_unique<Shape>();
    addPieces(type, 0, *made);
    if (type->isSized()) made->bytes = layout().getTypeStoreSize(type);
    shapes_[type] = std::move(made);
  }
  return *shapes_[type];
}

bool Program::flatten(const llvm::Constant &constant, std::vector<uint64_t> &out) {
  auto number = [&](const llvm::APInt &value) {
    for (unsigned i = 0; i < value.getNumWords(); ++i) out.push_back(value.getRawData()[i]);
    return true;
  };
  const Shape &shape = shapeOf(constant.getType());
  if (isa<llvm::UndefValue>(constant)) {
    for (const Piece &piece : shape.pieces)
      for (uint32_t i = 0; i < piece.words(); ++i) out.push_back(low(kGarbage, piece.bits - 64 * i));
    return true;
  }
  if (constant.isNullValue()) return out.resize(out.size() + shape.words), true;
  if (auto *integer = dyn_cast<llvm::ConstantInt>(&constant); integer && !constant.getType()->isVectorTy()) return number(integer->getValue());
  if (auto *real = dyn_cast<llvm::ConstantFP>(&constant); real && !constant.getType()->isVectorTy()) return number(real->getValueAPF().bitcastToAPInt());
  if (auto *variable = dyn_cast<llvm::GlobalVariable>(&constant)) return out.push_back(placeOf(*variable)), problem.empty();
  if (auto *expression = dyn_cast<llvm::ConstantExpr>(&constant); expression && expression->getOpcode() == llvm::Instruction::IntToPtr)
    return flatten(*cast<llvm::Constant>(expression->getOperand(0)), out);
  if (constant.getType()->isAggregateType() || constant.getType()->isVectorTy()) {
    for (unsigned i = 0; llvm::Constant *element = constant.getAggregateElement(i); ++i)
      if (!flatten(*element, out)) return false;
    return true;
  }
  problem = "a constant of an unknown kind";
  return false;
}

llvm::Constant *Program::constantOf(llvm::Type *type, const uint64_t *words) {
  if (type->isIntegerTy()) return llvm::ConstantInt::get(context_, llvm::APInt(type->getIntegerBitWidth(), llvm::ArrayRef(words, shapeOf(type).words)));
  if (type->isFloatingPointTy())
    return llvm::ConstantFP::get(context_, llvm::APFloat(type->getFltSemantics(), llvm::APInt(type->getPrimitiveSizeInBits(), *words)));
  if (type->isPointerTy()) return llvm::ConstantExpr::getIntToPtr(llvm::ConstantInt::get(layout().getIntPtrType(type), *words), type);
  llvm::SmallVector<llvm::Constant *, 8> parts;
  const unsigned count = type->isStructTy() ? type->getStructNumElements() : cast<llvm::FixedVectorType>(type)->getNumElements();
  for (unsigned i = 0; i < count; ++i) {
    llvm::Type *part = type->isStructTy() ? type->getStructElementType(i) : type->getScalarType();
    parts.push_back(constantOf(part, words));
    words += shapeOf(part).words;
  }
  return type->isStructTy() ? llvm::ConstantStruct::get(cast<llvm::StructType>(type), parts) : llvm::ConstantVector::get(parts);
}

uint64_t Program::placeOf(const llvm::GlobalVariable &variable) {
  std::unique_ptr<std::vector<uint8_t>> &table = tables_[&variable];
  if (table) return reinterpret_cast<uint64_t>(table->data());
  if (!variable.hasInitializer() || variable.getAddressSpace() == 3) return problem = ("variable " + variable.getName()).str(), 0;
  std::vector<uint64_t> words;
  auto bytes = std::make_unique<std::vector<uint8_t>>(layout().getTypeAllocSize(variable.getValueType()) + 16);
  if (!flatten(*variable.getInitializer(), words)) return 0;
  for (const Piece &piece : shapeOf(variable.getValueType()).pieces) std::memcpy(bytes->data() + piece.offset, &words[piece.word], piece.bytes());
  tables_[&variable] = std::move(bytes);
  return reinterpret_cast<uint64_t>(tables_[&variable]->data());
}

std::vector<std::pair<void *, size_t>> Program::variables() const {
  std::vector<std::pair<void *, size_t>> result;
  for (auto &[variable, table] : tables_) result.emplace_back(table->data(), table->size());
  return result;
}

Operand Program::operandOf(const llvm::Value &value) {
  if (auto known = values_.find(&value); known != values_.end()) return known->second;
  Operand operand{isa<llvm::Constant>(value) && !isa<llvm::Function>(value), 0, &shapeOf(value.getType())};
  if (operand.constant) {
    operand.at = uint32_t(constants.size());
    flatten(*cast<llvm::Constant>(&value), constants);
  } else {
    operand.at = registers;
    registers += operand.shape->words;
  }
  return values_[&value] = operand;
}

Edge Program::edgeTo(const llvm::BasicBlock &from, const llvm::BasicBlock &to) {
  Edge edge{numbers_.lookup(&to), {}};
  for (const llvm::PHINode &phi : to.phis()) edge.copies.push_back({operandOf(phi).at, operandOf(*phi.getIncomingValueForBlock(&from))});
  return edge;
}

void Program::decode(const llvm::Instruction &instruction, Block &into) {
  if (isa<llvm::PHINode>(instruction)) return;
  Step step;
  step.ir = &instruction;
  step.opcode = instruction.getOpcode();
  if (!instruction.getType()->isVoidTy()) step.to = operandOf(instruction).at;
  step.shape = &shapeOf(instruction.getType());
  if (auto *call = dyn_cast<llvm::CallInst>(&instruction)) {
    step.intrinsic = call->getIntrinsicID();
    if (!call->isInlineAsm() && (!call->getCalledFunction() || !call->getCalledFunction()->isIntrinsic())) problem = "a call";
    for (const llvm::Use &argument : call->args()) step.operands.push_back(argument->getType()->isMetadataTy() ? Operand{} : operandOf(*argument));
  } else {
    for (const llvm::Use &operand : instruction.operands())
      if (!isa<llvm::BasicBlock>(operand)) step.operands.push_back(operandOf(*operand));
  }
  if (auto *place = dyn_cast<llvm::GEPOperator>(&instruction)) {
    if (place->getType()->isVectorTy()) problem = "addresses in vectors";
    for (auto it = llvm::gep_type_begin(place), end = llvm::gep_type_end(place); it != end; ++it) {
      if (llvm::StructType *structure = it.getStructTypeOrNull()) {
        step.number += layout().getStructLayout(structure)->getElementOffset(unsigned(cast<llvm::ConstantInt>(it.getOperand())->getZExtValue()));
        step.scales.push_back(0);
      } else {
        step.scales.push_back(it.getSequentialElementStride(layout()));
      }
    }
  }
  auto firstWord = [&](llvm::Type *type, llvm::ArrayRef<unsigned> indices) {
    uint32_t word = 0;
    for (unsigned index : indices) {
      for (unsigned i = 0; i < index; ++i) word += shapeOf(llvm::GetElementPtrInst::getTypeAtIndex(type, uint64_t{i})).words;
      type = llvm::GetElementPtrInst::getTypeAtIndex(type, uint64_t{index});
    }
    return word;
  };
  if (auto *extract = dyn_cast<llvm::ExtractValueInst>(&instruction)) step.number = firstWord(extract->getAggregateOperand()->getType(), extract->getIndices());
  if (auto *insert = dyn_cast<llvm::InsertValueInst>(&instruction)) step.number = firstWord(insert->getType(), insert->getIndices());
  if (auto *local = dyn_cast<llvm::AllocaInst>(&instruction)) {
    auto *count = dyn_cast<llvm::ConstantInt>(local->getArraySize());
    if (!count) return void(problem = "private memory of unknown size");
    privateBytes = uint32_t(llvm::alignTo(privateBytes, std::max<uint64_t>(local->getAlign().value(), 16)));
    step.number = privateBytes;
    privateBytes += uint32_t(layout().getTypeAllocSize(local->getAllocatedType()) * count->getZExtValue());
  }
  if (instruction.isTerminator())
    for (const llvm::BasicBlock *successor : llvm::successors(&instruction)) step.edges.push_back(edgeTo(*instruction.getParent(), *successor));
  into.steps.push_back(std::move(step));
}

void Program::prepare(llvm::Function &kernel) {
  spellOut(kernel);
  for (const llvm::BasicBlock &block : kernel) numbers_[&block] = uint32_t(numbers_.size());
  for (const llvm::Argument &argument : kernel.args()) arguments.push_back(operandOf(argument).at);
  llvm::PostDominatorTree meets(kernel);
  blocks.resize(numbers_.size());
  for (const llvm::BasicBlock &block : kernel) {
    Block &made = blocks[numbers_.lookup(&block)];
    for (const llvm::Instruction &instruction : block) decode(instruction, made);
    auto *node = meets.getNode(&block);
    auto *up = node ? node->getIDom() : nullptr;
    if (up && up->getBlock()) made.meets = numbers_.lookup(up->getBlock());
  }
}

Program::Program(std::string_view bitcode, unsigned waveSize) : wave(waveSize) {
  auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(llvm::StringRef(bitcode.data(), bitcode.size()), "lowered"), context_);
  if (!module) {
    problem = llvm::toString(module.takeError());
    return;
  }
  module_ = std::move(*module);
  llvm::Function *kernel = nullptr;
  for (llvm::Function &function : *module_)
    if (function.getCallingConv() == llvm::CallingConv::AMDGPU_KERNEL) kernel = &function;
  if (!kernel) {
    problem = "no kernel";
    return;
  }
  layOut(*kernel);
  prepare(*kernel);
}

}  // namespace cutrans::waves
