// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/ptx/run/runner.h"

#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/context/fiber.hpp>

#include "cutrans/targets/textures.h"
#include "cutrans/targets/transactions.h"

namespace cutrans::test {
namespace {

namespace ctx = boost::context;

struct BarrierState {
  uint32_t arrived = 0, gangs = 0, votes = 0, turn = 0, lastVotes = 0, lastArrived = 0;
};

// Lanes of a warp that meet; `at` is set while a lane waits.
struct Meeting {
  uint32_t ended = 0;
  ct_native_exchange *at[32] = {};
};

struct Block;

struct Gang {
  ctx::fiber fiber;  // of the gang while it is suspended
  bool done = false;
  uint32_t live = 0;
};

// What generated code sees comes first; the rest is this runner's.
struct Block {
  ct_native_block native{};
  const ct_native_kernel *kernel = nullptr;
  std::vector<Gang> gangs;
  std::map<uint32_t, BarrierState> barriers;
  std::map<uint32_t, Meeting> meetings;  // by warp
  ctx::fiber scheduler;
  uint32_t threads = 0;
  std::string *printed = nullptr;
  std::vector<uint8_t> scratch, local, stack;
};

thread_local std::jmp_buf escape;
thread_local std::string stopped;

Block &of(ct_native_block *block) { return *reinterpret_cast<Block *>(block); }

[[noreturn]] void stop(std::string why) {
  stopped = std::move(why);
  std::longjmp(escape, 1);
}

int32_t print(ct_native_block *block, const char *format, const void *) {
  *of(block).printed += format;
  return 0;
}
void failAssertion(ct_native_block *, uint32_t thread, const char *message, const char *, uint32_t, const char *) {
  stop("assertion in thread " + std::to_string(thread) + ": " + message);
}
void trap(ct_native_block *, uint32_t thread, uint32_t code) {
  stop("trap " + std::to_string(code) + " in thread " + std::to_string(thread));
}
uint64_t allocate(ct_native_block *, uint64_t size) { return reinterpret_cast<uint64_t>(std::malloc(size)); }
void release(ct_native_block *, uint64_t address) { std::free(reinterpret_cast<void *>(address)); }
uint64_t ticks() {
  static uint64_t now;
  return now += 100;
}
void sleep(ct_native_block *, uint32_t) {}

void suspend(Block &block, uint32_t) { block.scheduler = std::move(block.scheduler).resume(); }

uint32_t liveGangs(const Block &block) {
  uint32_t live = 0;
  for (const Gang &gang : block.gangs) live += !gang.done;
  return live;
}

void release(BarrierState &state) {
  state.lastVotes = state.votes;
  state.lastArrived = state.arrived;
  state.arrived = state.gangs = state.votes = 0;
  ++state.turn;
}

// A barrier of all threads counts gangs: lanes that exited early never arrive.
BarrierState &arrive(ct_native_block *native, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes) {
  Block &block = of(native);
  BarrierState &state = block.barriers[id];
  state.arrived += threads;
  state.votes += votes;
  state.gangs += !expected;
  if (expected ? state.arrived >= expected : state.gangs >= liveGangs(block)) release(state);
  return state;
}

void barrierReduce(ct_native_block *native, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected, uint32_t votes,
                   uint32_t *outTrue, uint32_t *outThreads) {
  uint32_t turn = of(native).barriers[id].turn;
  BarrierState &state = arrive(native, id, threads, expected, votes);
  while (state.turn == turn) suspend(of(native), gang);
  *outTrue = state.lastVotes;
  *outThreads = state.lastArrived;
}
void barrier(ct_native_block *native, uint32_t gang, uint32_t id, uint32_t threads, uint32_t expected) {
  uint32_t votes, arrived;
  barrierReduce(native, gang, id, threads, expected, 0, &votes, &arrived);
}
void barrierArrive(ct_native_block *native, uint32_t, uint32_t id, uint32_t threads, uint32_t expected) {
  arrive(native, id, threads, expected, 0);
}
void yield(ct_native_block *native, uint32_t gang) { suspend(of(native), gang); }

void texture(ct_native_block *, uint32_t thread, uint32_t form, uint32_t lanes, uint32_t mask, const uint64_t *handles, const uint32_t *in,
             uint32_t *out) {
  uint32_t lane = 0;
  if (ct_texture_fault fault = ct_texture_run(form, lanes, mask, handles, in, out, &lane); fault != CT_TEXTURE_OK)
    stop("texture fault " + std::to_string(fault) + " in thread " + std::to_string(thread + lane));
}

// Lanes that wait with `lane` for the same; all who wait for nobody in particular are together.
uint32_t company(const Meeting &meeting, uint32_t lane) {
  uint32_t lanes = 0;
  const ct_native_exchange &own = *meeting.at[lane];
  for (uint32_t other = 0; other < 32; ++other) {
    const ct_native_exchange *theirs = meeting.at[other];
    if (theirs && theirs->operation == own.operation &&
        ((own.operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE) || theirs->members[other] == own.members[lane]))
      lanes |= 1u << other;
  }
  return lanes;
}

void warpExchange(ct_native_block *native, uint32_t gang, ct_native_exchange *exchange) {
  Block &block = of(native);
  const uint32_t warp = gang * block.kernel->gang_width / 32;
  Meeting &meeting = block.meetings[warp];
  meeting.ended |= exchange->exited;
  auto waits = [&](uint32_t lane) { return (exchange->lanes >> lane & 1) && meeting.at[lane] == exchange; };
  for (uint32_t lane = 0; lane < 32; ++lane)
    if (exchange->lanes >> lane & 1) meeting.at[lane] = exchange;
  for (int turns = 0;; ++turns) {
    bool left = false;
    for (uint32_t lane = 0; lane < 32; ++lane) {
      if (!waits(lane)) continue;
      uint32_t gone = meeting.ended;
      for (uint32_t other = 0; other < 32; ++other) {
        uint32_t thread = warp * 32 + other;
        if (thread >= block.threads || block.gangs[thread / block.kernel->gang_width].done) gone |= 1u << other;
      }
      const bool anyone = (exchange->operation & CT_NATIVE_EXCHANGE_WHO_IS_HERE);
      const uint32_t here = company(meeting, lane), wanted = anyone ? ~gone : exchange->members[lane] & ~gone;
      if ((wanted & ~here) && !(anyone && turns > 2)) {
        left = true;
        continue;
      }
      ct_native_exchange *together[32];
      for (uint32_t other = 0; other < 32; ++other) together[other] = here >> other & 1 ? std::exchange(meeting.at[other], nullptr) : nullptr;
      for (uint32_t other = 0; other < 32; ++other) {
        if (!together[other]) continue;
        together[other]->present[other] = anyone ? here : here & exchange->members[lane];
        for (uint32_t from = 0; from < 32; ++from)
          if (together[from]) together[other]->values[from] = together[from]->values[from];
      }
    }
    if (!left) return;
    suspend(block, gang);
  }
}

// The runner has no clusters: each block is one.
void clusterArrive(ct_native_block *, uint32_t) {}
void clusterWait(ct_native_block *native, uint32_t gang) { barrier(native, gang, 99, 1, uint32_t(of(native).gangs.size())); }

void finish(ct_transaction_status status, const char *problem) {
  if (status != CT_TRANSACTION_OK) stop(problem);
}
void bulkCopy(ct_native_block *, void *to, const void *from, uint64_t bytes, uint32_t mask) {
  const char *problem = nullptr;
  finish(ct_bulk_copy(to, from, bytes, mask, &problem), problem);
}
void bulkReduce(ct_native_block *, void *to, const void *from, uint64_t bytes, uint32_t operation) {
  const char *problem = nullptr;
  finish(ct_bulk_reduce(to, from, bytes, operation, &problem), problem);
}
uint32_t tensorCopy(ct_native_block *, const void *map, void *shared, const int32_t *where, uint32_t what) {
  const char *problem = nullptr;
  uint32_t bytes = 0;
  finish(ct_tensor_copy(map, shared, 0, where, what, &bytes, &problem), problem);
  return bytes;
}

void waitShared(ct_native_block *native, uint32_t gang, uint32_t) { yield(native, gang); }

const ct_native_services Services = {sizeof(ct_native_services), 0, print, failAssertion, trap, allocate, release, ticks, ticks,
                                     sleep, barrier, barrierArrive, barrierReduce, yield, texture, clusterArrive, clusterWait, warpExchange,
                                     waitShared, bulkCopy, bulkReduce, tensorCopy};

template <class T>
T *aligned(std::vector<uint8_t> &store, size_t bytes) {
  store.resize(bytes + 64);
  return reinterpret_cast<T *>((reinterpret_cast<uintptr_t>(store.data()) + 63) & ~uintptr_t(63));
}

class SharedWindow {
 public:
  explicit SharedWindow(size_t bytes) : bytes_((bytes + 8191) & ~size_t(4095)) {
    base_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  }
  ~SharedWindow() { munmap(base_, bytes_); }
  SharedWindow(const SharedWindow &) = delete;
  uint32_t address() const { return uint32_t(reinterpret_cast<uintptr_t>(base_)); }

