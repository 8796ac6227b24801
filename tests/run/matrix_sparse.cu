// Products that libraries write in assembly: 2:4 sparse A (mma.sp) with the metadata packed as the manual shows, 8-bit floats
// with the types of cuda_fp8.h, and Volta's four products at once (m8n8k4). Against the host's product, exactly.
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include "check.h"

// D (16x8) = A (16x32, two of four kept) * B (32x8); a: 16x16 kept values, meta: 32 bits for each row, b by columns.
__global__ void sparse_tile(const half *a, const unsigned *meta, const half *b, float *d) {
  int lane = threadIdx.x, g = lane / 4, t = lane % 4;
  auto word = [](const half *p) { return *reinterpret_cast<const unsigned *>(p); };
  unsigned ra[4], rb[4];
  for (int i = 0; i < 4; ++i) {
    ra[i] = word(&a[(g + 8 * (i % 2)) * 16 + 2 * t + 8 * (i / 2)]);
    rb[i] = word(&b[g * 32 + 2 * t + 8 * i]);
  }
  // Lanes 0 and 1 of four (selector 0): sixteen columns each, row g below, row g + 8 above.
  unsigned low = meta[g] >> 16 * (t & 1) & 0xffff, high = meta[g + 8] >> 16 * (t & 1) & 0xffff;
  unsigned e = t < 2 ? high << 16 | low : 0;
  float f[4] = {0, 0, 0, 0};
  asm volatile("mma.sp::ordered_metadata.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9,%10,%11}, {%0,%1,%2,%3}, %12, 0x0;"
               : "+f"(f[0]), "+f"(f[1]), "+f"(f[2]), "+f"(f[3])
               : "r"(ra[0]), "r"(ra[1]), "r"(ra[2]), "r"(ra[3]), "r"(rb[0]), "r"(rb[1]), "r"(rb[2]), "r"(rb[3]), "r"(e));
  for (int i = 0; i < 4; ++i) d[(g + 8 * (i / 2)) * 8 + 2 * t + i % 2] = f[i];
}

__global__ void fp8_tile(const __nv_fp8_e4m3 *a, const __nv_fp8_e5m2 *b, float *d) {  // 16x32 by rows, 32x8 by columns
  int lane = threadIdx.x, g = lane / 4, t = lane % 4;
  unsigned ra[4], rb[2];
  for (int i = 0; i < 4; ++i) ra[i] = *reinterpret_cast<const unsigned *>(&a[(g + 8 * (i % 2)) * 32 + 4 * t + 16 * (i / 2)]);
  for (int i = 0; i < 2; ++i) rb[i] = *reinterpret_cast<const unsigned *>(&b[g * 32 + 4 * t + 16 * i]);
  float f[4] = {0, 0, 0, 0};
  asm volatile("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e5m2.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(f[0]), "+f"(f[1]), "+f"(f[2]), "+f"(f[3])
               : "r"(ra[0]), "r"(ra[1]), "r"(ra[2]), "r"(ra[3]), "r"(rb[0]), "r"(rb[1]));
  for (int i = 0; i < 4; ++i) d[(g + 8 * (i / 2)) * 8 + 2 * t + i % 2] = f[i];
}

// Four products of 8x4 and 4x8, both by rows of four: quad q of lanes 4q.. and 4q+16...
__global__ void quads(const half *a, const half *b, float *d) {
  int lane = threadIdx.x, q = lane % 16 / 4, line = lane % 4 + lane / 16 * 4;
  const unsigned *pa = reinterpret_cast<const unsigned *>(&a[(q * 8 + line) * 4]), *pb = reinterpret_cast<const unsigned *>(&b[(q * 8 + line) * 4]);
  float f[8] = {};
  asm volatile("mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 {%0,%1,%2,%3,%4,%5,%6,%7}, {%8,%9}, {%10,%11}, {%0,%1,%2,%3,%4,%5,%6,%7};"
               : "+f"(f[0]), "+f"(f[1]), "+f"(f[2]), "+f"(f[3]), "+f"(f[4]), "+f"(f[5]), "+f"(f[6]), "+f"(f[7])
               : "r"(pa[0]), "r"(pa[1]), "r"(pb[0]), "r"(pb[1]));
  for (int i = 0; i < 8; ++i) {
    int row = (lane & 1) + (i & 2) + lane / 16 * 4, column = (i & 4) + (lane & 2) + (i & 1);
    d[(q * 8 + row) * 8 + column] = f[i];
  }
}

