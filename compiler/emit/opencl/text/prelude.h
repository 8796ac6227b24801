// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What stands in front of the functions of a text: the helpers that they use, each once and only where used.
#pragma once

#include <map>
#include <string>

#include <llvm/Support/Alignment.h>

#include "compiler/emit/opencl/text/parts.h"

namespace cutrans::emit::text {

class Prelude {
 public:
  // Adds `text` the first time that `name` comes; returns `name`.
  std::string add(const std::string &name, const std::string &text);

  // `cv(uint16,x)`: conversion between vectors of equal length.
  std::string convert();
  // The type to access memory with: of this alignment, and an alias of everything, as memory has no types here. "->v" is behind it where isPacked.
  std::string memory(const Part &part, llvm::Align align);
  static bool isPacked(const Part &part, llvm::Align align);

  // Functions of masks of 2, 4, 8 or 16 lanes.
  std::string any(unsigned lanes), all(unsigned lanes), bits(unsigned lanes), fromBits(unsigned lanes);

  // Masked accesses of one part: (address or addresses, value, mask).
  enum class Access { Load, Store, Gather, Scatter };
  std::string masked(Access access, const Part &part, llvm::Align align);

  std::string fence();                        // fence(__ATOMIC_...)
  std::string exchangeSmall(unsigned bits);   // compare-and-swap of 8 or 16 bits
  std::string halfToFloat(unsigned lanes), floatToHalf(unsigned lanes), floatToBfloat(unsigned lanes);
  std::string rounding(const char *name, const char *builtin);  // floor and its kin
  std::string copy(), move(), fill();         // memory
  std::string cycles();                       // of the CPU's counter

  std::string text() const { return text_; }
  bool usesDouble = false, usesLongAtomics = false;

 private:
  std::map<std::string, bool> have_;
  std::string text_;
};

// Replaces $0 to $9.
std::string filled(const char *pattern, std::initializer_list<std::string> words);

}  // namespace cutrans::emit::text
