// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// widen-to-gang: one thread's linearised code becomes a gang's, `void @kernel(ptr %block, i32 %gang)`. docs/simt.md, section 4;
// what the result may call is widened.h. Blocks are visited in reverse post-order, each instruction once, by shape.
//
// Before: linearised (every branch uniform, masks named by block.mask). After: ordinary code of one thread of the machine; any
// LLVM pass may run.
#include "compiler/simt/widen_to_gang.h"

#include <llvm/ADT/PostOrderIterator.h>

#include "cutrans/native_kernel.h"

#include "compiler/ir/spmd.h"
#include "compiler/simt/linearize_divergent_branches.h"
#include "compiler/simt/refusal.h"
#include "compiler/simt/widened.h"

using namespace llvm;

namespace cutrans::simt {

Widener::Widener(Function &source, const SimtOptions &options)
    : source_(source), options_(options), ids_(LaunchIds::of(source)), width_(ids_.width()), module_(*source.getParent()),
      context_(source.getContext()), builder_(context_) {}

Error Widener::refuseInstruction(const Instruction &instruction) {
  std::string text;
  raw_string_ostream out(text);
  instruction.print(out);
  return refuse(Diag::simt_instruction, instruction, "no vector form of" + text);
}

Expected<Function *> Widener::run() {
  shapes_ = std::make_unique<Shapes>(source_, ids_);
  Type *pointer = PointerType::get(context_, 0);
  auto *type = FunctionType::get(Type::getVoidTy(context_), {pointer, Type::getInt32Ty(context_)}, false);
  result_ = Function::Create(type, source_.getLinkage(), "", module_);
  result_->takeName(&source_);
  for (Attribute attribute : source_.getAttributes().getFnAttrs())
    if (attribute.isStringAttribute()) result_->addFnAttr(attribute);
  result_->addFnAttr(Attribute::NullPointerIsValid);
  result_->addFnAttr(Attribute::NoUnwind);
  block_ = result_->getArg(0);
  gang_ = result_->getArg(1);
  block_->setName("block");
  gang_->setName("gang");
  result_->addParamAttr(0, Attribute::NoAlias);

  BasicBlock *entry = BasicBlock::Create(context_, "gang", result_);
  ReversePostOrderTraversal<Function *> order(&source_);
  for (BasicBlock *block : order) first_[block] = BasicBlock::Create(context_, block->getName(), result_);
  builder_.SetInsertPoint(entry);
  entryEnd_ = builder_.CreateBr(first_[&source_.getEntryBlock()]);
  builder_.SetInsertPoint(entryEnd_);
  if (source_.arg_size() == 1) {
    Argument *parameters = source_.getArg(0);
    Value *field = builder_.CreateConstGEP1_64(builder_.getInt8Ty(), block_, offsetof(ct_native_block, params));
    LoadInst *load = builder_.CreateLoad(parameters->getType(), field, "params");
    load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(context_, {}));
    setScalar(parameters, load);
  }
  for (BasicBlock *block : order)
    if (Error error = widenBlock(*block)) return std::move(error);
  finishPhis();
  source_.dropAllReferences();
  source_.eraseFromParent();
  return result_;
}

Error Widener::widenBlock(BasicBlock &block) {
  builder_.SetInsertPoint(first_[&block]);
  maskValue_ = exitedValue_ = nullptr;
  live_ = true;
  for (Instruction &instruction : block)
    if (Error error = widen(instruction)) return error;
  last_[&block] = builder_.GetInsertBlock();
  return Error::success();
}

