// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cstdio>
#include <new>

#include "compiler/cache/disk_cache.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cutrans::cache {

KeyBuilder::KeyBuilder() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_128bits_reset(static_cast<XXH3_state_t *>(state_));
}
KeyBuilder::~KeyBuilder() { XXH3_freeState(static_cast<XXH3_state_t *>(state_)); }

KeyBuilder &KeyBuilder::add(uint64_t number) {
  XXH3_128bits_update(static_cast<XXH3_state_t *>(state_), &number, sizeof number);
  return *this;
}

KeyBuilder &KeyBuilder::add(std::string_view text) {
  add(text.size());
  XXH3_128bits_update(static_cast<XXH3_state_t *>(state_), text.data(), text.size());
  return *this;
}

Key KeyBuilder::finish() const {
  XXH128_hash_t hash = XXH3_128bits_digest(static_cast<const XXH3_state_t *>(state_));
  return {hash.high64, hash.low64};
}

std::string toHex(const Key &key) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(key.high),
                static_cast<unsigned long long>(key.low));
  return text;
}

}  // namespace cutrans::cache
