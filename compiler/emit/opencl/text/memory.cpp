// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Addresses and what lies there. All pointers are numbers, dereferenced as __global ones.
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/GetElementPtrTypeIterator.h>

#include "compiler/emit/opencl/text/writer.h"

namespace cutrans::emit::text {

using llvm::AtomicOrdering;

void Writer::writeAlloca(llvm::AllocaInst &instruction) {
  auto size = instruction.getAllocationSize(layout_);
  if (!size || size->isScalable()) return refuse("local memory of a size that is not known");
  std::string name = "s" + std::to_string(next_++);
  top_ += "uchar " + name + "[" + std::to_string(std::max<uint64_t>(size->getFixedValue(), 1)) + "] __attribute__((aligned(" +
          std::to_string(instruction.getAlign().value()) + ")));\n";
  give(instruction, {"(ulong)" + name});
}

// An lvalue.
std::string Writer::place(const Part &part, llvm::Align align, const std::string &address, bool isVolatile) {
  std::string type = prelude_.memory(part, align), pointer = std::string("(") + (isVolatile ? "volatile " : "") + "__global " + type + "*)";
  return Prelude::isPacked(part, align) ? "(" + pointer + address + ")->v" : "*" + pointer + address;
}

bool Writer::leaves(llvm::Type *type, uint64_t offset, llvm::SmallVectorImpl<Leaf> &out) {
  if (auto *structure = llvm::dyn_cast<llvm::StructType>(type)) {
    const llvm::StructLayout *places = layout_.getStructLayout(structure);
    for (unsigned i = 0; i < structure->getNumElements(); ++i)
      if (!leaves(structure->getElementType(i), offset + places->getElementOffset(i), out)) return false;
    return true;
  }
  if (auto *array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    uint64_t step = layout_.getTypeAllocSize(array->getElementType());
    for (uint64_t i = 0; i < array->getNumElements(); ++i)
      if (!leaves(array->getElementType(), offset + i * step, out)) return false;
    return true;
  }
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
    unsigned bits = unsigned(layout_.getTypeSizeInBits(vector->getElementType()));
    if (bits != 8 && bits != 16 && bits != 32 && bits != 64) return false;
    for (unsigned lanes : partLanes(vector->getNumElements())) {
      out.push_back({offset, lanes * bits / 8});
      offset += lanes * bits / 8;
    }
    return true;
  }
  out.push_back({offset, unsigned(layout_.getTypeStoreSize(type))});
  return true;
}

namespace {

std::string plus(const std::string &address, uint64_t offset) {
  return offset ? "(" + address + "+" + std::to_string(offset) + "ul)" : address;
}

}  // namespace

namespace {

// The integer that a mask in memory is; no lanes: none.
Part wordOf(unsigned lanes) {
  switch (lanes) {
    case 8: return {Base::U8, 1, 8};
    case 16: return {Base::U16, 1, 16};
    case 32: return {Base::U32, 1, 32};
    case 64: return {Base::U64, 1, 64};
    default: return {Base::U8, 0, 0};
  }
}

}  // namespace

// Of 3, 5, 6 or 7 bytes.
std::string Writer::integerAt(const std::string &address, unsigned bytes) {
  std::string text;
  const char *type = bytes > 4 ? "ulong" : "uint";
  for (unsigned i = 0; i < bytes; ++i)
    text += (i ? "|" : "") + filled("($0)*(__global uchar*)$1<<$2", {type, plus(address, i), std::to_string(8 * i)});
  return "(" + text + ")";
}

void Writer::orderBefore(AtomicOrdering ordering) {
  if (ordering == AtomicOrdering::SequentiallyConsistent) line(prelude_.fence() + "(__ATOMIC_SEQ_CST);");
  else if (llvm::isReleaseOrStronger(ordering)) line(prelude_.fence() + "(__ATOMIC_RELEASE);");
}

void Writer::orderAfter(AtomicOrdering ordering) {
  if (llvm::isAcquireOrStronger(ordering)) line(prelude_.fence() + "(__ATOMIC_ACQUIRE);");
}

