// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values that conditional nodes read. One word of device memory each; its address is the handle that kernels store through.
#include <algorithm>

#include "../memory_map.h"
#include "cutrans/runtime/memory.h"
#include "graph_state.h"

namespace cutrans::runtime {

// Nothing that could use it is pending: graphs and executable graphs hold it until their last launch is over.
Condition::~Condition() {
  if (address && alive(*context, context_id)) releaseArrayMemory(address);
}

Result<Address> Graph::createCondition(Context &context, uint32_t initial, bool reset) {
  auto condition = std::make_shared<Condition>();
  // Of the kind whose addresses no copy of the program may name.
  Result<Address> address = allocateMemory(context, MemoryKind::array, sizeof initial);
  if (!address.ok()) return address;
  condition->context = &context;
  condition->context_id = context.id();
  condition->address = *address;
  condition->initial = initial;
  condition->reset = reset;
  if (Status written = uploadNow(context, *address, &initial, sizeof initial); !written.ok()) return written;
  impl_->conditions.push_back(std::move(condition));
  return *address;
}

std::shared_ptr<Condition> findCondition(const Graph &graph, Address handle) {
  for (const Graph *each = &graph;;) {
    const Graph::State &state = GraphAccess::state(*each);
    auto found = std::ranges::find_if(state.conditions, [&](const auto &condition) { return condition->address == handle; });
    if (found != state.conditions.end()) return *found;
    if (!state.owner) return nullptr;
    each = &state.owner->graph();
  }
}

}  // namespace cutrans::runtime
