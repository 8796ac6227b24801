// Power iteration: the step is captured once as a graph - two halves of a product on two streams, joined, with scratch
// memory from a pool inside the graph - and replayed. The largest eigenvalue of the matrix is known.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define CHECK(call)                                                                        \
  do {                                                                                     \
    cudaError_t status = (call);                                                           \
    if (status != cudaSuccess) {                                                           \
      std::printf("graph_capture: FAILED (%s: %s)\n", #call, cudaGetErrorString(status)); \
      std::exit(1);                                                                        \
    }                                                                                      \
  } while (0)

constexpr int kSize = 256, kThreads = 128;

__global__ void multiply(const double *matrix, const double *x, double *y, int first, int rows) {
  int row = first + blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= first + rows) return;
  double sum = 0;
  for (int i = 0; i < kSize; ++i) sum += matrix[row * kSize + i] * x[i];
  y[row] = sum;
}

__global__ void norm(const double *y, double *result) {
  __shared__ double part[kThreads];
  double sum = 0;
  for (int i = threadIdx.x; i < kSize; i += kThreads) sum += y[i] * y[i];
  part[threadIdx.x] = sum;
  for (int half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
  }
  if (threadIdx.x == 0) *result = sqrt(part[0]);
}

__global__ void scale(const double *y, const double *length, double *x) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < kSize) x[i] = y[i] / *length;
}

int main() {
  // A symmetric matrix with the eigenvalues 4 (once) and 1: 1 + 3 v v^T with a vector v of length 1.
  std::vector<double> host(kSize * kSize), v(kSize), x(kSize, 1.0);
  double length = 0;
  for (int i = 0; i < kSize; ++i) length += (1.0 + i % 7) * (1.0 + i % 7);
  for (int i = 0; i < kSize; ++i) v[i] = (1.0 + i % 7) / std::sqrt(length);
  for (int i = 0; i < kSize; ++i)
    for (int j = 0; j < kSize; ++j) host[i * kSize + j] = (i == j) + 3 * v[i] * v[j];

  double *matrix, *vector, *eigenvalue, *found;
  CHECK(cudaMalloc(&matrix, host.size() * sizeof(double)));
  CHECK(cudaMalloc(&vector, kSize * sizeof(double)));
  CHECK(cudaMalloc(&eigenvalue, sizeof(double)));
  CHECK(cudaMallocHost(&found, sizeof(double)));
  CHECK(cudaMemcpy(matrix, host.data(), host.size() * sizeof(double), cudaMemcpyHostToDevice));
  CHECK(cudaMemcpy(vector, x.data(), kSize * sizeof(double), cudaMemcpyHostToDevice));

  cudaStream_t main_stream, side_stream;
  cudaEvent_t fork, join;
  CHECK(cudaStreamCreateWithFlags(&main_stream, cudaStreamNonBlocking));
  CHECK(cudaStreamCreateWithFlags(&side_stream, cudaStreamNonBlocking));
  CHECK(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
  CHECK(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));

  cudaGraph_t graph;
  double *product;
  const int half = kSize / 2, blocks = half / kThreads;
  CHECK(cudaStreamBeginCapture(main_stream, cudaStreamCaptureModeGlobal));
  CHECK(cudaMallocAsync(&product, kSize * sizeof(double), main_stream));
  CHECK(cudaEventRecord(fork, main_stream));
  CHECK(cudaStreamWaitEvent(side_stream, fork, 0));
  multiply<<<blocks, kThreads, 0, main_stream>>>(matrix, vector, product, 0, half);
  multiply<<<blocks, kThreads, 0, side_stream>>>(matrix, vector, product, half, half);
  CHECK(cudaEventRecord(join, side_stream));
  CHECK(cudaStreamWaitEvent(main_stream, join, 0));
  norm<<<1, kThreads, 0, main_stream>>>(product, eigenvalue);
  scale<<<kSize / kThreads, kThreads, 0, main_stream>>>(product, eigenvalue, vector);
  CHECK(cudaFreeAsync(product, main_stream));
  CHECK(cudaMemcpyAsync(found, eigenvalue, sizeof(double), cudaMemcpyDeviceToHost, main_stream));
  CHECK(cudaStreamEndCapture(main_stream, &graph));

  size_t nodes = 0;
  CHECK(cudaGraphGetNodes(graph, nullptr, &nodes));
  cudaGraphExec_t step;
  CHECK(cudaGraphInstantiate(&step, graph, 0));
  for (int i = 0; i < 40; ++i) CHECK(cudaGraphLaunch(step, main_stream));
  CHECK(cudaStreamSynchronize(main_stream));

  CHECK(cudaMemcpy(x.data(), vector, kSize * sizeof(double), cudaMemcpyDeviceToHost));
  const double eigen = *found;
  double worst = std::fabs(eigen - 4);
  for (int i = 0; i < kSize; ++i) worst = std::fmax(worst, std::fabs(x[i] - v[i]));
  CHECK(cudaGraphExecDestroy(step));
  CHECK(cudaGraphDestroy(graph));
  CHECK(cudaDeviceReset());
  std::printf("graph_capture: %s (%zu nodes, largest eigenvalue %.12f)\n", worst < 1e-9 && nodes == 7 ? "PASSED" : "FAILED", nodes, eigen);
  return worst < 1e-9 && nodes == 7 ? 0 : 1;
}
