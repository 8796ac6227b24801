// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
__device__ __noinline__ unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
extern "C" __global__ void fibonacci(unsigned *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = fib(i % 13);
}

// Local arrays whose addresses go down, a loop around the call, and ways that skip it.
__device__ __noinline__ void permute(const int *chosen, int depth, int n, int used, unsigned *sum) {
  if (depth == n) {
    unsigned value = 0;
    for (int i = 0; i < n; ++i) value = value * 7 + chosen[i];
    *sum ^= value;
    return;
  }
  int copy[6];
  for (int i = 0; i < depth; ++i) copy[i] = chosen[i];
  for (int k = 0; k < n; ++k) {
    if (used >> k & 1) continue;
    copy[depth] = k;
    permute(copy, depth + 1, n, used | 1 << k, sum);
  }
}
extern "C" __global__ void permutations(unsigned *out) {
  int start[6] = {};
  unsigned sum = 0;
  permute(start, 0, 1 + threadIdx.x % 4, 0, &sum);
  out[threadIdx.x] = sum;
}

using Op = int (*)(int, int);
__device__ int add(int a, int b) { return a + b; }
__device__ int subtract(int a, int b) { return a - b; }
__device__ int multiply(int a, int b) { return a * b; }
__device__ Op table[3] = {add, subtract, multiply};
extern "C" __global__ void by_pointer(int *out) {
  int i = threadIdx.x;
  out[i] = table[i % 3](i, 7) + table[blockIdx.x % 3](i, i);
}

// A stack machine whose operations call the interpreter again.
struct Machine {
  const int *code;
  int at, depth;
};
__device__ int run(Machine *machine);
using Step = int (*)(Machine *);
__device__ int stepConstant(Machine *m) { return m->code[m->at++]; }
__device__ int stepSum(Machine *m) {
  ++m->depth;
  int a = run(m);
  return a + run(m);
}
__device__ int stepProduct(Machine *m) {
  ++m->depth;
  int a = run(m);
  return a * run(m);
}
__device__ Step steps[3] = {stepConstant, stepSum, stepProduct};
__device__ __noinline__ int run(Machine *machine) { return steps[machine->code[machine->at++]](machine); }
extern "C" __global__ void interpreter(const int *code, const int *starts, int *out) {
  Machine machine{code, starts[threadIdx.x % 4], 0};
  out[threadIdx.x] = run(&machine) * 100 + machine.depth;
}

// All threads go down together, over barriers and shuffles.
__device__ __noinline__ int levels(int depth, int *shared) {
  shared[threadIdx.x] = depth * 1000 + threadIdx.x;
  __syncthreads();
  int seen = shared[(threadIdx.x + depth) % blockDim.x];
  __syncthreads();
  if (depth == 0) return seen;
  return seen + levels(depth - 1, shared);
}
extern "C" __global__ void barriers_on_the_way(int *out) {
  __shared__ int shared[64];
  out[threadIdx.x] = levels(5, shared);
}
__device__ __noinline__ int shuffled(int depth, int value) {
  value += __shfl_xor_sync(0xFFFFFFFF, value, 1);
  return depth == 0 ? value : shuffled(depth - 1, value + depth) + 1;
}
extern "C" __global__ void shuffles_on_the_way(int *out) { out[threadIdx.x] = shuffled(3, threadIdx.x); }
