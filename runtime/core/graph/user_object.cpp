// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// User objects, and the references that graphs hold.
#include "cutrans/runtime/user_object.h"

#include "cutrans/support/diagnostics.h"
#include "graph_state.h"

namespace cutrans::runtime {

class UserObjectAccess {
 public:
  static UserObject *construct(void *place) { return new (place) UserObject; }
};

namespace {
constinit HandlePool<UserObject, UserObjectAccess> pool;
constexpr uint64_t kMostReferences = uint64_t{1} << 31;
}  // namespace

Result<UserObject *> UserObject::create(void *object, void (*destroy)(void *), uint32_t references) {
  if (!destroy || references == 0 || references >= kMostReferences) return Code::invalid_value;
  UserObject *made = pool.allocate();
  if (!made) {
    report(Diag::too_many_handles, "creating a user object");
    return Code::out_of_memory;
  }
  made->object_ = object;
  made->destroy_ = destroy;
  made->references_.store(references, std::memory_order_relaxed);
  pool.publish(made);
  return made;
}

UserObject *UserObject::find(const void *handle) { return pool.find(handle); }

Status UserObject::retain(uint32_t count) {
  if (count == 0 || count >= kMostReferences) return Code::invalid_value;
  references_.fetch_add(count, std::memory_order_relaxed);
  return {};
}

Status UserObject::release(uint32_t count) {
  if (count == 0) return Code::invalid_value;
  uint64_t now = references_.load(std::memory_order_relaxed);
  do {
    if (count > now) return Code::invalid_value;
  } while (!references_.compare_exchange_weak(now, now - count, std::memory_order_acq_rel));
  if (now != count || !pool.retire(this)) return {};
  destroy_(object_);
  pool.recycle(this);
  return {};
}

ObjectReferences::ObjectReferences(const ObjectReferences &other) { add(other); }

ObjectReferences::~ObjectReferences() {
  for (const auto &[object, count] : counts_)
    for (uint64_t left = count; left;) {
      const uint64_t some = std::min(left, kMostReferences);
      (void)object->release(static_cast<uint32_t>(some));
      left -= some;
    }
}

void ObjectReferences::add(const ObjectReferences &other) {
  for (const auto &[object, count] : other.counts_) {
    (void)object->retain(1);
    ++counts_[object];
  }
}

Status ObjectReferences::retain(UserObject &object, uint32_t count, bool move) {
  if (count == 0 || count >= kMostReferences) return Code::invalid_value;
  if (!move)
    if (Status retained = object.retain(count); !retained.ok()) return retained;
  counts_[&object] += count;
  return {};
}

Status ObjectReferences::release(UserObject &object, uint32_t count) {
  auto held = counts_.find(&object);
  if (count == 0 || held == counts_.end() || held->second < count) return Code::invalid_value;
  held->second -= count;
  if (held->second == 0) counts_.erase(held);
  return object.release(count);
}

}  // namespace cutrans::runtime
