// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recursion, calls through pointers and the stack: kernels/calls.cu and kernels/stack.ptx against the host.
#include <algorithm>
#include <array>

#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
void fibonacci(Case &c) {
  c.output(numbers(96, [](int i) { return int(fib(unsigned(i) % 13)); }));
}

void permutations(Case &c) {
  c.output(numbers(40, [](int i) {
    int n = 1 + i % 4, order[4] = {0, 1, 2, 3};
    unsigned sum = 0;
    do {
      unsigned value = 0;
      for (int k = 0; k < n; ++k) value = value * 7 + unsigned(order[k]);
      sum ^= value;
    } while (std::next_permutation(order, order + n));
    return int(sum);
  }));
}

void byPointer(Case &c) {
  auto op = [](int which, int a, int b) { return which == 0 ? a + b : which == 1 ? a - b : a * b; };
  std::vector<int> out;
  for (int i = 0; i < 50; ++i) out.push_back(op(i % 3, i, 7) + op(0, i, i));
  c.output(out);
}

void interpreter(Case &c) {
  // Prefix code: 0 constant, 1 sum, 2 product.
  c.input(std::vector<int>{0, 5,                                     // 5
                           1, 0, 2, 0, 3,                            // 2 + 3
                           2, 1, 0, 1, 0, 2, 1, 0, 3, 0, 4,          // (1 + 2) * (3 + 4)
                           1, 2, 2, 0, 2, 0, 2, 0, 2, 1, 0, 1, 0, 1});  // 2 * 2 * 2 + (1 + 1)
  c.input(std::vector<int>{0, 2, 7, 18});
  c.output(numbers(40, [](int i) { return std::array{500, 501, 2103, 1004}[size_t(i % 4)]; }));
}

void levels(Case &c) {
  c.output(numbers(64, [](int i) {
    int sum = 0;
    for (int d = 0; d <= 5; ++d) sum += d * 1000 + (i + d) % 64;
    return sum;
  }));
}

void shuffled(Case &c) {
  c.output(numbers(64, [](int i) {
    int mine = i, other = i ^ 1;
    for (int d = 3; d >= 0; --d) mine = other = mine + other, mine += d, other += d;
    return mine + 3;
  }));
}

void released(Case &c) {
  c.output(numbers(64, [](int i) {
    int sum = 0;
    for (int k = 0; k <= i % 32; ++k) sum += k * k;
    return sum * 400;
  }));
}

void saved(Case &c) {
  c.output(numbers(128, [](int i) { return i % 2 ? 0 : i / 2; }));
}

}  // namespace

std::vector<Row> callRows() {
  constexpr ct_native_form Gang = CT_NATIVE_FORM_GANG;
  return {
      {"calls", "fibonacci", {3, 1, 1}, {32, 1, 1}, fibonacci},
      {"calls", "permutations", {1, 1, 1}, {40, 1, 1}, permutations},
      {"calls", "by_pointer", {1, 1, 1}, {50, 1, 1}, byPointer},
      {"calls", "interpreter", {1, 1, 1}, {40, 1, 1}, interpreter},
      {"calls", "barriers_on_the_way", {1, 1, 1}, {64, 1, 1}, levels, 0, false, Gang},
      {"calls", "shuffles_on_the_way", {1, 1, 1}, {64, 1, 1}, shuffled},
      {"stack", "released", {1, 1, 1}, {64, 1, 1}, released},
      {"stack", "saved", {1, 1, 1}, {64, 1, 1}, saved},
  };
}

}  // namespace cutrans::test
