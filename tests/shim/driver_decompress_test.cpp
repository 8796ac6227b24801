// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Batches of compressed pieces through the driver API, packed by the libraries of the formats.
#include <cuda.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <snappy-c.h>
#include <zlib.h>

#include <cstring>
#include <string>
#include <vector>

#include "fixture.h"

namespace {

constexpr size_t kRoom = size_t{1} << 20;

std::string someText() {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i * i % 997) + "\n";
  return text;
}

std::string deflated(const std::string &text) {
  std::string packed(compressBound(text.size()), 0);
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string snapped(const std::string &text) {
  size_t bytes = snappy_max_compressed_length(text.size());
  std::string packed(bytes, 0);
  EXPECT_EQ(snappy_compress(text.data(), text.size(), packed.data(), &bytes), SNAPPY_OK);
  packed.resize(bytes);
  return packed;
}

std::string lz4ed(const std::string &text) {
  std::string packed(static_cast<size_t>(LZ4_compressBound(static_cast<int>(text.size()))), 0);
  packed.resize(static_cast<size_t>(LZ4_compress_default(text.data(), packed.data(), static_cast<int>(text.size()), static_cast<int>(packed.size()))));
  return packed;
}

class DriverDecompress : public shim_test::WithContext {
 protected:
  void SetUp() override {
    WithContext::SetUp();
    ASSERT_EQ(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc(&from, kRoom), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc(&to, kRoom), CUDA_SUCCESS);
    ASSERT_EQ(cuMemAlloc(&counts, 64), CUDA_SUCCESS);
    ASSERT_EQ(cuMemsetD8(counts, 0xff, 64), CUDA_SUCCESS);
  }
  // One operation; its source lies at `used`, its destination at a quarter of the room.
  CUmemDecompressParams operation(const std::string &packed, CUmemDecompressAlgorithm algorithm) {
    EXPECT_EQ(cuMemcpyHtoD(from + used, packed.data(), packed.size()), CUDA_SUCCESS);
    CUmemDecompressParams params{};
    params.src = reinterpret_cast<void *>(from + used);
    params.srcNumBytes = packed.size();
    params.dst = reinterpret_cast<void *>(to + made * (kRoom / 4));
    params.dstActBytes = reinterpret_cast<cuuint32_t *>(counts + made * 4);
    params.algo = algorithm;
    used += packed.size();
    ++made;
    return params;
  }
  std::string unpacked(size_t index) {
    cuuint32_t count = 0;
    EXPECT_EQ(cuMemcpyDtoH(&count, counts + index * 4, 4), CUDA_SUCCESS);
    std::string text(count, 0);
    EXPECT_LE(count, kRoom / 4);
    if (count <= kRoom / 4) EXPECT_EQ(cuMemcpyDtoH(text.data(), to + index * (kRoom / 4), count), CUDA_SUCCESS);
    return text;
  }
  CUstream stream = nullptr;
  CUdeviceptr from = 0, to = 0, counts = 0;
  size_t used = 0, made = 0;
};

TEST_F(DriverDecompress, AllFormatsInOneBatch) {
  int mask = 0, most = 0;
  EXPECT_EQ(cuDeviceGetAttribute(&mask, CU_DEVICE_ATTRIBUTE_MEM_DECOMPRESS_ALGORITHM_MASK, 0), CUDA_SUCCESS);
  EXPECT_EQ(cuDeviceGetAttribute(&most, CU_DEVICE_ATTRIBUTE_MEM_DECOMPRESS_MAXIMUM_LENGTH, 0), CUDA_SUCCESS);
  EXPECT_EQ(mask, CU_MEM_DECOMPRESS_ALGORITHM_DEFLATE | CU_MEM_DECOMPRESS_ALGORITHM_SNAPPY | CU_MEM_DECOMPRESS_ALGORITHM_LZ4);
  EXPECT_GT(most, 4 << 20);
  const std::string text = someText();
  std::vector<CUmemDecompressParams> batch{operation(deflated(text), CU_MEM_DECOMPRESS_ALGORITHM_DEFLATE),
                                           operation(snapped(text), CU_MEM_DECOMPRESS_ALGORITHM_SNAPPY),
                                           operation(lz4ed(text), CU_MEM_DECOMPRESS_ALGORITHM_LZ4),
                                           operation(lz4ed("short"), CU_MEM_DECOMPRESS_ALGORITHM_LZ4)};
  batch[1].dstNumBytes = text.size();
  // In the stream's order: behind a wait.
  unsigned *word = nullptr;
  ASSERT_EQ(cuMemHostAlloc(reinterpret_cast<void **>(&word), 64, CU_MEMHOSTALLOC_DEVICEMAP), CUDA_SUCCESS);
  *word = 0;
  ASSERT_EQ(cuStreamWaitValue32(stream, reinterpret_cast<CUdeviceptr>(word), 1, CU_STREAM_WAIT_VALUE_EQ), CUDA_SUCCESS);
  size_t failed = 7;
  ASSERT_EQ(cuMemBatchDecompressAsync(batch.data(), batch.size(), 0, &failed, stream), CUDA_SUCCESS);
  EXPECT_EQ(cuStreamQuery(stream), CUDA_ERROR_NOT_READY);
  __atomic_store_n(word, 1u, __ATOMIC_RELEASE);
  ASSERT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(unpacked(0), text);
  EXPECT_EQ(unpacked(1), text);
  EXPECT_EQ(unpacked(2), text);
  EXPECT_EQ(unpacked(3), "short");
  EXPECT_EQ(cuMemFreeHost(word), CUDA_SUCCESS);
}

TEST_F(DriverDecompress, WrongArgumentsSayWhich) {
  CUdeviceptr managed = 0;
  void *pinned = nullptr;
  ASSERT_EQ(cuMemAllocManaged(&managed, 4096, CU_MEM_ATTACH_GLOBAL), CUDA_SUCCESS);
  ASSERT_EQ(cuMemAllocHost(&pinned, 4096), CUDA_SUCCESS);
  for (auto [address, capable] : {std::pair{to, 1u}, {managed, 0u}, {reinterpret_cast<CUdeviceptr>(pinned), 0u}}) {
    unsigned is = 9;
    EXPECT_EQ(cuPointerGetAttribute(&is, CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE, address), CUDA_SUCCESS);
    EXPECT_EQ(is, capable);
  }
  std::vector<CUmemDecompressParams> good{operation(lz4ed("one"), CU_MEM_DECOMPRESS_ALGORITHM_LZ4), operation(lz4ed("two"), CU_MEM_DECOMPRESS_ALGORITHM_LZ4)};
  size_t failed = 0;
  auto wrong = [&](auto &&change) {
    std::vector<CUmemDecompressParams> batch = good;
    change(batch[1]);
    EXPECT_EQ(cuMemBatchDecompressAsync(batch.data(), 2, 0, &failed, stream), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(failed, 1u);
    EXPECT_EQ(cuMemBatchDecompressAsync(batch.data(), 2, 0, nullptr, stream), CUDA_ERROR_INVALID_VALUE);
  };
  wrong([](auto &p) { p.src = nullptr; });
  wrong([](auto &p) { p.dst = nullptr; });
  wrong([](auto &p) { p.dstActBytes = nullptr; });
  wrong([](auto &p) { p.srcNumBytes = 0; });
  wrong([](auto &p) { p.srcNumBytes = kRoom + 1; });
  wrong([](auto &p) { p.dstNumBytes = kRoom; });
  wrong([](auto &p) { p.algo = CU_MEM_DECOMPRESS_UNSUPPORTED; });
  wrong([](auto &p) { p.algo = static_cast<CUmemDecompressAlgorithm>(3); });
  wrong([](auto &p) { p.padding[19] = 1; });
  wrong([&](auto &p) { p.dst = reinterpret_cast<void *>(managed); });
  wrong([&](auto &p) { p.dst = pinned; });
  wrong([](auto &p) { p.dstActBytes = reinterpret_cast<cuuint32_t *>(reinterpret_cast<char *>(p.dstActBytes) + 1); });
  EXPECT_EQ(cuMemBatchDecompressAsync(nullptr, 2, 0, &failed, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(failed, SIZE_MAX);
  EXPECT_EQ(cuMemBatchDecompressAsync(good.data(), 0, 0, nullptr, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemBatchDecompressAsync(good.data(), 2, 1, nullptr, stream), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuMemBatchDecompressAsync(good.data(), 2, 0, nullptr, shim_test::garbage<CUstream>()), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuStreamQuery(stream), CUDA_SUCCESS) << "nothing was submitted";
  EXPECT_EQ(cuMemFree(managed), CUDA_SUCCESS);
  EXPECT_EQ(cuMemFreeHost(pinned), CUDA_SUCCESS);
}

// What cannot be unpacked is a fault, as there is nowhere else to say it; its neighbours are whole.
class DriverDecompressFaults : public DriverDecompress {
 protected:
  void TearDown() override { cuCtxDestroy(context); }
  void fails(CUmemDecompressParams bad) {
    std::vector<CUmemDecompressParams> batch{bad, operation(snapped("whole"), CU_MEM_DECOMPRESS_ALGORITHM_SNAPPY)};
    ASSERT_EQ(cuMemBatchDecompressAsync(batch.data(), 2, 0, nullptr, stream), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamSynchronize(stream), CUDA_ERROR_LAUNCH_FAILED);
    EXPECT_EQ(std::memcmp(batch[1].dst, "whole", 5), 0);  // the host reaches it
  }
};

TEST_F(DriverDecompressFaults, DamagedData) {
  std::string packed = lz4ed(someText());
  packed.resize(packed.size() / 2);
  fails(operation(packed, CU_MEM_DECOMPRESS_ALGORITHM_LZ4));
}

TEST_F(DriverDecompressFaults, AnotherFormat) { fails(operation(std::string(100, '\xff'), CU_MEM_DECOMPRESS_ALGORITHM_DEFLATE)); }

TEST_F(DriverDecompressFaults, TooLittleRoom) {
  CUmemDecompressParams params = operation(snapped(someText()), CU_MEM_DECOMPRESS_ALGORITHM_SNAPPY);
  params.dst = reinterpret_cast<void *>(to + kRoom - 100);
  fails(params);
}

}  // namespace