Error Widener::widen(Instruction &instruction) {
  if (auto *phi = dyn_cast<PHINode>(&instruction)) {
    bool vector = shape(phi).isVarying();
    PHINode *wide = builder_.CreatePHI(vector ? widened(phi->getType()) : phi->getType(), phi->getNumIncomingValues(), phi->getName());
    phis_.push_back({phi, wide});
    vector ? setVector(phi, wide) : setScalar(phi, wide);
    return Error::success();
  }
  // Made of poison only: no lane ever gets here with it.
  if (shape(&instruction).kind == Shape::Unknown && !instruction.getType()->isVoidTy() && !instruction.mayHaveSideEffects())
    return setScalar(&instruction, PoisonValue::get(instruction.getType())), Error::success();
  if (auto *call = dyn_cast<CallInst>(&instruction)) return widenCall(*call);
  if (auto *branch = dyn_cast<BranchInst>(&instruction)) return widenBranch(*branch), Error::success();
  if (auto *load = dyn_cast<LoadInst>(&instruction)) return widenLoad(*load), Error::success();
  if (auto *store = dyn_cast<StoreInst>(&instruction)) return widenStore(*store), Error::success();
  if (auto *atomic = dyn_cast<AtomicRMWInst>(&instruction)) return widenAtomic(*atomic), Error::success();
  if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction)) return widenCompareExchange(*exchange), Error::success();
  if (auto *fence = dyn_cast<FenceInst>(&instruction)) return widenFence(*fence), Error::success();
  if (isa<ReturnInst>(instruction)) return builder_.CreateRetVoid(), Error::success();
  if (auto *select = dyn_cast<SelectInst>(&instruction); select && !shape(select).isVarying() && !isUniform(select->getCondition())) {
    bool second = shape(select->getTrueValue()).kind == Shape::Unknown;  // the other value is never there
    return setScalar(select, scalarOf(second ? select->getFalseValue() : select->getTrueValue())), Error::success();
  }
  const Shape &form = shape(&instruction);
  if (form.isPattern()) return setScalar(&instruction, base(instruction)), Error::success();
  if (form.isVarying()) {
    Value *wide = widenVarying(instruction);
    if (!wide) return refuseInstruction(instruction);
    wide->setName(instruction.getName());
    return setVector(&instruction, wide), Error::success();
  }
  if (std::optional<UniformCompare> compare = uniformCompare(instruction, *shapes_)) {
    Value *bound = scalarOf(const_cast<Value *>(compare->bound));
    if (compare->boundPlusOne) bound = ConstantExpr::getAdd(cast<Constant>(bound), ConstantInt::get(bound->getType(), 1));
    setScalar(&instruction, builder_.CreateICmp(CmpInst::Predicate(compare->predicate), scalarOf(const_cast<Value *>(compare->pattern)), bound));
    return Error::success();
  }
  if (instruction.isIntDivRem() && !someLane() && !isa<Constant>(instruction.getOperand(1))) {
    auto *copy = cast<Instruction>(cloneScalar(instruction));  // nobody said that the divisor is not 0
    builder_.SetInsertPoint(copy);
    copy->setOperand(1, builder_.CreateSelect(anyLane(), copy->getOperand(1), ConstantInt::get(copy->getType(), 1)));
    builder_.SetInsertPoint(copy->getParent());
    return setScalar(&instruction, copy), Error::success();
  }
  setScalar(&instruction, cloneScalar(instruction));
  return Error::success();
}

Value *Widener::widenVarying(Instruction &instruction) {
  Type *type = widened(instruction.getType());
  if (instruction.isIntDivRem()) return widenDivision(cast<BinaryOperator>(instruction));
  if (isa<ExtractElementInst, InsertElementInst, ShuffleVectorInst>(instruction)) return widenElements(instruction);
  auto operand = [&](unsigned i) { return vectorOf(instruction.getOperand(i)); };
  if (auto *binary = dyn_cast<BinaryOperator>(&instruction)) {
    Value *wide = builder_.CreateBinOp(binary->getOpcode(), operand(0), operand(1));
    if (auto *made = dyn_cast<Instruction>(wide)) made->copyIRFlags(binary);
    return wide;
  }
  if (isa<UnaryOperator>(instruction)) return builder_.CreateUnOp(Instruction::UnaryOps(instruction.getOpcode()), operand(0));
  if (auto *cast_ = dyn_cast<CastInst>(&instruction)) return builder_.CreateCast(cast_->getOpcode(), operand(0), type);
  if (auto *compare = dyn_cast<CmpInst>(&instruction)) return builder_.CreateCmp(compare->getPredicate(), operand(0), operand(1));
  if (isa<FreezeInst>(instruction)) return builder_.CreateFreeze(operand(0));
  if (auto *select = dyn_cast<SelectInst>(&instruction)) {
    if (isUniform(select->getCondition()) && !select->getCondition()->getType()->isVectorTy())
      return builder_.CreateSelect(scalarOf(select->getCondition()), operand(1), operand(2));
    Value *condition = operand(0);
    auto choose = [&](Value *yes, Value *no) {
      unsigned count = cast<FixedVectorType>(yes->getType())->getNumElements(), have = cast<FixedVectorType>(condition->getType())->getNumElements();
      SmallVector<int, 64> order;
      for (unsigned i = 0; i < count; ++i) order.push_back(i * have / count);
      return builder_.CreateSelect(count == have ? condition : elements(condition, order), yes, no);
    };
    auto *structure = dyn_cast<StructType>(type);
    if (!structure) return choose(operand(1), operand(2));
    Value *all = PoisonValue::get(type), *yes = operand(1), *no = operand(2);
    for (unsigned i = 0; i < structure->getNumElements(); ++i)
      all = builder_.CreateInsertValue(all, choose(builder_.CreateExtractValue(yes, i), builder_.CreateExtractValue(no, i)), i);
    return all;
  }
  if (auto *extract = dyn_cast<ExtractValueInst>(&instruction)) return builder_.CreateExtractValue(operand(0), extract->getIndices());
  if (auto *insert = dyn_cast<InsertValueInst>(&instruction)) return builder_.CreateInsertValue(operand(0), operand(1), insert->getIndices());
  if (auto *gep = dyn_cast<GetElementPtrInst>(&instruction)) {
    auto part = [&](Value *value) { return isUniform(value) ? scalarOf(value) : vectorOf(value); };
    SmallVector<Value *, 4> indices;
    for (Use &index : gep->indices()) indices.push_back(part(index));
    return builder_.CreateGEP(gep->getSourceElementType(), part(gep->getPointerOperand()), indices);
  }
  return nullptr;
}

