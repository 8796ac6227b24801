// European option prices after Black and Scholes: exp, log, sqrt and division in single precision.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <vector>

__device__ float cumulative_normal(float d) {
  const float a1 = 0.31938153f, a2 = -0.356563782f, a3 = 1.781477937f, a4 = -1.821255978f, a5 = 1.330274429f;
  float k = 1.0f / (1.0f + 0.2316419f * fabsf(d));
  float value = 0.39894228040143267794f * expf(-0.5f * d * d) * (k * (a1 + k * (a2 + k * (a3 + k * (a4 + k * a5)))));
  return d > 0 ? 1.0f - value : value;
}

__global__ void black_scholes(float *call, float *put, const float *spot, const float *strike, const float *years, float rate,
                              float volatility, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    float s = spot[i], x = strike[i], t = years[i];
    float root = sqrtf(t);
    float d1 = (logf(s / x) + (rate + 0.5f * volatility * volatility) * t) / (volatility * root);
    float d2 = d1 - volatility * root;
    float n1 = cumulative_normal(d1), n2 = cumulative_normal(d2);
    float discount = x * expf(-rate * t);
    call[i] = s * n1 - discount * n2;
    put[i] = discount * (1.0f - n2) - s * (1.0f - n1);
  }
}

static double normal(double d) { return 0.5 * std::erfc(-d / std::sqrt(2.0)); }

int main() {
  const int n = 100000;
  const float rate = 0.02f, volatility = 0.30f;
  std::vector<float> spot(n), strike(n), years(n), call(n), put(n);
  for (int i = 0; i < n; ++i) {
    spot[i] = 5.0f + (i * 7919ll % 2500) * 0.01f;
    strike[i] = 1.0f + (i * 104729ll % 9900) * 0.01f;
    years[i] = 0.25f + (i * 1299709ll % 975) * 0.01f;
  }
  float *device;
  cudaMalloc(&device, 5 * n * sizeof(float));
  float *dcall = device, *dput = device + n, *dspot = device + 2 * n, *dstrike = device + 3 * n, *dyears = device + 4 * n;
  cudaMemcpy(dspot, spot.data(), n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dstrike, strike.data(), n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(dyears, years.data(), n * sizeof(float), cudaMemcpyHostToDevice);
  black_scholes<<<64, 128>>>(dcall, dput, dspot, dstrike, dyears, rate, volatility, n);
  cudaMemcpy(call.data(), dcall, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaError_t status = cudaMemcpy(put.data(), dput, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(device);
  double worst = 0;
  for (int i = 0; i < n; ++i) {
    double s = spot[i], x = strike[i], t = years[i];
    double d1 = (std::log(s / x) + (rate + 0.5 * volatility * volatility) * t) / (volatility * std::sqrt(t));
    double d2 = d1 - volatility * std::sqrt(t);
    double c = s * normal(d1) - x * std::exp(-rate * t) * normal(d2);
    double p = x * std::exp(-rate * t) * normal(-d2) - s * normal(-d1);
    worst = std::fmax(worst, std::fmax(std::fabs(call[i] - c), std::fabs(put[i] - p)));
  }
  bool ok = status == cudaSuccess && worst < 2e-4;
  std::printf("black_scholes: %s (largest error %.2e)\n", ok ? "PASSED" : "FAILED", worst);
  return !ok;
}
