// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory and events of other processes of the same user on this machine: 64 opaque bytes name them. docs/shared-memory.md.
//
// A handle is judged before anything is opened: damaged, forged and old ones are invalid_value, as are those of a process that
// has ended. A handle of this process itself is invalid_context.
#pragma once
#include <array>

#include "cutrans/runtime/export.h"
#include "cutrans/runtime/fwd.h"
#include "cutrans/support/status.h"

namespace cutrans::runtime {

using SharedHandle = std::array<uint64_t, 8>;

// Of the allocation that holds the address: device memory of this process's own, not of a pool (those have exportPoolMemory) and
// not mapped. invalid_value for all other.
CUTRANS_API Result<SharedHandle> exportMemory(Address address);
// Memory of the same handle that is open in the context already is counted once more. The context ends it, too.
CUTRANS_API Result<Address> openMemory(Context &context, const SharedHandle &handle);
CUTRANS_API Status closeMemory(Address address);

// The same for memory of a pool: `id` is the number that both sides know the pool by, `pool` what Allocation::imported_from is to be here.
// Ended by releaseMemory. The process that exported it may import it, too.
CUTRANS_API Result<SharedHandle> exportPoolMemory(Address address, uint64_t id);
CUTRANS_API Result<Address> importPoolMemory(Context &context, const SharedHandle &handle, uint64_t id, uint64_t pool);

// Two numbers behind a descriptor, for another process: what a pool is exported as. Of readToken's, the descriptor stays the caller's.
struct SharedToken {
  uint64_t id = 0;      // createToken's choice: nobody else has it
  uint64_t number = 0;
};
CUTRANS_API Result<int> createToken(SharedToken &token);
CUTRANS_API Result<SharedToken> readToken(int file);

// Of an event with Event::kInterprocess that was made here.
CUTRANS_API Result<SharedHandle> exportEvent(Event &event);
CUTRANS_API Result<Event *> openEvent(Context &context, const SharedHandle &handle);

}  // namespace cutrans::runtime
