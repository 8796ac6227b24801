// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 9.7.10 texture instructions by bindless 64-bit handles (unified mode): tex, tld4, txq, istypep. All modifiers go into the form,
// texture_ops.h; coordinates are brought into one order, x y z layer.
#include "compiler/ptx/lower/lower_texture.h"

#include <llvm/IR/Constants.h>

namespace cutrans::ptx::lowering {

namespace {

// 9.7.10: how a geometry's coordinate vector is made up. Elements of -1 are not there.
struct Layout {
  Mod mod;
  uint32_t geometry;
  int8_t axes;     // coordinates
  int8_t first;    // element of x
  int8_t layer;    // element of the array index
  int8_t sample;   // element of the sample number
  int8_t written;  // elements of the vector, padding included
};

constexpr Layout Layouts[] = {
    {Mod::Geom1d, CT_TEX_1D, 1, 0, -1, -1, 1},       {Mod::Geom2d, CT_TEX_2D, 2, 0, -1, -1, 2},
    {Mod::Geom3d, CT_TEX_3D, 3, 0, -1, -1, 4},       {Mod::GeomA1d, CT_TEX_A1D, 1, 1, 0, -1, 2},
    {Mod::GeomA2d, CT_TEX_A2D, 2, 1, 0, -1, 4},      {Mod::GeomCube, CT_TEX_CUBE, 3, 0, -1, -1, 4},
    {Mod::GeomAcube, CT_TEX_ACUBE, 3, 1, 0, -1, 4},  {Mod::Geom2dms, CT_TEX_2DMS, 2, 1, -1, 0, 4},
    {Mod::GeomA2dms, CT_TEX_A2DMS, 2, 2, 0, 1, 4},
};

const Layout *layoutOf(const Instruction &in) {
  for (const Layout &layout : Layouts)
    if (layout.mod == in.find(ModGroup::Geometry)) return &layout;
  return nullptr;
}

// A vector or, for one element, the element itself.
llvm::ArrayRef<Operand> elementsOf(const Operand &operand) {
  if (operand.kind == OperandKind::Vector) return {operand.elements.data(), operand.elements.size()};
  return {&operand, 1};
}

// ptxas takes longer vectors than a geometry needs (2-D arrays without padding, too).
Value *word(BodyLowering &lo, llvm::ArrayRef<Operand> elements, int index, Type type) {
  if (index < 0) return lo.constant(32, 0);
  if (size_t(index) >= elements.size()) {
    lo.refuse(Diag::ptx_operand, "the vector has too few elements for the geometry");
    return lo.constant(32, 0);
  }
  return lo.toBits(lo.read(elements[size_t(index)], type));
}

// The destination without its predicate, which says that the data is resident: always, where nothing is sparse.
const Operand &withoutPredicate(BodyLowering &lo, const Operand &destination) {
  if (destination.kind != OperandKind::Pair) return destination;
  lo.writePredicate(destination.elements[1], lo.constant(1, 1));
  return destination.elements[0];
}

Value *packedOffset(BodyLowering &lo, const Operand &operand, const Layout &layout) {
  llvm::ArrayRef<Operand> elements = elementsOf(operand);
  Value *all = nullptr;
  for (int i = 0; i < layout.axes; ++i) {
    Value *part = lo.b.CreateAnd(word(lo, elements, i, Type::S32), lo.constant(32, 0xff));
    if (i) part = lo.b.CreateShl(part, lo.constant(32, 8 * unsigned(i)));
    all = all ? lo.b.CreateOr(all, part) : part;
  }
  return all;
}

// Four words into the destination, converted to halves where its type is that.
void writeTexel(BodyLowering &lo, const Operand &destination, Value *texel, Type type) {
  auto &b = lo.b;
  bool pairs = type == Type::F16X2;
  if (elementsOf(destination).size() != (pairs ? 2u : 4u))
    return lo.refuse(Diag::ptx_operand, "the destination has not as many elements as the instruction gives");
  auto half = [&](unsigned i) {
    Value *value = b.CreateBitCast(b.CreateExtractValue(texel, i), b.getFloatTy());
    return lo.toBits(b.CreateFPTrunc(value, b.getHalfTy()));
  };
  for (unsigned i = 0; i < (pairs ? 2u : 4u); ++i) {
    const Operand &element = elementsOf(destination)[i];
    if (pairs) {
      Value *low = b.CreateZExt(half(2 * i), b.getInt32Ty()), *high = b.CreateZExt(half(2 * i + 1), b.getInt32Ty());
      lo.writeInteger(element, b.CreateOr(low, b.CreateShl(high, lo.constant(32, 16))));
    } else if (type == Type::F16) {
      lo.writeInteger(element, half(i));
    } else {
      lo.writeInteger(element, b.CreateExtractValue(texel, i));
    }
  }
}

// tex and tld4: d[|p], [a, c] {, lod | dPdx, dPdy} {, e} {, f}
void sample(BodyLowering &lo, const Instruction &in) {
  bool gather = in.opcode == Opcode::Tld4;
  const Layout *layout = layoutOf(in);
  Type result = in.type(0), coordinate = in.type(1);
  Mod level = in.find(ModGroup::TexLevel);
  if (!layout || (coordinate != Type::S32 && coordinate != Type::F32)) return lo.refuseForm();
  bool planar = layout->geometry == CT_TEX_2D || layout->geometry == CT_TEX_A2D;
  bool cube = layout->geometry == CT_TEX_CUBE || layout->geometry == CT_TEX_ACUBE, multisampled = layout->sample >= 0;
  if (gather && !planar && !cube) return lo.refuseForm();
  if (coordinate == Type::S32 ? cube || gather || level == Mod::Grad : multisampled) return lo.refuseForm();
  if (multisampled && (level == Mod::Level || level == Mod::Grad)) return lo.refuseForm();
  uint32_t form = uint32_t(CT_TEX_SAMPLE) << CT_TEX_OP_SHIFT | layout->geometry;
  if (coordinate == Type::S32) form |= CT_TEX_INTEGER;
  if (gather) form |= CT_TEX_GATHER | (unsigned(in.find(ModGroup::Channel)) - unsigned(Mod::ChannelR)) << CT_TEX_COMPONENT_SHIFT;

  Value *zero = lo.constant(32, 0);
  std::array<Value *, CT_TEX_MAX_INPUTS> words;
  words.fill(zero);
  Value *handle = textureHandle(lo, lo.operand(1));
  const Operand *at = textureCoordinates(lo, lo.operand(1));
  if (!handle || !at) return;
  llvm::ArrayRef<Operand> elements = elementsOf(*at);
  for (int i = 0; i < layout->axes; ++i) words[size_t(i)] = word(lo, elements, layout->first + i, coordinate);
  if (multisampled) words[2] = word(lo, elements, layout->sample, Type::U32);
  words[3] = word(lo, elements, layout->layer, Type::U32);

  size_t next = 2, end = in.operands.size();
  if (level == Mod::Level) {
    form |= CT_TEX_LEVEL;
    words[6] = lo.toBits(lo.read(lo.operand(next++), coordinate));
  } else if (level == Mod::Grad) {
    form |= CT_TEX_GRAD;
    for (size_t d = 0; d < 2; ++d, ++next)
      for (int i = 0; i < layout->axes; ++i)
        words[6 + 3 * d + size_t(i)] = word(lo, elementsOf(lo.operand(next)), i, Type::F32);
  }
  // Both are optional: a vector is an offset; a scalar is one only for 1-D integers, else the reference value.
  bool vector = next < end && lo.operand(next).kind == OperandKind::Vector;
  if (vector || end - next == 2) {
    if (cube) return lo.refuseForm("a coordinate offset in a cube");
    form |= CT_TEX_OFFSET;
    words[4] = packedOffset(lo, lo.operand(next++), *layout);
  }
  if (next < end) {
    if ((layout->axes == 3 && !cube) || coordinate == Type::S32) return lo.refuseForm("a reference value with this geometry");
    form |= CT_TEX_COMPARE;
    words[5] = lo.toBits(lo.read(lo.operand(next++), Type::F32));
  }
  if (next != end) return lo.refuse(Diag::ptx_operand, "too many operands");
  llvm::SmallVector<Value *, 16> arguments{lo.constant(32, form), handle};
  arguments.append(words.begin(), words.end());
  writeTexel(lo, withoutPredicate(lo, lo.operand(0)), lo.call(IrIntrinsic::TexSample, arguments), result);
}

struct QueryRow {
  Mod mod;
  uint32_t query;
};
constexpr QueryRow Queries[] = {
    {Mod::Width, CT_QUERY_WIDTH},
    {Mod::Height, CT_QUERY_HEIGHT},
    {Mod::Depth, CT_QUERY_DEPTH},
    {Mod::ChannelDataType, CT_QUERY_CHANNEL_TYPE},
    {Mod::ChannelOrder, CT_QUERY_CHANNEL_ORDER},
    {Mod::NormalizedCoords, CT_QUERY_NORMALIZED},
    {Mod::FilterMode, CT_QUERY_FILTER},
    {Mod::AddrMode0, CT_QUERY_ADDRESS_0},
    {Mod::AddrMode1, CT_QUERY_ADDRESS_1},
    {Mod::AddrMode2, CT_QUERY_ADDRESS_2},
    {Mod::ArraySize, CT_QUERY_LAYERS},
    {Mod::NumMipmapLevels, CT_QUERY_LEVELS},
    {Mod::NumSamples, CT_QUERY_SAMPLES},
    {Mod::MemoryLayout, CT_QUERY_MEMORY_LAYOUT},
};

Value *ask(BodyLowering &lo, uint32_t query, Value *handle, Value *level) {
  return lo.call(IrIntrinsic::TexQuery, {lo.constant(32, uint32_t(CT_TEX_QUERY) << CT_TEX_OP_SHIFT | query), handle, level});
}

// txq{.level}.query.b32 d, [a]{, lod}; suq.query.b32 d, [a]
void query(BodyLowering &lo, const Instruction &in) {
  // Of samplers of their own only (manual, txq).
  if (in.has(Mod::ForceUnnormalizedCoords)) return lo.refuse(Diag::ptx_texture, "a sampler apart from its texture is not supported");
  Value *handle = textureHandle(lo, lo.operand(1));
  bool surface = in.opcode == Opcode::Suq, level = in.find(ModGroup::TexLevel) == Mod::Level;
  if (!handle) return;
  for (const QueryRow &row : Queries) {
    if (row.mod != in.find(ModGroup::Query)) continue;
    if (level && row.query > CT_QUERY_DEPTH) break;
    Value *lod = level ? lo.readBits(lo.operand(2), 32) : lo.constant(32, 0);
    return lo.writeInteger(lo.operand(0), ask(lo, row.query | (surface ? CT_QUERY_SURFACE : 0), handle, lod));
  }
  lo.refuseForm();
}

// istypep.type p, a
void isType(BodyLowering &lo, const Instruction &in) {
  Value *handle = lo.readBits(lo.operand(1), 64);
  if (in.type() == Type::Samplerref) return lo.writePredicate(lo.operand(0), lo.constant(1, 0));  // there are none
  Value *kind = ask(lo, CT_QUERY_KIND, handle, lo.constant(32, 0));
  lo.writePredicate(lo.operand(0), lo.b.CreateICmpEQ(kind, lo.constant(32, in.type() == Type::Texref ? CT_TEXTURE_SAMPLED : CT_TEXTURE_SURFACE)));
}

}  // namespace

Value *textureHandle(BodyLowering &lo, const Operand &address) {
  if (address.kind == OperandKind::Address && !address.offset && address.symbol.kind == SymbolKind::Variable &&
      type_class(address.symbol.variable->type) == TypeClass::Opaque)
    return lo.symbolAddress(address, 64);
  if (address.kind != OperandKind::Address || !address.base_is_register || address.offset) {
    lo.refuse(Diag::ptx_texture, "a handle that is neither in a register nor a reference of the module is not supported");
    return nullptr;
  }
  Operand base;
  base.kind = OperandKind::Register;
  base.reg = address.reg;
  return lo.readBits(base, 64);
}

const Operand *textureCoordinates(BodyLowering &lo, const Operand &address) {
  if (address.elements.size() == 1) return &address.elements[0];
  lo.refuse(Diag::ptx_texture, "a sampler apart from its texture is not supported");
  return nullptr;
}

bool surfaceCoordinates(BodyLowering &lo, const Instruction &in, const Operand &address, uint32_t &geometry, std::array<Value *, 4> &words) {
  const Layout *layout = layoutOf(in);
  const Operand *at = textureCoordinates(lo, address);
  if (!layout || !at || layout->geometry > CT_TEX_A2D) {
    lo.refuseForm();
    return false;
  }
  geometry = layout->geometry;
  words.fill(lo.constant(32, 0));
  for (int i = 0; i < layout->axes; ++i) words[size_t(i)] = word(lo, elementsOf(*at), layout->first + i, Type::S32);
  words[3] = word(lo, elementsOf(*at), layout->layer, Type::U32);
  return true;
}

void addTextureRules(RuleTable &table) {
  set(table, Opcode::Tex, sample);
  set(table, Opcode::Tld4, sample);
  set(table, Opcode::Txq, query);
  set(table, Opcode::Suq, query);
  set(table, Opcode::Istypep, isType);
}

}  // namespace cutrans::ptx::lowering
