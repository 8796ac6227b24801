// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread form: one thread's SPMD IR becomes one work-item's code, for devices that run threads in step themselves (docs/artifacts.md). What
// such devices share is here; a Machine says the rest, and each format has one: amdgcn, spirv.
#pragma once

#include <cstddef>
#include <cstdint>

#include <llvm/IR/IRBuilder.h>
#include <llvm/Support/Error.h>

#include "compiler/ir/intrinsics.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/refusal.h"

namespace llvm {
class Function;
class Value;
}  // namespace llvm

namespace cutrans::emit::thread {

class Ids;

// What a kernel turned out to need of its launch.
struct Needs {
  bool stack = false, messages = false, timer = false, heap = false;
  uint32_t paramsBytes = 0;
  uint32_t staticSharedBytes = 0;
};

// Offsets in a format's launch record.
struct LaunchFields {
  static constexpr size_t None = ~size_t{0};
  size_t globals, gridId, childQueue, gridWorkspace /* None: no cooperative launches */, messages, stackBytes, grid, block, dynamicShared,
      heap /* None: no malloc and free */;
};

// A device in the words of its code. What is asked at the start of the kernel is asked once (Ids).
class Machine {
 public:
  virtual ~Machine() = default;

  const char *words = "";                     // in refusals: "AMD's chips"
  Diag noForm{}, barrierRefusal{}, waitsRefusal{};
  unsigned wave = 32;                         // threads that run in step, 32 or 64; a warp is a wave or half of one
  LaunchFields fields{};
  bool linear = false;                        // gives a thread's linear number, not its coordinates
  bool textures = false;                      // there is device code for them
  bool mayWait = true;                        // loops that wait for other waves or blocks come to an end
  const char *blockScope = "workgroup", *deviceScope = "";  // of atomics and fences; the system's is ""
  uint32_t sharedStart = 0, maxShared = 0;    // the number of the first byte of shared memory, and how many there may be

  virtual llvm::Value *threadId(llvm::IRBuilder<> &b, unsigned dimension, unsigned bound);  // not linear
  virtual llvm::Value *linearThread(llvm::IRBuilder<> &b);                                   // linear
  virtual llvm::Value *groupId(llvm::IRBuilder<> &b, unsigned dimension) = 0;
  virtual llvm::Value *waveLane(llvm::IRBuilder<> &b) = 0;
  virtual llvm::Value *unit(Ids &ids) = 0;  // %smid
  virtual llvm::Value *unitCount(Ids &ids) = 0;

  // Of the wave: a bit for each thread that is here and has the condition; a word of the thread whose number in the wave is given.
  virtual llvm::Value *ballot(llvm::IRBuilderBase &b, llvm::Value *condition) = 0;
  virtual llvm::Value *permute(llvm::IRBuilderBase &b, llvm::Value *from, llvm::Value *word) = 0;
  virtual void syncWarp(llvm::IRBuilderBase &b) = 0;
  virtual void syncBlock(llvm::IRBuilderBase &b) = 0;  // with the order of memory that a barrier gives

  // i1; `address` is a generic one.
  virtual llvm::Value *isShared(llvm::IRBuilderBase &b, Ids &ids, llvm::Value *address, llvm::Value *bytes) = 0;
  virtual llvm::Value *isLocal(llvm::IRBuilderBase &b, llvm::Function &kernel, llvm::Value *address) = 0;

  virtual llvm::Value *clock(llvm::IRBuilderBase &b) = 0;                  // i64; null: it has none
  virtual llvm::Value *globalTimer(llvm::IRBuilderBase &b, Ids &ids);      // i64; null: it has none
  virtual void pause(llvm::IRBuilderBase &b) = 0;

  // An address a; the stack of linear thread t lies at a + t * stack bytes.
  virtual llvm::Value *stackArea(Ids &ids);
  // When all calls are lowered.
  virtual void finish(llvm::Function &kernel, Ids &ids);
};

// Of one atomic access; 0: it is none.
unsigned atomicBits(const llvm::Instruction &instruction);

// Whether the kernel can be right in waves; on thread form, marks what later passes read (phases.h). A refusal says why not.
llvm::Error checkWaves(llvm::Function &kernel, const simt::SimtOptions &options, const Machine &machine);

// The kernel has the arguments that its format wants by then, of which `launch` is or becomes the record's address. No cutrans.* are left but those of
// expand-math and the messages' (compiler/emit/device), shared memory is laid out, scopes are the machine's. Address spaces are still the IR's.
// `needs` has the parameters' bytes, and gets the rest.
llvm::Error lowerThread(llvm::Function &kernel, llvm::Value *launch, llvm::Value *params, const simt::SimtOptions &options, Machine &machine, Needs &needs);

// The most threads that a block of the kernel can have.
uint32_t mostThreads(const llvm::Function &kernel, const simt::SimtOptions &options);

}  // namespace cutrans::emit::thread
