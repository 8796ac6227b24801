// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ld, st and their like, addresses of windows (manual section 9.7.9). Threads see each other's writes at once: one legal
// order of the memory model. Cache operators, policies and prefetches have no effect.
#include "tests/reference/machine.h"

namespace cutrans::reference {
namespace {

unsigned elements(const Instruction &in) {
  std::string_view vector = in.oneOf({"v2", "v4", "v8"});
  return vector.empty() ? 1 : unsigned(vector[1] - '0');
}

unsigned bytesOf(const Type &type) { return type.width() / 8; }

void load(Context &c) {
  const Type &type = c.in.type();
  unsigned count = elements(c.in), bytes = bytesOf(type);
  const Operand &d = c.operand(0);
  if (count > 1 && (d.kind != Operand::Vector || d.parts.size() != count)) refuse("destination is no vector of its size");
  uint8_t *from = c.at(c.space(), c.addressOf(c.operand(1)), uint64_t(bytes) * count, false, uint64_t(bytes) * count);
  std::vector<Bits> values;
  for (unsigned i = 0; i < count; ++i) values.push_back(c.load(from + i * bytes, bytes));
  for (unsigned i = 0; i < count; ++i) c.write(count > 1 ? d.parts[i] : d, type, values[i]);
}

void store(Context &c) {
  const Type &type = c.in.type();
  unsigned count = elements(c.in), bytes = bytesOf(type);
  const Operand &s = c.operand(1);
  if (count > 1 && (s.kind != Operand::Vector || s.parts.size() != count)) refuse("source is no vector of its size");
  uint8_t *to = c.at(c.space(), c.addressOf(c.operand(0)), uint64_t(bytes) * count, true, uint64_t(bytes) * count);
  for (unsigned i = 0; i < count; ++i) c.store(to + i * bytes, bytes, c.read(count > 1 ? s.parts[i] : s, type));
}

void storeBulk(Context &c) {
  auto bytes = uint64_t(c.read(1, typeOf("u64")));
  std::memset(c.at(c.space(), c.addressOf(c.operand(0)), bytes, true, 8), 0, bytes);
}

bool isGeneric(Space space, uint64_t address) {
  uint64_t window = address >> 56 << 56;
  switch (space) {
    case Space::Shared: return window == SharedWindow;
    case Space::Local: return window == LocalWindow;
    case Space::Param: return window == ParamWindow;
    default: return window != SharedWindow && window != LocalWindow && window != ParamWindow;
  }
}

// The offset in the own block's window, or with the rank of the block in the cluster.
uint64_t fromGeneric(const Context &c, Space space, uint64_t address) {
  if (space == Space::Local) return uint32_t(address);
  if (space != Space::Shared) return address;
  auto index = uint32_t((address - SharedWindow) >> 24);
  if (index == c.thread.block->index) return address & 0xffffff;
  const auto &blocks = c.thread.block->cluster->blocks;
  for (size_t rank = 0; rank < blocks.size(); ++rank)
    if (blocks[rank]->index == index) return (rank + 1) << 24 | (address & 0xffffff);
  fault("a shared address of another cluster");
}

void cvta(Context &c) {
  Space space = c.space();
  auto address = uint64_t(c.read(1));
  if (!c.in.has("to")) return c.write(c.toGeneric(space, address));
  if (!isGeneric(space, address)) undefined("cvta.to of an address in another window");
  c.write(fromGeneric(c, space, address));
}

// Constant variables lie among the global ones here: the image tells.
void isspacep(Context &c) {
  Space space = c.space();
  auto address = uint64_t(c.read(1, typeOf("u64")));
  bool result = isGeneric(space, address);
  if (space == Space::Const || space == Space::Global) {
    bool constant = false;
    for (const auto &variable : c.machine.module.variables) {
      uint64_t base = c.machine.memory.image() + variable->offset;
      if (variable->space == Space::Const && address >= base && address < base + variable->bytes) constant = true;
    }
    result = result && constant == (space == Space::Const);
  }
  if (space == Space::Shared && result && !c.in.has("shared::cluster"))
    result = (address - SharedWindow) >> 24 == c.thread.block->index;
  c.write(0, typeOf("pred"), result);
}

void mapa(Context &c) {
  auto address = uint64_t(c.read(1));
  uint32_t rank = c.u32(2);
  const auto &blocks = c.thread.block->cluster->blocks;
  if (rank >= blocks.size()) undefined("mapa to a block that is not in the cluster");
  if (c.in.has("shared::cluster")) return c.write(uint64_t(rank + 1) << 24 | (address & 0xffffff));
  if (!isGeneric(Space::Shared, address)) undefined("mapa of an address that is not in shared memory");
  c.write(SharedWindow | uint64_t(blocks[rank]->index) << 24 | (address & 0xffffff));
}

void getctarank(Context &c) {
  auto address = uint64_t(c.read(1));
  if (!c.in.has("shared::cluster")) {
    if (!isGeneric(Space::Shared, address)) undefined("getctarank of an address that is not in shared memory");
    address = fromGeneric(c, Space::Shared, address);
  }
  uint64_t tag = address >> 24;
  c.write(0, typeOf("u32"), tag ? tag - 1 : c.thread.block->rank);
}

void nothing(Context &) {}
void policy(Context &c) { c.write(0, typeOf("b64"), 0); }

}  // namespace

void addMemory(Table &table) {
  table.alone({"ld", "ldu"}, load);
  table.alone({"st"}, store);
  table.alone({"st.bulk"}, storeBulk);
  table.alone({"cvta"}, cvta);
  table.alone({"isspacep"}, isspacep);
  table.alone({"mapa"}, mapa);
  table.alone({"getctarank"}, getctarank);
  table.alone({"prefetch", "prefetchu", "applypriority", "discard"}, nothing);
  table.alone({"createpolicy"}, policy);
}

}  // namespace cutrans::reference
