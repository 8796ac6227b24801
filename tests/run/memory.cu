// Loads and stores of every width and space: local arrays, structures by value, vectors, generic pointers, constants.
#include <cstdint>

#include "check.h"

struct Big { char tag; double values[5]; short tail[3]; float4 vector; };
struct Small { char a; short b; char c; };

__constant__ int lookup[64];
__device__ int counters[4] = {1, 2, 3, 4};
__shared__ int never;

__global__ void by_value(Small s, Big big, char last, float *out) {
  int t = threadIdx.x;
  out[t] = s.a + s.b * 2 + s.c * 3 + big.tag + big.values[t % 5] + big.tail[t % 3] + big.vector.z + last;
}

__global__ void local_arrays(const int *in, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int stack[24], top = 0;
  for (int k = 0; k < 24; ++k) stack[k] = k * in[i];
  for (int k = 0; k < 10; ++k) {
    int at = (in[i] * 7 + k * k) % 24;
    stack[at] += stack[(at + k) % 24] % 13;
    top = at;
  }
  char bytes[16];
  for (int k = 0; k < 16; ++k) bytes[k] = static_cast<char>(in[i] + k);
  bytes[in[i] & 15] = 5;
  int sum = top;
  for (int k = 0; k < 24; ++k) sum = sum * 3 + stack[k];
  for (int k = 0; k < 16; ++k) sum += bytes[(k + in[i]) & 15] * k;
  out[i] = sum;
}

int local_arrays_host(int v) {
  int stack[24], top = 0;
  for (int k = 0; k < 24; ++k) stack[k] = k * v;
  for (int k = 0; k < 10; ++k) {
    int at = (v * 7 + k * k) % 24;
    stack[at] += stack[(at + k) % 24] % 13;
    top = at;
  }
  char bytes[16];
  for (int k = 0; k < 16; ++k) bytes[k] = static_cast<char>(v + k);
  bytes[v & 15] = 5;
  unsigned sum = top;
  for (int k = 0; k < 24; ++k) sum = sum * 3 + unsigned(stack[k]);
  for (int k = 0; k < 16; ++k) sum += bytes[(k + v) & 15] * k;
  return int(sum);
}

__device__ __noinline__ int sum4(const int *p) { return p[0] + p[1] * 2 + p[2] * 3 + p[3] * 4; }

// One function, pointers to global, shared, local, constant and variable memory.
__global__ void generic(const int *global, int *out) {
  __shared__ int shared[64];
  int t = threadIdx.x;
  int local[4] = {t, t + 1, t + 2, t + 3};
  shared[t] = t * 5;
  __syncthreads();
  const int *p = t % 5 == 0 ? global + t : t % 5 == 1 ? shared + t % 60 : t % 5 == 2 ? local : t % 5 == 3 ? lookup + t % 60 : counters;
  out[t] = sum4(p);
}

__global__ void vectors(const float4 *in, float4 *out, uchar4 *bytes, double2 *pairs, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float4 v = in[i];
  out[n - 1 - i] = make_float4(v.w, v.z, v.y, v.x);
  bytes[i] = make_uchar4(i, i >> 1, i >> 2, 255 - i % 256);
  pairs[i] = make_double2(v.x + v.y, v.z * v.w);
}

__global__ void strided(const short *in, long long *out, int n, int stride) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  long long sum = 0;
  for (int k = 0; k < 8; ++k) sum = sum * 7 + in[(i * stride + k * 3) % n];
  out[i] = sum;
}

__global__ void reverse(unsigned char *data, int n) {
  for (int i = threadIdx.x; i < n / 2; i += blockDim.x) {
    unsigned char t = data[i];
    data[i] = data[n - 1 - i];
    data[n - 1 - i] = t;
  }
}

// Indices that wrap around in 32 bits, as unsigned arithmetic may.
__global__ void wrapping(const int *in, int *out, unsigned start) {
  unsigned i = start + threadIdx.x;
  out[threadIdx.x] = in[i % 97u] + in[(i * 3u) & 63u];
}

