// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <bit>
#include <cstdlib>

#include "tests/ptx/values/form.h"

namespace cutrans::test {
namespace {

uint64_t mix(uint64_t x) {  // a hash: values depend on nothing but their place
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

struct Shape {
  unsigned exponent, fraction;
};

std::vector<uint64_t> floatEdges(Shape shape) {
  unsigned f = shape.fraction;
  uint64_t one = ((uint64_t(1) << (shape.exponent - 1)) - 1) << f, infinity = ((uint64_t(1) << shape.exponent) - 1) << f,
           sign = uint64_t(1) << (shape.exponent + f), ulp = 1;
  std::vector<uint64_t> edges = {0, ulp, (uint64_t(1) << f) - 1, uint64_t(1) << f, one, one + ulp, one - ulp, infinity - ulp, infinity,
                                 infinity | uint64_t(1) << (f - 1) | 3, infinity | 5,
                                 one - (uint64_t(1) << f), one + (uint64_t(1) << (f - 1)), one + (uint64_t(5) << (f - 2))};
  size_t count = edges.size();
  for (size_t i = 0; i < count; ++i)
    if (i % 3 != 2) edges.push_back(edges[i] | sign);
  return edges;
}

std::vector<uint64_t> integerEdges(unsigned bits) {
  uint64_t mask = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1, top = uint64_t(1) << (bits - 1);
  return {0, 1, 2, 3, mask, mask - 1, top, top - 1, top + 1, mask / 3, mask / 3 * 2, uint64_t(1) << bits / 2, (uint64_t(1) << bits / 2) - 1, 31 & mask, 32 & mask};
}

bool floatShape(const std::string &type, Shape &shape) {
  if (type.starts_with("f16")) shape = {5, 10};
  else if (type.starts_with("bf16")) shape = {8, 7};
  else if (type.starts_with("f32") || type == "tf32") shape = {8, 23};
  else if (type == "f64") shape = {11, 52};
  else return false;
  return true;
}

uint64_t scalar(const std::string &type, unsigned bits, unsigned source, unsigned index) {
  Shape shape{};
  bool real = floatShape(type, shape);
  uint64_t mask = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  uint64_t random = mix(uint64_t(source) << 32 ^ uint64_t(index) << 8 ^ bits);
  if (type == "pred") return random >> 17 & 1;
  if (type[0] == 'n') return index % 5 == 4 ? random & mask : random >> 20 & (index % 3 ? 63 : 31);
  std::vector<uint64_t> edges = real ? floatEdges(shape) : integerEdges(bits);
  size_t count = edges.size();
  size_t pairs = std::min<size_t>(count * count, Inputs * 3 / 4);
  if (index < pairs && source < 2) return edges[source == 0 ? index % count : (index / count + index) % count];
  switch (random >> 60 & 3) {
    case 0: return edges[(random >> 8) % count];
    case 1:
      if (real) {  // exponents near one, so that operands meet
        uint64_t bias = (uint64_t(1) << (shape.exponent - 1)) - 1, exponent = bias - 6 + (random >> 48) % 13;
        return (random & ((uint64_t(1) << shape.fraction) - 1)) | exponent << shape.fraction |
               (random >> 55 & 1) << (shape.exponent + shape.fraction);
      }
      return random & mask & (mask >> ((random >> 50) % bits));
    default: return random & mask;
  }
}

}  // namespace

unsigned bitsOfType(const std::string &type) {
  if (type == "pred") return 1;
  size_t digit = type.find_first_of("0123456789");
  unsigned bits = unsigned(std::atoi(type.c_str() + digit)), count = 1;
  if (type.starts_with("e") || type.starts_with("ue8m0")) bits = type.starts_with("e2m1") ? 4 : 8;
  if (size_t x = type.find('x'); x != type.npos) count = unsigned(std::atoi(type.c_str() + x + 1));
  return std::max(bits * count, 16u);
}

uint64_t inputValue(const std::string &type, unsigned source, unsigned index) {
  size_t x = type.find('x');
  unsigned bits = bitsOfType(type);
  if (x == type.npos || type[0] == 'e' || type.starts_with("ue")) return scalar(type, bits, source, index);
  unsigned count = unsigned(std::atoi(type.c_str() + x + 1)), each = bits / count;
  uint64_t value = 0;
  for (unsigned e = 0; e < count; ++e) value |= scalar(type.substr(0, x), each, source, index ^ (e * 37)) << (e * each);
  return value;
}

}  // namespace cutrans::test