void Writer::writeLoad(llvm::LoadInst &instruction) {
  llvm::Type *type = instruction.getType();
  Parts list = parts(type);
  llvm::Value *pointer = instruction.getPointerOperand();
  bool isVolatile = instruction.isVolatile() || instruction.isAtomic();
  if (!isVolatile && instruction.use_empty()) return;
  if (instruction.isAtomic()) orderBefore(instruction.getOrdering() == AtomicOrdering::SequentiallyConsistent ? instruction.getOrdering() : AtomicOrdering::Monotonic);
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type); vector && vector->getElementType()->isIntegerTy(1)) {
    unsigned lanes = vector->getNumElements();
    if (lanes > 64) return refuse("a mask of more than 64 lanes in memory");
    Part word = wordOf(lanes);
    std::string bits = variable(word.lanes ? word.name() : "ulong", word.lanes ? place(word, std::min(instruction.getAlign(), llvm::Align(lanes / 8)), use(pointer), isVolatile)
                                                                             : integerAt(held(pointer), (lanes + 7) / 8));
    Texts texts;
    unsigned at = 0;
    for (const Part &part : list) {
      std::string shifted = bits + ">>" + std::to_string(at);
      texts.push_back(part.isVector() ? prelude_.fromBits(part.lanes) + "((uint)(" + shifted + "))" : "((" + shifted + "&1)!=0)");
      at += part.lanes;
    }
    return give(instruction, std::move(texts), true);
  }
  llvm::SmallVector<Leaf, 8> found;
  if (!leaves(type, 0, found)) return refuse("a vector of integers of unusual width in memory");
  if (found.size() > 1) hold(pointer);
  Texts texts;
  for (unsigned i = 0; i < list.size(); ++i) {
    Part part = list[i];
    llvm::Align align = llvm::commonAlignment(instruction.getAlign(), found[i].offset);
    if (part.base == Base::Bool) part.base = Base::U8;
    std::string address = plus(use(pointer), found[i].offset);
    std::string text = found[i].bytes == part.containerBits() / 8 * part.lanes ? place(part, align, address, isVolatile)
                                                                              : integerAt(held(pointer), found[i].bytes);
    if (list[i].base == Base::Bool) text = "((" + text + "&1)!=0)";
    else if (part.isOdd()) text = wrap(part, text);
    texts.push_back(text);
  }
  give(instruction, std::move(texts), true);
  if (instruction.isAtomic()) orderAfter(instruction.getOrdering());
}

void Writer::writeStore(llvm::StoreInst &instruction) {
  llvm::Value *value = instruction.getValueOperand(), *pointer = instruction.getPointerOperand();
  llvm::Type *type = value->getType();
  bool isVolatile = instruction.isVolatile() || instruction.isAtomic();
  if (instruction.isAtomic()) orderBefore(instruction.getOrdering() == AtomicOrdering::SequentiallyConsistent ? AtomicOrdering::Release : instruction.getOrdering());
  auto bytesAt = [&](const std::string &bits, uint64_t offset, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
      line(filled("*(__global uchar*)$0=(uchar)($1>>$2);", {plus(held(pointer), offset + i), bits, std::to_string(8 * i)}));
  };
  if (auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(type); vector && vector->getElementType()->isIntegerTy(1)) {
    if (vector->getNumElements() > 64) return refuse("a mask of more than 64 lanes in memory");
    hold(value);
    unsigned lanes = vector->getNumElements();
    std::string bits = ballot(parts(value), useAll(value), lanes);
    Part word = wordOf(lanes);
    if (word.lanes) return line(place(word, std::min(instruction.getAlign(), llvm::Align(lanes / 8)), use(pointer), isVolatile) + "=" + bits + ";");
    return bytesAt(variable("ulong", bits), 0, (lanes + 7) / 8);
  }
  Parts list = parts(type);
  llvm::SmallVector<Leaf, 8> found;
  if (!leaves(type, 0, found)) return refuse("a vector of integers of unusual width in memory");
  if (found.size() > 1) hold(pointer);
  for (unsigned i = 0; i < list.size(); ++i) {
    Part part = list[i];
    if (part.base == Base::Bool) part.base = Base::U8;
    if (found[i].bytes != part.containerBits() / 8 * part.lanes) bytesAt(held(value, i), found[i].offset, found[i].bytes);
    else line(place(part, llvm::commonAlignment(instruction.getAlign(), found[i].offset), plus(use(pointer), found[i].offset), isVolatile) + "=" + use(value, i) + ";");
  }
  if (instruction.getOrdering() == AtomicOrdering::SequentiallyConsistent) line(prelude_.fence() + "(__ATOMIC_SEQ_CST);");
}

