// Products of matrix fragments: wmma of every shape and type, mma and ldmatrix in assembly, against the host's product.
// The elements are small integers, so that every type is exact.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

#include "check.h"

using namespace nvcuda;

constexpr int Lead = 40;  // elements from line to line: more than any line has

static int element(int i, int seed) { return (i * 7 + i / 13 + seed) % 9 - 4; }

template <class T>
T make(int value, bool no_sign = false) {
  return T(float(no_sign ? value + 4 : value));
}
template <>
double make<double>(int value, bool) {
  return value;
}
template <class T>
double number(T value) {
  return double(float(value));
}
template <>
double number<int>(int value) {
  return value;
}

// A, B and C at [line * Lead + place]; by rows or columns as the flags say.
template <class T, class Acc, int M, int N, int K, class LayoutA, class LayoutB, class Precision>
__global__ void wmma_product(const T *a, const T *b, const Acc *c, Acc *d, bool c_rows, bool d_rows) {
  __shared__ T staged[32 * Lead];
  for (int i = threadIdx.x; i < 32 * Lead; i += 32) staged[i] = a[i];
  __syncthreads();
  wmma::fragment<wmma::matrix_a, M, N, K, Precision, LayoutA> fa;
  wmma::fragment<wmma::matrix_b, M, N, K, Precision, LayoutB> fb;
  wmma::fragment<wmma::accumulator, M, N, K, Acc> fc, twice;
  wmma::load_matrix_sync(fa, staged, Lead);
  wmma::load_matrix_sync(fb, b, Lead);
  wmma::load_matrix_sync(fc, c, Lead, c_rows ? wmma::mem_row_major : wmma::mem_col_major);
  for (int i = 0; i < fa.num_elements; ++i) fa.x[i] = fa.x[i] + fa.x[i];
  wmma::mma_sync(fc, fa, fb, fc);
  wmma::fill_fragment(twice, Acc(1));
  for (int i = 0; i < fc.num_elements; ++i) fc.x[i] = fc.x[i] + twice.x[i];
  wmma::store_matrix_sync(d, fc, Lead, d_rows ? wmma::mem_row_major : wmma::mem_col_major);
}

template <class T, class Acc, int M, int N, int K, class LayoutA, class LayoutB, class Precision>
void check_wmma(const char *name) {
  constexpr bool a_rows = std::is_same<LayoutA, wmma::row_major>::value;
  constexpr bool b_rows = std::is_same<LayoutB, wmma::row_major>::value;
  constexpr bool no_sign = std::is_same<T, unsigned char>::value;
  for (int way = 0; way < 4; ++way) {
    bool c_rows = way & 1, d_rows = way & 2;
    Mirror<T> a(32 * Lead), b(32 * Lead);
    Mirror<Acc> c(32 * Lead), d(32 * Lead, make<Acc>(-3));
    for (int i = 0; i < 32 * Lead; ++i) {
      a[i] = make<T>(element(i, way), no_sign);
      b[i] = make<T>(element(i, 3 + way), no_sign);
      c[i] = make<Acc>(element(i, 5));
    }
    a.up();
    b.up();
    c.up();
    wmma_product<T, Acc, M, N, K, LayoutA, LayoutB, Precision>
        <<<1, 32>>>(a.device, b.device, c.device, d.device, c_rows, d_rows);
    CUDA(cudaGetLastError());
    d.down();
    std::vector<double> got(32 * Lead), want(32 * Lead, -3);
    for (int i = 0; i < 32 * Lead; ++i) got[i] = number(d[i]);
    for (int m = 0; m < M; ++m)
      for (int n = 0; n < N; ++n) {
        double sum = number(c[c_rows ? m * Lead + n : n * Lead + m]) + 1;
        for (int k = 0; k < K; ++k)
          sum += 2 * number(a[a_rows ? m * Lead + k : k * Lead + m]) * number(b[b_rows ? k * Lead + n : n * Lead + k]);
        want[d_rows ? m * Lead + n : n * Lead + m] = sum;
      }
    expect_same(name, got, want, 32 * Lead);
  }
}

