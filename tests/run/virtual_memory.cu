// A vector on the device that grows in place: addresses are reserved once, memory is mapped behind the end as it grows (cuMem*), and
// kernels and copies run over all of it.
#include <cuda.h>

#include "check.h"

#define DRIVER(call)                                                             \
  do {                                                                           \
    CUresult status_ = (call);                                                   \
    if (status_ != CUDA_SUCCESS) {                                               \
      std::printf("FAILED: %s:%d: %s: %d\n", __FILE__, __LINE__, #call, status_); \
      std::exit(1);                                                              \
    }                                                                            \
  } while (0)

class GrowingVector {
 public:
  GrowingVector() {
    int device = 0, supported = 0;
    CUDA(cudaGetDevice(&device));
    DRIVER(cuDeviceGetAttribute(&supported, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, device));
    EXPECT(supported == 1);
    prop_.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    prop_.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
    prop_.location.id = device;
    DRIVER(cuMemGetAllocationGranularity(&granularity_, &prop_, CU_MEM_ALLOC_GRANULARITY_MINIMUM));
    DRIVER(cuMemAddressReserve(&base_, kMost, 0, 0, 0));
  }
  ~GrowingVector() {
    DRIVER(cuMemUnmap(base_, size_));
    for (CUmemGenericAllocationHandle each : pieces_) DRIVER(cuMemRelease(each));
    DRIVER(cuMemAddressFree(base_, kMost));
  }
  void grow(size_t bytes) {
    size_t more = (bytes - size_ + granularity_ - 1) / granularity_ * granularity_;
    CUmemGenericAllocationHandle piece;
    DRIVER(cuMemCreate(&piece, more, &prop_, 0));
    DRIVER(cuMemMap(base_ + size_, more, 0, piece, 0));
    CUmemAccessDesc access{prop_.location, CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
    DRIVER(cuMemSetAccess(base_ + size_, more, &access, 1));
    pieces_.push_back(piece);
    size_ += more;
  }
  unsigned *data() const { return reinterpret_cast<unsigned *>(base_); }
  size_t bytes() const { return size_; }

 private:
  static constexpr size_t kMost = size_t{1} << 36;
  CUmemAllocationProp prop_{};
  size_t granularity_ = 0, size_ = 0;
  CUdeviceptr base_ = 0;
  std::vector<CUmemGenericAllocationHandle> pieces_;
};

__global__ void number(unsigned *out, size_t from, size_t to) {
  for (size_t i = from + blockIdx.x * blockDim.x + threadIdx.x; i < to; i += gridDim.x * blockDim.x) out[i] = static_cast<unsigned>(i * 2654435761u);
}

int main() {
  CUDA(cudaFree(nullptr));
  size_t before = 0, after = 0, total = 0;
  CUDA(cudaMemGetInfo(&before, &total));
  {
    GrowingVector vector;
    unsigned *start = vector.data();
    size_t filled = 0;
    for (size_t bytes : {size_t{1} << 20, size_t{5} << 20, size_t{17} << 20, size_t{33} << 20}) {
      vector.grow(bytes);
      EXPECT(vector.data() == start);
      size_t count = vector.bytes() / sizeof(unsigned);
      number<<<64, 256>>>(vector.data(), filled, count);
      CUDA(cudaGetLastError());
      filled = count;
      std::vector<unsigned> got(count), want(count);
      for (size_t i = 0; i < count; ++i) want[i] = static_cast<unsigned>(i * 2654435761u);
      CUDA(cudaMemcpy(got.data(), vector.data(), vector.bytes(), cudaMemcpyDeviceToHost));
      expect_same("vector", got, want, count);
    }
    CUDA(cudaMemGetInfo(&after, &total));
    EXPECT(before - after == vector.bytes());
    cudaPointerAttributes about{};
    CUDA(cudaPointerGetAttributes(&about, vector.data() + 1000));
    EXPECT(about.type == cudaMemoryTypeDevice && about.devicePointer == vector.data() + 1000);
    // Beyond the end: an error of the copy, not a crash.
    EXPECT(cudaMemset(vector.data(), 0, vector.bytes() + 1) == cudaErrorInvalidValue);
    (void)cudaGetLastError();
  }
  CUDA(cudaMemGetInfo(&after, &total));
  EXPECT(before == after);
  return finish("virtual_memory");
}
