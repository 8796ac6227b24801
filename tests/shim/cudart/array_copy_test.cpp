// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies to, from and between arrays, of every form.
#include <numeric>
#include <vector>

#include "api_test.h"

namespace {

constexpr size_t kWidth = 13, kHeight = 7, kRow = kWidth * sizeof(float), kCount = kWidth * kHeight;

class ArrayCopies : public RuntimeApi {
 protected:
  void SetUp() override {
    RuntimeApi::SetUp();
    ASSERT_CUDA(cudaMallocArray(&a_, &channel_, kWidth, kHeight));
    ASSERT_CUDA(cudaMallocArray(&b_, &channel_, kWidth, kHeight));
    std::iota(in_.begin(), in_.end(), 1.0f);
  }
  void TearDown() override {
    EXPECT_CUDA(cudaFreeArray(a_));
    EXPECT_CUDA(cudaFreeArray(b_));
    RuntimeApi::TearDown();
  }
  void fill(cudaArray_t array) {
    ASSERT_CUDA(cudaMemcpy2DToArray(array, 0, 0, in_.data(), kRow, kRow, kHeight, cudaMemcpyHostToDevice));
  }
  std::vector<float> back(cudaArray_t array) {
    std::vector<float> out(kCount);
    EXPECT_CUDA(cudaMemcpy2DFromArray(out.data(), kRow, array, 0, 0, kRow, kHeight, cudaMemcpyDeviceToHost));
    return out;
  }
  cudaChannelFormatDesc channel_ = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
  cudaArray_t a_ = nullptr, b_ = nullptr;
  std::vector<float> in_ = std::vector<float>(kCount);
};

TEST_F(ArrayCopies, RectanglesThereAndBack) {
  fill(a_);
  EXPECT_EQ(back(a_), in_);
  ASSERT_CUDA(cudaMemcpy2DArrayToArray(b_, 0, 0, a_, 0, 0, kRow, kHeight));
  EXPECT_EQ(back(b_), in_);
  const float patch[4] = {-1, -2, -3, -4};
  ASSERT_CUDA(cudaMemcpy2DToArray(b_, 3 * 4, 2, patch, 8, 8, 2, cudaMemcpyHostToDevice));
  std::vector<float> expected = in_;
  expected[2 * kWidth + 3] = -1;
  expected[2 * kWidth + 4] = -2;
  expected[3 * kWidth + 3] = -3;
  expected[3 * kWidth + 4] = -4;
  EXPECT_EQ(back(b_), expected);
  ASSERT_CUDA(cudaMemcpy2DArrayToArray(a_, 0, 6, b_, 3 * 4, 2, 8, 1));
  EXPECT_EQ(back(a_)[6 * kWidth], -1);
}

TEST_F(ArrayCopies, OnStreamsAndFromDeviceMemory) {
  cudaStream_t stream;
  float *device = nullptr;
  size_t pitch = 0;
  std::vector<float> out(kCount);
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaMallocPitch(reinterpret_cast<void **>(&device), &pitch, kRow, kHeight));
  ASSERT_CUDA(cudaMemcpy2DAsync(device, pitch, in_.data(), kRow, kRow, kHeight, cudaMemcpyHostToDevice, stream));
  ASSERT_CUDA(cudaMemcpy2DToArrayAsync(a_, 0, 0, device, pitch, kRow, kHeight, cudaMemcpyDeviceToDevice, stream));
  ASSERT_CUDA(cudaMemset2DAsync(device, pitch, 0, kRow, kHeight, stream));
  ASSERT_CUDA(cudaMemcpy2DFromArrayAsync(device, pitch, a_, 0, 0, kRow, kHeight, cudaMemcpyDefault, stream));
  ASSERT_CUDA(cudaMemcpy2DAsync(out.data(), kRow, device, pitch, kRow, kHeight, cudaMemcpyDeviceToHost, stream));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(out, in_);
  std::vector<float> source = in_;
  ASSERT_CUDA(cudaMemcpy2DToArrayAsync(b_, 0, 0, source.data(), kRow, kRow, kHeight, cudaMemcpyHostToDevice, stream));
  std::fill(source.begin(), source.end(), 0.0f);  // pageable: read before the call returned
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(back(b_), in_);
  EXPECT_CUDA(cudaFree(device));
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST_F(ArrayCopies, LinearFormsRunOverRows) {
  std::vector<float> out(kCount, 0.0f), expected(kCount, 0.0f);
  ASSERT_CUDA(cudaMemcpyToArray(a_, 0, 0, expected.data(), kCount * 4, cudaMemcpyHostToDevice));
  // From the tenth element of row 1: its end, two whole rows, the beginning of a fourth.
  ASSERT_CUDA(cudaMemcpyToArray(a_, 10 * 4, 1, in_.data(), 32 * 4, cudaMemcpyHostToDevice));
  std::copy_n(in_.begin(), 32, expected.begin() + kWidth + 10);
  EXPECT_EQ(back(a_), expected);
  ASSERT_CUDA(cudaMemcpyFromArray(out.data(), a_, 10 * 4, 1, 32 * 4, cudaMemcpyDeviceToHost));
  EXPECT_TRUE(std::equal(out.begin(), out.begin() + 32, in_.begin()));
  cudaChannelFormatDesc channel = channel_;
  cudaArray_t wide = nullptr;
  ASSERT_CUDA(cudaMallocArray(&wide, &channel, 5, 20));
  ASSERT_CUDA(cudaMemcpyArrayToArray(wide, 2 * 4, 0, a_, 10 * 4, 1, 32 * 4));
  std::vector<float> again(32);
  ASSERT_CUDA(cudaMemcpyFromArray(again.data(), wide, 2 * 4, 0, 32 * 4, cudaMemcpyDeviceToHost));
  EXPECT_TRUE(std::equal(again.begin(), again.end(), in_.begin()));
  cudaStream_t stream;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaMemcpyToArrayAsync(b_, 0, 0, in_.data(), kCount * 4, cudaMemcpyHostToDevice, stream));
  ASSERT_CUDA(cudaMemcpyFromArrayAsync(out.data(), b_, 0, 0, kCount * 4, cudaMemcpyDeviceToHost, stream));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(out, in_);
  EXPECT_CUDA_ERROR(cudaMemcpyToArray(a_, 4, 0, in_.data(), kCount * 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpyFromArray(out.data(), a_, 0, 8, 4, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpyToArray(a_, 0, 0, nullptr, 4, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_CUDA(cudaFreeArray(wide));
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST_F(ArrayCopies, BoxesCountElements) {
  constexpr size_t kX = 6, kY = 5, kZ = 4;
  cudaChannelFormatDesc pair = cudaCreateChannelDesc(32, 32, 0, 0, cudaChannelFormatKindSigned);
  cudaArray_t deep = nullptr, layers = nullptr;
  ASSERT_CUDA(cudaMalloc3DArray(&deep, &pair, cudaExtent{kX, kY, kZ}));
  ASSERT_CUDA(cudaMalloc3DArray(&layers, &pair, cudaExtent{kX, 0, 9}, cudaArrayLayered));
  std::vector<int> in(kX * kY * kZ * 2), out(in.size());
  std::iota(in.begin(), in.end(), 0);
  cudaMemcpy3DParms p{};
  p.srcPtr = cudaPitchedPtr{in.data(), kX * 8, kX, kY};
  p.dstArray = deep;
  p.extent = cudaExtent{kX, kY, kZ};
  p.kind = cudaMemcpyHostToDevice;
  ASSERT_CUDA(cudaMemcpy3D(&p));
  cudaMemcpy3DParms q{};
  q.srcArray = deep;
  q.dstPtr = cudaPitchedPtr{out.data(), kX * 8, kX, kY};
  q.extent = p.extent;
  q.kind = cudaMemcpyDeviceToHost;
  ASSERT_CUDA(cudaMemcpy3D(&q));
  EXPECT_EQ(out, in);
  // A column of a slice, from an element position in the array to a byte position in memory.
  std::fill(out.begin(), out.end(), -1);
  q.srcPos = cudaPos{2, 1, 3};
  q.dstPos = cudaPos{8, 0, 0};
  q.extent = cudaExtent{1, 3, 1};
  ASSERT_CUDA(cudaMemcpy3DAsync(&q, nullptr));
  ASSERT_CUDA(cudaDeviceSynchronize());
  for (size_t y = 0; y < 3; ++y) EXPECT_EQ(out[(y * kX + 1) * 2], in[((3 * kY + y + 1) * kX + 2) * 2]);
  // Rows of a depth become layers.
  cudaMemcpy3DParms r{};
  r.srcArray = deep;
  r.dstArray = layers;
  r.dstPos = cudaPos{0, 0, 5};
  r.extent = cudaExtent{kX, 1, kZ};
  r.kind = cudaMemcpyDeviceToDevice;
  ASSERT_CUDA(cudaMemcpy3D(&r));
  cudaMemcpy3DPeerParms peer{};
  peer.srcArray = layers;
  peer.srcPos = cudaPos{0, 0, 8};
  peer.dstArray = deep;
  peer.extent = cudaExtent{kX, 1, 1};
  ASSERT_CUDA(cudaMemcpy3DPeer(&peer));
  ASSERT_CUDA(cudaMemcpy3DPeerAsync(&peer, cudaStreamPerThread));
  ASSERT_CUDA(cudaStreamSynchronize(cudaStreamPerThread));
  q = {};
  q.srcArray = deep;
  q.dstPtr = cudaPitchedPtr{out.data(), kX * 8, kX, kY};
  q.extent = cudaExtent{kX, 1, 1};
  q.kind = cudaMemcpyDefault;
  ASSERT_CUDA(cudaMemcpy3D(&q));
  EXPECT_EQ(out[0], in[3 * kX * kY * 2]);

  r.dstPos.z = 6;
  EXPECT_CUDA_ERROR(cudaMemcpy3D(&r), cudaErrorInvalidValue);
  r.dstPos.z = 5;
  r.kind = cudaMemcpyHostToDevice;
  EXPECT_CUDA_ERROR(cudaMemcpy3D(&r), cudaErrorInvalidMemcpyDirection);
  r.kind = cudaMemcpyDeviceToDevice;
  r.dstArray = a_;  // elements of another size
  EXPECT_CUDA_ERROR(cudaMemcpy3D(&r), cudaErrorInvalidValue);
  r.dstArray = deep;
  r.dstPtr.ptr = out.data();
  EXPECT_CUDA_ERROR(cudaMemcpy3D(&r), cudaErrorInvalidValue);  // two destinations
  EXPECT_CUDA(cudaFreeArray(deep));
  EXPECT_CUDA(cudaFreeArray(layers));
}

TEST_F(ArrayCopies, WrongArgumentsAreErrors) {
  const auto h2d = cudaMemcpyHostToDevice;
  EXPECT_CUDA_ERROR(cudaMemcpy2DToArray(nullptr, 0, 0, in_.data(), kRow, kRow, 1, h2d), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy2DToArray(a_, 0, 0, nullptr, kRow, kRow, 1, h2d), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy2DToArray(a_, 4, 0, in_.data(), kRow, kRow, 1, h2d), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy2DToArray(a_, 0, 1, in_.data(), kRow, kRow, kHeight, h2d), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy2DToArray(a_, 2, 0, in_.data(), kRow, 8, 1, h2d), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy2DToArray(a_, 0, 0, in_.data(), 8, kRow, 2, h2d), cudaErrorInvalidPitchValue);
  EXPECT_CUDA_ERROR(cudaMemcpy2DToArray(a_, 0, 0, in_.data(), kRow, kRow, 1, cudaMemcpyDeviceToHost), cudaErrorInvalidMemcpyDirection);
  EXPECT_CUDA_ERROR(cudaMemcpy2DToArray(a_, 0, 0, in_.data(), kRow, kRow, 1, static_cast<cudaMemcpyKind>(9)),
                    cudaErrorInvalidMemcpyDirection);
  EXPECT_CUDA_ERROR(cudaMemcpy2DFromArray(in_.data(), kRow, a_, 0, 0, kRow, 1, h2d), cudaErrorInvalidMemcpyDirection);
  auto stale = reinterpret_cast<cudaArray_t>(&in_);
  EXPECT_CUDA_ERROR(cudaMemcpy2DArrayToArray(stale, 0, 0, a_, 0, 0, 4, 1), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaMemcpy2DToArray(a_, 0, 0, in_.data(), kRow, 0, 0, h2d));  // nothing to do
}

}  // namespace