template <class T, class Acc, int M, int N, int K, class Precision = T>
void check_layouts(const char *name) {
  check_wmma<T, Acc, M, N, K, wmma::row_major, wmma::col_major, Precision>(name);
  check_wmma<T, Acc, M, N, K, wmma::col_major, wmma::row_major, Precision>(name);
}

template <class T, class Acc>
void check_shapes(const char *name) {
  check_layouts<T, Acc, 16, 16, 16>(name);
  check_layouts<T, Acc, 32, 8, 16>(name);
  check_layouts<T, Acc, 8, 32, 16>(name);
}

// C += A * B of 16 x 16 (by rows) and 16 x 8 (by columns), fetched by ldmatrix; once with B by rows, transposed on the way.
template <bool Transposed>
__global__ void mma_f16(const half *a, const half *b, float *d, half *d16, half *moved) {
  __shared__ half as[16 * 16], bs[16 * 8];
  int lane = threadIdx.x;
  for (int i = lane; i < 256; i += 32) as[i] = a[i];
  for (int i = lane; i < 128; i += 32) bs[i] = b[i];
  __syncthreads();
  unsigned ra[4], rb[2];
  unsigned from_a = unsigned(__cvta_generic_to_shared(&as[(lane % 16) * 16 + lane / 16 * 8]));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(ra[0]), "=r"(ra[1]), "=r"(ra[2]), "=r"(ra[3]) : "r"(from_a));
  if (Transposed) {  // bs[k][n]
    unsigned from_b = unsigned(__cvta_generic_to_shared(&bs[(lane % 16) * 8]));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(rb[0]), "=r"(rb[1]) : "r"(from_b));
  } else {  // bs[n][k]
    half *from_b = &bs[(lane % 8) * 16 + (lane / 8 % 2) * 8];
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.b16 {%0}, [%1];" : "=r"(rb[0]) : "l"(from_b));
    rb[1] = *reinterpret_cast<unsigned *>(&bs[lane / 4 * 16 + lane % 4 * 2 + 8]);
  }
  float c[4] = {0, 1, 2, 3}, f[4];
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
               : "=f"(f[0]), "=f"(f[1]), "=f"(f[2]), "=f"(f[3])
               : "r"(ra[0]), "r"(ra[1]), "r"(ra[2]), "r"(ra[3]), "r"(rb[0]), "r"(rb[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
  for (int i = 0; i < 4; ++i) d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = f[i] - c[i];
  // The same in two steps of k8 with f16 sums.
  unsigned h[2] = {0, 0};
  for (int step = 0; step < 2; ++step)
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%0,%1}, {%2,%3}, {%4}, {%0,%1};"
                 : "+r"(h[0]), "+r"(h[1]) : "r"(ra[2 * step]), "r"(ra[2 * step + 1]), "r"(rb[step]));
  for (int i = 0; i < 2; ++i) *reinterpret_cast<unsigned *>(&d16[(lane / 4 + i * 8) * 8 + lane % 4 * 2]) = h[i];
  // The first block of A, and it again transposed by movmatrix.
  unsigned t;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(t) : "r"(ra[0]));
  __shared__ alignas(16) half out[128];
  unsigned to = unsigned(__cvta_generic_to_shared(&out[lane % 16 * 8]));
  asm volatile("stmatrix.sync.aligned.m8n8.x1.shared.b16 [%0], {%1};" ::"r"(to), "r"(t) : "memory");
  asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1,%2};" ::"r"(to), "r"(t), "r"(ra[0]) : "memory");
  __syncwarp();
  for (int i = lane; i < 128; i += 32) moved[i] = out[i];
}

