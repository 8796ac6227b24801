// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arrays and mipmapped arrays: which shapes there are, how they lie in memory, and their life. The limits are those of
// texture_limits.h; CUDA's driver manual has the table of valid extents at cuArray3DCreate and cuMipmappedArrayCreate.
#include "cutrans/runtime/array.h"

#include <algorithm>
#include <bit>

#include "array_state.h"
#include "cutrans/runtime/texture_limits.h"
#include "cutrans/support/diagnostics.h"
#include "memory_map.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

constinit HandlePool<Array, ArrayAccess> arrays;
constinit HandlePool<MipmappedArray, MipmapAccess, size_t{1} << 18> mipmaps;

constexpr uint64_t kRowAlign = 64;    // rows of arrays with several

constexpr uint64_t roundUp(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

bool within(const ArrayShape &shape, uint32_t width, uint32_t height = UINT32_MAX, uint32_t depth = UINT32_MAX) {
  return shape.width <= width && shape.height <= height && shape.depth <= depth;
}
template <size_t N>
bool within(const ArrayShape &shape, const uint32_t (&most)[N]) {
  return within(shape, most[0], most[1], N > 2 ? most[N - 1] : UINT32_MAX);
}

bool validFormat(const TexelFormat &f) {
  if (f.channels != 1 && f.channels != 2 && f.channels != 4) return false;
  if (f.normalized && (f.kind == CT_TEXEL_FLOAT || f.bits > 16)) return false;
  switch (f.kind) {
    case CT_TEXEL_UNSIGNED:
    case CT_TEXEL_SIGNED: return f.bits == 8 || f.bits == 16 || f.bits == 32;
    case CT_TEXEL_FLOAT: return f.bits == 16 || f.bits == 32;
  }
  return false;
}

bool validShape(const ArrayShape &s, const TextureLimits &most, bool mipmapped) {
  constexpr uint32_t kKnown = kArrayLayered | kArraySurface | kArrayCube | kArrayGather | kArrayColorTarget;
  if (s.width == 0 || (s.flags & ~kKnown) || !validFormat(s.format)) return false;
  const bool surface = s.flags & kArraySurface, one = s.height == 0, two = !one && s.depth == 0;
  if ((s.flags & kArrayGather) && !(two && within(s, most.texture_2d_gather))) return false;
  if (s.cube()) {
    if (s.width != s.height || s.depth == 0 || s.depth % 6 != 0 || (!s.layered() && s.depth != 6)) return false;
    if (!s.layered()) return s.width <= most.texture_cube && (!surface || s.width <= most.surface_cube);
    return s.width <= most.texture_cube_layered[0] && s.depth <= most.texture_cube_layered[1] &&
           (!surface || (s.width <= most.surface_cube_layered[0] && s.depth <= most.surface_cube_layered[1]));
  }
  if (s.layered()) {
    if (s.depth == 0) return false;
    if (one)
      return s.width <= most.texture_1d_layered[0] && s.depth <= most.texture_1d_layered[1] &&
             (!surface || (s.width <= most.surface_1d_layered[0] && s.depth <= most.surface_1d_layered[1]));
    return within(s, most.texture_2d_layered) && (!surface || within(s, most.surface_2d_layered));
  }
  if (one)
    return s.depth == 0 && s.width <= (mipmapped ? most.texture_1d_mipmapped : most.texture_1d) &&
           (!surface || s.width <= most.surface_1d);
  if (two)
    return within(s, mipmapped ? most.texture_2d_mipmapped : most.texture_2d) && (!surface || within(s, most.surface_2d));
  return (within(s, most.texture_3d) || within(s, most.texture_3d_alternative)) && (!surface || within(s, most.surface_3d));
}

Status check(Context &context, const ArrayShape &shape, bool mipmapped) {
  if (Status healthy = context.check(); !healthy.ok()) return healthy;
  if (Status have = requireTextures(context.device()); !have.ok()) return have;
  return validShape(shape, textureLimits(context.device()), mipmapped) ? Code::ok : Code::invalid_value;
}

uint64_t pitchOf(const ArrayShape &shape) {
  const uint64_t bytes = shape.width * shape.format.bytes();
  return shape.rows() * shape.slices() > 1 ? roundUp(bytes, kRowAlign) : bytes;
}

ArrayShape levelShape(const ArrayShape &top, uint32_t level) {
  auto half = [&](uint64_t edge) { return edge == 0 ? 0 : std::max<uint64_t>(edge >> level, 1); };
  ArrayShape shape = top;
  shape.width = half(top.width);
  shape.height = half(top.height);
  if (!top.layered() && !top.cube()) shape.depth = half(top.depth);
  return shape;
}

Status tooMany() {
  report(Diag::too_many_handles, "creating an array");
  return Code::out_of_memory;
}

}  // namespace

Status requireTextures(const Device &device) {
  if (device.textures()) return {};
  report(Diag::target_no_textures, device.info().name);
  return Code::unsupported;
}

