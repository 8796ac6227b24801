// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A target around another one (FAULTY_TARGET_UNDER, a path): passes every call on, counts what is alive, and makes one
// chosen call fail. One template serves all slots; slots.def says what each does. Groups and slots that a later
// version of the ABI adds are passed on as they are, and Control::incomplete names them.
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <type_traits>

#include "faults.h"

namespace cutrans::faults {
namespace {

std::atomic<uint64_t> countdown{0};
std::atomic<ct_status> chosen{CT_OK};
std::atomic<const char *> failed{nullptr};
std::atomic<long> alive[std::size(kObjectNames)];

enum class Effect { makes, ends, acts, waits };

bool failsNow(const char *name) {
  if (countdown.load(std::memory_order_relaxed) == 0 || countdown.fetch_sub(1) != 1) return false;
  failed = name;
  return true;
}

bool isFault(ct_status status) { return status >= CT_ERR_ILLEGAL_ADDRESS && status <= CT_ERR_LAUNCH; }

// A count that a failing call gives out as well.
template <class T>
void nothingTaken(T) {}
void nothingTaken(size_t *count) { *count = 0; }

// The target below, and ours: its tables with slots replaced.
template <class Ops>
Ops under;
template <class Ops>
Ops ours;

template <class Member>
struct MemberOf;
template <class T, class Class>
struct MemberOf<T Class::*> {
  using Ops = Class;
};

// Names are types here, so that each slot has its own function.
template <auto member, Effect effect, Object object, const char *name, class Function>
struct Slot;
template <auto member, Effect effect, Object object, const char *name, class R, class... Args>
struct Slot<member, effect, object, name, R (*)(Args...)> {
  using Ops = typename MemberOf<decltype(member)>::Ops;
  static R call(Args... args) {
    if constexpr (effect == Effect::ends) {
      if constexpr (object != Object::none) --alive[static_cast<size_t>(object)];
      return (under<Ops>.*member)(args...);
    } else {
      static_assert(std::is_same_v<R, ct_status>);
      if constexpr (effect == Effect::waits) {
        R result = (under<Ops>.*member)(args...);
        return isFault(chosen) && failsNow(name) ? chosen.load() : result;
      }
      if (failsNow(name)) {
        (nothingTaken(args), ...);
        return chosen;
      }
      R result = (under<Ops>.*member)(args...);
      if (effect == Effect::makes && result == CT_OK) ++alive[static_cast<size_t>(object)];
      return result;
    }
  }
};

template <class Ops>
const Ops *wrap(const Ops *from) {
  std::memcpy(&under<Ops>, from, std::min<size_t>(from->struct_size, sizeof(Ops)));
  ours<Ops> = under<Ops>;
  return &ours<Ops>;
}

ct_target table;

#define FAULT_SLOT(group, slot, effect, object) constexpr char kName_##group##_##slot[] = #group "." #slot;
#include "slots.def"

const ct_target *make() {
  const char *path = std::getenv("FAULTY_TARGET_UNDER");
  void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
  auto query = library ? reinterpret_cast<ct_target_query_fn>(dlsym(library, CT_TARGET_QUERY_SYMBOL)) : nullptr;
  const ct_target *below = query ? query(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR) : nullptr;
  if (!below) return nullptr;
  table = *below;
  table.device = wrap(below->device);
  table.memory = wrap(below->memory);
  table.queue = wrap(below->queue);
  table.event = wrap(below->event);
  table.module = wrap(below->module);
#define FAULT_SLOT(group, slot, effect, object)                                                                                  \
  if (under<ct_##group##_ops>.slot)                                                                                              \
    ours<ct_##group##_ops>.slot = Slot<&ct_##group##_ops::slot, Effect::effect, Object::object, kName_##group##_##slot, \
                                       decltype(ct_##group##_ops::slot)>::call;
#include "slots.def"
  return &table;
}

void arm(uint64_t nth, ct_status status) {
  failed = nullptr;
  chosen = status;
  countdown = nth;
}

const char *incomplete() {
  struct Group {
    const char *name;
    size_t slots;
  };
  Group groups[] = {{"device", 0}, {"memory", 0}, {"queue", 0}, {"event", 0}, {"module", 0}};
#define FAULT_SLOT(group, slot, effect, object) \
  for (Group &g : groups)                       \
    if (!std::strcmp(g.name, #group)) ++g.slots;
#include "slots.def"
  constexpr size_t kSizes[] = {sizeof(ct_device_ops), sizeof(ct_memory_ops), sizeof(ct_queue_ops), sizeof(ct_event_ops), sizeof(ct_module_ops)};
  for (size_t i = 0; i < std::size(groups); ++i)
    if (kSizes[i] / sizeof(void *) - 1 != groups[i].slots) return groups[i].name;
  return nullptr;
}

}  // namespace
}  // namespace cutrans::faults

extern "C" __attribute__((visibility("default"))) const ct_target *cutrans_target_query(uint32_t, uint32_t) {
  static const ct_target *const made = cutrans::faults::make();
  return made;
}

extern "C" __attribute__((visibility("default"))) const cutrans::faults::Control cutrans_faults_control;
const cutrans::faults::Control cutrans_faults_control = {
    cutrans::faults::arm, [] { return cutrans::faults::failed.load(); },
    [](cutrans::faults::Object object) { return cutrans::faults::alive[static_cast<size_t>(object)].load(); }, cutrans::faults::incomplete};