// Dead lanes divide by one. 32 bits and less go through doubles, which hold such quotients exactly; machines have no
// vector division of integers.
Value *Widener::widenDivision(BinaryOperator &division) {
  Value *left = vectorOf(division.getOperand(0)), *right = vectorOf(division.getOperand(1));
  Type *type = division.getType();
  if (!isa<ConstantInt>(division.getOperand(1)) && !allLanes()) {
    if (type->isVectorTy()) right = builder_.CreateSelect(expandMask(cast<FixedVectorType>(type)->getNumElements()), right, ConstantInt::get(right->getType(), 1));
    else right = builder_.CreateSelect(mask(), right, ConstantInt::get(right->getType(), 1));
  }
  if (isa<ConstantInt>(division.getOperand(1)) || !type->isIntegerTy() || type->getIntegerBitWidth() > 32)
    return builder_.CreateBinOp(division.getOpcode(), left, right);
  auto opcode = division.getOpcode();
  bool isSigned = opcode == Instruction::SDiv || opcode == Instruction::SRem;
  Type *wide = widened(builder_.getDoubleTy()), *integer = widened(builder_.getInt64Ty());
  auto toDouble = [&](Value *value) { return isSigned ? builder_.CreateSIToFP(value, wide) : builder_.CreateUIToFP(value, wide); };
  Value *ratio = builder_.CreateFDiv(toDouble(left), toDouble(right));
  // Through 64 bits: the quotient of the smallest number and -1 does not fit.
  Value *quotient = builder_.CreateTrunc(builder_.CreateFPToSI(ratio, integer), left->getType());
  if (opcode == Instruction::SDiv || opcode == Instruction::UDiv) return quotient;
  return builder_.CreateSub(left, builder_.CreateMul(quotient, right));
}

// Lanes lie one after the other, so an element of each is a stride.
Value *Widener::widenElements(Instruction &instruction) {
  auto count = [](Value *value) { return cast<FixedVectorType>(value->getType())->getNumElements(); };
  SmallVector<int, 64> order;
  if (auto *extract = dyn_cast<ExtractElementInst>(&instruction)) {
    auto *index = dyn_cast<ConstantInt>(extract->getIndexOperand());
    if (!index) return nullptr;
    unsigned each = count(extract->getVectorOperand());
    for (unsigned i = 0; i < width_; ++i) order.push_back(i * each + index->getZExtValue());
    return elements(vectorOf(extract->getVectorOperand()), order);
  }
  if (auto *insert = dyn_cast<InsertElementInst>(&instruction)) {
    auto *index = dyn_cast<ConstantInt>(insert->getOperand(2));
    if (!index) return nullptr;
    unsigned each = count(insert), total = each * width_;
    for (unsigned i = 0; i < total; ++i) order.push_back(i % each == 0 ? i / each : 0);
    SmallVector<int, 64> spread, blend;
    for (unsigned i = 0; i < total; ++i) {
      spread.push_back(i / each);
      blend.push_back(i % each == index->getZExtValue() ? total + i : i);
    }
    Value *values = elements(vectorOf(insert->getOperand(1)), spread);
    return builder_.CreateShuffleVector(vectorOf(insert->getOperand(0)), values, blend);
  }
  auto &shuffle = cast<ShuffleVectorInst>(instruction);
  int each = count(shuffle.getOperand(0)), total = each * width_;
  for (unsigned lane = 0; lane < width_; ++lane)
    for (int index : shuffle.getShuffleMask()) order.push_back(index < 0 ? -1 : index < each ? int(lane) * each + index : total + int(lane) * each + index - each);
  return builder_.CreateShuffleVector(vectorOf(shuffle.getOperand(0)), vectorOf(shuffle.getOperand(1)), order);
}