void Writer::writeAddress(llvm::GetElementPtrInst &instruction) {
  llvm::Value *base = instruction.getPointerOperand();
  uint64_t offset = 0;
  struct Term {
    llvm::Value *index;
    uint64_t scale;
  };
  llvm::SmallVector<Term, 4> terms;
  for (auto step = llvm::gep_type_begin(instruction), end = llvm::gep_type_end(instruction); step != end; ++step) {
    llvm::Value *index = step.getOperand();
    auto *constant = llvm::dyn_cast<llvm::Constant>(index);
    if (constant && index->getType()->isVectorTy() && constant->getSplatValue()) constant = constant->getSplatValue();
    auto *known = llvm::dyn_cast_or_null<llvm::ConstantInt>(constant);
    if (llvm::StructType *structure = step.getStructTypeOrNull()) {
      offset += layout_.getStructLayout(structure)->getElementOffset(unsigned(known->getZExtValue()));
      continue;
    }
    uint64_t scale = step.getSequentialElementStride(layout_);
    if (known) offset += uint64_t(known->getSExtValue()) * scale;
    else if (scale) terms.push_back({index, scale});
  }
  bool vector = instruction.getType()->isVectorTy();
  auto each = [&](llvm::Value *value) { return value->getType()->isVectorTy(); };
  if (vector) {
    if (!each(base)) hold(base);
    for (Term &term : terms)
      if (!each(term.index)) hold(term.index);
  }
  if (!offset && terms.empty() && base->getType() == instruction.getType()) return alias(instruction, base);
  lanewise(instruction, [&](unsigned i, const Part &part) {
    std::string text = each(base) || !vector ? use(base, each(base) ? i : 0) : splat(part, use(base));
    for (Term &term : terms) {
      Part of = parts(term.index)[each(term.index) ? i : 0];
      std::string index = use(term.index, each(term.index) ? i : 0);
      if (of.bits < 64) index = fromSigned({Base::U64, of.lanes, 64}, convertTo("long" + (of.lanes > 1 ? std::to_string(of.lanes) : ""), of.lanes, asSigned(of, index)));
      text += "+" + index + (term.scale == 1 ? "" : "*" + std::to_string(term.scale) + "ul");
    }
    if (offset) text += int64_t(offset) < 0 ? "-" + std::to_string(-offset) + "ul" : "+" + std::to_string(offset) + "ul";
    return "(" + text + ")";
  });
}

namespace {

struct AtomicForm {
  const char *name;
  bool isSigned;
};

AtomicForm formOf(llvm::AtomicRMWInst::BinOp operation) {
  using Rmw = llvm::AtomicRMWInst;
  switch (operation) {
    case Rmw::Xchg: return {"xchg", false};
    case Rmw::Add: return {"add", false};
    case Rmw::Sub: return {"sub", false};
    case Rmw::And: return {"and", false};
    case Rmw::Or: return {"or", false};
    case Rmw::Xor: return {"xor", false};
    case Rmw::UMax: return {"max", false};
    case Rmw::UMin: return {"min", false};
    case Rmw::Max: return {"max", true};
    case Rmw::Min: return {"min", true};
    default: return {nullptr, false};
  }
}

}  // namespace

// OpenCL's own atomics are relaxed by the letter; what the module orders beyond that is said by fences.
void Writer::writeAtomic(llvm::AtomicRMWInst &instruction) {
  Part part = parts(&instruction)[0];
  AtomicForm form = formOf(instruction.getOperation());
  if (!form.name || part.bits < 32 || part.isVector()) return refuse("an atomic operation on " + std::to_string(part.bits) + " bits");
  if (part.bits == 64 && !device_.int64Atomics) return refuse("an atomic operation on 64 bits, which the device lacks");
  prelude_.usesLongAtomics |= part.bits == 64;
  orderBefore(instruction.getOrdering());
  Part word = part.with(part.bits == 64 ? Base::U64 : Base::U32);
  std::string value = use(instruction.getValOperand()), type = form.isSigned ? word.signedName() : word.name();
  if (part.isFloat()) value = bitsAs(word.name(), value);
  if (form.isSigned) value = "(" + type + ")" + value;
  std::string text = filled("$0_$1((volatile __global $2*)$3,$4)", {part.bits == 64 ? "atom" : "atomic", form.name, type, use(instruction.getPointerOperand()), value});
  if (instruction.use_empty()) line(text + ";"), known_[&instruction] = {"0"};
  else give(instruction, {part.isFloat() ? bitsAs(part.name(), text) : form.isSigned ? "(" + word.name() + ")" + text : text}, true);
  orderAfter(instruction.getOrdering());
}

