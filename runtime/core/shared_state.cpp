// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cutrans/runtime/shared_state.h"

#include <map>
#include <mutex>
#include <string>

namespace cutrans::runtime {

void *sharedState(const char *name, void *(*make)()) {
  // Never destroyed: destructors of the program may still call the API.
  static std::mutex &lock = *new std::mutex;
  static std::map<std::string, void *> &objects = *new std::map<std::string, void *>;
  std::lock_guard hold(lock);
  void *&object = objects[name];
  if (!object) object = make();
  return object;
}

}  // namespace cutrans::runtime
