// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and writing operands, and addresses in all state spaces (manual chapters 5 and 6).
#include "tests/reference/machine.h"

namespace cutrans::reference {

Bits Context::read(const Operand &operand, const Type &type) const {
  Bits mask = maskOf(type.width());
  switch (operand.kind) {
    case Operand::Register: {
      Bits value = frame.registers[size_t(operand.slot)] & mask;
      return operand.negated ? (type.kind == 'p' ? value ^ 1 : -value & mask) : value;
    }
    case Operand::Integer:
      if (type.kind == 'f' && type.bits > 16 && type.count == 1) refuse("an integer where a float is wanted");
      return Bits(__int128(int64_t(operand.value))) & mask;
    case Operand::Single:
      if (type.kind == 'f' && type.bits == 64) return bitsOf(double(std::bit_cast<float>(uint32_t(operand.value))));
      return operand.value & mask;
    case Operand::Double:
      if (type.bits == 32 && type.count == 1) return bitsOf(float(std::bit_cast<double>(operand.value)));
      return operand.value & mask;
    case Operand::Address:
    case Operand::Memory: return addressOf(operand) & mask;
    case Operand::FunctionName:
      if (!operand.function) refuse("unknown name " + operand.name);
      return operand.function->address & mask;
    case Operand::Special: return specialRegister(*this, operand.name) & mask;
    case Operand::Vector: {  // elements from the low end, for packing
      Bits value = 0;
      unsigned each = type.width() / unsigned(operand.parts.size());
      Type part = type;
      part.kind = 'b', part.bits = each, part.count = 1;
      for (size_t i = 0; i < operand.parts.size(); ++i) value |= read(operand.parts[i], part) << (i * each);
      return value & mask;
    }
    case Operand::Sink: undefined("_ is read");
    default: refuse("operand of this kind");
  }
}

bool Context::predicate(const Operand &operand) const {
  if (operand.kind == Operand::Integer) return operand.value != 0;
  if (operand.kind == Operand::Special) return specialRegister(*this, operand.name) & 1;
  if (operand.kind != Operand::Register) refuse("no predicate");
  return bool(frame.registers[size_t(operand.slot)] & 1) != operand.negated;
}

void Context::write(const Operand &operand, const Type &type, Bits value) const {
  if (operand.kind == Operand::Sink) return;
  if (operand.kind == Operand::Vector) {
    unsigned each = type.width() / unsigned(operand.parts.size());
    Type part = type;
    part.kind = 'b', part.bits = each, part.count = 1;
    for (size_t i = 0; i < operand.parts.size(); ++i) write(operand.parts[i], part, (value >> (i * each)) & maskOf(each));
    return;
  }
  if (operand.kind != Operand::Register) refuse("destination is no register");
  value &= maskOf(type.width());
  if (operand.width > type.width() && type.isSigned() && type.count == 1)
    value = Bits(signExtend(value, type.bits)) & maskOf(operand.width);
  frame.registers[size_t(operand.slot)] = value & maskOf(operand.width);
}

uint64_t Context::addressOf(const Operand &memory) const {
  uint64_t base = 0;
  if (memory.variable) {
    const Variable &variable = *memory.variable;
    switch (variable.space) {
      case Space::Global:
      case Space::Const: base = machine.memory.image() + variable.offset; break;
      case Space::Shared: base = variable.offset; break;
      case Space::Local: base = frame.base + variable.offset; break;
      case Space::Param:
        // Of a kernel: in its buffer. Else, and in bodies, where calls put them: on the stack.
        base = (variable.ofKernel ? ParamWindow : frame.base) + variable.offset;
        break;
      default: refuse("address of " + variable.name);
    }
  } else if (memory.slot >= 0) {
    base = uint64_t(frame.registers[size_t(memory.slot)]);
    if (memory.width == 32) return uint32_t(base + uint64_t(memory.offset));  // 32-bit addresses wrap
  } else if (memory.kind == Operand::Memory && !memory.name.empty()) {
    base = uint64_t(specialRegister(*this, memory.name));
  }
  return base + uint64_t(memory.offset);
}

Space Context::space() const {
  for (size_t i = in.head; i < in.words.size(); ++i) {
    std::string_view word = in.words[i];
    if (word == "global") return Space::Global;
    if (word == "const") return Space::Const;
    if (word == "shared" || word == "shared::cta" || word == "shared::cluster") return Space::Shared;
    if (word == "local") return Space::Local;
    if (word.starts_with("param")) return Space::Param;
  }
  return Space::None;
}

// Shared addresses: 24 bits of offset, above them the rank in the cluster plus one; without a rank: this block.
uint64_t Context::toGeneric(Space space, uint64_t address) const {
  switch (space) {
    case Space::Shared: {
      const Block *block = thread.block;
      if (uint32_t tag = uint32_t(address) >> 24) {
        if (tag > block->cluster->blocks.size()) fault("a shared address of no block in the cluster");
        block = block->cluster->blocks[tag - 1];
      }
      return SharedWindow | uint64_t(block->index) << 24 | (address & 0xffffff);
    }
    case Space::Local: return LocalWindow | uint32_t(address);
    default: return address;
  }
}

uint8_t *Context::at(Space space, uint64_t address, uint64_t bytes, bool write, uint64_t align) const {
  auto where = [&] {
    char text[64];
    std::snprintf(text, sizeof text, "%llu bytes at 0x%llx", static_cast<unsigned long long>(bytes),
                  static_cast<unsigned long long>(address));
    return std::string(text);
  };
  if (align && address % align) fault("misaligned: " + where());
  if (space == Space::Shared || (space == Space::Local && address < LocalWindow)) {
    if (space == Space::Shared && address >> 32) fault("a shared address of more than 32 bits: " + where());
    address = toGeneric(space, address);
  }
  if (space == Space::Param && address < ParamWindow) address = toGeneric(Space::Local, address);
  uint64_t window = address >> 56 << 56;
  if (window == SharedWindow) {
    uint64_t index = (address - SharedWindow) >> 24, offset = address & 0xffffff;
    for (Block *block : thread.block->cluster->blocks)
      if (block->index == index && offset + bytes <= block->shared.size()) return block->shared.data() + offset;
    fault("outside of shared memory: " + where());
  }
  if (window == LocalWindow) {
    uint64_t offset = address - LocalWindow;
    if (offset >= 16 && offset + bytes <= thread.top) return thread.local.data() + offset;
    fault("outside of local memory: " + where());
  }
  if (window == ParamWindow) {
    uint64_t offset = address - ParamWindow;
    if (write) fault("a store to a kernel's parameter: " + where());
    if (offset + bytes <= machine.launch.params.size()) return const_cast<uint8_t *>(machine.launch.params.data()) + offset;
    fault("outside of the parameters: " + where());
  }
  for (const Memory::Region &region : machine.memory.regions())
    if (address >= region.base && address + bytes <= region.base + region.bytes) {
      if (write && !region.writable) fault("a store to constant memory: " + where());
      return reinterpret_cast<uint8_t *>(address);
    }
  for (auto &[base, store] : machine.heap)
    if (address >= base && address + bytes <= base + store.size()) return reinterpret_cast<uint8_t *>(address);
  fault("outside of all memory: " + where());
}

Bits Context::load(uint8_t *from, unsigned bytes) const {
  Bits value = 0;
  std::memcpy(&value, from, bytes);
  return value;
}

void Context::store(uint8_t *to, unsigned bytes, Bits value) const { std::memcpy(to, &value, bytes); }

}  // namespace cutrans::reference
