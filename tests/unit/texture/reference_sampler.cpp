// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/unit/texture/reference_sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cutrans::test {
namespace {

using Real = long double;

struct Asked {
  const Image &image;
  const Fetch &fetch;
  const ct_texture &t;
  size_t level = 0;
  bool normalized = false;
  unsigned axes = 1;

  int size(unsigned axis) const {
    const Image::Level &of = image.levels[level];
    return int(axis == 0 ? of.width : axis == 1 ? of.height : of.depth);
  }
};

Asked ask(const Image &image, const Fetch &fetch) {
  const ct_texture &t = image.description;
  Asked a{image, fetch, t, 0, (t.flags & CT_TEXTURE_NORMALIZED) != 0, 1};
  if (t.shape == CT_SHAPE_2D || t.shape == CT_SHAPE_CUBE) a.axes = 2;
  if (t.shape == CT_SHAPE_3D) a.axes = 3;
  return a;
}

bool readsFloat(const ct_texture &t) { return t.format == CT_TEXEL_FLOAT || (t.bits < 32 && (t.flags & CT_TEXTURE_READ_FLOAT)); }

// The value of one element as the guide defines reads.
Real valueOf(const ct_texture &t, uint32_t raw, unsigned channel) {
  if (t.format == CT_TEXEL_FLOAT) return t.bits == 32 ? Real(std::bit_cast<float>(raw)) : Real(std::bit_cast<_Float16>(uint16_t(raw)));
  if (t.format == CT_TEXEL_SIGNED) {
    int number = t.bits == 8 ? int8_t(raw) : int16_t(raw), most = t.bits == 8 ? 127 : 32767;
    return std::max(Real(number) / most, Real(-1));
  }
  Real value = Real(raw) / (t.bits == 8 ? 255 : 65535);
  if ((t.flags & CT_TEXTURE_SRGB) && t.bits == 8 && channel < 3) {
    double c = double(raw) / 255;
    return float(c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
  }
  return value;
}

uint32_t integerOf(const ct_texture &t, uint32_t raw) {
  if (t.format != CT_TEXEL_SIGNED || t.bits == 32) return raw;
  return t.bits == 8 ? uint32_t(int32_t(int8_t(raw))) : uint32_t(int32_t(int16_t(raw)));
}

bool passes(const ct_texture &t, float reference, Real texel) {
  switch (t.compare) {
    case CT_COMPARE_LESS: return reference < texel;
    case CT_COMPARE_LESS_EQUAL: return reference <= texel;
    case CT_COMPARE_GREATER: return reference > texel;
    default: return reference >= texel;
  }
}

Texel finish(const Asked &a, Texel texel) {
  if (readsFloat(a.t)) {
    if (a.fetch.reference) texel.number[0] = passes(a.t, *a.fetch.reference, texel.number[0]);
    for (unsigned c = 0; c < 4; ++c) texel.bits[c] = std::bit_cast<uint32_t>(float(texel.number[c]));
  }
  return texel;
}

Texel stored(const Asked &a, int x, int y, uint32_t slice) {
  Texel texel;
  texel.number[3] = texel.bits[3] = 1;
  for (unsigned c = 0; c < a.t.channels; ++c) {
    uint32_t raw = a.image.at(a.level, uint32_t(x), uint32_t(y), slice, c);
    if (readsFloat(a.t)) texel.number[c] = valueOf(a.t, raw, c);
    else texel.bits[c] = integerOf(a.t, raw);
  }
  return finish(a, texel);
}

Texel border(const Asked &a) {
  Texel texel;
  texel.number[3] = texel.bits[3] = 1;
  for (unsigned c = 0; c < a.t.channels; ++c) {
    if (readsFloat(a.t)) texel.number[c] = std::bit_cast<float>(a.t.border[c]);
    else texel.bits[c] = a.t.border[c];
  }
  return finish(a, texel);
}

// ---- cubes, by directions in space: a texel is a point on the surface of a cube from -1 to 1 ----

using Vector = std::array<Real, 3>;

// The guide's table, face by face.
Vector onCube(int face, Real s, Real t) {
  switch (face) {
    case 0: return {1, -t, -s};
    case 1: return {-1, -t, s};
    case 2: return {s, 1, t};
    case 3: return {s, -1, -t};
    case 4: return {s, -t, 1};
    default: return {-s, -t, -1};
  }
}

int faceOf(const Vector &d, Real &s, Real &t) {
  Real x = std::fabs(d[0]), y = std::fabs(d[1]), z = std::fabs(d[2]);
  int face;
  if (z >= x && z >= y) {
    face = d[2] < 0 ? 5 : 4;
    s = (face == 5 ? -d[0] : d[0]) / z, t = -d[1] / z;
  } else if (y >= x) {
    face = d[1] < 0 ? 3 : 2;
    s = d[0] / y, t = (face == 3 ? -d[2] : d[2]) / y;
  } else {
    face = d[0] < 0 ? 1 : 0;
    s = (face == 1 ? d[2] : -d[2]) / x, t = -d[1] / x;
  }
  return face;
}

// The centre of the neighbour beyond one edge lies as far down the next face as it would lie outside of this one.
Texel overEdge(const Asked &a, int face, int x, int y, uint32_t slice) {
  Real n = a.size(0), s = (2 * x + 1 - n) / n, t = (2 * y + 1 - n) / n;
  Real past = std::max(std::fabs(s), std::fabs(t)) - 1;
  Vector flat = onCube(face, std::clamp<Real>(s, -1, 1), std::clamp<Real>(t, -1, 1)), centre = onCube(face, 0, 0);
  for (unsigned i = 0; i < 3; ++i) flat[i] -= centre[i] * past;
  Real s2, t2;
  int other = faceOf(flat, s2, t2);
  auto index = [&](Real c) { return std::clamp(int(std::floor((c + 1) / 2 * n)), 0, int(n) - 1); };
  return stored(a, index(s2), index(t2), slice + uint32_t(other));
}

Texel cubeTexel(const Asked &a, int face, int x, int y, uint32_t slice) {
  int n = a.size(0), inX = std::clamp(x, 0, n - 1), inY = std::clamp(y, 0, n - 1);
  Texel here = stored(a, inX, inY, slice + uint32_t(face));
  if (!(a.t.flags & CT_TEXTURE_SEAMLESS) || (x == inX && y == inY)) return here;
  if (x != inX && y != inY) {
    Texel one = overEdge(a, face, x, inY, slice), two = overEdge(a, face, inX, y, slice);
    for (unsigned c = 0; c < 4; ++c) {
      here.number[c] = (here.number[c] + one.number[c] + two.number[c]) / 3;
      here.bits[c] = std::bit_cast<uint32_t>(float(here.number[c]));
    }
    return here;
  }
  return overEdge(a, face, x, y, slice);
}

// ---- addressing ----

// The texel that an index stands for, or none: the border.
std::optional<int> addressed(const Asked &a, unsigned axis, long long i) {
  int n = a.size(axis);
  int mode = a.t.address[axis];
  if (!a.normalized && (mode == CT_ADDRESS_WRAP || mode == CT_ADDRESS_MIRROR)) mode = CT_ADDRESS_CLAMP;
  if (mode == CT_ADDRESS_BORDER && (i < 0 || i >= n)) return std::nullopt;
  if (mode == CT_ADDRESS_CLAMP || mode == CT_ADDRESS_BORDER) return int(std::clamp<long long>(i, 0, n - 1));
  long long tile = i / n;
  if (tile * n > i) --tile;
  int inside = int(i - tile * n);
  return mode == CT_ADDRESS_MIRROR && tile % 2 != 0 ? n - 1 - inside : inside;
}

uint32_t layerOf(const Asked &a) {
  if (!(a.t.flags & CT_TEXTURE_LAYERED)) return 0;
  return std::min(a.fetch.layer, a.t.layers - 1) * (a.t.shape == CT_SHAPE_CUBE ? 6 : 1);
}

Texel texelAt(const Asked &a, std::array<long long, 3> index) {
  std::array<int, 3> inside{};
  for (unsigned i = 0; i < a.axes; ++i) {
    std::optional<int> found = addressed(a, i, index[i]);
    if (!found) return border(a);
    inside[i] = *found;
  }
  return stored(a, inside[0], inside[1], a.t.shape == CT_SHAPE_3D ? uint32_t(inside[2]) : layerOf(a));
}

// x in texels: x, or N times it, after the guide's rules for wrap and mirror; rounded like the floats that they are written for.
float inTexels(const Asked &a, unsigned axis, int &step) {
  float x = a.fetch.at[axis];
  step = 1;
  if (std::isnan(x)) x = 0;
  if (!a.normalized) return x;
  int mode = a.t.address[axis];
  if (mode == CT_ADDRESS_WRAP || mode == CT_ADDRESS_MIRROR) {
    if (std::isinf(x)) return 0;
    float whole = std::floor(x), part = x - whole;
    if (mode == CT_ADDRESS_MIRROR && std::fmod(std::fabs(whole), 2.f) == 1) {
      part = 1 - part;
      step = -1;
    }
    x = part;
  }
  return x * float(a.size(axis));
}

struct Point {
  std::array<Real, 3> at{};
  std::array<int, 3> step{1, 1, 1};
  int face = -1;
};

Point pointOf(const Asked &a) {
  Point p;
  if (a.t.shape == CT_SHAPE_CUBE) {
    Real s, t;
    p.face = faceOf({a.fetch.at[0], a.fetch.at[1], a.fetch.at[2]}, s, t);
    Real n = a.size(0);
    p.at = {Real(double((s + 1) / 2)) * n, Real(double((t + 1) / 2)) * n, 0};
    return p;
  }
  for (unsigned i = 0; i < a.axes; ++i) p.at[i] = std::clamp(inTexels(a, i, p.step[i]), -1e9f, 1e9f);
  return p;
}

Texel cornerAt(const Asked &a, const Point &p, std::array<long long, 3> index) {
  if (p.face >= 0) return cubeTexel(a, p.face, int(index[0]), int(index[1]), layerOf(a));
  return texelAt(a, index);
}

Texel nearest(const Asked &a) {
  Point p = pointOf(a);
  std::array<long long, 3> index{};
  for (unsigned i = 0; i < a.axes; ++i) index[i] = (long long)std::floor(p.at[i]) + p.step[i] * a.fetch.offset[i];
  if (p.face >= 0)
    for (unsigned i = 0; i < 2; ++i) index[i] = std::min<long long>(index[i], a.size(0) - 1);
  return cornerAt(a, p, index);
}

// i and the weight of i + 1 in 256ths, from x - 0.5.
void split(const Asked &a, const Point &p, std::array<long long, 3> &first, std::array<int, 3> &weight) {
  for (unsigned i = 0; i < a.axes; ++i) {
    Real fixed = std::floor((p.at[i] - 0.5L) * 256 + 0.5L), whole = std::floor(fixed / 256);
    first[i] = (long long)whole + p.step[i] * a.fetch.offset[i];
    weight[i] = int(fixed - whole * 256);
  }
}

Texel linear(const Asked &a) {
  Point p = pointOf(a);
  std::array<long long, 3> first{};
  std::array<int, 3> weight{};
  split(a, p, first, weight);
  Texel sum;
  for (int z = 0; z < (a.axes > 2 ? 2 : 1); ++z)
    for (int y = 0; y < (a.axes > 1 ? 2 : 1); ++y)
      for (int x = 0; x < 2; ++x) {
        Real share = Real(x ? weight[0] : 256 - weight[0]) / 256;
        if (a.axes > 1) share *= Real(y ? weight[1] : 256 - weight[1]) / 256;
        if (a.axes > 2) share *= Real(z ? weight[2] : 256 - weight[2]) / 256;
        if (share == 0) continue;
        Texel texel = cornerAt(a, p, {first[0] + x, first[1] + y, first[2] + z});
        for (unsigned c = 0; c < 4; ++c) sum.number[c] += share * texel.number[c];
      }
  for (unsigned c = 0; c < 4; ++c) sum.bits[c] = std::bit_cast<uint32_t>(float(sum.number[c]));
  return sum;
}

Texel inLevel(Asked a, size_t level) {
  a.level = level;
  return a.t.filter == CT_FILTER_LINEAR && readsFloat(a.t) ? linear(a) : nearest(a);
}

Real detail(const Asked &a) {
  if (a.fetch.lod) return *a.fetch.lod;
  if (!a.fetch.derivatives) return 0;
  Real longest = 0;
  for (const std::array<float, 3> &d : *a.fetch.derivatives) {
    Real square = 0;
    if (a.t.shape == CT_SHAPE_CUBE) {
      // By differences: how far the point on the face moves for a small step.
      Vector from{a.fetch.at[0], a.fetch.at[1], a.fetch.at[2]};
      Real s, t, tiny = 1e-9L, major;
      int face = faceOf(from, s, t);
      Vector centre = onCube(face, 0, 0);
      auto project = [&](const Vector &v, Real &ps, Real &pt) {
        major = 0;
        for (unsigned i = 0; i < 3; ++i) major += v[i] * centre[i];
        Vector onS = onCube(face, 1, 0), onT = onCube(face, 0, 1);
        ps = pt = 0;
        for (unsigned i = 0; i < 3; ++i) ps += v[i] * (onS[i] - centre[i]), pt += v[i] * (onT[i] - centre[i]);
        ps /= major, pt /= major;
      };
      Vector to = from;
      for (unsigned i = 0; i < 3; ++i) to[i] += d[i] * tiny;
      Real s0, t0, s1, t1;
      project(from, s0, t0), project(to, s1, t1);
      square = std::pow((s1 - s0) / tiny / 2 * a.size(0), 2) + std::pow((t1 - t0) / tiny / 2 * a.size(0), 2);
    } else {
      for (unsigned i = 0; i < a.axes; ++i) square += std::pow(Real(d[i]) * (a.normalized ? a.size(i) : 1), 2);
    }
    longest = std::max(longest, square);
  }
  return std::log2(std::sqrt(longest));
}

}  // namespace

Texel referenceSample(const Image &image, const Fetch &fetch) {
  Asked a = ask(image, fetch);
  if ((!fetch.lod && !fetch.derivatives) || image.levels.size() == 1) return inLevel(a, 0);
  Real lod = detail(a);
  lod = std::isnan(lod) ? 0 : lod + a.t.mip_bias;
  lod = std::min<Real>(std::max<Real>(lod, a.t.min_level), a.t.max_level);
  lod = std::clamp<Real>(lod, 0, image.levels.size() - 1);
  int fixed = int(std::floor(lod * 256 + 0.5L));
  if (a.t.mip_filter == CT_FILTER_POINT || !readsFloat(a.t)) return inLevel(a, size_t((fixed + 128) / 256));
  if (fixed % 256 == 0) return inLevel(a, size_t(fixed / 256));
  Texel low = inLevel(a, size_t(fixed / 256)), high = inLevel(a, size_t(fixed / 256 + 1));
  Real share = Real(fixed % 256) / 256;
  for (unsigned c = 0; c < 4; ++c) {
    low.number[c] = (1 - share) * low.number[c] + share * high.number[c];
    low.bits[c] = std::bit_cast<uint32_t>(float(low.number[c]));
  }
  return low;
}

std::array<uint32_t, 4> referenceGather(const Image &image, const Fetch &fetch, unsigned component) {
  Asked a = ask(image, fetch);
  Point p = pointOf(a);
  std::array<long long, 3> first{};
  std::array<int, 3> weight{};
  split(a, p, first, weight);
  auto of = [&](int x, int y) { return cornerAt(a, p, {first[0] + x, first[1] + y, 0}).bits[component]; };
  return {of(0, 1), of(1, 1), of(1, 0), of(0, 0)};
}

std::array<uint32_t, 4> referenceFetch(const Image &image, std::array<int, 3> at, uint32_t layer, int level) {
  Fetch fetch;
  fetch.layer = layer;
  Asked a = ask(image, fetch);
  a.normalized = false;
  a.level = size_t(std::clamp(level, 0, int(image.levels.size()) - 1));
  if (a.t.shape == CT_SHAPE_LINEAR && (at[0] < 0 || at[0] >= a.size(0))) return {};
  return texelAt(a, {at[0], at[1], at[2]}).bits;
}

}  // namespace cutrans::test
