// Divergent control flow of every kind, the same function on the host as the reference.
#include "check.h"

__host__ __device__ int nested_loops(int i) {
  int sum = 0;
  for (int a = 0; a < i % 7; ++a) {
    for (int b = 0; b < a + i % 3; ++b) {
      if ((a + b) % 4 == 3) continue;
      if (b > 5) break;
      sum += a * b + 1;
    }
    if (sum > 40) return sum * 2;
    sum ^= a;
  }
  return sum;
}

__host__ __device__ int switches(int i) {
  int r = 0;
  switch (i % 9) {
    case 0: r = 1; break;
    case 1: r = 2;
    case 2: r += 3; break;
    case 3: case 4: r = i; break;
    case 5: return -i;
    case 7: for (int k = 0; k < i % 5; ++k) { r += k; if (r == 3) goto out; } break;
    default: r = -1;
  }
  r += 100;
out:
  return r;
}

__host__ __device__ unsigned collatz(unsigned n) {
  unsigned steps = 0;
  while (n != 1) {
    n = n % 2 ? 3 * n + 1 : n / 2;
    if (++steps == 300) break;
  }
  return steps;
}

__host__ __device__ int gcd(int a, int b) { while (b) { int t = a % b; a = b; b = t; } return a; }

__host__ __device__ int many_exits(const int *data, int n, int start) {
  int i = start, hops = 0;
  for (;;) {
    if (i >= n) return -1;
    if (data[i] == 13) return 1000 + hops;
    if (hops > 50) return -2;
    do {
      ++i;
      if (i < n && data[i] < 0) { i += 2; if (i >= n) return -3; }
    } while (i < n && (data[i] & 3) == 1);
    hops += 1;
    if (data[i < n ? i : 0] == 99 && hops % 2) { hops += 5; continue; }
    if (hops % 17 == 16) break;
  }
  return i;
}

__host__ __device__ float short_circuit(float x, float y) {
  float r = 0;
  if ((x > 0 && y / x > 1) || (x < 0 && y * x > 2) || x == y) r = x > y ? x : y;
  else r = x < -5 ? -1 : (y > 5 ? 7 : x + y);
  return r;
}

// A state machine: loop-carried values that leave at different times.
__host__ __device__ int machine(unsigned seed) {
  int state = 0, count = 0;
  unsigned r = seed * 747796405u + 1;
  while (state != 4) {
    r = r * 1664525u + 1013904223u;
    switch (state) {
      case 0: state = r >> 31 ? 1 : 2; break;
      case 1: if ((r >> 29) == 0) state = 4; else { state = 2; count += 3; } break;
      case 2: do { r = r * 69069 + 5; ++count; } while (r >> 30); state = 3; break;
      case 3: state = (r & 0x700) ? 0 : 4; count ^= 1; break;
    }
    if (count > 200) { count = -count; break; }
  }
  return count * 8 + state;
}

template <class F, class T>
__global__ void apply(F f, T *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = f(i);
}

struct Nested { __host__ __device__ int operator()(int i) const { return nested_loops(i); } };
struct Switches { __host__ __device__ int operator()(int i) const { return switches(i); } };
struct Collatz { __host__ __device__ int operator()(int i) const { return collatz(i + 1); } };
struct Gcd { __host__ __device__ int operator()(int i) const { return gcd(i * 12, 360 + i % 50); } };
struct Short { __host__ __device__ int operator()(int i) const { return int(short_circuit((i % 23) - 11.0f, (i % 19) - 9.0f) * 4); } };
struct Machine { __host__ __device__ int operator()(int i) const { return machine(i); } };
struct Exits { const int *data; int n; __host__ __device__ int operator()(int i) const { return many_exits(data, n, i % n); } };

template <class F>
void run(const char *name, F device, F host) {
  const int n = 4099;
  Mirror<int> out(n, -77);
  for (int block : {32, 33, 128, 1, 1000}) {
    if (block == 1 && n > 5000) continue;
    out.host.assign(n, -77);
    out.up();
    apply<<<(n + block - 1) / block, block>>>(device, out.device, n);
    CUDA(cudaGetLastError());
    out.down();
    std::vector<int> want(n);
    for (int i = 0; i < n; ++i) want[i] = host(i);
    expect_same(name, out.host, want, n);
  }
}

int main() {
  run("nested", Nested(), Nested());
  run("switches", Switches(), Switches());
  run("collatz", Collatz(), Collatz());
  run("gcd", Gcd(), Gcd());
  run("short circuit", Short(), Short());
  run("machine", Machine(), Machine());
  Mirror<int> data(500);
  for (int i = 0; i < 500; ++i) data[i] = (i * 7919) % 103 - 4;
  data.up();
  run("many exits", Exits{data.device, 500}, Exits{data.host.data(), 500});
  return finish("control_flow");
}
