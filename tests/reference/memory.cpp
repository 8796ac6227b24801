// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cstdlib>
#include <cstring>

#include "tests/reference/module.h"
#include "tests/reference/reference.h"

namespace cutrans::reference {

namespace {
bool inImage(const Variable &variable) { return variable.space == Space::Global || variable.space == Space::Const; }
}  // namespace

Memory::Memory(const Module &module) : module_(module) {
  if (!module.imageBytes) return;
  void *image = std::aligned_alloc(256, (module.imageBytes + 255) / 256 * 256);
  std::memset(image, 0, module.imageBytes);
  image_ = reinterpret_cast<uint64_t>(image);
  for (const auto &variable : module.variables) {
    if (!inImage(*variable)) continue;
    auto *bytes = static_cast<uint8_t *>(image) + variable->offset;
    std::memcpy(bytes, variable->initial.data(), variable->initial.size());
    for (const Reference &reference : variable->references) {
      uint64_t value = 0;
      if (const Function *function = module.function(reference.name)) value = function->address;
      else if (const Variable *target = module.variable(reference.name))
        value = target->offset + (inImage(*target) ? image_ : 0);
      value = (value + uint64_t(reference.addend)) & uint64_t(reference.mask);
      value >>= reference.shift;
      std::memcpy(bytes + reference.offset, &value, reference.bytes);
    }
    if (variable->bytes) regions_.push_back({image_ + variable->offset, variable->bytes, variable->space == Space::Global});
  }
}

Memory::~Memory() { std::free(reinterpret_cast<void *>(image_)); }

void Memory::add(void *address, size_t bytes, bool writable) {
  if (bytes) regions_.push_back({reinterpret_cast<uint64_t>(address), bytes, writable});
}

std::span<uint8_t> Memory::variable(std::string_view name) const {
  const Variable *variable = module_.variable(name);
  if (!variable || !inImage(*variable)) return {};
  return {reinterpret_cast<uint8_t *>(image_ + variable->offset), variable->bytes};
}

}  // namespace cutrans::reference