static int element(int i, int seed) { return (i * 7 + i / 13 + seed) % 9 - 4; }

static void check_sparse() {
  Mirror<half> a(16 * 16), b(8 * 32);
  Mirror<unsigned> meta(16);
  Mirror<float> d(16 * 8);
  std::vector<float> dense(16 * 32), want(16 * 8);
  const int pairs[6][2] = {{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}};
  for (int r = 0; r < 16; ++r)
    for (int g = 0; g < 8; ++g) {
      const int *kept = pairs[(r * 5 + g * 7) % 6];
      meta[r] |= unsigned(kept[1] << 2 | kept[0]) << 4 * g;
      for (int i = 0; i < 2; ++i) {
        int value = element(r * 16 + g * 2 + i, 2);
        a[r * 16 + g * 2 + i] = __float2half(float(value));
        dense[r * 32 + g * 4 + kept[i]] = float(value);
      }
    }
  for (int i = 0; i < 8 * 32; ++i) b[i] = __float2half(float(element(i, 5)));
  for (int r = 0; r < 16; ++r)
    for (int n = 0; n < 8; ++n)
      for (int k = 0; k < 32; ++k) want[r * 8 + n] += dense[r * 32 + k] * __half2float(b[n * 32 + k]);
  a.up(), b.up(), meta.up();
  sparse_tile<<<1, 32>>>(a.device, meta.device, b.device, d.device);
  CUDA(cudaGetLastError());
  d.down();
  expect_same("mma.sp", d.host, want, 16 * 8);
}

static void check_fp8() {
  Mirror<__nv_fp8_e4m3> a(16 * 32);
  Mirror<__nv_fp8_e5m2> b(8 * 32);
  Mirror<float> d(16 * 8);
  std::vector<float> want(16 * 8);
  for (int i = 0; i < 16 * 32; ++i) a[i] = __nv_fp8_e4m3(0.5f * float(element(i, 1)));
  for (int i = 0; i < 8 * 32; ++i) b[i] = __nv_fp8_e5m2(0.25f * float(element(i, 8)));
  for (int r = 0; r < 16; ++r)
    for (int n = 0; n < 8; ++n)
      for (int k = 0; k < 32; ++k) want[r * 8 + n] += float(a[r * 32 + k]) * float(b[n * 32 + k]);
  a.up(), b.up();
  fp8_tile<<<1, 32>>>(a.device, b.device, d.device);
  CUDA(cudaGetLastError());
  d.down();
  expect_same("mma of 8-bit floats", d.host, want, 16 * 8);
}

static void check_quads() {
  Mirror<half> a(4 * 32), b(4 * 32);
  Mirror<float> d(4 * 64);
  std::vector<float> want(4 * 64);
  for (int i = 0; i < 4 * 32; ++i) a[i] = __float2half(float(element(i, 3))), b[i] = __float2half(float(element(i, 6)));
  for (int q = 0; q < 4; ++q)
    for (int r = 0; r < 8; ++r)
      for (int n = 0; n < 8; ++n)
        for (int k = 0; k < 4; ++k) want[(q * 8 + r) * 8 + n] += __half2float(a[(q * 8 + r) * 4 + k]) * __half2float(b[(q * 8 + n) * 4 + k]);
  a.up(), b.up();
  quads<<<1, 32>>>(a.device, b.device, d.device);
  CUDA(cudaGetLastError());
  d.down();
  expect_same("mma.m8n8k4", d.host, want, 4 * 64);
}

int main() {
  check_sparse();
  check_fp8();
  check_quads();
  return finish("matrix_sparse");
}
