// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One PTX instruction over very many inputs: compiled by the real pipeline once, run on buffers of bit patterns.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/runner.h"

namespace cutrans::test {

// All of 2^32 inputs with CUTRANS_LONG=1, else a sample.
bool longSweeps();

// `code` writes %y from %x (and %z), each a register of so many bits.
class Swept {
 public:
  Swept(const std::string &code, unsigned outBits, unsigned inBits, unsigned inputs = 1, uint32_t gangWidth = 0);
  // What is wrong; empty: nothing.
  const std::string &problem() const { return problem_; }
  // Elements of the buffers have the bits of the registers; the count is a multiple of Quantum.
  void run(size_t count, void *out, const void *x, const void *z = nullptr) const;

  static constexpr size_t Quantum = 4096;

 private:
  std::string problem_;
  std::unique_ptr<Artifact> artifact_;
};

// Patterns in chunks: those of `edges`, then all of 2^bits or every `stride`-th. The callback gets a full chunk.
template <class T>
void forPatterns(uint64_t patterns, uint64_t stride, const std::vector<T> &edges,
                 const std::function<void(const std::vector<T> &)> &f) {
  constexpr size_t Chunk = 1 << 20;
  std::vector<T> chunk = edges;
  auto flush = [&] {
    while (chunk.size() % Swept::Quantum) chunk.push_back(T(0));
    f(chunk);
    chunk.clear();
  };
  for (uint64_t bits = 0; bits < patterns; bits += stride) {
    chunk.push_back(T(bits));
    if (chunk.size() == Chunk) flush();
  }
  if (!chunk.empty()) flush();
}

// Zeros, ones, extremes, infinities and NaNs of both signs, with their neighbours.
std::vector<uint32_t> floatEdges();
std::vector<uint64_t> doubleEdges();

}  // namespace cutrans::test
