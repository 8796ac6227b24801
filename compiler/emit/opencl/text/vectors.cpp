// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lanes that change their places: shuffles, single lanes, members of structures, and the same bits as another type.
#include <llvm/ADT/bit.h>
#include <llvm/IR/DataLayout.h>

#include "compiler/emit/opencl/text/writer.h"

namespace cutrans::emit::text {
namespace {

unsigned lanesOf(const llvm::Value *value) { return llvm::cast<llvm::FixedVectorType>(value->getType())->getNumElements(); }

bool isSplat(const llvm::User *user, const llvm::Value *of) {
  auto *shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(user);
  return shuffle && shuffle->getOperand(0) == of && shuffle->getOperand(1) != of &&
         llvm::all_of(shuffle->getShuffleMask(), [](int lane) { return lane <= 0; });
}

bool isFirstOfNothing(const llvm::InsertElementInst &insert) {
  auto *index = llvm::dyn_cast<llvm::ConstantInt>(insert.getOperand(2));
  return index && index->isZero() && llvm::isa<llvm::UndefValue>(insert.getOperand(0)) &&
         llvm::all_of(insert.users(), [&](const llvm::User *user) { return isSplat(user, &insert); });
}

// The next link of a chain of insertions at known places.
const llvm::InsertElementInst *nextLink(const llvm::InsertElementInst &insert) {
  auto known = [](const llvm::InsertElementInst &one) {
    auto *index = llvm::dyn_cast<llvm::ConstantInt>(one.getOperand(2));
    return index && index->getValue().ult(lanesOf(&one));
  };
  if (!insert.hasOneUse() || !known(insert)) return nullptr;
  auto *next = llvm::dyn_cast<llvm::InsertElementInst>(*insert.user_begin());
  return next && next->getOperand(0) == &insert && next->getParent() == insert.getParent() && known(*next) ? next : nullptr;
}

}  // namespace

void Writer::writeInsert(llvm::InsertElementInst &instruction) {
  llvm::Value *vector = instruction.getOperand(0), *element = instruction.getOperand(1), *index = instruction.getOperand(2);
  if (isFirstOfNothing(instruction)) return hold(element);
  if (nextLink(instruction)) return;  // written with the last one
  unsigned lanes = lanesOf(&instruction);
  Parts list = parts(&instruction);
  bool masks = instruction.getType()->getScalarType()->isIntegerTy(1);
  auto *known = llvm::dyn_cast<llvm::ConstantInt>(index);
  if (!known || known->getValue().uge(lanes)) {
    std::string array = spill(vector, lanes), at = use(index);
    line(array + "[" + at + "&" + std::to_string(llvm::bit_ceil(lanes) - 1) + "]=" + (masks ? "-(char)" : "") + use(element) + ";");
    Texts texts;
    unsigned first = 0;
    for (const Part &part : list) {
      std::string place = array + "+" + std::to_string(first);
      if (!part.isVector()) texts.push_back(array + "[" + std::to_string(first) + "]");
      else texts.push_back("((" + prelude_.memory(part, llvm::Align(1)) + "*)(" + place + "))->v");
      first += part.lanes;
    }
    return give(instruction, std::move(texts), true);
  }
  // Lanes that the chain sets; the last insertion into a lane counts.
  std::vector<llvm::Value *> elements(lanes);
  llvm::InsertElementInst *link = &instruction;
  for (;;) {
    auto *place = llvm::cast<llvm::ConstantInt>(link->getOperand(2));
    llvm::Value *&lane = elements[place->getZExtValue()];
    if (!lane) lane = link->getOperand(1);
    vector = link->getOperand(0);
    auto *before = llvm::dyn_cast<llvm::InsertElementInst>(vector);
    if (!before || nextLink(*before) != link) break;
    link = before;
  }
  hold(vector);
  Texts texts;
  bool nothing = llvm::isa<llvm::UndefValue>(vector);
  unsigned first = 0;
  for (unsigned i = 0; i < list.size(); ++i) {
    const Part &part = list[i];
    auto text = [&](llvm::Value *value) { return masks && part.isVector() ? "(char)-(char)" + held(value) : held(value); };
    unsigned set = 0;
    std::string all;
    bool equal = true;
    for (unsigned k = 0; k < part.lanes; ++k) {
      llvm::Value *value = elements[first + k];
      set += value != nullptr;
      equal &= value && value == elements[first];
      if (value || nothing) all += (k ? "," : "") + (value ? text(value) : "0");
    }
    if (!set) texts.push_back(use(vector, i));
    else if (!part.isVector()) texts.push_back(text(elements[first]));
    else if (equal) texts.push_back("(" + part.name() + ")(" + text(elements[first]) + ")");
    else if (set == part.lanes || nothing) texts.push_back("(" + part.name() + ")(" + all + ")");
    else {
      std::string name = variable(part, use(vector, i));
      for (unsigned k = 0; k < part.lanes; ++k)
        if (elements[first + k]) line(name + ".s" + laneLetter(k) + "=" + text(elements[first + k]) + ";");
      texts.push_back(name);
    }
    first += part.lanes;
  }
  give(instruction, std::move(texts));
}

// In an array with room for any index of as many bits as the lane count needs.
std::string Writer::spill(llvm::Value *vector, unsigned lanes) {
  hold(vector);
  Parts list = parts(vector);
  std::string name = "u" + std::to_string(next_++);
  const Part element = list[0].base == Base::Bool ? Part{Base::Mask, 1, 1} : list[0];
  bool masks = list[0].base == Base::Mask || list[0].base == Base::Bool;
  std::string type = masks ? "char" : element.scalar().name();
  line(type + " " + name + "[" + std::to_string(llvm::bit_ceil(lanes)) + "];");
  unsigned first = 0;
  for (unsigned i = 0; i < list.size(); ++i) {
    std::string at = std::to_string(first);
    if (!list[i].isVector()) line(name + "[" + at + "]=" + (masks ? "-(char)" : "") + use(vector, i) + ";");
    else line("((" + prelude_.memory(list[i], llvm::Align(1)) + "*)(" + name + "+" + at + "))->v=" + use(vector, i) + ";");
    first += list[i].lanes;
  }
  return name;
}

void Writer::writeExtract(llvm::ExtractElementInst &instruction) {
  llvm::Value *vector = instruction.getVectorOperand(), *index = instruction.getIndexOperand();
  unsigned lanes = lanesOf(vector);
  bool masks = instruction.getType()->isIntegerTy(1);
  auto *known = llvm::dyn_cast<llvm::ConstantInt>(index);
  if (!known || known->getValue().uge(lanes)) {
    std::string array = spill(vector, lanes);
    std::string text = array + "[" + use(index) + "&" + std::to_string(llvm::bit_ceil(lanes) - 1) + "]";
    return give(instruction, {masks ? "(" + text + "!=0)" : text}, true);
  }
  hold(vector);
  LanePlace place = placeOf(unsigned(known->getZExtValue()), lanes);
  Part part = parts(vector)[place.part];
  std::string name = use(vector, place.part);
  if (llvm::isa<llvm::Constant>(vector) && name[0] == '(') name = "(" + name + ")";
  if (!part.isVector()) return give(instruction, {name});
  std::string text = name + ".s" + laneLetter(place.lane);
  give(instruction, {masks ? "(" + text + "!=0)" : text});
}

void Writer::writeShuffle(llvm::ShuffleVectorInst &instruction) {
  llvm::Value *sides[] = {instruction.getOperand(0), instruction.getOperand(1)};
  llvm::ArrayRef<int> mask = instruction.getShuffleMask();
  if (auto *insert = llvm::dyn_cast<llvm::InsertElementInst>(sides[0]); insert && isFirstOfNothing(*insert) && isSplat(&instruction, insert)) {
    std::string scalar = held(insert->getOperand(1));
    return lanewise(instruction, [&](unsigned, const Part &part) { return splat(part, scalar); });
  }
  hold(sides[0]);
  if (!llvm::isa<llvm::UndefValue>(sides[1])) hold(sides[1]);
  unsigned lanes = lanesOf(sides[0]);
  Parts sources = parts(sides[0]);
  const unsigned perSide = sources.size();
  struct From {
    int part = -1, lane = 0;  // part: counted through both sides
  };
  auto text = [&](unsigned part) {
    std::string name = use(sides[part / perSide], part % perSide);
    return name[0] == '(' ? "(" + name + ")" : name;
  };
  auto one = [&](const From &from, bool asLane) {
    const Part &part = sources[unsigned(from.part) % perSide];
    std::string name = text(unsigned(from.part));
    if (part.base == Base::Mask) return asLane ? swizzled(part, name, {from.lane}) : "(" + swizzled(part, name, {from.lane}) + "!=0)";
    if (part.base == Base::Bool && asLane) return "(char)-(char)" + name;
    return swizzled(part, name, {from.lane});
  };
  // Components of a vector literal that together are these lanes.
  std::function<std::string(llvm::ArrayRef<From>, unsigned &)> literal = [&](llvm::ArrayRef<From> from, unsigned &count) -> std::string {
    int part = -1;
    bool onePart = true;
    for (const From &lane : from)
      if (lane.part >= 0) onePart &= part < 0 || part == lane.part, part = lane.part;
    ++count;
    if (part < 0) {
      std::string zeros = "0";
      for (size_t i = 1; i < from.size(); ++i) zeros += ",0";
      return zeros;
    }
    const Part &source = sources[unsigned(part) % perSide];
    if (onePart && source.isVector() && from.size() > 1) {
      llvm::SmallVector<int, 16> picks;
      for (unsigned i = 0; i < from.size(); ++i) picks.push_back(from[i].part >= 0 ? from[i].lane : i < source.lanes ? int(i) : 0);
      return swizzled(source, text(unsigned(part)), picks);
    }
    if (from.size() == 1) return one(from[0], true);
    --count;
    std::string low = literal(from.take_front(from.size() / 2), count), high = literal(from.drop_front(from.size() / 2), count);
    return low + "," + high;
  };
  unsigned first = 0;
  lanewise(instruction, [&](unsigned, const Part &part) -> std::string {
    llvm::SmallVector<From, 16> from;
    llvm::SmallVector<int, 4> used;
    bool equal = true;
    for (unsigned i = 0; i < part.lanes; ++i) {
      int lane = mask[first + i];
      From place;
      if (lane >= 0 && !llvm::isa<llvm::UndefValue>(sides[unsigned(lane) / lanes])) {
        LanePlace at = placeOf(unsigned(lane) % lanes, lanes);
        place = {int(at.part + unsigned(lane) / lanes * perSide), int(at.lane)};
        if (!llvm::is_contained(used, place.part)) used.push_back(place.part);
      }
      from.push_back(place);
      equal &= i == 0 || (place.part == from[0].part && place.lane == from[0].lane);
    }
    first += part.lanes;
    if (used.empty()) return part.isVector() ? "(" + part.name() + ")(0)" : "0";
    if (!part.isVector()) return one(from[0], false);
    if (equal) return "(" + part.name() + ")(" + one(from[0], true) + ")";
    unsigned count = 0;
    std::string components = literal(from, count);
    if (count == 1) return components;
    bool vectors = llvm::all_of(used, [&](int p) { return sources[unsigned(p) % perSide].isVector(); });
    if (count <= 4 || used.size() > 4 || !vectors) return "(" + part.name() + ")(" + components + ")";
    // Each source in its lanes, laid over one another.
    std::string result;
    for (int source : used) {
      const Part &of = sources[unsigned(source) % perSide];
      llvm::SmallVector<int, 16> picks;
      std::string chosen;
      for (unsigned i = 0; i < part.lanes; ++i) {
        picks.push_back(from[i].part == source ? from[i].lane : i < of.lanes ? int(i) : 0);
        chosen += (i ? "," : "") + std::string(from[i].part == source ? "-1" : "0");
      }
      std::string layer = swizzled(of, text(unsigned(source)), picks);
      // The lanes of a constant that is the same everywhere need not move.
      if (of.lanes == part.lanes && text(unsigned(source))[0] == '(') layer = text(unsigned(source));
      if (result.empty()) result = layer;
      else result = "(" + namedConstant(part.signedName(), "(" + part.signedName() + ")(" + chosen + ")") + "?" + layer + ":" + result + ")";
    }
    return result;
  });
}

namespace {

// The parts of a member of a structure: the first and their count.
std::pair<unsigned, unsigned> memberParts(llvm::Type *type, llvm::ArrayRef<unsigned> indices, const llvm::DataLayout &layout) {
  unsigned first = 0;
  auto count = [&](llvm::Type *of) {
    Parts list;
    partsOf(of, layout, list);
    return unsigned(list.size());
  };
  for (unsigned index : indices) {
    auto *structure = llvm::dyn_cast<llvm::StructType>(type);
    for (unsigned i = 0; i < index; ++i) first += count(structure ? structure->getElementType(i) : type->getArrayElementType());
    type = structure ? structure->getElementType(index) : type->getArrayElementType();
  }
  return {first, count(type)};
}

}  // namespace

void Writer::writeExtractValue(llvm::ExtractValueInst &instruction) {
  hold(instruction.getAggregateOperand());
  auto [first, count] = memberParts(instruction.getAggregateOperand()->getType(), instruction.getIndices(), layout_);
  Texts texts;
  for (unsigned i = 0; i < count; ++i) texts.push_back(use(instruction.getAggregateOperand(), first + i));
  give(instruction, std::move(texts));
}

void Writer::writeInsertValue(llvm::InsertValueInst &instruction) {
  hold(instruction.getAggregateOperand());
  auto [first, count] = memberParts(instruction.getType(), instruction.getIndices(), layout_);
  Texts texts = useAll(instruction.getAggregateOperand());
  for (unsigned i = 0; i < count; ++i) texts[first + i] = held(instruction.getInsertedValueOperand(), i);
  give(instruction, std::move(texts));
}

// Parts are powers of two in falling order, so each part of one side is a piece of one part of the other, or a row of whole ones.
void Writer::writeBitcast(llvm::Instruction &instruction, llvm::Value *source) {
  Parts from = parts(source), to = parts(&instruction);
  auto isMask = [](llvm::Type *type) { return type->isVectorTy() && type->getScalarType()->isIntegerTy(1); };
  bool fromMask = isMask(source->getType()), toMask = isMask(instruction.getType());
  if (fromMask && toMask) return alias(instruction, source);
  if (fromMask) {
    if (to.size() != 1 || to[0].isVector()) return refuse("a mask as a vector");
    hold(source);
    // Tests for none or all look at the mask itself (writeMaskTest).
    auto isTest = [&](const llvm::User *user) {
      auto *test = llvm::dyn_cast<llvm::ICmpInst>(user);
      auto *constant = test ? llvm::dyn_cast<llvm::ConstantInt>(test->getOperand(1)) : nullptr;
      return constant && test->isEquality() && (constant->isZero() || constant->isMinusOne());
    };
    if (llvm::all_of(instruction.users(), isTest)) return;
    std::string bits = ballot(from, useAll(source), to[0].bits);
    return give(instruction, {to[0].isFloat() ? bitsAs(to[0].name(), bits) : bits});
  }
  if (toMask) {
    if (from.size() != 1 || from[0].isVector() || !from[0].isInteger()) return refuse("a vector as a mask");
    std::string bits = held(source);
    unsigned at = 0;
    return lanewise(instruction, [&](unsigned, const Part &part) {
      std::string shifted = at ? "(" + bits + ">>" + std::to_string(at) + ")" : bits;
      at += part.lanes;
      return part.isVector() ? prelude_.fromBits(part.lanes) + "((uint)" + shifted + ")" : "((" + shifted + "&1)!=0)";
    });
  }
  auto same = [](const Part &a, const Part &b) { return a.base == b.base && a.lanes == b.lanes; };
  auto bytes = [](const Part &part) { return part.containerBits() / 8 * part.lanes; };
  if (from.size() == to.size() && llvm::all_of(llvm::zip(from, to), [&](auto pair) { return same(std::get<0>(pair), std::get<1>(pair)); }))
    return alias(instruction, source);
  for (const Part &part : from)
    if (part.isOdd()) return refuse("bits of an integer of unusual width");
  for (const Part &part : to)
    if (part.isOdd()) return refuse("bits of an integer of unusual width");
  if (from.size() == to.size()) return lanewise(instruction, [&](unsigned i, const Part &part) {
      return bytes(from[i]) == bytes(part) ? bitsAs(part.name(), use(source, i)) : (refuse("a conversion of bits"), "0");
    });
  hold(source);
  unsigned at = 0;
  lanewise(instruction, [&](unsigned, const Part &part) -> std::string {
    unsigned begin = at, size = bytes(part), where = 0;
    at += size;
    std::string row;
    for (unsigned i = 0; i < from.size(); ++i) {
      unsigned own = bytes(from[i]), unit = part.containerBits() / 8;
      if (where <= begin && begin + size <= where + own) {  // a piece of this one
        unsigned sourceUnit = from[i].containerBits() / 8, first = (begin - where) / sourceUnit;
        llvm::SmallVector<int, 16> picks;
        for (unsigned k = 0; k < std::max(1u, size / sourceUnit); ++k) picks.push_back(int(first + k));
        std::string piece = swizzled(from[i], use(source, i), picks);
        if (size >= sourceUnit) return bitsAs(part.name(), piece);
        Part whole = part;  // of one element
        whole.lanes = sourceUnit / unit;
        picks.clear();
        for (unsigned k = 0; k < part.lanes; ++k) picks.push_back(int((begin - where) % sourceUnit / unit + k));
        return swizzled(whole, bitsAs(whole.name(), piece), picks);
      }
      if (where >= begin && where + own <= begin + size) {  // whole, with others
        Part piece = part;
        piece.lanes = own / unit;
        if (own < unit) return refuse("a conversion of bits"), "0";
        row += (row.empty() ? "" : ",") + bitsAs(piece.name(), use(source, i));
      }
      where += own;
    }
    return "(" + part.name() + ")(" + row + ")";
  });
}

}  // namespace cutrans::emit::text