int main() {
  {
    Mirror<float> out(30);
    Big big = {7, {1.5, 2.5, 3.5, 4.5, 5.5}, {-1, -2, -3}, make_float4(1, 2, 30, 4)};
    by_value<<<1, 30>>>({1, -2, 3}, big, 100, out.device);
    out.down();
    for (int t = 0; t < 30; ++t) EXPECT(out[t] == float(1 - 4 + 9 + 7 + big.values[t % 5] + big.tail[t % 3] + 30 + 100));
  }
  {
    const int n = 777;
    Mirror<int> in(n), out(n);
    for (int i = 0; i < n; ++i) in[i] = i * 31 % 1000;
    in.up();
    local_arrays<<<(n + 95) / 96, 96>>>(in.device, out.device, n);
    out.down();
    for (int i = 0; i < n; ++i) EXPECT(out[i] == local_arrays_host(in[i]));
  }
  {
    Mirror<int> global(80), out(64);
    int table[64];
    for (int i = 0; i < 80; ++i) global[i] = i * i;
    for (int i = 0; i < 64; ++i) table[i] = -i;
    CUDA(cudaMemcpyToSymbol(lookup, table, sizeof table));
    global.up();
    generic<<<1, 64>>>(global.device, out.device);
    out.down();
    for (int t = 0; t < 64; ++t) {
      auto sum = [](int a, int b, int c, int d) { return a + b * 2 + c * 3 + d * 4; };
      int b = t % 60, want = t % 5 == 0 ? sum(t * t, (t + 1) * (t + 1), (t + 2) * (t + 2), (t + 3) * (t + 3)) : t % 5 == 1 ? sum(b * 5, b * 5 + 5, b * 5 + 10, b * 5 + 15)
                 : t % 5 == 2 ? sum(t, t + 1, t + 2, t + 3) : t % 5 == 3 ? sum(-b, -b - 1, -b - 2, -b - 3) : 30;
      EXPECT(out[t] == want);
    }
  }
  {
    const int n = 1001;
    Mirror<float4> in(n), out(n);
    Mirror<uchar4> bytes(n);
    Mirror<double2> pairs(n);
    for (int i = 0; i < n; ++i) in[i] = make_float4(i, i + 0.5f, -i, 2);
    in.up();
    vectors<<<(n + 255) / 256, 256>>>(in.device, out.device, bytes.device, pairs.device, n);
    out.down(), bytes.down(), pairs.down();
    for (int i = 0; i < n; ++i) {
      float4 v = in[i], o = out[n - 1 - i];
      EXPECT(o.x == v.w && o.y == v.z && o.z == v.y && o.w == v.x);
      EXPECT(bytes[i].x == (i & 255) && bytes[i].y == (i >> 1 & 255) && bytes[i].z == (i >> 2 & 255) && bytes[i].w == 255 - i % 256);
      EXPECT(pairs[i].x == v.x + v.y && pairs[i].y == v.z * v.w);
    }
  }
  {
    Mirror<short> in(1000);
    Mirror<long long> out(256);
    for (int i = 0; i < 1000; ++i) in[i] = short(i * 97 - 30000);
    in.up();
    for (int stride : {1, 2, 3, 7}) {
      strided<<<2, 128>>>(in.device, out.device, 1000, stride);
      out.down();
      for (int i = 0; i < 256; ++i) {
        long long sum = 0;
        for (int k = 0; k < 8; ++k) sum = sum * 7 + in[(i * stride + k * 3) % 1000];
        EXPECT(out[i] == sum);
      }
    }
    Mirror<unsigned char> data(1013);
    for (int i = 0; i < 1013; ++i) data[i] = static_cast<unsigned char>(i * 3);
    data.up();
    std::vector<unsigned char> want(data.host.rbegin(), data.host.rend());
    reverse<<<1, 96>>>(data.device, 1013);
    data.down();
    expect_same("reverse", data.host, want, 1013);
    Mirror<int> table(100), wrapped(64);
    for (int i = 0; i < 100; ++i) table[i] = i * 11;
    table.up();
    for (unsigned start : {0u, 5u, 0xfffffff0u, 0xffffffe5u, 0x7ffffff0u}) {
      wrapping<<<1, 64>>>(table.device, wrapped.device, start);
      wrapped.down();
      for (unsigned t = 0; t < 64; ++t) EXPECT(wrapped[t] == table[(start + t) % 97u] + table[((start + t) * 3u) & 63u]);
    }
  }
  return finish("memory");
}