void Widener::widenBranch(BranchInst &branch) {
  if (branch.isUnconditional()) {
    builder_.CreateBr(first_[branch.getSuccessor(0)]);
    return;
  }
  Value *condition = scalarOf(branch.getCondition());
  // Where no lane may be live, the condition may come from values that nobody computed.
  if (!someLane() && !isa<Constant>(condition)) condition = builder_.CreateFreeze(condition);
  builder_.CreateCondBr(condition, first_[branch.getSuccessor(0)], first_[branch.getSuccessor(1)]);
}

void Widener::finishPhis() {
  for (auto [phi, wide] : phis_)
    for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i) {
      BasicBlock *from = last_[phi->getIncomingBlock(i)];
      Value *value = phi->getIncomingValue(i);
      if (!from) continue;  // not reachable
      builder_.SetInsertPoint(from->getTerminator());
      if (shape(phi).isVarying()) wide->addIncoming(vectorOf(value), from);
      else wide->addIncoming(isa<UndefValue>(value) ? PoisonValue::get(wide->getType()) : scalarOf(value), from);
    }
}

// ---- the mask of the block ----

bool Widener::allLanes() const {
  if (!maskValue_) return ids_.fullGangs();
  auto *constant = dyn_cast<ConstantInt>(maskValue_);
  return constant && constant->isOne();
}

Value *Widener::mask() {
  if (allLanes()) return ConstantInt::getTrue(widened(builder_.getInt1Ty()));
  return maskValue_ ? vectorOf(maskValue_) : entryLanes();
}

Value *Widener::bits(Value *lanes) { return builder_.CreateBitCast(lanes, builder_.getIntNTy(width_)); }

Value *Widener::maskBits() { return bits(mask()); }

Value *Widener::anyLane() {
  if (someLane()) return builder_.getTrue();
  return builder_.CreateICmpNE(maskBits(), ConstantInt::get(builder_.getIntNTy(width_), 0));
}

Value *Widener::expandMask(unsigned count) {
  SmallVector<int, 64> order;
  for (unsigned i = 0; i < count * width_; ++i) order.push_back(i / count);
  return count == 1 ? mask() : elements(mask(), order);
}

Value *Widener::linearThread(Value *lane) {
  return builder_.CreateAdd(builder_.CreateMul(gang_, builder_.getInt32(width_)), lane, "thread");
}

BasicBlock *Widener::newBlock(const Twine &name) {
  BasicBlock *here = builder_.GetInsertBlock();
  return BasicBlock::Create(context_, name, result_, here->getNextNode());
}

Value *Widener::emitIf(Value *condition, Type *type, function_ref<Value *()> emit) {
  if (auto *constant = dyn_cast_or_null<ConstantInt>(condition); !condition || (constant && constant->isOne())) return emit();
  BasicBlock *before = builder_.GetInsertBlock(), *after = newBlock("after"), *then = newBlock("then");
  builder_.CreateCondBr(condition, then, after);
  builder_.SetInsertPoint(then);
  Value *value = emit();
  BasicBlock *end = builder_.GetInsertBlock();
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
  if (type->isVoidTy()) return nullptr;
  PHINode *phi = builder_.CreatePHI(type, 2);
  phi->addIncoming(value, end);
  phi->addIncoming(PoisonValue::get(type), before);
  return phi;
}

