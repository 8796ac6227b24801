// Integer and floating point arithmetic at its edges, compared bit by bit with the host.
#include <cmath>
#include <cstdint>
#include <cstring>

#include "check.h"

struct Ints { int32_t a, b; };

__host__ __device__ inline unsigned bits(float f) { unsigned u; memcpy(&u, &f, 4); return u; }

__global__ void integers(const int *a, const int *b, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int x = a[i], y = b[i];
  int *o = out + i * 16;
  o[0] = x + y, o[1] = x - y, o[2] = x * y, o[3] = y ? x / y : 1, o[4] = y ? x % y : 1;
  o[5] = y ? unsigned(x) / unsigned(y) : 1, o[6] = y ? unsigned(x) % unsigned(y) : 1;
  o[7] = __mulhi(x, y), o[8] = __umulhi(x, y), o[9] = x >> (y & 31), o[10] = unsigned(x) >> (y & 31), o[11] = x << (y & 31);
  o[12] = __popc(x) + __clz(y) * 100, o[13] = __brev(x), o[14] = __ffs(x), o[15] = min(x, y) ^ max(x, y) ^ abs(x == INT32_MIN ? 1 : x);
}

__global__ void wide(const int *a, const int *b, long long *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  long long x = (long long)a[i] << 20 | unsigned(b[i]), y = (long long)b[i] * 3 + 1;
  long long *o = out + i * 8;
  o[0] = x * y, o[1] = y ? x / y : 0, o[2] = y ? x % y : 0, o[3] = __mul64hi(x, y), o[4] = x >> (y & 63), o[5] = (unsigned long long)x >> (y & 63);
  o[6] = __popcll(x) + __clzll(y) * 1000, o[7] = x < y ? x : y;
}

__global__ void small(const int *a, signed char *c, unsigned char *uc, short *s, unsigned short *us, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  c[i] = static_cast<signed char>(a[i] * 3), uc[i] = static_cast<unsigned char>(a[i] >> 3), s[i] = static_cast<short>(a[i] - 7), us[i] = static_cast<unsigned short>(a[i] / 5);
  c[i] = c[i] / 3, s[i] = s[i] % 11 * us[i], uc[i] += c[i];
}

__global__ void floats(const float *a, const float *b, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float x = a[i], y = b[i];
  unsigned *o = out + i * 16;
  o[0] = bits(__fadd_rn(x, y)), o[1] = bits(__fmul_rn(x, y)), o[2] = bits(__fdiv_rn(x, y)), o[3] = bits(__fsqrt_rn(x)), o[4] = bits(fmaf(x, y, x));
  o[5] = bits(fminf(x, y)), o[6] = bits(fmaxf(x, y)), o[7] = bits(floorf(x)), o[8] = bits(ceilf(x)), o[9] = bits(truncf(x)), o[10] = bits(rintf(x));
  o[11] = (x < y) | (x <= y) << 1 | (x == y) << 2 | (x != y) << 3 | (x > y) << 4 | (x >= y) << 5 | isnan(x) << 6 | isinf(y) << 7;
  o[12] = __float2int_rz(x), o[13] = __float2int_rn(x), o[14] = __float2uint_rz(fabsf(x)), o[15] = bits(copysignf(x, y)) ^ bits(fabsf(y));
}

__global__ void directed(const float *a, const float *b, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float x = a[i], y = b[i];
  unsigned *o = out + i * 8;
  o[0] = bits(__fadd_ru(x, y)), o[1] = bits(__fadd_rd(x, y)), o[2] = bits(__fadd_rz(x, y)), o[3] = bits(__fmul_ru(x, y)), o[4] = bits(__fmul_rd(x, y));
  o[5] = bits(__fmaf_rd(x, y, 1.0f)), o[6] = bits(__fmaf_ru(x, y, -1.0f)), o[7] = bits(__fdiv_rz(x, y));
}

__global__ void doubles(const double *a, const double *b, double *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  double x = a[i], y = b[i];
  double *o = out + i * 8;
  o[0] = __dadd_rn(x, y), o[1] = __dmul_rn(x, y), o[2] = __ddiv_rn(x, y), o[3] = __dsqrt_rn(fabs(x)), o[4] = fma(x, y, x), o[5] = float(x), o[6] = double(__double2ll_rz(x)), o[7] = floor(x) + fmin(x, y);
}

