// __half, __half2 and bfloat16 arithmetic and conversions.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>

#include "check.h"

__global__ void halves(const float *a, const float *b, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  __half x = __float2half(a[i]), y = __float2half(b[i]);
  float *o = out + i * 8;
  o[0] = __half2float(__hadd(x, y)), o[1] = __half2float(__hmul(x, y)), o[2] = __half2float(__hfma(x, y, x)), o[3] = __hlt(x, y);
  __half2 v = __halves2half2(x, y), w = __hadd2(v, __half2half2(y));
  o[4] = __low2float(w), o[5] = __high2float(w), o[6] = __half2int_rn(x), o[7] = __half2float(__hmax(x, y));
}

__global__ void bfloats(const float *a, const float *b, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  __nv_bfloat16 x = __float2bfloat16(a[i]), y = __float2bfloat16(b[i]);
  out[i * 2] = __bfloat162float(__hadd(x, y)), out[i * 2 + 1] = __bfloat162float(__hmul(x, y));
}

static float bf(float f) {
  unsigned u;
  memcpy(&u, &f, 4);
  u = (u + 0x7fff + (u >> 16 & 1)) & 0xffff0000u;
  memcpy(&f, &u, 4);
  return f;
}

int main() {
  const int n = 500;
  Mirror<float> a(n), b(n), out(n * 8), bout(n * 2);
  for (int i = 0; i < n; ++i) a[i] = (i - 250) * 0.37f, b[i] = 100.0f / (i + 1) - 3;
  a.up(), b.up();
  halves<<<(n + 127) / 128, 128>>>(a.device, b.device, out.device, n);
  bfloats<<<(n + 127) / 128, 128>>>(a.device, b.device, bout.device, n);
  out.down(), bout.down();
  auto h = [](double v) { return float(_Float16(v)); };
  for (int i = 0; i < n; ++i) {
    float x = h(a[i]), y = h(b[i]);
    EXPECT(out[i * 8] == h(double(x) + y) && out[i * 8 + 1] == h(double(x) * y) && out[i * 8 + 2] == h(double(x) * y + x) && out[i * 8 + 3] == (x < y));
    EXPECT(out[i * 8 + 4] == h(double(x) + y) && out[i * 8 + 5] == h(double(y) + y) && out[i * 8 + 6] == std::rint(x) && out[i * 8 + 7] == std::max(x, y));
    float p = bf(a[i]), q = bf(b[i]);
    EXPECT(bout[i * 2] == bf(p + q) && bout[i * 2 + 1] == bf(p * q));
  }
  return finish("half_precision");
}