Value *Widener::insertLane(Value *into, Value *value, Value *lane, Type *type) {
  if (auto *structure = dyn_cast<StructType>(type)) {
    for (unsigned i = 0; i < structure->getNumElements(); ++i) {
      Value *part = insertLane(builder_.CreateExtractValue(into, i), builder_.CreateExtractValue(value, i), lane, structure->getElementType(i));
      into = builder_.CreateInsertValue(into, part, i);
    }
    return into;
  }
  auto *inner = dyn_cast<FixedVectorType>(type);
  if (!inner) return builder_.CreateInsertElement(into, value, lane);
  for (unsigned i = 0; i < inner->getNumElements(); ++i) {
    Value *place = builder_.CreateAdd(builder_.CreateMul(lane, builder_.getInt32(inner->getNumElements())), builder_.getInt32(i));
    into = builder_.CreateInsertElement(into, builder_.CreateExtractElement(value, i), place);
  }
  return into;
}

Value *Widener::unrollLanes(Type *type, LaneBody body) {
  bool collects = !type->isVoidTy();
  Value *results = collects ? PoisonValue::get(widened(type)) : nullptr;
  for (unsigned i = 0; i < width_; ++i) {
    Value *lane = builder_.getInt32(i);
    Value *value = body(lane);
    if (collects) results = insertLane(results, value, lane, type);
  }
  return results;
}

Value *Widener::loopOverLanes(Type *type, LaneBody body) {
  bool collects = !type->isVoidTy();
  Type *wide = widened(type), *bitsType = builder_.getIntNTy(width_);
  Value *all = maskBits();
  return emitIf(anyLane(), wide, [&]() -> Value * {
    BasicBlock *before = builder_.GetInsertBlock(), *after = newBlock("lanes.done"), *loop = newBlock("lanes");
    builder_.CreateBr(loop);
    builder_.SetInsertPoint(loop);
    PHINode *left = builder_.CreatePHI(bitsType, 2, "left");
    PHINode *results = collects ? builder_.CreatePHI(wide, 2, "results") : nullptr;
    Value *lane = builder_.CreateZExtOrTrunc(builder_.CreateBinaryIntrinsic(Intrinsic::cttz, left, builder_.getTrue()), builder_.getInt32Ty(), "lane");
    Value *value = body(lane);
    Value *next = collects ? insertLane(results, value, lane, type) : nullptr;
    Value *rest = builder_.CreateAnd(left, builder_.CreateSub(left, ConstantInt::get(bitsType, 1)));
    BasicBlock *end = builder_.GetInsertBlock();
    builder_.CreateCondBr(builder_.CreateICmpNE(rest, ConstantInt::get(bitsType, 0)), loop, after);
    left->addIncoming(all, before);
    left->addIncoming(rest, end);
    if (collects) {
      results->addIncoming(PoisonValue::get(wide), before);
      results->addIncoming(next, end);
    }
    builder_.SetInsertPoint(after);
    return next;
  });
}

// Small bodies are written out for all lanes beside the loop: a lane's number is a constant then.
Value *Widener::forEachLane(Type *type, LaneBody body, bool small) {
  if (width_ == 1) return body(builder_.getInt32(0));
  if (!small) return loopOverLanes(type, body);
  if (allLanes()) return unrollLanes(type, body);
  BasicBlock *after = newBlock("lanes.joined"), *some = newBlock("lanes.some"), *full = newBlock("lanes.full");
  builder_.CreateCondBr(builder_.CreateICmpEQ(maskBits(), Constant::getAllOnesValue(builder_.getIntNTy(width_))), full, some);
  builder_.SetInsertPoint(full);
  Value *fromFull = unrollLanes(type, body);
  BasicBlock *fullEnd = builder_.GetInsertBlock();
  builder_.CreateBr(after);
  builder_.SetInsertPoint(some);
  Value *fromSome = loopOverLanes(type, body);
  BasicBlock *someEnd = builder_.GetInsertBlock();
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
  if (type->isVoidTy()) return nullptr;
  PHINode *phi = builder_.CreatePHI(widened(type), 2);
  phi->addIncoming(fromFull, fullEnd);
  phi->addIncoming(fromSome, someEnd);
  return phi;
}

Expected<Function *> widenToGang(Function &kernel, const SimtOptions &options) {
  lowerLocals(kernel);
  return Widener(kernel, options).run();
}

}  // namespace cutrans::simt
