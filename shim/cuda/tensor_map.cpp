// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CUtensorMap: 128 bytes of our own layout (cutrans/transactions.h), checked by the rules of the driver API's section 6.30.
// Interleaved layouts, the packed types and the wide im2col mode are refused: the manual does not say where such elements
// lie, or devices of compute capability 9.0 do not have them.
#include <cstring>

#include "bodies.h"
#include "cutrans/transactions.h"

static_assert(sizeof(ct_tensor_map) == sizeof(CUtensorMap));

namespace cutrans::driver {

namespace {

struct ElementType {
  uint8_t code, bytes;
  bool is_float;
};

// By CUtensorMapDataType.
constexpr ElementType Elements[] = {
    {CT_ELEMENT_U8, 1, false},  {CT_ELEMENT_U16, 2, false}, {CT_ELEMENT_U32, 4, false}, {CT_ELEMENT_S32, 4, false},
    {CT_ELEMENT_U64, 8, false}, {CT_ELEMENT_S64, 8, false}, {CT_ELEMENT_F16, 2, true},  {CT_ELEMENT_F32, 4, true},
    {CT_ELEMENT_F64, 8, true},  {CT_ELEMENT_BF16, 2, true}, {CT_ELEMENT_F32_FTZ, 4, true},
    {CT_ELEMENT_TF32, 4, true}, {CT_ELEMENT_TF32_FTZ, 4, true},
};

struct Swizzle {
  uint8_t mode, atomicity;
  unsigned span;  // bytes, 0: none
};

// By CUtensorMapSwizzle.
constexpr Swizzle Swizzles[] = {
    {CT_SWIZZLE_NONE, CT_SWIZZLE_ATOM_16B, 0},
    {CT_SWIZZLE_32B, CT_SWIZZLE_ATOM_16B, 32},
    {CT_SWIZZLE_64B, CT_SWIZZLE_ATOM_16B, 64},
    {CT_SWIZZLE_128B, CT_SWIZZLE_ATOM_16B, 128},
    {CT_SWIZZLE_128B, CT_SWIZZLE_ATOM_32B, 128},
    {CT_SWIZZLE_128B, CT_SWIZZLE_ATOM_32B_FLIP_8B, 128},
    {CT_SWIZZLE_128B, CT_SWIZZLE_ATOM_64B, 128},
};

bool aligned(const void *address, uintptr_t to) {
  return reinterpret_cast<uintptr_t>(address) % to == 0;
}

template <class Enum, size_t Count>
bool isOf(const auto (&)[Count], Enum value) {
  return static_cast<unsigned>(value) < Count;
}

// What the three ways of making a map have in common.
struct Request {
  CUtensorMap *out;
  CUtensorMapDataType type;
  cuuint32_t rank, least_rank;
  void *address;
  const cuuint64_t *sizes, *strides;
  const cuuint32_t *element_strides;
  CUtensorMapInterleave interleave;
  CUtensorMapSwizzle swizzle;
  CUtensorMapL2promotion promotion;
  CUtensorMapFloatOOBfill fill;
};

// `row`: elements of a row of the box.
CUresult describe(Call &call, const Request &request, cuuint32_t row, ct_tensor_map &map) {
  if (!request.out || !aligned(request.out, 64) || !request.sizes || !request.element_strides) return CUDA_ERROR_INVALID_VALUE;
  if (request.rank < request.least_rank || request.rank > 5 || (request.rank > 1 && !request.strides)) return CUDA_ERROR_INVALID_VALUE;
  switch (request.type) {
    case CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN8B:
    case CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN16B:
    case CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B:
      return call.refuse("tensors of packed numbers of 4 or 6 bits", Diag::api_tensor_maps);
    default:
      if (!isOf(Elements, request.type)) return CUDA_ERROR_INVALID_VALUE;
  }
  if (request.interleave != CU_TENSOR_MAP_INTERLEAVE_NONE) {
    const bool wide = request.interleave == CU_TENSOR_MAP_INTERLEAVE_32B;
    if ((!wide && request.interleave != CU_TENSOR_MAP_INTERLEAVE_16B) || request.rank < 3 ||
        (wide && request.swizzle != CU_TENSOR_MAP_SWIZZLE_32B))
      return CUDA_ERROR_INVALID_VALUE;
    return call.refuse("interleaved tensors", Diag::api_tensor_maps);
  }
  const ElementType element = Elements[request.type];
  if (!isOf(Swizzles, request.swizzle) || static_cast<unsigned>(request.promotion) > CU_TENSOR_MAP_L2_PROMOTION_L2_256B)
    return CUDA_ERROR_INVALID_VALUE;
  const Swizzle swizzle = Swizzles[request.swizzle];
  if (!aligned(request.address, 16)) return CUDA_ERROR_INVALID_VALUE;
  if (row == 0 || row > 256 || row * element.bytes % 16) return CUDA_ERROR_INVALID_VALUE;
  if (swizzle.span && row * element.bytes > swizzle.span) return CUDA_ERROR_INVALID_VALUE;
  const bool fills = request.fill == CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA;
  if ((!fills && request.fill != CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) || (fills && !element.is_float)) return CUDA_ERROR_INVALID_VALUE;
  map = {};
  for (cuuint32_t i = 0; i < request.rank; ++i) {
    if (request.sizes[i] == 0 || request.sizes[i] > uint64_t{1} << 32) return CUDA_ERROR_INVALID_VALUE;
    map.sizes[i] = static_cast<uint32_t>(request.sizes[i]);  // 2^32 is kept as 0
    // Dimension 0 has no steps.
    const cuuint32_t stride = i ? request.element_strides[i] : 1;
    if (stride == 0 || stride > 8) return CUDA_ERROR_INVALID_VALUE;
    map.element_strides[i] = static_cast<uint8_t>(stride);
    if (i + 1 == request.rank) break;
    if (request.strides[i] % 16 || request.strides[i] >= uint64_t{1} << 40) return CUDA_ERROR_INVALID_VALUE;
    map.strides[i] = request.strides[i];
  }
  for (cuuint32_t i = request.rank; i < 5; ++i) map.element_strides[i] = 1;
  map.address = reinterpret_cast<uintptr_t>(request.address);
  map.magic = CT_TENSOR_MAP_MAGIC;
  map.rank = static_cast<uint8_t>(request.rank - 1);
  map.element = element.code;
  map.swizzle = swizzle.mode;
  map.atomicity = swizzle.atomicity;
  map.fill = fills ? CT_FILL_NAN : CT_FILL_ZERO;
  map.promotion = static_cast<uint8_t>(request.promotion);
  return CUDA_SUCCESS;
}

}  // namespace

CUresult body::cuTensorMapEncodeTiled(Call &call, CUtensorMap *tensorMap, CUtensorMapDataType type, cuuint32_t rank, void *address,
                                const cuuint64_t *sizes, const cuuint64_t *strides, const cuuint32_t *box,
                                const cuuint32_t *elementStrides, CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
                                CUtensorMapL2promotion promotion, CUtensorMapFloatOOBfill fill) {
  if (!box || rank == 0 || rank > 5) return CUDA_ERROR_INVALID_VALUE;
  ct_tensor_map map;
  const CUresult wrong = describe(
      call, {tensorMap, type, rank, 1, address, sizes, strides, elementStrides, interleave, swizzle, promotion, fill}, box[0], map);
  if (wrong != CUDA_SUCCESS) return wrong;
  map.mode = CT_TENSOR_TILED;
  for (cuuint32_t i = 0; i < rank; ++i) {
    if (box[i] == 0 || box[i] > 256) return CUDA_ERROR_INVALID_VALUE;
    map.box[i] = static_cast<uint16_t>(box[i]);
  }
  std::memcpy(tensorMap, &map, sizeof map);
  return CUDA_SUCCESS;
}

CUresult body::cuTensorMapEncodeIm2col(Call &call, CUtensorMap *tensorMap, CUtensorMapDataType type, cuuint32_t rank, void *address,
                                 const cuuint64_t *sizes, const cuuint64_t *strides, const int *lower, const int *upper,
                                 cuuint32_t channels, cuuint32_t pixels, const cuuint32_t *elementStrides,
                                 CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion,
                                 CUtensorMapFloatOOBfill fill) {
  if (!lower || !upper || pixels == 0 || pixels > 1024) return CUDA_ERROR_INVALID_VALUE;
  ct_tensor_map map;
  const CUresult wrong = describe(
      call, {tensorMap, type, rank, 3, address, sizes, strides, elementStrides, interleave, swizzle, promotion, fill}, channels, map);
  if (wrong != CUDA_SUCCESS) return wrong;
  map.mode = CT_TENSOR_IM2COL;
  map.box[0] = static_cast<uint16_t>(channels);
  map.box[1] = static_cast<uint16_t>(pixels);
  // One signed number of 16 bits, two of 8, or three of 5.
  const int limit = rank == 3 ? 32768 : rank == 4 ? 128 : 16;
  for (cuuint32_t i = 0; i < rank - 2; ++i) {
    for (int corner : {lower[i], upper[i]})
      if (corner < -limit || corner >= limit) return CUDA_ERROR_INVALID_VALUE;
    const int64_t extent = static_cast<int64_t>(sizes[i + 1]) + upper[i] - lower[i];
    if (extent <= 0) return CUDA_ERROR_INVALID_VALUE;
    map.lower[i] = static_cast<int16_t>(lower[i]);
    map.upper[i] = static_cast<int16_t>(upper[i]);
  }
  std::memcpy(tensorMap, &map, sizeof map);
  return CUDA_SUCCESS;
}

CUresult body::cuTensorMapReplaceAddress(Call &call, CUtensorMap *tensorMap, void *address) {
  ct_tensor_map map;
  if (!tensorMap || !aligned(tensorMap, 64) || !aligned(address, 16)) return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(&map, tensorMap, sizeof map);
  if (map.magic != CT_TENSOR_MAP_MAGIC) return CUDA_ERROR_INVALID_VALUE;
  map.address = reinterpret_cast<uintptr_t>(address);
  std::memcpy(tensorMap, &map, sizeof map);
  return CUDA_SUCCESS;
}

}  // namespace cutrans::driver
