// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages.h"

#include <cutrans/targets/messages.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "host.h"
#include "module.h"

namespace cutrans::opencl {
namespace {

constexpr uint32_t kBytes = 1u << 20;  // CUDA's own default for printf

void show(ct_device &device, const targets::Messages &messages, const ct_kernel &kernel) {
  if (!messages.printed.empty() && host.output) host.output(host.ctx, messages.printed.data(), messages.printed.size());
  if (messages.lost) report(Code::target_messages_lost, "kernel " + kernel.name);
  if (messages.fault == CT_OK || !device.setFault(messages.fault)) return;
  if (write(STDERR_FILENO, messages.errors.data(), messages.errors.size()) < 0) {
    // Nobody is there to read it; the launch fails all the same.
  }
  if (messages.code != Code::none) report(messages.code, messages.text);
}

}  // namespace

MessageSpace::~MessageSpace() {
  if (address_) device_.memory->give(address_);
}

uint64_t MessageSpace::address() {
  if (address_) return address_;
  const bool shared = device_.memory->sharesHostMemory();
  uint64_t address = 0;
  if (device_.memory->take(shared ? CT_MEMORY_HOST : CT_MEMORY_DEVICE, sizeof(ct_messages) + kBytes, 256, address) != CT_OK) return 0;
  const ct_messages head{0, kBytes, 0, 0};
  if (shared) {
    *reinterpret_cast<ct_messages *>(address) = head;
  } else {
    copy_ = {static_cast<ct_messages *>(std::calloc(1, sizeof head + kBytes)), std::free};
    if (!copy_ || !device_.writeNow(address, &head, sizeof head)) {
      device_.memory->give(address);
      return 0;
    }
  }
  return address_ = address;
}

void MessageSpace::read(const ct_kernel &kernel, const uint32_t block[3]) {
  if (!copy_) {
    auto &space = *reinterpret_cast<ct_messages *>(address_);
    if (__atomic_load_n(&space.written, __ATOMIC_ACQUIRE) || space.ended) show(device_, targets::takeMessages(space, block, kernel.name), kernel);
    return;
  }
  ct_messages &copy = *copy_;
  if (!device_.readNow(&copy, address_, sizeof copy) || (!copy.written && !copy.ended)) return;
  copy.bytes = kBytes;
  const uint32_t size = std::min(copy.written, kBytes);
  if (size && !device_.readNow(&copy + 1, address_ + sizeof copy, size)) return;
  show(device_, targets::takeMessages(copy, block, kernel.name), kernel);
  device_.writeNow(address_, &copy, sizeof copy + size);  // empty again, bytes zeroed
}

}  // namespace cutrans::opencl