template <bool Transposed>
void check_mma_f16() {
  Mirror<half> a(256), b(128), d16(128), moved(128);
  Mirror<float> d(128);
  for (int i = 0; i < 256; ++i) a[i] = half(float(element(i, 1)));
  for (int i = 0; i < 128; ++i) b[i] = half(float(element(i, 2)));
  a.up();
  b.up();
  mma_f16<Transposed><<<1, 32>>>(a.device, b.device, d.device, d16.device, moved.device);
  CUDA(cudaGetLastError());
  d.down();
  d16.down();
  moved.down();
  for (int m = 0; m < 16; ++m)
    for (int n = 0; n < 8; ++n) {
      float sum = 0;
      for (int k = 0; k < 16; ++k) sum += float(a[m * 16 + k]) * float(b[Transposed ? k * 8 + n : n * 16 + k]);
      EXPECT(d[m * 8 + n] == sum);
      EXPECT(float(d16[m * 8 + n]) == sum);
    }
  for (int r = 0; r < 8; ++r)
    for (int c = 0; c < 8; ++c) {
      EXPECT(float(moved[r * 8 + c]) == float(a[r * 16 + c]));
      EXPECT(float(moved[64 + r * 8 + c]) == float(a[c * 16 + r]));
    }
}

// A by rows, B by columns, each [line][k], in the layouts of the manual.
struct Bytes {
  signed char a[16 * 32], b[8 * 32];
};

