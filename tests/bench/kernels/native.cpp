// The same work as plain C++ that a reasonable person would write for one core; built with -O3 -march=native.
#include <cmath>
#include <cstring>

#include "kernels.h"

void native_vector_add(const float *__restrict a, const float *__restrict b, float *__restrict c, int n) {
  for (int i = 0; i < n; ++i) c[i] = a[i] + b[i];
}

void native_saxpy(float a, const float *__restrict x, float *__restrict y, int n) {
  for (int i = 0; i < n; ++i) y[i] = a * x[i] + y[i];
}

// Blocked for the caches, the inner loop over columns: what a compiler vectorises well.
static void matmul(const float *__restrict a, const float *__restrict b, float *__restrict c, int n) {
  constexpr int kBlock = 64;
  std::memset(c, 0, sizeof(float) * n * n);
  for (int kk = 0; kk < n; kk += kBlock)
    for (int i = 0; i < n; ++i)
      for (int k = kk; k < kk + kBlock && k < n; ++k) {
        float v = a[i * n + k];
        for (int j = 0; j < n; ++j) c[i * n + j] += v * b[k * n + j];
      }
}
void native_matmul_16(const float *a, const float *b, float *c, int n) { matmul(a, b, c, n); }
void native_matmul_32(const float *a, const float *b, float *c, int n) { matmul(a, b, c, n); }

void native_transpose(const float *__restrict in, float *__restrict out, int n) {
  for (int yy = 0; yy < n; yy += 32)
    for (int xx = 0; xx < n; xx += 32)
      for (int y = yy; y < yy + 32; ++y)
        for (int x = xx; x < xx + 32; ++x) out[x * n + y] = in[y * n + x];
}

void native_reduce(const float *in, float *out, int n) {
  float sum[64] = {};  // the compiler may not reorder a float sum by itself
  for (int i = 0; i + 64 <= n; i += 64)
    for (int k = 0; k < 64; ++k) sum[k] += in[i + k];
  float total = 0;
  for (float s : sum) total += s;
  *out += total;
}

void native_scan(const int *in, int *out, int *, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) out[i] = sum += in[i];
}

void native_histogram(const unsigned char *in, unsigned *bins, int n) {
  unsigned local[4][256] = {};
  int i = 0;
  for (; i + 4 <= n; i += 4)
    for (int k = 0; k < 4; ++k) ++local[k][in[i + k]];
  for (; i < n; ++i) ++local[0][in[i]];
  for (int b = 0; b < 256; ++b) bins[b] += local[0][b] + local[1][b] + local[2][b] + local[3][b];
}

void native_mandelbrot(int *image, int width, int height, int limit) {
  for (int py = 0; py < height; ++py)
    for (int px = 0; px < width; ++px) {
      float cx = -2.2f + 3.0f * px / width, cy = -1.2f + 2.4f * py / height, x = 0, y = 0;
      int i = 0;
      while (i < limit && x * x + y * y <= 4.0f) {
        float t = x * x - y * y + cx;
        y = 2 * x * y + cy;
        x = t;
        ++i;
      }
      image[py * width + px] = i;
    }
}

void native_nbody(const float *x, const float *y, const float *z, const float *m, float *ax, float *ay, float *az, int n) {
  for (int i = 0; i < n; ++i) {
    float fx = 0, fy = 0, fz = 0;
    for (int j = 0; j < n; ++j) {
      float dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
      float inverse = 1.0f / std::sqrt(dx * dx + dy * dy + dz * dz + 0.01f);
      float f = m[j] * inverse * inverse * inverse;
      fx += dx * f, fy += dy * f, fz += dz * f;
    }
    ax[i] = fx, ay[i] = fy, az[i] = fz;
  }
}

static float cumulative_normal(float d) {
  float k = 1.0f / (1.0f + 0.2316419f * std::fabs(d));
  float v = 0.39894228f * std::exp(-0.5f * d * d) * (k * (0.31938153f + k * (-0.356563782f + k * (1.781477937f + k * (-1.821255978f + k * 1.330274429f)))));
  return d > 0 ? 1.0f - v : v;
}
void native_black_scholes(float *call, float *put, const float *spot, const float *strike, const float *years, int n) {
  const float rate = 0.02f, vol = 0.3f;
  for (int i = 0; i < n; ++i) {
    float s = spot[i], k = strike[i], t = years[i], root = std::sqrt(t);
    float d1 = (std::log(s / k) + (rate + 0.5f * vol * vol) * t) / (vol * root), d2 = d1 - vol * root;
    float n1 = cumulative_normal(d1), n2 = cumulative_normal(d2), discount = k * std::exp(-rate * t);
    call[i] = s * n1 - discount * n2;
    put[i] = discount * (1.0f - n2) - s * (1.0f - n1);
  }
}

void native_stencil(const float *__restrict in, float *__restrict out, int width, int height) {
  std::memcpy(out, in, sizeof(float) * width);
  std::memcpy(out + (height - 1) * width, in + (height - 1) * width, sizeof(float) * width);
  for (int y = 1; y < height - 1; ++y) {
    out[y * width] = in[y * width];
    out[y * width + width - 1] = in[y * width + width - 1];
    for (int i = y * width + 1; i < y * width + width - 1; ++i) out[i] = 0.5f * in[i] + 0.125f * (in[i - 1] + in[i + 1] + in[i - width] + in[i + width]);
  }
}
