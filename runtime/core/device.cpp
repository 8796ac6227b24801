// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Devices and their primary contexts.
#include "cutrans/runtime/device.h"

#include <cstdio>

#include "state.h"

namespace cutrans::runtime {

Device *DeviceAccess::create(int index, const ct_device_info &info) {
  auto *device = new Device;
  device->index_ = index;
  device->info_ = info;
  device->info_.name[sizeof device->info_.name - 1] = 0;
  device->state_ = new Device::State;
  device->primary_ = ContextAccess::createPrimary(*device);
  return device;
}

std::string Device::pciName() const {
  char text[32];
  std::snprintf(text, sizeof text, "%04x:%02x:%02x.0", info_.pci_domain, info_.pci_bus, info_.pci_device);
  return text;
}

bool Device::words() const { return target().words; }

// Activates the primary context if it is not. Under the device's lock.
static Status activatePrimary(Device &device) {
  Context &primary = device.primary();
  Code state = primary.check().code();
  return state == Code::invalid_context ? ContextAccess::activate(primary) : Status(state);
}

Result<Context *> Device::retainPrimary() {
  std::lock_guard hold(state_->lock);
  Status active = activatePrimary(*this);
  if (!active.ok() && !isDeviceFault(active.code())) return active;
  ++state_->primary_count;
  return primary_;
}

Result<Context *> Device::usePrimary() {
  std::lock_guard hold(state_->lock);
  if (Status active = activatePrimary(*this); !active.ok()) return active;
  if (!std::exchange(state_->primary_used, true)) ++state_->primary_count;
  return primary_;
}

Status Device::releasePrimary() {
  std::lock_guard hold(state_->lock);
  if (state_->primary_count == 0) return Code::invalid_context;
  if (--state_->primary_count > 0) return {};
  state_->primary_used = false;
  Status last = ContextAccess::deactivate(*primary_);
  return isDeviceFault(last.code()) ? Status() : last;
}

Status Device::resetPrimary() {
  std::lock_guard hold(state_->lock);
  if (Code state = primary_->check().code(); state == Code::deinitialized || state == Code::not_initialized) return state;
  // The count of those who retained it stays: the context is inactive for them until somebody uses it again.
  state_->primary_used = false;
  state_->primary_count = 0;
  Status last = ContextAccess::deactivate(*primary_);
  return isDeviceFault(last.code()) ? Status() : last;
}

Status Device::setPrimaryFlags(unsigned flags) {
  primary_->setFlags(flags);
  return {};
}

void Device::primaryState(unsigned *out_flags, bool *out_active) const {
  if (out_flags) *out_flags = primary_->flags();
  Code state = primary_->check().code();
  if (out_active) *out_active = state == Code::ok || isDeviceFault(state);
}

Status Device::memoryInfo(uint64_t *out_free, uint64_t *out_total) {
  std::lock_guard hold(state_->lock);
  ct_device *handle = state_->handle;
  if (!handle)
    if (ct_status status = target().device.open(static_cast<uint32_t>(index_), &handle); status != CT_OK) return fromTarget(status);
  ct_status status = target().memory.info(handle, out_free, out_total);
  if (!state_->handle) target().device.close(handle);
  else if (status != CT_OK) (void)settle(*primary_, status);
  return fromTarget(status);
}

}  // namespace cutrans::runtime