void Writer::writeExchange(llvm::AtomicCmpXchgInst &instruction) {
  Part part = parts(instruction.getNewValOperand())[0];
  if (part.bits == 64 && !device_.int64Atomics) return refuse("an atomic operation on 64 bits, which the device lacks");
  prelude_.usesLongAtomics |= part.bits == 64;
  if (part.isOdd() || part.isFloat()) return refuse("an atomic operation on an unusual type");
  AtomicOrdering success = instruction.getSuccessOrdering(), failure = instruction.getFailureOrdering();
  orderBefore(success);
  std::string expected = held(instruction.getCompareOperand());
  std::string pointer = use(instruction.getPointerOperand()), value = use(instruction.getNewValOperand());
  std::string old = variable(part, part.bits < 32 ? filled("$0($1,$2,$3)", {prelude_.exchangeSmall(part.bits), pointer, expected, value})
                                                  : filled("$0_cmpxchg((volatile __global $1*)$2,$3,$4)",
                                                           {part.bits == 64 ? "atom" : "atomic", part.name(), pointer, expected, value}));
  orderAfter(llvm::isAcquireOrStronger(failure) ? failure : success);
  give(instruction, {old, "(" + old + "==" + expected + ")"}, true);
}

void Writer::writeFence(llvm::FenceInst &instruction) {
  const char *order = instruction.getOrdering() == AtomicOrdering::SequentiallyConsistent ? "SEQ_CST"
                      : instruction.getOrdering() == AtomicOrdering::AcquireRelease     ? "ACQ_REL"
                      : instruction.getOrdering() == AtomicOrdering::Release            ? "RELEASE"
                                                                                        : "ACQUIRE";
  line(prelude_.fence() + "(__ATOMIC_" + order + ");");
}

void Writer::writeMasked(llvm::IntrinsicInst &call) {
  using I = llvm::Intrinsic::ID;
  I id = call.getIntrinsicID();
  bool stores = id == llvm::Intrinsic::masked_store || id == llvm::Intrinsic::masked_scatter;
  bool spread = id == llvm::Intrinsic::masked_gather || id == llvm::Intrinsic::masked_scatter;
  unsigned pointerAt = stores ? 1 : 0;
  llvm::Value *pointer = call.getArgOperand(pointerAt), *mask = call.getArgOperand(stores ? 2 : 1);
  llvm::Value *value = call.getArgOperand(stores ? 0 : 2);
  llvm::Align align = call.getParamAlign(pointerAt).valueOrOne();
  if (value->getType()->getScalarType()->isIntegerTy(1)) return refuse("masks in masked memory operations");
  llvm::SmallVector<Leaf, 8> found;
  if (!leaves(value->getType(), 0, found)) return refuse("a vector of integers of unusual width in memory");
  Parts list = parts(value);
  if (!spread) hold(pointer);
  auto access = stores ? spread ? Prelude::Access::Scatter : Prelude::Access::Store : spread ? Prelude::Access::Gather : Prelude::Access::Load;
  Texts texts;
  for (unsigned i = 0; i < list.size(); ++i) {
    llvm::Align own = spread ? align : llvm::commonAlignment(align, found[i].offset);
    std::string address = spread ? use(pointer, i) : plus(use(pointer), found[i].offset);
    auto *known = llvm::dyn_cast<llvm::Constant>(mask);
    if (known && known->isAllOnesValue() && !spread) {
      std::string there = place(list[i], own, address, false);
      if (stores) line(there + "=" + use(value, i) + ";");
      else texts.push_back(there);
      continue;
    }
    std::string text = filled("$0($1,$2,$3)", {prelude_.masked(access, list[i], own), address, use(value, i), use(mask, i)});
    if (stores) line(text + ";");
    else texts.push_back(text);
  }
  if (!stores) give(call, std::move(texts), true);
}

void Writer::writeCopy(llvm::IntrinsicInst &call) {
  auto &memory = llvm::cast<llvm::MemIntrinsic>(call);
  auto word = [&](llvm::Value *value) { return "(ulong)" + use(value); };
  std::string to = use(memory.getRawDest()), length = word(memory.getLength());
  if (auto *set = llvm::dyn_cast<llvm::MemSetInst>(&call)) return line(filled("$0($1,$2,$3);", {prelude_.fill(), to, use(set->getValue()), length}));
  auto &transfer = llvm::cast<llvm::MemTransferInst>(call);
  std::string helper = llvm::isa<llvm::MemMoveInst>(call) ? prelude_.move() : prelude_.copy();
  line(filled("$0($1,$2,$3);", {helper, to, use(transfer.getRawSource()), length}));
}

}  // namespace cutrans::emit::text
