// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensor maps through the driver API: what each argument may be (driver API, 6.30).
#include <cuda.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "fixture.h"

namespace {

struct DriverTensorMap : shim_test::WithContext {
  struct Tiled {
    CUtensorMapDataType type = CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
    cuuint32_t rank = 3;
    uintptr_t address = 0x1000;
    cuuint64_t sizes[5] = {128, 64, 32, 1, 1}, strides[4] = {256, 256 * 64, 16, 16};
    cuuint32_t box[5] = {64, 8, 2, 1, 1}, steps[5] = {1, 1, 1, 1, 1};
    CUtensorMapInterleave interleave = CU_TENSOR_MAP_INTERLEAVE_NONE;
    CUtensorMapSwizzle swizzle = CU_TENSOR_MAP_SWIZZLE_128B;
    CUtensorMapL2promotion promotion = CU_TENSOR_MAP_L2_PROMOTION_L2_128B;
    CUtensorMapFloatOOBfill fill = CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE;
    CUresult encode(CUtensorMap *map) const {
      return cuTensorMapEncodeTiled(map, type, rank, reinterpret_cast<void *>(address), sizes, strides, box, steps, interleave, swizzle,
                                    promotion, fill);
    }
  };
  struct Im2col : Tiled {
    int lower[3] = {-1, 0, 0}, upper[3] = {1, -2, 0};
    cuuint32_t channels = 64, pixels = 128;
    Im2col() { rank = 4; }
    CUresult encode(CUtensorMap *map) const {
      return cuTensorMapEncodeIm2col(map, type, rank, reinterpret_cast<void *>(address), sizes, strides, lower, upper, channels, pixels, steps,
                                     interleave, swizzle, promotion, fill);
    }
  };
  template <class Request>
  CUresult with(std::function<void(Request &)> change) {
    Request request;
    change(request);
    return request.encode(&map);
  }
  CUtensorMap map;
};

TEST_F(DriverTensorMap, TiledChecksItsArguments) {
  using T = Tiled;
  EXPECT_EQ(with<T>([](T &) {}), CUDA_SUCCESS);
  EXPECT_EQ(T().encode(nullptr), CUDA_ERROR_INVALID_VALUE);
  alignas(128) char bytes[256];
  EXPECT_EQ(T().encode(reinterpret_cast<CUtensorMap *>(bytes + 16)), CUDA_ERROR_INVALID_VALUE);
  const std::function<void(T &)> wrong[] = {
      [](T &t) { t.type = CUtensorMapDataType(99); },
      [](T &t) { t.rank = 0; },
      [](T &t) { t.rank = 6; },
      [](T &t) { t.address += 8; },
      [](T &t) { t.sizes[1] = 0; },
      [](T &t) { t.sizes[2] = (1ull << 32) + 1; },
      [](T &t) { t.strides[0] = 264; },
      [](T &t) { t.strides[1] = 1ull << 40; },
      [](T &t) { t.box[1] = 0; },
      [](T &t) { t.box[2] = 257; },
      [](T &t) { t.box[0] = 65; },   // 130 bytes
      [](T &t) { t.box[0] = 72; },   // wider than the swizzle
      [](T &t) { t.box[0] = 63; },   // no multiple of 16 bytes
      [](T &t) { t.steps[1] = 0; },
      [](T &t) { t.steps[2] = 9; },
      [](T &t) { t.swizzle = CUtensorMapSwizzle(7); },
      [](T &t) { t.swizzle = CU_TENSOR_MAP_SWIZZLE_64B; },
      [](T &t) { t.promotion = CUtensorMapL2promotion(4); },
      [](T &t) { t.fill = CUtensorMapFloatOOBfill(2); },
      [](T &t) { t.type = CU_TENSOR_MAP_DATA_TYPE_UINT16, t.fill = CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA; },
      [](T &t) { t.interleave = CUtensorMapInterleave(3); },
      [](T &t) { t.interleave = CU_TENSOR_MAP_INTERLEAVE_32B; },  // which goes with the swizzle of 32 bytes only
  };
  for (size_t i = 0; i < std::size(wrong); ++i) EXPECT_EQ(with<T>(wrong[i]), CUDA_ERROR_INVALID_VALUE) << i;
  EXPECT_EQ(with<T>([](T &t) { t.sizes[2] = 1ull << 32; }), CUDA_SUCCESS);
  EXPECT_EQ(with<T>([](T &t) { t.steps[0] = 77; }), CUDA_SUCCESS);  // dimension 0 has no steps
  EXPECT_EQ(with<T>([](T &t) { t.fill = CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA; }), CUDA_SUCCESS);
  EXPECT_EQ(with<T>([](T &t) { t.swizzle = CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B; }), CUDA_SUCCESS);
  for (CUtensorMapDataType type : {CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN8B, CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B})
    EXPECT_EQ(with<T>([&](T &t) { t.type = type; }), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(with<T>([](T &t) { t.interleave = CU_TENSOR_MAP_INTERLEAVE_16B; }), CUDA_ERROR_NOT_SUPPORTED);
}

TEST_F(DriverTensorMap, Im2colChecksItsCorners) {
  using T = Im2col;
  EXPECT_EQ(with<T>([](T &) {}), CUDA_SUCCESS);
  const std::function<void(T &)> wrong[] = {
      [](T &t) { t.rank = 2; },
      [](T &t) { t.lower[0] = -129; },
      [](T &t) { t.upper[1] = 128; },
      [](T &t) { t.sizes[1] = 3, t.lower[0] = 2, t.upper[0] = -1; },  // an empty box
      [](T &t) { t.channels = 0; },
      [](T &t) { t.channels = 257; },
      [](T &t) { t.pixels = 0; },
      [](T &t) { t.pixels = 1025; },
  };
  for (size_t i = 0; i < std::size(wrong); ++i) EXPECT_EQ(with<T>(wrong[i]), CUDA_ERROR_INVALID_VALUE) << i;
  EXPECT_EQ(with<T>([](T &t) { t.rank = 3, t.lower[0] = -32768; }), CUDA_SUCCESS);
  EXPECT_EQ(with<T>([](T &t) { t.rank = 5, t.lower[2] = -17; }), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTensorMap, TheAddressCanBeReplaced) {
  ASSERT_EQ(Tiled().encode(&map), CUDA_SUCCESS);
  CUtensorMap other;
  Tiled request;
  request.address = 0x7000;
  ASSERT_EQ(request.encode(&other), CUDA_SUCCESS);
  EXPECT_NE(std::memcmp(&map, &other, sizeof map), 0);
  EXPECT_EQ(cuTensorMapReplaceAddress(&map, reinterpret_cast<void *>(0x7000)), CUDA_SUCCESS);
  EXPECT_EQ(std::memcmp(&map, &other, sizeof map), 0);
  EXPECT_EQ(cuTensorMapReplaceAddress(&map, reinterpret_cast<void *>(0x7008)), CUDA_ERROR_INVALID_VALUE);
  std::memset(static_cast<void *>(&map), 0, sizeof map);
  EXPECT_EQ(cuTensorMapReplaceAddress(&map, reinterpret_cast<void *>(0x7000)), CUDA_ERROR_INVALID_VALUE);
}

}  // namespace
