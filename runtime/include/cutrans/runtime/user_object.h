// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// User objects: things of the program with a destructor, kept alive by references that the program and graphs hold.
// Executable graphs hold what their graph held, until they are destroyed and their last launch is over.
#pragma once
#include <atomic>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

class CUTRANS_API UserObject {
 public:
  // `destroy` is called once, on any thread, when the last reference goes; it may call nothing of the API.
  static Result<UserObject *> create(void *object, void (*destroy)(void *), uint32_t references);
  static UserObject *find(const void *handle);
  Status retain(uint32_t count);   // invalid_value for 0 and beyond 2^31
  Status release(uint32_t count);  // invalid_value for more than there are

 private:
  friend class UserObjectAccess;
  UserObject() = default;
  void *object_ = nullptr;
  void (*destroy_)(void *) = nullptr;
  std::atomic<uint64_t> references_{0};
};

}  // namespace cutrans::runtime