Array *ArrayAccess::make(Context &context, const ArrayShape &shape, Address address, bool is_level) {
  Array *array = arrays.allocate();
  if (!array) return nullptr;
  array->context_ = &context;
  array->shape_ = shape;
  array->address_ = address;
  array->row_pitch_ = pitchOf(shape);
  array->is_level_ = is_level;
  arrays.publish(array);
  return array;
}

void ArrayAccess::release(Array &array) {
  if (!arrays.retire(&array)) return;
  if (!array.is_level_) releaseArrayMemory(array.address_);
  arrays.recycle(&array);
}

void MipmapAccess::release(MipmappedArray &mipmap) {
  if (!mipmaps.retire(&mipmap)) return;
  for (Array *level : mipmap.levels_) ArrayAccess::release(*level);
  if (mipmap.address_) releaseArrayMemory(mipmap.address_);
  mipmaps.recycle(&mipmap);
}

Result<Array *> Array::create(Context &context, const ArrayShape &shape) {
  if (Status valid = check(context, shape, false); !valid.ok()) return valid;
  const uint64_t bytes = pitchOf(shape) * shape.rows() * shape.slices();
  Result<Address> address = allocateMemory(context, MemoryKind::array, bytes, shape.flags);
  if (!address.ok()) return address.status();
  Array *array = ArrayAccess::make(context, shape, *address, false);
  if (!array) {
    releaseArrayMemory(*address);
    return tooMany();
  }
  Context::State &owner = ContextAccess::state(context);
  std::lock_guard hold(owner.lists);
  owner.arrays.insert(array);
  return array;
}

Array *Array::find(const void *handle) { return arrays.find(handle); }

Status Array::destroy() {
  if (is_level_) return Code::invalid_handle;
  Context::State &owner = ContextAccess::state(*context_);
  if (Status last = waitForAll(*context_); !last.ok()) return last;
  {
    std::lock_guard hold(owner.lists);
    if (owner.arrays.erase(this) == 0) return Code::invalid_handle;
  }
  ArrayAccess::release(*this);
  return {};
}

Result<Address> Array::locate(const Box &box) const {
  const uint64_t texel = shape_.format.bytes(), row = rowBytes(), rows = shape_.rows(), slices = shape_.slices();
  if (box.x % texel != 0 || box.width % texel != 0) return Code::invalid_value;
  if (box.x > row || box.width > row - box.x || box.y > rows || box.height > rows - box.y || box.z > slices ||
      box.depth > slices - box.z)
    return Code::invalid_value;
  return address_ + box.z * slicePitch() + box.y * row_pitch_ + box.x;
}

uint32_t mostLevels(const ArrayShape &shape) {
  const uint64_t depth = shape.layered() || shape.cube() ? 1 : shape.depth;
  return static_cast<uint32_t>(std::bit_width(std::max({shape.width, shape.height, depth})));
}

Result<MipmappedArray *> MipmappedArray::create(Context &context, const ArrayShape &shape, uint32_t levels) {
  return MipmapAccess::make(context, shape, std::clamp(levels, uint32_t{1}, std::max(mostLevels(shape), uint32_t{1})),
                            [&](uint64_t bytes) { return allocateMemory(context, MemoryKind::array, bytes, shape.flags); });
}

Result<MipmappedArray *> MipmapAccess::make(Context &context, const ArrayShape &shape, uint32_t levels, const std::function<Result<Address>(uint64_t)> &memory) {
  if (Status valid = check(context, shape, true); !valid.ok()) return valid;
  std::vector<uint64_t> starts;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < levels; ++i) {
    const ArrayShape level = levelShape(shape, i);
    starts.push_back(bytes);
    bytes += roundUp(pitchOf(level) * level.rows() * level.slices(), kArrayAlign);
  }
  Result<Address> address = memory(bytes);
  if (!address.ok()) return address.status();
  MipmappedArray *mipmap = mipmaps.allocate();
  if (!mipmap) {
    releaseArrayMemory(*address);
    return tooMany();
  }
  mipmap->context_ = &context;
  mipmap->address_ = *address;
  mipmap->bytes_ = bytes;
  mipmaps.publish(mipmap);
  for (uint32_t i = 0; i < levels; ++i) {
    Array *level = ArrayAccess::make(context, levelShape(shape, i), *address + starts[i], true);
    if (!level) {
      MipmapAccess::release(*mipmap);
      return tooMany();
    }
    mipmap->levels_.push_back(level);
  }
  Context::State &owner = ContextAccess::state(context);
  std::lock_guard hold(owner.lists);
  owner.mipmaps.insert(mipmap);
  return mipmap;
}

MipmappedArray *MipmappedArray::find(const void *handle) { return mipmaps.find(handle); }

Status MipmappedArray::destroy() {
  Context::State &owner = ContextAccess::state(*context_);
  if (Status last = waitForAll(*context_); !last.ok()) return last;
  {
    std::lock_guard hold(owner.lists);
    if (owner.mipmaps.erase(this) == 0) return Code::invalid_handle;
  }
  MipmapAccess::release(*this);
  return {};
}

}  // namespace cutrans::runtime