__global__ void mma_integers(const Bytes *in, int *wide, int *clamped, int *no_sign) {
  int lane = threadIdx.x, g = lane / 4, t = lane % 4;
  int a[4], b[2];
  for (int r = 0; r < 4; ++r) a[r] = *reinterpret_cast<const int *>(&in->a[(g + r % 2 * 8) * 32 + t * 4 + r / 2 * 16]);
  for (int r = 0; r < 2; ++r) b[r] = *reinterpret_cast<const int *>(&in->b[g * 32 + t * 4 + r * 16]);
  int d[4], big = 0x7fffffff;
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
               : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(big));
  for (int i = 0; i < 4; ++i) wide[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = d[i];
  asm volatile("mma.sync.aligned.m16n8k32.row.col.satfinite.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
               : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "r"(big));
  for (int i = 0; i < 4; ++i) clamped[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = d[i];
  asm volatile("mma.sync.aligned.m16n8k16.row.col.s32.u8.s8.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%7,%7,%7,%7};"
               : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(b[0]), "r"(0));
  for (int i = 0; i < 4; ++i) no_sign[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = d[i];
}

void check_mma_integers() {
  Mirror<Bytes> in(1);
  Mirror<int> wide(128), clamped(128), no_sign(128);
  for (int i = 0; i < 16 * 32; ++i) in[0].a[i] = (signed char)(i * 37 + 11);
  for (int i = 0; i < 8 * 32; ++i) in[0].b[i] = (signed char)(i * 91 + 5);
  in.up();
  mma_integers<<<1, 32>>>(in.device, wide.device, clamped.device, no_sign.device);
  CUDA(cudaGetLastError());
  wide.down();
  clamped.down();
  no_sign.down();
  for (int m = 0; m < 16; ++m)
    for (int n = 0; n < 8; ++n) {
      long long sum = 0x7fffffff;
      int half_sum = 0;
      for (int k = 0; k < 32; ++k) {
        sum += in[0].a[m * 32 + k] * in[0].b[n * 32 + k];
        if (k < 16) half_sum += (unsigned char)in[0].a[m * 32 + k] * in[0].b[n * 32 + k];
      }
      EXPECT(wide[m * 8 + n] == int(unsigned(sum)));
      EXPECT(clamped[m * 8 + n] == int(sum > 0x7fffffff ? 0x7fffffff : sum));
      EXPECT(no_sign[m * 8 + n] == half_sum);
    }
}

// tf32 m16n8k8, bf16 m16n8k16, f64 m8n8k4 and m16n8k8, s4 m16n8k32 and b1 m8n8k128 on registers that the host computes.
__global__ void mma_others(const float *a, const float *b, float *tf, float *bf, double *d64, double *e64, int *bits,
                           int *nibbles) {
  int lane = threadIdx.x, g = lane / 4, t = lane % 4;
  float f[4] = {}, z = 0;
  unsigned ra[4], rb[2];
  for (int r = 0; r < 4; ++r) ra[r] = __float_as_uint(a[(g + r % 2 * 8) * 16 + t + r / 2 * 4]) | 0x1fff;  // not looked at
  for (int r = 0; r < 2; ++r) rb[r] = __float_as_uint(b[g * 16 + t + r * 4]);
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
               : "=f"(f[0]), "=f"(f[1]), "=f"(f[2]), "=f"(f[3])
               : "r"(ra[0]), "r"(ra[1]), "r"(ra[2]), "r"(ra[3]), "r"(rb[0]), "r"(rb[1]), "f"(z));
  for (int i = 0; i < 4; ++i) tf[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = f[i];
  auto two = [](const float *p) { return __float_as_uint(p[0]) >> 16 | (__float_as_uint(p[1]) & 0xffff0000u); };
  for (int r = 0; r < 4; ++r) ra[r] = two(&a[(g + r % 2 * 8) * 16 + t * 2 + r / 2 * 8]);
  for (int r = 0; r < 2; ++r) rb[r] = two(&b[g * 16 + t * 2 + r * 8]);
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
               : "=f"(f[0]), "=f"(f[1]), "=f"(f[2]), "=f"(f[3])
               : "r"(ra[0]), "r"(ra[1]), "r"(ra[2]), "r"(ra[3]), "r"(rb[0]), "r"(rb[1]), "f"(z));
  for (int i = 0; i < 4; ++i) bf[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = f[i];
  double d[4], zero = 0;
  asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%4,%4};"
               : "=d"(d[0]), "=d"(d[1]) : "d"(double(a[g * 16 + t])), "d"(double(b[g * 16 + t])), "d"(zero));
  for (int i = 0; i < 2; ++i) d64[g * 8 + t * 2 + i] = d[i];
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
               : "=d"(d[0]), "=d"(d[1]), "=d"(d[2]), "=d"(d[3])
               : "d"(double(a[g * 16 + t])), "d"(double(a[(g + 8) * 16 + t])), "d"(double(a[g * 16 + t + 4])),
                 "d"(double(a[(g + 8) * 16 + t + 4])), "d"(double(b[g * 16 + t])), "d"(double(b[g * 16 + t + 4])), "d"(zero));
  for (int i = 0; i < 4; ++i) e64[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = d[i];
  int n[4];
  unsigned word_a = 0x9e3779b9u * (lane + 1), word_b = 0x85ebca6bu * (lane + 3);
  asm volatile("mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32.and.popc {%0,%1}, {%2}, {%3}, {%4,%4};"
               : "=r"(n[0]), "=r"(n[1]) : "r"(word_a), "r"(word_b), "r"(7));
  for (int i = 0; i < 2; ++i) bits[g * 8 + t * 2 + i] = n[i];
  asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s4.u4.s32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%7,%7,%7,%7};"
               : "=r"(n[0]), "=r"(n[1]), "=r"(n[2]), "=r"(n[3]) : "r"(word_a), "r"(~word_a), "r"(word_b), "r"(0));
  for (int i = 0; i < 4; ++i) nibbles[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = n[i];
}