int main() {
  std::vector<int> edge = {0, 1, -1, 2, 3, 7, -7, 31, 32, 33, 100, -100, 255, 256, 65535, 65536, INT32_MAX, INT32_MAX - 1, INT32_MIN, INT32_MIN + 1, 0x55555555, int(0xdeadbeef)};
  const int m = edge.size(), n = m * m;
  Mirror<int> a(n), b(n), out(n * 16);
  for (int i = 0; i < n; ++i) a[i] = edge[i / m], b[i] = edge[i % m];
  a.up(), b.up();
  integers<<<(n + 63) / 64, 64>>>(a.device, b.device, out.device, n);
  out.down();
  for (int i = 0; i < n; ++i) {
    long long x = a[i], y = b[i];
    unsigned ux = a[i], uy = b[i];
    bool overflow = a[i] == INT32_MIN && b[i] == -1;
    int rev = 0;
    for (int k = 0; k < 32; ++k) rev |= int((ux >> k & 1) << (31 - k));
    int want[16] = {int(x + y), int(x - y), int(x * y), y ? int(x / y) : 1, y ? int(x % y) : 1, y ? int(ux / uy) : 1, y ? int(ux % uy) : 1, int(x * y >> 32),
                    int((unsigned long long)ux * uy >> 32), a[i] >> (y & 31), int(ux >> (y & 31)), int(ux << (y & 31)),
                    __builtin_popcount(ux) + (uy ? __builtin_clz(uy) : 32) * 100, rev, __builtin_ffs(a[i]),
                    std::min(a[i], b[i]) ^ std::max(a[i], b[i]) ^ std::abs(a[i] == INT32_MIN ? 1 : a[i])};
    for (int k = 0; k < 16; ++k)
      if (!(overflow && (k == 3 || k == 4))) EXPECT(out[i * 16 + k] == want[k]);
  }
  Mirror<long long> wout(n * 8);
  wide<<<(n + 63) / 64, 64>>>(a.device, b.device, wout.device, n);
  wout.down();
  for (int i = 0; i < n; ++i) {
    long long x = (long long)((unsigned long long)a[i] << 20) | unsigned(b[i]), y = (long long)b[i] * 3 + 1;
    long long want[8] = {(long long)((unsigned long long)x * (unsigned long long)y), y ? x / y : 0, y ? x % y : 0, (long long)((__int128)x * y >> 64), x >> (y & 63), (long long)((unsigned long long)x >> (y & 63)),
                         __builtin_popcountll(x) + (y ? __builtin_clzll(y) : 64) * 1000, x < y ? x : y};
    for (int k = 0; k < 8; ++k) EXPECT(wout[i * 8 + k] == want[k]);
  }
  Mirror<signed char> c(n); Mirror<unsigned char> uc(n); Mirror<short> s(n); Mirror<unsigned short> us(n);
  small<<<(n + 63) / 64, 64>>>(a.device, c.device, uc.device, s.device, us.device, n);
  c.down(), uc.down(), s.down(), us.down();
  for (int i = 0; i < n; ++i) {
    signed char c0 = static_cast<signed char>(unsigned(a[i]) * 3);
    unsigned char u0 = static_cast<unsigned char>(a[i] >> 3);
    short s0 = static_cast<short>(unsigned(a[i]) - 7);
    unsigned short us0 = static_cast<unsigned short>(a[i] / 5);
    c0 = c0 / 3, s0 = static_cast<short>(s0 % 11 * us0), u0 += c0;
    EXPECT(c[i] == c0 && uc[i] == u0 && s[i] == s0 && us[i] == us0);
  }
  std::vector<float> fe = {0.0f, -0.0f, 1.0f, -1.0f, 0.5f, 1.5f, 2.5f, -2.5f, 3.1415927f, 1e-40f, -1e-40f, 1.17549435e-38f, 1e30f, -1e30f, 3.4e38f, 16777216.0f, 16777217.0f, 0.1f, 1.0f / 3, 1e-30f, 2147483648.0f, 4294967296.0f, INFINITY, -INFINITY, NAN};
  const int fm = fe.size(), fn = fm * fm;
  Mirror<float> fa(fn), fb(fn);
  for (int i = 0; i < fn; ++i) fa[i] = fe[i / fm], fb[i] = fe[i % fm];
  fa.up(), fb.up();
  Mirror<unsigned> fo(fn * 16);
  floats<<<(fn + 127) / 128, 128>>>(fa.device, fb.device, fo.device, fn);
  fo.down();
  auto same = [](unsigned got, unsigned want) { return got == want || ((got & 0x7fffffff) > 0x7f800000 && (want & 0x7fffffff) > 0x7f800000); };
  for (int i = 0; i < fn; ++i) {
    volatile float x = fa[i], y = fb[i];
    auto to_int = [](double v) { return std::isnan(v) ? 0 : v >= 2147483647.0 ? INT32_MAX : v <= -2147483648.0 ? INT32_MIN : int(v); };
    auto to_uint = [](double v) { return std::isnan(v) ? 0u : v >= 4294967295.0 ? UINT32_MAX : v <= 0 ? 0u : unsigned(v); };
    float mn = std::isnan(x) ? y : std::isnan(y) ? x : x < y || (x == y && std::signbit(x)) ? x : y;
    float mx = std::isnan(x) ? y : std::isnan(y) ? x : x > y || (x == y && !std::signbit(x)) ? x : y;
    unsigned want[16] = {bits(x + y), bits(x * y), bits(x / y), bits(std::sqrt(float(x))), bits(std::fma(float(x), float(y), float(x))), bits(mn), bits(mx), bits(std::floor(float(x))), bits(std::ceil(float(x))), bits(std::trunc(float(x))), bits(std::rint(float(x))),
                         unsigned((x < y) | (x <= y) << 1 | (x == y) << 2 | (x != y) << 3 | (x > y) << 4 | (x >= y) << 5 | std::isnan(float(x)) << 6 | std::isinf(float(y)) << 7),
                         unsigned(to_int(std::trunc(double(x)))), unsigned(to_int(std::rint(double(x)))), to_uint(std::trunc(std::fabs(double(x)))), bits(std::copysign(float(x), float(y))) ^ bits(std::fabs(float(y)))};
    for (int k = 0; k < 16; ++k) {
      bool integer = k >= 11 && k <= 14;
      if (k == 15 && (std::isnan(float(x)) || std::isnan(float(y)))) continue;
      if (!(integer ? fo[i * 16 + k] == want[k] : same(fo[i * 16 + k], want[k])) && ++failures < 20) std::printf("floats[%d](%g, %g): got %08x, want %08x\n", k, x, y, fo[i * 16 + k], want[k]);
    }
  }
  std::vector<float> de = {1.0f, -1.0f, 0.1f, 1.0f / 3, 3.1415927f, -2.7182817f, 1e10f, 1e-10f, 16777215.0f, 0.99999994f, -1e-7f, 7.0f};
  const int dm = de.size(), dn = dm * dm;
  Mirror<float> da(dn), db(dn);
  for (int i = 0; i < dn; ++i) da[i] = de[i / dm], db[i] = de[i % dm];
  da.up(), db.up();
  Mirror<unsigned> dout(dn * 8);
  directed<<<(dn + 31) / 32, 32>>>(da.device, db.device, dout.device, dn);
  dout.down();
  auto up = [](long double exact, float nearest) { return (long double)nearest < exact ? std::nextafter(nearest, INFINITY) : nearest; };
  auto down = [](long double exact, float nearest) { return (long double)nearest > exact ? std::nextafter(nearest, -INFINITY) : nearest; };
  for (int i = 0; i < dn; ++i) {
    float x = da[i], y = db[i];
    __float128 sum = (__float128)x + y, product = (__float128)x * y, low = product + 1, high = product - 1;
    auto rnd = [&](__float128 exact, int mode) {
      float nearest = float(exact);
      if (mode > 0) return (__float128)nearest < exact ? std::nextafter(nearest, INFINITY) : nearest;
      return (__float128)nearest > exact ? std::nextafter(nearest, -INFINITY) : nearest;
    };
    unsigned want[7] = {bits(rnd(sum, 1)), bits(rnd(sum, -1)), bits(sum > 0 ? rnd(sum, -1) : rnd(sum, 1)), bits(rnd(product, 1)), bits(rnd(product, -1)), bits(rnd(low, -1)), bits(rnd(high, 1))};
    for (int k = 0; k < 7; ++k) {
      bool zero = (want[k] & 0x7fffffff) == 0 && (dout[i * 8 + k] & 0x7fffffff) == 0;
      if (dout[i * 8 + k] != want[k] && !zero && ++failures < 20) std::printf("directed[%d](%g, %g): got %08x, want %08x\n", k, x, y, dout[i * 8 + k], want[k]);
    }
  }
  (void)up, (void)down;
  Mirror<double> xa(dn), xb(dn), xo(dn * 8);
  for (int i = 0; i < dn; ++i) xa[i] = de[i / dm] * 1.1, xb[i] = de[i % dm] / 3.0;
  xa.up(), xb.up();
  doubles<<<(dn + 31) / 32, 32>>>(xa.device, xb.device, xo.device, dn);
  xo.down();
  for (int i = 0; i < dn; ++i) {
    volatile double x = xa[i], y = xb[i];
    double want[8] = {x + y, x * y, x / y, std::sqrt(std::fabs(x)), std::fma(x, y, x), double(float(x)), double((long long)x), std::floor(x) + std::fmin(x, y)};
    for (int k = 0; k < 8; ++k) EXPECT(xo[i * 8 + k] == want[k]);
  }
  return finish("arithmetic");
}
