// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the 64 bytes between processes say, and how the file behind them is opened.
#pragma once
#include <sys/types.h>

#include "cutrans/runtime/shared_memory.h"

namespace cutrans::runtime {

enum class SharedKind : uint16_t { memory = 1, pool_memory, event };

// A process that can be told from a later one with the same number.
struct ProcessName {
  uint32_t pid = 0;
  uint64_t start = 0;  // clock ticks since the machine started
};
ProcessName thisProcess();
// False for one that has ended, though its parent may not have noticed.
bool alive(const ProcessName &process);

struct SharedPiece {
  SharedKind kind = SharedKind::memory;
  int file = -1;       // in the process of `owner`
  ProcessName owner;
  uint64_t offset = 0, size = 0;
  uint64_t inode = 0;
  uint64_t tag = 0;    // tells uses of one piece of file apart; the pool's number
};

// Fills owner and inode. invalid_value: the descriptor is no file.
Result<SharedHandle> makeHandle(SharedPiece piece);
// invalid_value: damaged, or of another kind.
Result<SharedPiece> readHandle(const SharedHandle &handle, SharedKind kind);
// A descriptor, the caller's. invalid_context: the piece is this process's own, and `own` is false.
Result<int> openPiece(const SharedPiece &piece, bool own = false);

// A file without a name in any folder; -1: the system has none. Its name starts as the target's do.
int createSharedFile(const char *name, uint64_t size);

}  // namespace cutrans::runtime
