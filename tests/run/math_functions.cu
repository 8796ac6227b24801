// The CUDA math library in single and double precision, and the fast intrinsics, against the host's.
#include <cmath>

#include "check.h"

__global__ void singles(const float *in, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float x = in[i], a = fabsf(x);
  float *o = out + i * 20;
  o[0] = sinf(x), o[1] = cosf(x), o[2] = tanf(x), o[3] = expf(x), o[4] = logf(a), o[5] = powf(a, 1.7f), o[6] = sqrtf(a), o[7] = rsqrtf(a), o[8] = tanhf(x), o[9] = atanf(x);
  o[10] = erff(x), o[11] = exp2f(x), o[12] = log2f(a), o[13] = cbrtf(x), o[14] = fmodf(x, 0.7f), o[15] = sinhf(x / 4), o[16] = asinf(x / 30), o[17] = atan2f(x, 2.0f), o[18] = log1pf(a), o[19] = roundf(x);
}

__global__ void doubles(const float *in, double *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  double x = in[i], a = fabs(x);
  double *o = out + i * 10;
  o[0] = sin(x), o[1] = cos(x), o[2] = exp(x), o[3] = log(a), o[4] = pow(a, 1.7), o[5] = sqrt(a), o[6] = tanh(x), o[7] = erf(x), o[8] = fmod(x, 0.7), o[9] = 1.0 / x;
}

__global__ void fast(const float *in, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float x = in[i], a = fabsf(x);
  float *o = out + i * 6;
  o[0] = __sinf(x), o[1] = __cosf(x), o[2] = __expf(x), o[3] = __logf(a), o[4] = __fdividef(x, 3.0f), o[5] = __powf(a, 0.5f);
}

template <class T>
void close(const char *what, T got, double want, double relative, double absolute) {
  if (!(std::fabs(got - want) <= absolute + relative * std::fabs(want)) && ++failures < 20) std::printf("%s: got %.9g, want %.9g\n", what, double(got), want);
}

int main() {
  const int n = 2000;
  Mirror<float> in(n), out(n * 20), quick(n * 6);
  Mirror<double> wide(n * 10);
  for (int i = 0; i < n; ++i) in[i] = (i - 999.5f) * 0.02f;
  in.up();
  singles<<<(n + 63) / 64, 64>>>(in.device, out.device, n);
  doubles<<<(n + 63) / 64, 64>>>(in.device, wide.device, n);
  fast<<<(n + 63) / 64, 64>>>(in.device, quick.device, n);
  out.down(), wide.down(), quick.down();
  const char *names[] = {"sinf", "cosf", "tanf", "expf", "logf", "powf", "sqrtf", "rsqrtf", "tanhf", "atanf", "erff", "exp2f", "log2f", "cbrtf", "fmodf", "sinhf", "asinf", "atan2f", "log1pf", "roundf"};
  for (int i = 0; i < n; ++i) {
    double x = in[i], a = std::fabs(x);
    double want[20] = {std::sin(x), std::cos(x), std::tan(x), std::exp(x), std::log(a), std::pow(a, double(1.7f)), std::sqrt(a), 1 / std::sqrt(a), std::tanh(x), std::atan(x), std::erf(x), std::exp2(x), std::log2(a), std::cbrt(x), std::fmod(x, double(0.7f)), std::sinh(x / 4), std::asin(double(in[i] / 30)), std::atan2(x, 2.0), std::log1p(a), std::round(x)};
    for (int k = 0; k < 20; ++k) close(names[k], out[i * 20 + k], want[k], 2e-6, 3e-7);
    double dwant[10] = {std::sin(x), std::cos(x), std::exp(x), std::log(a), std::pow(a, 1.7), std::sqrt(a), std::tanh(x), std::erf(x), std::fmod(x, 0.7), 1 / x};
    for (int k = 0; k < 10; ++k) close(names[k], wide[i * 10 + k], dwant[k], 2e-15, 1e-15);
    double fwant[6] = {std::sin(x), std::cos(x), std::exp(x), std::log(a), x / 3, std::sqrt(a)};
    for (int k = 0; k < 6; ++k) close("fast", quick[i * 6 + k], fwant[k], 1e-5, x > 3.2 || x < -3.2 ? 1e-5 : 2e-6);
  }
  return finish("math_functions");
}
