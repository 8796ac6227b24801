// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One row of the table of instruction forms: what is executed on every input in every gang width, unguarded, guarded and
// in a divergent branch, and compared with the reference (tests/reference).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cutrans::test {

// Types of operands are PTX's (b16 u32 f64 f16x2 ...), and besides:
//   pred    a predicate            nN   an N-bit unsigned number that is mostly small: an amount, a place, a length
//   =TEXT   the text itself, such as an immediate; so it is no input
struct Form {
  std::string opcode;
  std::string result;                // type, two for d|p ("b32|pred")
  std::vector<std::string> sources;
  bool anyNan = true;                // the manual does not say which NaN; false: the bits must agree
  std::string text;                  // where it is not "opcode d, sources": with $d and $1, $2, ... in it, or d0, d1, a0, a1, ...
  bool allLanes = false;             // not for parts of a warp
};

std::vector<Form> integerForms();
std::vector<Form> bitForms();
std::vector<Form> floatForms();
std::vector<Form> compareForms();
std::vector<Form> convertForms();
std::vector<Form> videoForms();
// Their texts may use 16 bytes of memory of the thread's own: gc (.global), sc (.shared, 32-bit address) and lc (.local).
std::vector<Form> memoryForms();
std::vector<Form> atomicForms();
std::vector<Form> warpForms();

// Value number `index` of a type: edges first, then edges and random values mixed. Two sources meet all pairs of edges.
uint64_t inputValue(const std::string &type, unsigned source, unsigned index);
unsigned bitsOfType(const std::string &type);
inline constexpr unsigned Inputs = 512;

}  // namespace cutrans::test
