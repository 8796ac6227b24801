// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LLVM 22's SPIR-V back end gives labels numbers that other results have too (the entry block's, and those of a second function); drivers crash on
// it. In a module's words labels stand in places of their own, so they are told apart there and get new numbers behind all others. Names, which nobody needs,
// are left out: one cannot tell what theirs belong to.
#include <cstring>
#include <map>

#include "compiler/emit/spirv/spirv.h"

namespace cutrans::emit::spirv {
namespace {

// SPIR-V's instructions that name labels; SPIR-V 1.3, section 3.32.
enum : uint32_t { OpName = 5, OpFunctionEnd = 56, OpPhi = 245, OpLoopMerge = 246, OpSelectionMerge = 247, OpLabel = 248, OpBranch = 249, OpBranchConditional = 250, OpSwitch = 251 };
constexpr size_t HeaderWords = 5, BoundWord = 3;
constexpr uint32_t Magic = 0x07230203;

}  // namespace

llvm::Error numberLabels(llvm::SmallVectorImpl<char> &bytes) {
  auto broken = [] { return simt::refuse(Diag::codegen_verify, "LLVM wrote a module that is no SPIR-V"); };
  std::vector<uint32_t> words(bytes.size() / 4);
  if (bytes.size() % 4 || words.size() < HeaderWords) return broken();
  std::memcpy(words.data(), bytes.data(), bytes.size());
  if (words[0] != Magic) return broken();
  uint32_t &bound = words[BoundWord];
  std::map<uint32_t, uint32_t> labels;  // of this function
  auto rename = [&](uint32_t &word) {
    auto [at, isNew] = labels.try_emplace(word, bound);
    if (isNew) ++bound;
    word = at->second;
  };
  size_t kept = HeaderWords;
  for (size_t at = HeaderWords; at < words.size();) {
    const uint32_t operation = words[at] & 0xffff, count = words[at] >> 16;
    if (!count || count > words.size() - at) return broken();
    uint32_t *operands = words.data() + at + 1;
    switch (operation) {
      case OpLabel:
      case OpBranch:
      case OpSelectionMerge: rename(operands[0]); break;
      case OpLoopMerge:
        rename(operands[0]), rename(operands[1]);
        break;
      case OpBranchConditional:
        rename(operands[1]), rename(operands[2]);
        break;
      case OpPhi:
        for (uint32_t i = 3; i + 1 < count; i += 2) rename(operands[i]);
        break;
      case OpSwitch: return broken();  // there are none by then
      case OpFunctionEnd: labels.clear(); break;
      default: break;
    }
    if (operation != OpName) {
      std::memmove(words.data() + kept, words.data() + at, count * sizeof(uint32_t));
      kept += count;
    }
    at += count;
  }
  bytes.resize(kept * sizeof(uint32_t));
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return llvm::Error::success();
}

}  // namespace cutrans::emit::spirv
