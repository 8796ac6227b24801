// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// widen-to-gang: loads and stores by the shape of their address (docs/simt.md, section 4). Uniform: one scalar access where any
// lane is live. Pattern: vector accesses of its contiguous pieces. Else gather and scatter, chosen in one place each.
// A lane that is not live never touches memory.
#include "compiler/ir/spmd.h"
#include "compiler/simt/block_uniformity.h"
#include "compiler/simt/widen_to_gang.h"

using namespace llvm;

namespace cutrans::simt {
namespace {

// A pattern falls into this many vector accesses at most; one with more is gathered.
constexpr unsigned MaxPieces = 4;
// Elements from one lane to the next up to which whole rows are read and the lanes' elements picked.
constexpr int64_t MaxSpread = 4;

struct Element {
  Type *type;
  unsigned count;  // of vectors
  int64_t bytes;   // of one lane's access
};

Element elementOf(Type *type, const DataLayout &layout) {
  auto *vector = dyn_cast<FixedVectorType>(type);
  return {vector ? vector->getElementType() : type, vector ? vector->getNumElements() : 1, int64_t(layout.getTypeStoreSize(type).getFixedValue())};
}

bool hasStride(ArrayRef<int64_t> offsets, int64_t stride) {
  for (unsigned i = 1; i < offsets.size(); ++i)
    if (offsets[i] - offsets[i - 1] != stride) return false;
  return true;
}

unsigned countPieces(ArrayRef<int64_t> offsets, int64_t bytes) {
  if (offsets.size() == 1 || hasStride(offsets, bytes) || hasStride(offsets, 0)) return 1;
  size_t half = offsets.size() / 2;
  return countPieces(offsets.take_front(half), bytes) + countPieces(offsets.drop_front(half), bytes);
}

// Elements between the lanes' ones, where that is a small constant and accesses are single elements.
int64_t spread(ArrayRef<int64_t> offsets, const Element &element) {
  if (element.count != 1 || offsets.size() < 2) return 0;
  int64_t stride = offsets[1] - offsets[0];
  if (stride <= element.bytes || stride % element.bytes || stride / element.bytes > MaxSpread || !hasStride(offsets, stride)) return 0;
  return stride / element.bytes;
}

// Vectors of odd-sized elements have padding in memory that lanes' elements do not.
bool isDense(Type *type, const DataLayout &layout) {
  Type *scalar = type->getScalarType();
  return layout.getTypeSizeInBits(scalar) == layout.getTypeStoreSizeInBits(scalar) && !scalar->isX86_FP80Ty() && layout.getTypeAllocSize(scalar) == layout.getTypeStoreSize(scalar);
}

}  // namespace

Value *Widener::subMask(unsigned first, unsigned count, unsigned elementsEach) {
  SmallVector<int, 64> order;
  for (unsigned i = 0; i < count * elementsEach; ++i) order.push_back(first + i / elementsEach);
  return elements(mask(), order);
}

// ---- loads ----

void Widener::widenLoad(LoadInst &load) {
  Value *address = load.getPointerOperand();
  if (width_ == 1 || isUniform(address)) {
    bool always = someLane() || isAlwaysReadable(load);
    set(load, emitIf(always ? nullptr : anyLane(), load.getType(), [&] { return cloneScalar(load); }));
    return;
  }
  // Atomic ones lane by lane, volatile ones too where other threads of the machine may look on.
  bool shared = load.getPointerAddressSpace() == ir::space::Shared || load.getPointerAddressSpace() == ir::space::Local;
  if (load.isAtomic() || (load.isVolatile() && !shared) || !isDense(load.getType(), module_.getDataLayout())) {
    setVector(&load, forEachLane(load.getType(), [&](Value *lane) {
      auto *copy = cast<LoadInst>(load.clone());
      copy->setOperand(0, laneOf(address, lane));
      return builder_.Insert(copy);
    }));
    return;
  }
  const Shape &form = shape(address);
  setVector(&load, form.isPattern() ? loadPattern(load, form) : gather(load.getType(), vectorOf(address), load.getAlign()));
}

Value *Widener::loadPattern(LoadInst &load, const Shape &address) {
  Element element = elementOf(load.getType(), module_.getDataLayout());
  Value *pointer = load.getPointerOperand();
  bool pieces = spread(address.offsets, element) || countPieces(address.offsets, element.bytes) <= MaxPieces;
  if (!pieces) return gather(load.getType(), vectorOf(pointer), load.getAlign());
  auto fast = [&] { return loadPieces(load, scalarOf(pointer), address.offsets, 0); };
  Value *guard = holds(address);
  if (!guard) return fast();
  BasicBlock *after = newBlock("loaded"), *slow = newBlock("wraps"), *quick = newBlock("contiguous");
  builder_.CreateCondBr(guard, quick, slow, MDBuilder(context_).createBranchWeights(2000, 1));
  builder_.SetInsertPoint(quick);
  Value *quickValue = fast();
  BasicBlock *quickEnd = builder_.GetInsertBlock();
  builder_.CreateBr(after);
  builder_.SetInsertPoint(slow);
  Value *slowValue = gather(load.getType(), vectorOf(pointer), load.getAlign());
  BasicBlock *slowEnd = builder_.GetInsertBlock();
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
  PHINode *phi = builder_.CreatePHI(quickValue->getType(), 2);
  phi->addIncoming(quickValue, quickEnd);
  phi->addIncoming(slowValue, slowEnd);
  return phi;
}

Value *Widener::loadPieces(LoadInst &load, Value *base, ArrayRef<int64_t> offsets, unsigned first) {
  Element element = elementOf(load.getType(), module_.getDataLayout());
  unsigned lanes = offsets.size();
  Value *address = offsets[0] == 0 ? base : builder_.CreatePtrAdd(base, ConstantInt::getSigned(module_.getDataLayout().getIndexType(base->getType()), offsets[0]));
  auto read = [&](unsigned count, Value *under) -> Value * {
    auto *type = FixedVectorType::get(element.type, count);
    if (!under) return builder_.CreateAlignedLoad(type, address, load.getAlign());
    return builder_.CreateMaskedLoad(type, address, load.getAlign(), under);
  };
  if (lanes > 1 && hasStride(offsets, 0)) {  // one element for all these lanes
    Value *one;
    if (allLanes()) {
      one = builder_.CreateAlignedLoad(load.getType(), address, load.getAlign());
    } else {
      Value *any = builder_.CreateOrReduce(subMask(first, lanes, 1));
      one = emitIf(any, load.getType(), [&] { return builder_.CreateAlignedLoad(load.getType(), address, load.getAlign()); });
    }
    if (element.count == 1) return builder_.CreateVectorSplat(lanes, one);
    SmallVector<int, 64> order;
    for (unsigned i = 0; i < lanes * element.count; ++i) order.push_back(i % element.count);
    return elements(one, order);
  }
  if (lanes == 1 || hasStride(offsets, element.bytes))
    return read(lanes * element.count, allLanes() ? nullptr : subMask(first, lanes, element.count));
  if (int64_t step = spread(offsets, element)) {
    SmallVector<int, 64> pick;
    for (unsigned i = 0; i < lanes; ++i) pick.push_back(i * step);
    Value *none = ConstantInt::getFalse(FixedVectorType::get(builder_.getInt1Ty(), lanes));
    SmallVector<int, 64> under;
    for (unsigned i = 0; i < lanes * step; ++i) under.push_back(i % step ? lanes : i / step);
    return elements(read(lanes * step, builder_.CreateShuffleVector(subMask(first, lanes, 1), none, under)), pick);
  }
  unsigned half = lanes / 2;
  Value *low = loadPieces(load, base, offsets.take_front(half), first);
  Value *high = loadPieces(load, base, offsets.drop_front(half), first + half);
  return concat(low, high);
}

Value *Widener::gather(Type *type, Value *addresses, Align align) {
  auto *vector = dyn_cast<FixedVectorType>(type);
  if (!vector) return builder_.CreateMaskedGather(widened(type), addresses, align, mask());
  // Element by element, then the elements of each lane side by side.
  unsigned count = vector->getNumElements();
  int64_t bytes = module_.getDataLayout().getTypeStoreSize(vector->getElementType());
  Value *all = PoisonValue::get(widened(type));
  for (unsigned i = 0; i < count; ++i) {
    Value *place = builder_.CreateGEP(builder_.getInt8Ty(), addresses, ConstantInt::get(module_.getDataLayout().getIndexType(addresses->getType()->getScalarType()), i * bytes));
    Value *part = builder_.CreateMaskedGather(widened(vector->getElementType()), place, commonAlignment(align, i * bytes), mask());
    SmallVector<int, 64> spreadOut, blend;
    for (unsigned e = 0; e < count * width_; ++e) {
      spreadOut.push_back(e / count);
      blend.push_back(e % count == i ? int(count * width_ + e) : int(e));
    }
    all = builder_.CreateShuffleVector(all, elements(part, spreadOut), blend);
  }
  return all;
}

// ---- stores ----

// The lane that wins where several write one place: the highest.
Value *Widener::highestLive(Value *vector, Type *type) {
  if (allLanes()) return lane(vector, builder_.getInt32(width_ - 1), type);
  Value *zeros = builder_.CreateBinaryIntrinsic(Intrinsic::ctlz, maskBits(), builder_.getTrue());
  Value *index = builder_.CreateSub(builder_.getInt32(width_ - 1), builder_.CreateZExtOrTrunc(zeros, builder_.getInt32Ty()));
  return lane(vector, index, type);
}

void Widener::widenStore(StoreInst &store) {
  Value *address = store.getPointerOperand(), *value = store.getValueOperand();
  Type *type = value->getType();
  if (width_ == 1 || isUniform(address)) {
    emitIf(someLane() ? nullptr : anyLane(), builder_.getVoidTy(), [&]() -> Value * {
      Value *winner = isUniform(value) ? scalarOf(value) : highestLive(vectorOf(value), type);
      auto *copy = cast<StoreInst>(store.clone());
      copy->setOperand(0, winner);
      copy->setOperand(1, scalarOf(address));
      return builder_.Insert(copy);
    });
    return;
  }
  bool shared = store.getPointerAddressSpace() == ir::space::Shared || store.getPointerAddressSpace() == ir::space::Local;
  if (store.isAtomic() || (store.isVolatile() && !shared) || !isDense(type, module_.getDataLayout())) {
    forEachLane(builder_.getVoidTy(), [&](Value *lane) -> Value * {
      auto *copy = cast<StoreInst>(store.clone());
      copy->setOperand(0, laneOf(value, lane));
      copy->setOperand(1, laneOf(address, lane));
      return builder_.Insert(copy);
    });
    return;
  }
  const Shape &form = shape(address);
  if (form.isPattern()) storePattern(store, form, vectorOf(value));
  else scatter(vectorOf(value), type, vectorOf(address), store.getAlign());
}

void Widener::storePattern(StoreInst &store, const Shape &address, Value *value) {
  Element element = elementOf(store.getValueOperand()->getType(), module_.getDataLayout());
  Value *pointer = store.getPointerOperand();
  auto slowly = [&] { scatter(value, store.getValueOperand()->getType(), vectorOf(pointer), store.getAlign()); };
  if (!spread(address.offsets, element) && countPieces(address.offsets, element.bytes) > MaxPieces) return slowly();
  Value *guard = holds(address);
  if (!guard) return storePieces(store, scalarOf(pointer), value, address.offsets, 0);
  BasicBlock *after = newBlock("stored"), *slow = newBlock("wraps"), *quick = newBlock("contiguous");
  builder_.CreateCondBr(guard, quick, slow, MDBuilder(context_).createBranchWeights(2000, 1));
  builder_.SetInsertPoint(quick);
  storePieces(store, scalarOf(pointer), value, address.offsets, 0);
  builder_.CreateBr(after);
  builder_.SetInsertPoint(slow);
  slowly();
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
}

void Widener::storePieces(StoreInst &store, Value *base, Value *value, ArrayRef<int64_t> offsets, unsigned first) {
  Element element = elementOf(store.getValueOperand()->getType(), module_.getDataLayout());
  unsigned lanes = offsets.size(), each = element.count;
  Value *address = offsets[0] == 0 ? base : builder_.CreatePtrAdd(base, ConstantInt::getSigned(module_.getDataLayout().getIndexType(base->getType()), offsets[0]));
  auto write = [&](Value *what, Value *under) {
    if (under) builder_.CreateMaskedStore(what, address, store.getAlign(), under);
    else builder_.CreateAlignedStore(what, address, store.getAlign());
  };
  auto part = [&](unsigned count) {
    SmallVector<int, 64> order;
    for (unsigned i = 0; i < count * each; ++i) order.push_back(first * each + i);
    return elements(value, order);
  };
  if (lanes == 1 || hasStride(offsets, element.bytes)) return write(part(lanes), allLanes() ? nullptr : subMask(first, lanes, each));
  if (int64_t step = spread(offsets, element)) {
    Value *none = ConstantInt::getFalse(FixedVectorType::get(builder_.getInt1Ty(), lanes));
    SmallVector<int, 64> under, order;
    for (unsigned i = 0; i < lanes * step; ++i) {
      under.push_back(i % step ? lanes : i / step);
      order.push_back(i % step ? -1 : int(first + i / step));
    }
    return write(elements(value, order), builder_.CreateShuffleVector(subMask(first, lanes, 1), none, under));
  }
  if (hasStride(offsets, 0)) {  // the highest live one of these lanes wins
    for (unsigned i = 0; i < lanes; ++i) {
      if (allLanes() && i + 1 < lanes) continue;
      Value *under = allLanes() ? nullptr : subMask(first + i, 1, each);
      SmallVector<int, 8> order;
      for (unsigned e = 0; e < each; ++e) order.push_back((first + i) * each + e);
      write(elements(value, order), under);
    }
    return;
  }
  unsigned half = lanes / 2;
  storePieces(store, base, value, offsets.take_front(half), first);
  storePieces(store, base, value, offsets.drop_front(half), first + half);
}

// LLVM orders the lanes of a scatter from the lowest to the highest.
void Widener::scatter(Value *value, Type *type, Value *addresses, Align align) {
  auto *vector = dyn_cast<FixedVectorType>(type);
  if (!vector) {
    builder_.CreateMaskedScatter(value, addresses, align, mask());
    return;
  }
  unsigned count = vector->getNumElements();
  int64_t bytes = module_.getDataLayout().getTypeStoreSize(vector->getElementType());
  for (unsigned i = 0; i < count; ++i) {
    SmallVector<int, 64> order;
    for (unsigned lane = 0; lane < width_; ++lane) order.push_back(lane * count + i);
    Value *place = builder_.CreateGEP(builder_.getInt8Ty(), addresses, ConstantInt::get(module_.getDataLayout().getIndexType(addresses->getType()->getScalarType()), i * bytes));
    builder_.CreateMaskedScatter(elements(value, order), place, commonAlignment(align, i * bytes), mask());
  }
}

}  // namespace cutrans::simt
