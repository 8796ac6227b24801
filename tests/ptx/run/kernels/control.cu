// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
extern "C" __global__ void collatz(const int *in, int *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  long long x = in[i];
  int steps = 0;
  while (x > 1) {
    x = x & 1 ? 3 * x + 1 : x / 2;
    ++steps;
  }
  out[i] = steps;
}
extern "C" __global__ void branches(const int *in, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int x = in[i], r = 0;
  switch (x & 7) {
    case 0: r = x * 2; break;
    case 1: r = x - 5;  // falls through
    case 2: r += 100; break;
    case 5: r = n; break;
    case 6: return;
    default: r = -x;
  }
  for (int k = 0; k < x % 13; ++k) {
    if (k == i % 5) continue;
    if (r > 5000) break;
    for (int j = k; j < 4; ++j) r += j * k + (in[(i + j) % n] & 1);
  }
  out[i] = r;
}
extern "C" __global__ void uniform_loop(const float *in, float *out, int n, int turns) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float v = i < n ? in[i] : 0;
  for (int t = 0; t < turns; ++t) {
    if (turns > 3) v = v * 0.5f + t;
    else v += t;
  }
  if (i < n) out[i] = v;
}
extern "C" __global__ void mandelbrot(int *out, int width, int limit) {
  int px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y;
  float cx = -2.0f + px * 0.05f, cy = -1.0f + py * 0.05f, x = 0, y = 0;
  int n = 0;
  while (n < limit && x * x + y * y < 4.0f) {
    float t = x * x - y * y + cx;
    y = 2 * x * y + cy;
    x = t;
    ++n;
  }
  out[py * width + px] = n;
}