 private:
  size_t bytes_;
  void *base_;
};

struct Running {
  std::unique_ptr<Block> block;
  std::unique_ptr<SharedWindow> shared;
};

Running start(const ct_native_kernel &kernel, const Launch &launch, uint32_t x, uint32_t y, uint32_t z, Outcome &outcome,
              void *workspace) {
  Running running{std::make_unique<Block>(), nullptr};
  Block &block = *running.block;
  block.kernel = &kernel;
  block.printed = &outcome.printed;
  ct_native_block &native = block.native;
  native.services = &Services;
  native.params = launch.params.data();
  native.globals = launch.globals;
  block.threads = launch.block[0] * launch.block[1] * launch.block[2];
  uint32_t gangs = (block.threads + kernel.gang_width - 1) / kernel.gang_width;
  native.scratch = aligned<uint8_t>(block.scratch, kernel.scratch_bytes);
  native.local = aligned<uint8_t>(block.local, size_t(kernel.local_bytes) * gangs * kernel.gang_width);
  native.stack_bytes = kernel.flags & CT_NATIVE_USES_STACK ? launch.stackBytes : 0;
  native.stack = reinterpret_cast<uint64_t>(aligned<uint8_t>(block.stack, native.stack_bytes * gangs * kernel.gang_width));
  for (unsigned i = 0; i < 3; ++i) native.grid[i] = launch.grid[i], native.block[i] = launch.block[i];
  native.block_id[0] = x, native.block_id[1] = y, native.block_id[2] = z;
  native.shared_bytes = kernel.static_shared_bytes + launch.dynamicShared;
  native.dynamic_shared_bytes = launch.dynamicShared;
  native.unit_count = 1;
  native.grid_workspace = reinterpret_cast<uint64_t>(workspace);
  running.shared = std::make_unique<SharedWindow>(native.shared_bytes);
  native.shared_base = native.cluster_base = running.shared->address();
  native.cluster[0] = native.cluster[1] = native.cluster[2] = 1;
  native.cluster_shift = 20;
  if (kernel.form == CT_NATIVE_FORM_GANG) {
    block.gangs.resize(gangs);
    for (uint32_t gang = 0; gang < gangs; ++gang)
      block.gangs[gang].fiber = ctx::fiber([&block, gang](ctx::fiber &&back) {
        block.scheduler = std::move(back);
        block.kernel->entry.gang(&block.native, gang);
        block.gangs[gang].done = true;
        return std::move(block.scheduler);
      });
  }
  return running;
}

// Turns of all gangs until all are done. A turn in which nothing was left to run is the end; too many are a hang.
void runGangs(std::vector<Running> &blocks) {
  for (uint64_t turn = 0;; ++turn) {
    if (turn == 200000) stop("hang: gangs still wait after 200000 turns");
    bool left = false;
    for (Running &running : blocks)
      for (Gang &gang : running.block->gangs) {
        if (gang.done) continue;
        left = true;
        ctx::fiber back = std::move(gang.fiber).resume();
        if (!gang.done) gang.fiber = std::move(back);
        else
          // Those that wait for all threads need fewer now.
          for (auto &[id, state] : running.block->barriers)
            if (state.gangs && state.gangs >= liveGangs(*running.block)) release(state);
      }
    if (!left) return;
  }
}

}  // namespace

Artifact::Artifact(std::span<const char> bytes) {
  int file = memfd_create("artifact", MFD_CLOEXEC);
  if (write(file, bytes.data(), bytes.size()) != ssize_t(bytes.size())) error_ = "short write";
  std::string path = "/proc/self/fd/" + std::to_string(file);
  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle_) error_ = dlerror();
  close(file);
  if (handle_) kernel_ = static_cast<const ct_native_kernel *>(dlsym(handle_, CT_NATIVE_KERNEL_SYMBOL));
}

Artifact::~Artifact() {
  if (handle_) dlclose(handle_);
}

Outcome Artifact::run(const Launch &launch, bool together) const {
  Outcome outcome;
  alignas(64) static uint8_t workspace[4096];
  std::memset(workspace, 0, sizeof workspace);
  std::vector<Running> blocks;
  if (setjmp(escape)) {
    outcome.ok = false;
    outcome.problem = stopped;
    // Fibers that never end cannot be unwound through generated code; the test is over anyway.
    new std::vector<Running>(std::move(blocks));
    return outcome;
  }
  for (uint32_t z = 0; z < launch.grid[2]; ++z)
    for (uint32_t y = 0; y < launch.grid[1]; ++y)
      for (uint32_t x = 0; x < launch.grid[0]; ++x) {
        blocks.push_back(start(*kernel_, launch, x, y, z, outcome, workspace));
        if (kernel_->form == CT_NATIVE_FORM_BLOCK) {
          kernel_->entry.block(&blocks.back().block->native);
          blocks.clear();
        } else if (!together) {
          runGangs(blocks);
          blocks.clear();
        }
      }
  if (!blocks.empty()) runGangs(blocks);
  return outcome;
}

}  // namespace cutrans::test