void check_mma_others() {
  Mirror<float> a(256), b(128), tf(128), bf(128);
  Mirror<double> d64(64), e64(128);
  Mirror<int> bits(64), nibbles(128);
  for (int i = 0; i < 256; ++i) a[i] = float(element(i, 4));
  for (int i = 0; i < 128; ++i) b[i] = float(element(i, 6));
  a.up();
  b.up();
  mma_others<<<1, 32>>>(a.device, b.device, tf.device, bf.device, d64.device, e64.device, bits.device, nibbles.device);
  CUDA(cudaGetLastError());
  tf.down();
  bf.down();
  d64.down();
  e64.down();
  bits.down();
  nibbles.down();
  for (int m = 0; m < 16; ++m)
    for (int n = 0; n < 8; ++n) {
      float sum[17] = {};
      for (int k = 0; k < 16; ++k) sum[k + 1] = sum[k] + a[m * 16 + k] * b[n * 16 + k];
      EXPECT(tf[m * 8 + n] == sum[8]);
      EXPECT(bf[m * 8 + n] == sum[16]);
      EXPECT(e64[m * 8 + n] == double(sum[8]));
      if (m < 8) EXPECT(d64[m * 8 + n] == double(sum[4]));
      int count = 7, product = 0;
      for (int t = 0; t < 4; ++t) {
        unsigned word_a = 0x9e3779b9u * ((m % 8) * 4 + t + 1), word_b = 0x85ebca6bu * (n * 4 + t + 3);
        count += __builtin_popcount(word_a & word_b);
        if (m >= 8) word_a = ~word_a;
        for (int i = 0; i < 8; ++i) product += (int(word_a << (28 - 4 * i)) >> 28) * int(word_b >> 4 * i & 15);
      }
      if (m < 8) EXPECT(bits[m * 8 + n] == count);
      EXPECT(nibbles[m * 8 + n] == product);
    }
}

// Two of three warps multiply 16 x Depth by Depth x 16 from shared memory that all three fill; the third goes on alone.
constexpr int Depth = 64;

__global__ void some_warps(const half *a, const half *b, float *d) {
  __shared__ half as[16 * 16], bs[16 * 32];
  int warp = threadIdx.x / 32;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  for (int k = 0; k < Depth; k += 16) {
    for (int i = threadIdx.x; i < 256; i += blockDim.x) as[i] = a[i / 16 * Depth + k + i % 16];
    for (int i = threadIdx.x; i < 512; i += blockDim.x) bs[i] = b[k * 32 + i];
    __syncthreads();
    if (warp < 2) {
      wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
      wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
      wmma::load_matrix_sync(fa, as, 16);
      wmma::load_matrix_sync(fb, bs + warp * 16, 32);
      wmma::mma_sync(sum, fa, fb, sum);
    }
    __syncthreads();
  }
  if (warp < 2) wmma::store_matrix_sync(d + warp * 16, sum, 32, wmma::mem_row_major);
}

void check_some_warps() {
  Mirror<half> a(16 * Depth), b(Depth * 32);
  Mirror<float> d(16 * 32);
  for (int i = 0; i < 16 * Depth; ++i) a[i] = half(float(element(i, 1)));
  for (int i = 0; i < Depth * 32; ++i) b[i] = half(float(element(i, 8)));
  a.up();
  b.up();
  some_warps<<<1, 96>>>(a.device, b.device, d.device);
  CUDA(cudaGetLastError());
  d.down();
  for (int m = 0; m < 16; ++m)
    for (int n = 0; n < 32; ++n) {
      float sum = 0;
      for (int k = 0; k < Depth; ++k) sum += float(a[m * Depth + k]) * float(b[k * 32 + n]);
      EXPECT(d[m * 32 + n] == sum);
    }
}

int main() {
  check_shapes<half, float>("f16 to f32");
  check_shapes<half, half>("f16 to f16");
  check_shapes<__nv_bfloat16, float>("bf16");
  check_shapes<signed char, int>("s8");
  check_shapes<unsigned char, int>("u8");
  check_layouts<float, float, 16, 16, 8, wmma::precision::tf32>("tf32");
  check_layouts<double, double, 8, 8, 4>("f64");
  check_mma_f16<false>();
  check_mma_f16<true>();
  check_mma_integers();
  check_mma_others();
  check_some_warps();
  return finish("matrix_fragments");
}
