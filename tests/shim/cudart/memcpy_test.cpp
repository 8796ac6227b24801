// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies and fills of every form, also wrong ones.
#include <cstring>
#include <numeric>
#include <vector>

#include "api_test.h"

namespace {

class Copies : public RuntimeApi {
 protected:
  void SetUp() override {
    RuntimeApi::SetUp();
    ASSERT_CUDA(cudaMalloc(reinterpret_cast<void **>(&a_), kSize));
    ASSERT_CUDA(cudaMalloc(reinterpret_cast<void **>(&b_), kSize));
    host_.resize(kSize);
    std::iota(host_.begin(), host_.end(), 0);
  }
  void TearDown() override {
    EXPECT_CUDA(cudaFree(a_));
    EXPECT_CUDA(cudaFree(b_));
    RuntimeApi::TearDown();
  }
  std::vector<unsigned char> back(const void *device, size_t size) {
    std::vector<unsigned char> out(size);
    EXPECT_CUDA(cudaMemcpy(out.data(), device, size, cudaMemcpyDeviceToHost));
    return out;
  }

  static constexpr size_t kSize = 1 << 16;
  unsigned char *a_ = nullptr, *b_ = nullptr;
  std::vector<unsigned char> host_;
};

TEST_F(Copies, ThereAndBackThroughTheDevice) {
  ASSERT_CUDA(cudaMemcpy(a_, host_.data(), kSize, cudaMemcpyHostToDevice));
  ASSERT_CUDA(cudaMemcpy(b_, a_, kSize, cudaMemcpyDeviceToDevice));
  EXPECT_EQ(back(b_, kSize), host_);
}

TEST_F(Copies, DefaultInfersTheDirection) {
  std::vector<unsigned char> out(kSize);
  ASSERT_CUDA(cudaMemcpy(a_, host_.data(), kSize, cudaMemcpyDefault));
  ASSERT_CUDA(cudaMemcpy(b_, a_, kSize, cudaMemcpyDefault));
  ASSERT_CUDA(cudaMemcpy(out.data(), b_, kSize, cudaMemcpyDefault));
  EXPECT_EQ(out, host_);
  std::vector<unsigned char> other(kSize);
  ASSERT_CUDA(cudaMemcpy(other.data(), out.data(), kSize, cudaMemcpyHostToHost));
  EXPECT_EQ(other, host_);
}

TEST_F(Copies, PageableSourcesMayChangeAfterAnAsyncCopyReturned) {
  cudaStream_t stream;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  std::vector<unsigned char> source = host_;
  ASSERT_CUDA(cudaMemcpyAsync(a_, source.data(), kSize, cudaMemcpyHostToDevice, stream));
  std::fill(source.begin(), source.end(), 0xee);
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(back(a_, kSize), host_);
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST_F(Copies, NothingToDoIsNoError) {
  EXPECT_CUDA(cudaMemcpy(nullptr, nullptr, 0, cudaMemcpyHostToDevice));
  EXPECT_CUDA(cudaMemset(nullptr, 0, 0));
  EXPECT_CUDA(cudaMemcpy2D(a_, 100, b_, 100, 0, 10, cudaMemcpyDeviceToDevice));
}

TEST_F(Copies, WrongArgumentsAreErrors) {
  EXPECT_CUDA_ERROR(cudaMemcpy(a_, nullptr, 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy(nullptr, host_.data(), 16, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy(a_, host_.data(), 16, static_cast<cudaMemcpyKind>(7)), cudaErrorInvalidMemcpyDirection);
  EXPECT_CUDA_ERROR(cudaMemset(nullptr, 0, 16), cudaErrorInvalidValue);
  auto stale = reinterpret_cast<cudaStream_t>(host_.data());
  EXPECT_CUDA_ERROR(cudaMemcpyAsync(a_, host_.data(), 16, cudaMemcpyHostToDevice, stale),
                    cudaErrorInvalidResourceHandle);
}

TEST_F(Copies, BeyondTheAllocationIsAnError) {
  EXPECT_CUDA_ERROR(cudaMemcpy(a_, host_.data(), kSize + 4096, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemcpy(host_.data(), a_ + 1, kSize, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaMemset(a_ + 1, 0, kSize), cudaErrorInvalidValue);
}

TEST_F(Copies, TheWrongSideIsAnError) {
  EXPECT_CUDA_ERROR(cudaMemcpy(host_.data(), host_.data() + 64, 64, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
}

TEST_F(Copies, FillsBytes) {
  ASSERT_CUDA(cudaMemset(a_, 0x1ab, kSize));  // the value's low byte
  ASSERT_CUDA(cudaMemset(a_ + 3, 0x11, 5));
  std::vector<unsigned char> expected(kSize, 0xab);
  std::fill_n(expected.begin() + 3, 5, 0x11);
  EXPECT_EQ(back(a_, kSize), expected);
}

TEST_F(Copies, RectanglesLeaveTheRestAlone) {
  constexpr size_t kPitch = 128, kWidth = 50, kHeight = 20;
  ASSERT_CUDA(cudaMemset(a_, 0, kSize));
  ASSERT_CUDA(cudaMemcpy2D(a_ + 5, kPitch, host_.data(), kWidth, kWidth, kHeight, cudaMemcpyHostToDevice));
  std::vector<unsigned char> got = back(a_, kSize), expected(kSize, 0);
  for (size_t y = 0; y < kHeight; y++) std::memcpy(&expected[5 + y * kPitch], &host_[y * kWidth], kWidth);
  EXPECT_EQ(got, expected);
  std::vector<unsigned char> round(kWidth * kHeight);
  ASSERT_CUDA(cudaMemcpy2D(round.data(), kWidth, a_ + 5, kPitch, kWidth, kHeight, cudaMemcpyDeviceToHost));
  EXPECT_TRUE(std::equal(round.begin(), round.end(), host_.begin()));
  EXPECT_CUDA_ERROR(cudaMemcpy2D(a_, 10, b_, 100, 50, 2, cudaMemcpyDeviceToDevice), cudaErrorInvalidPitchValue);
  EXPECT_CUDA_ERROR(cudaMemset2D(a_, 10, 0, 50, 2), cudaErrorInvalidPitchValue);
}

TEST_F(Copies, BoxesWithOffsets) {
  constexpr size_t kX = 32, kY = 8, kZ = 4;
  cudaMemcpy3DParms p{};
  p.srcPtr = cudaPitchedPtr{host_.data(), kX, kX, kY};
  p.dstPtr = cudaPitchedPtr{a_, 64, 64, 16};
  p.dstPos = cudaPos{3, 2, 1};
  p.extent = cudaExtent{kX, kY, kZ};
  p.kind = cudaMemcpyHostToDevice;
  ASSERT_CUDA(cudaMemset(a_, 0, kSize));
  ASSERT_CUDA(cudaMemcpy3D(&p));
  std::vector<unsigned char> expected(kSize, 0);
  for (size_t z = 0; z < kZ; z++)
    for (size_t y = 0; y < kY; y++)
      std::memcpy(&expected[((z + 1) * 16 + y + 2) * 64 + 3], &host_[(z * kY + y) * kX], kX);
  EXPECT_EQ(back(a_, kSize), expected);

  p.dstPos.x = 40;  // 40 + 32 > 64
  EXPECT_CUDA_ERROR(cudaMemcpy3D(&p), cudaErrorInvalidPitchValue);
  EXPECT_CUDA_ERROR(cudaMemcpy3D(nullptr), cudaErrorInvalidValue);
}

TEST_F(Copies, BetweenDevicesChecksTheNumbers) {
  ASSERT_CUDA(cudaMemcpy(a_, host_.data(), kSize, cudaMemcpyHostToDevice));
  ASSERT_CUDA(cudaMemcpyPeer(b_, 0, a_, 0, kSize));
  EXPECT_EQ(back(b_, kSize), host_);
  EXPECT_CUDA_ERROR(cudaMemcpyPeer(b_, 0, a_, 42, kSize), cudaErrorInvalidDevice);
}

}  // namespace
