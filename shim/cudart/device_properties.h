// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cudaDeviceProp, filled from the attributes by one row for each field, so that the two can never disagree. Fields that a version of the structure
// does not have are left out.
#pragma once
#include <driver_types.h>

#include <cstring>
#include <type_traits>

#include "cutrans/runtime/device.h"
#include "cutrans/runtime/platform.h"
#include "shim/common/device_attributes.h"
#include "shim/common/errors.h"

namespace cutrans::cudart {

// Writes the attribute into the field, whatever its integer type. Fields with several numbers take attributes that
// follow each other.
struct PropertyFiller {
  const runtime::Device &device;
  Status status = Code::ok;

  template <class Field>
  void operator()(Field &field, int attribute) {
    if constexpr (std::is_array_v<Field>) {
      for (auto &element : field) (*this)(element, attribute++);
    } else {
      Result<int> value = shim::deviceAttribute(device, attribute);
      if (value.ok()) field = static_cast<Field>(*value);
      else status = value.status();
    }
  }
};

template <class Properties>
Status fillProperties(const runtime::Device &device, Properties &p) {
  constexpr int kCooperativeMultiDeviceLaunch = 96;  // a number without a name since CUDA 13
  const ct_device_info &info = device.info();
  std::memcpy(p.name, info.name, sizeof(info.name));
  static_assert(sizeof(p.name) > sizeof(info.name) && sizeof(p.uuid) == sizeof(info.uuid));
  std::memcpy(&p.uuid, info.uuid, sizeof(info.uuid));
  p.totalGlobalMem = info.memory_bytes;
  PropertyFiller set{device};
#define CT_PROPERTY(field, attribute) \
  if constexpr (requires { p.field; }) set(p.field, attribute);
#include "shim/cudart/device_properties.def"
  return set.status;
}

// The first `bytes` of the structure; nothing is written on failure.
template <class Properties>
cudaError_t deviceProperties(Properties *out, int index, size_t bytes = sizeof(Properties)) {
  if (!out) return cudaErrorInvalidValue;
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(index);
  if (!device.ok()) return shim::runtimeError(device.status().code());
  Properties properties{};
  Status status = fillProperties(**device, properties);
  if (status.ok()) std::memcpy(out, &properties, bytes);
  return shim::runtimeError(status.code());
}

}  // namespace cutrans::cudart
