// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Follows the pointers of a wrapper, each checked against the mapping that it points into.
#include "cutrans/fatbin/image.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>

#include "cutrans/fatbin/mapping.h"

namespace cutrans::fatbin {
namespace {

Bytes readable(const void *address) {
  return {static_cast<const std::byte *>(address), address ? readableBytes(address) : 0};
}

Error unreadable(std::string_view what, const void *address) {
  return Error{Diag::fatbin_truncated, fmt::format("{} at {} is not in readable memory", what, address)};
}

template <class T>
bool load(Bytes bytes, size_t offset, T *out) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(out, bytes.data() + offset, sizeof(T));
  return true;
}

// The array of a version 2 wrapper lies in .bss; constructors of the program have filled it before it is registered.
Expected<std::vector<Bytes>> followUnits(const void *array) {
  Bytes pointers = readable(array);
  std::vector<Bytes> units;
  for (size_t i = 0; i < kMaxUnits; i++) {
    const void *container = nullptr;
    if (!load(pointers, i * sizeof(void *), &container)) return unreadable("the list of -rdc units", array);
    if (!container) return units;
    units.push_back(readable(container));
    if (units.back().empty()) return unreadable("an -rdc unit", container);
  }
  return Error{Diag::fatbin_bad_header, fmt::format("more than {} -rdc units", kMaxUnits)};
}

Expected<Image> followLinked(Bytes bytes) {
  LinkedHeader header;
  Image image;
  image.separate_units = true;
  bool whole = load(bytes, 0, &header) && header.bytes <= bytes.size() && header.units <= kMaxUnits;
  uint64_t at = sizeof header;
  for (uint32_t i = 0; whole && i < header.units; i++) {
    ContainerHeader container;
    whole = load(bytes, at, &container) && container.magic == kContainerMagic && container.entry_bytes <= header.bytes - at - sizeof container;
    if (!whole) break;
    image.containers.push_back(bytes.subspan(at, header.bytes - at));
    at += sizeof container + container.entry_bytes;
  }
  if (!whole || image.containers.empty()) return Error{Diag::fatbin_truncated, "the linked image is damaged"};
  return image;
}

}  // namespace

Expected<Image> openWrapper(const void *wrapper) {
  Bytes bytes = readable(wrapper);
  WrapperHeader h;
  if (!load(bytes, 0, &h)) return unreadable("the wrapper", wrapper);
  if (h.magic != kWrapperMagic)
    return Error{Diag::fatbin_bad_magic, fmt::format("a wrapper starts with {:#010x}, not {:#010x}", h.magic,
                                                     kWrapperMagic)};
  if (h.version != 1 && h.version != 2)
    return Error{Diag::fatbin_bad_header, fmt::format("wrapper version {}", h.version)};

  Image image;
  if (h.version == 2 && h.relocatable) {
    Expected<std::vector<Bytes>> units = followUnits(h.relocatable);
    if (!units.ok()) return units.error();
    image.containers = std::move(*units);
    image.separate_units = !image.containers.empty();
  }
  if (image.containers.empty()) {
    image.containers.push_back(readable(h.container));
    if (image.containers.back().empty()) return unreadable("the container", h.container);
  }
  return image;
}

Expected<Image> openImage(const void *pointer) {
  Bytes bytes = readable(pointer);
  if (bytes.empty()) return unreadable("the image", pointer);
  uint32_t magic = 0;
  load(bytes, 0, &magic);
  if (magic == kWrapperMagic) return openWrapper(pointer);

  if (magic == kLinkedMagic) return followLinked(bytes);

  Image image;
  if (magic == kContainerMagic) {
    image.containers.push_back(bytes);
  } else if (bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0) {
    image.form = Image::Form::cubin;
  } else {
    const char *text = reinterpret_cast<const char *>(bytes.data());
    size_t size = strnlen(text, bytes.size());
    if (size == bytes.size()) return Error{Diag::fatbin_truncated, "the text of the image has no end"};
    image.form = Image::Form::text;
    image.text = {text, size};
  }
  return image;
}

}  // namespace cutrans::fatbin
