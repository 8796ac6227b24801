// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory as a wave sees it: device memory is the process's own, a block's shared memory and a lane's private memory begin at 0 and have
// windows in the generic address space.
#include <llvm/Analysis/ConstantFolding.h>
#include <llvm/IR/IntrinsicInst.h>

#include "tests/amdgpu/waves/wave.h"

namespace cutrans::waves {

using llvm::cast;

namespace {

enum Space : unsigned { Generic = 0, Global = 1, Shared = 3, Constant = 4, Private = 5 };

[[noreturn]] void fail(const char *what, uint64_t address, uint64_t bytes, unsigned lane) {
  char buffer[160];
  std::snprintf(buffer, sizeof buffer, "lane %u: %llu bytes at 0x%llx are not %s", lane, static_cast<unsigned long long>(bytes),
                static_cast<unsigned long long>(address), what);
  throw Stop{buffer};
}

}  // namespace

uint8_t *Wave::memory(unsigned space, uint64_t address, uint64_t bytes, unsigned lane) {
  if (space == Generic && (address >> 32) == kSharedWindow >> 32) space = Shared, address = uint32_t(address);
  if (space == Generic && (address >> 32) == kPrivateWindow >> 32) space = Private, address = uint32_t(address);
  if (space == Shared) {
    if (address + bytes > block_.shared.size()) fail("the block's shared memory", address, bytes, lane);
    return block_.shared.data() + address;
  }
  if (space == Private) {
    if (address + bytes > program_.privateBytes) fail("the lane's private memory", address, bytes, lane);
    return private_.data() + size_t{program_.privateBytes} * lane + address;
  }
  if (space != Generic && space != Global && space != Constant) throw Stop{"address space " + std::to_string(space)};
  if (bytes && launch_.allowed && !launch_.allowed(address, bytes)) fail("the kernel's", address, bytes, lane);
  return reinterpret_cast<uint8_t *>(address);
}

// LLVM's null addresses of the two small spaces are all ones.
uint64_t Wave::castAddress(uint64_t address, unsigned from, unsigned to) {
  auto isSmall = [](unsigned space) { return space == Shared || space == Private; };
  if (isSmall(from) == isSmall(to)) return address;
  if (isSmall(to)) return address ? uint32_t(address) : ~uint32_t{0};
  return uint32_t(address) == ~uint32_t{0} ? 0 : (from == Shared ? kSharedWindow : kPrivateWindow) | uint32_t(address);
}

void Wave::load(const Step &step) {
  const unsigned space = cast<llvm::LoadInst>(step.ir)->getPointerAddressSpace();
  eachLane([&](unsigned lane) {
    const uint8_t *from = memory(space, get(step.operands[0], lane), step.shape->bytes, lane);
    for (const Piece &piece : step.shape->pieces) {
      uint64_t words[2] = {};
      std::memcpy(words, from + piece.offset, piece.bytes());
      if (piece.bits < 64) words[0] &= (uint64_t{1} << piece.bits) - 1;
      for (uint32_t i = 0; i < piece.words(); ++i) at(step.to + piece.word + i, lane) = words[i];
    }
  });
}

void Wave::store(const Step &step) {
  const Operand &value = step.operands[0];
  const unsigned space = cast<llvm::StoreInst>(step.ir)->getPointerAddressSpace();
  eachLane([&](unsigned lane) {
    uint8_t *to = memory(space, get(step.operands[1], lane), value.shape->bytes, lane);
    for (const Piece &piece : value.shape->pieces) {
      const uint64_t words[2] = {get(value, lane, piece.word), piece.words() > 1 ? get(value, lane, piece.word + 1) : 0};
      std::memcpy(to + piece.offset, words, piece.bytes());
    }
  });
}

// Those of reals are LLVM's folding of the operation without its atomicity.
void Wave::update(const Step &step) {
  auto *atomic = cast<llvm::AtomicRMWInst>(step.ir);
  using Op = llvm::AtomicRMWInst;
  llvm::Type *type = atomic->getType();
  if (step.shape->bytes > 8) throw Stop{"an atomic of more than 64 bits"};
  const uint32_t unused = 64 - step.shape->pieces[0].bits;
  auto sign = [&](uint64_t value) { return int64_t(value << unused) >> unused; };
  eachLane([&](unsigned lane) {
    uint8_t *place = memory(atomic->getPointerAddressSpace(), get(step.operands[0], lane), step.shape->bytes, lane);
    std::vector<uint64_t> before(step.shape->words), after;
    for (const Piece &piece : step.shape->pieces) {
      std::memcpy(&before[piece.word], place + piece.offset, piece.bytes());
      at(step.to + piece.word, lane) = before[piece.word];
    }
    auto folded = [&](unsigned operation) {
      std::vector<uint64_t> given(step.shape->words);
      gather(step.operands[1], lane, given.data());
      llvm::Constant *result = llvm::ConstantFoldBinaryOpOperands(operation, program_.constantOf(type, before.data()), program_.constantOf(type, given.data()), program_.layout());
      if (!result || !program_.flatten(*result, after)) throw Stop{"an atomic that is not folded"};
    };
    const uint64_t old = before[0], given = get(step.operands[1], lane);
    switch (atomic->getOperation()) {
      case Op::Xchg: gather(step.operands[1], lane, (after.resize(step.shape->words), after.data())); break;
      case Op::Add: after = {old + given}; break;
      case Op::Sub: after = {old - given}; break;
      case Op::And: after = {old & given}; break;
      case Op::Or: after = {old | given}; break;
      case Op::Xor: after = {old ^ given}; break;
      case Op::Max: after = {sign(old) > sign(given) ? old : given}; break;
      case Op::Min: after = {sign(old) < sign(given) ? old : given}; break;
      case Op::UMax: after = {std::max(old, given)}; break;
      case Op::UMin: after = {std::min(old, given)}; break;
      case Op::UIncWrap: after = {old >= given ? 0 : old + 1}; break;
      case Op::UDecWrap: after = {old == 0 || old > given ? given : old - 1}; break;
      case Op::FAdd: folded(llvm::Instruction::FAdd); break;
      case Op::FSub: folded(llvm::Instruction::FSub); break;
      default: throw Stop{"an atomic operation without a rule"};
    }
    for (const Piece &piece : step.shape->pieces) std::memcpy(place + piece.offset, &after[piece.word], piece.bytes());
  });
}

void Wave::exchange(const Step &step) {
  auto *atomic = cast<llvm::AtomicCmpXchgInst>(step.ir);
  const Piece &piece = step.operands[1].shape->pieces[0];
  if (piece.bits > 64) throw Stop{"an atomic of more than 64 bits"};
  eachLane([&](unsigned lane) {
    uint8_t *place = memory(atomic->getPointerAddressSpace(), get(step.operands[0], lane), piece.bytes(), lane);
    uint64_t old = 0;
    std::memcpy(&old, place, piece.bytes());
    const uint64_t next = get(step.operands[2], lane);
    const bool same = old == get(step.operands[1], lane);
    if (same) std::memcpy(place, &next, piece.bytes());
    at(step.to, lane) = old;
    at(step.to + 1, lane) = same;
  });
}

bool Wave::access(const Step &step) {
  switch (step.opcode) {
    case llvm::Instruction::Load: return load(step), true;
    case llvm::Instruction::Store: return store(step), true;
    case llvm::Instruction::AtomicRMW: return update(step), true;
    case llvm::Instruction::AtomicCmpXchg: return exchange(step), true;
    case llvm::Instruction::Fence: return true;
    case llvm::Instruction::Alloca:
      eachLane([&](unsigned lane) {
        at(step.to, lane) = step.number;
      });
      return true;
    case llvm::Instruction::AddrSpaceCast: {
      auto *cast = llvm::cast<llvm::AddrSpaceCastInst>(step.ir);
      eachLane([&](unsigned lane) { at(step.to, lane) = castAddress(get(step.operands[0], lane), cast->getSrcAddressSpace(), cast->getDestAddressSpace()); });
      return true;
    }
    case llvm::Instruction::GetElementPtr: {
      const uint64_t mask = step.shape->pieces[0].bits == 32 ? ~uint32_t{0} : ~uint64_t{0};
      eachLane([&](unsigned lane) {
        uint64_t address = get(step.operands[0], lane) + step.number;
        for (size_t i = 0; i < step.scales.size(); ++i) {
          if (!step.scales[i]) continue;
          const Operand &index = step.operands[i + 1];
          const uint32_t unused = 64 - index.shape->pieces[0].bits;
          address += uint64_t(int64_t(get(index, lane) << unused) >> unused) * step.scales[i];
        }
        at(step.to, lane) = address & mask;
      });
      return true;
    }
    default: return false;
  }
}

bool Wave::copyBytes(const Step &step) {
  auto *call = llvm::dyn_cast<llvm::AnyMemIntrinsic>(step.ir);
  if (!call) return false;
  eachLane([&](unsigned lane) {
    const uint64_t bytes = get(step.operands[2], lane);
    uint8_t *to = memory(call->getDestAddressSpace(), get(step.operands[0], lane), bytes, lane);
    if (auto *transfer = llvm::dyn_cast<llvm::AnyMemTransferInst>(call))
      std::memmove(to, memory(transfer->getSourceAddressSpace(), get(step.operands[1], lane), bytes, lane), bytes);
    else
      std::memset(to, int(get(step.operands[1], lane)), bytes);
  });
  return true;
}

}  // namespace cutrans::waves
