// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any value may be asked whether it is a handle.
#include "handle_pool.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace cutrans::runtime {
namespace {

struct Thing {
  long payload[3] = {1, 2, 3};
};
struct ThingAccess {
  static Thing *construct(void *place) { return new (place) Thing; }
};
constinit HandlePool<Thing, ThingAccess, 1000> pool;
constinit HandlePool<Thing, ThingAccess, 4> small;

TEST(HandlePool, KnowsLiveHandlesAndNothingElse) {
  EXPECT_EQ(pool.find(nullptr), nullptr);
  Thing *thing = pool.allocate();
  EXPECT_EQ(pool.find(thing), nullptr) << "not published yet";
  pool.publish(thing);
  EXPECT_EQ(pool.find(thing), thing);
  auto number = reinterpret_cast<uintptr_t>(thing);
  for (uintptr_t wrong : {number + 1, number - 1, number + 8, number + (uintptr_t{1} << 40), uintptr_t{1}, ~uintptr_t{0}})
    EXPECT_EQ(pool.find(reinterpret_cast<void *>(wrong)), nullptr) << wrong;
  EXPECT_TRUE(pool.retire(thing));
  EXPECT_FALSE(pool.retire(thing)) << "one winner";
  EXPECT_EQ(pool.find(thing), nullptr);
  pool.recycle(thing);
}

TEST(HandlePool, AStaleHandleIsNotTakenForANewObjectAtOnce) {
  std::set<Thing *> recent;
  for (int i = 0; i < 50; ++i) {
    Thing *thing = pool.allocate();
    EXPECT_TRUE(recent.insert(thing).second);
    pool.publish(thing);
    pool.retire(thing);
    pool.recycle(thing);
  }
}

TEST(HandlePool, AFullRangeIsAnError) {
  std::vector<Thing *> things;
  while (Thing *thing = small.allocate()) things.push_back(thing);
  EXPECT_EQ(things.size(), 4u);
}

}  // namespace
}  // namespace cutrans::runtime
