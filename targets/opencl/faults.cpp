// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "faults.h"

#include <fcntl.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include <cutrans/opencl_kernel.h>

#include "device.h"
#include "host.h"
#include "memory_file.h"

namespace cutrans::opencl {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL};  // PoCL answers SIGFPE itself: a division by zero goes on
struct sigaction previous[NSIG];                      // written under the lock before our handler is in place
std::mutex lock;

// Read in the handler, so without locks. What finds no room is not watched.
constexpr size_t kDevices = 64, kArenas = 4096;
std::atomic<ct_device *> watched_devices[kDevices];
struct Slots {
  std::atomic<uint32_t *> words;
  std::atomic<uint32_t> count;
};
Slots watched_slots[kArenas];

enum Telling { nothing, writing, ready };
std::atomic<int> telling{nothing};
char told[200];
Code told_code;

// The pages of code around an address: one mapping of a library in PoCL's cache, or of no file, where a driver compiles into memory.
struct KernelCode {
  uint64_t begin = 0, end = 0;
  bool named = false;  // by its path it is a kernel's
  bool has(uint64_t pc) const { return pc - begin < end - begin; }
};

// Without the C library's locks and memory: the kernel's thread may be anywhere in a driver that has them.
class Maps {
 public:
  Maps() : file_(open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) {}
  ~Maps() {
    if (file_ >= 0) close(file_);
  }
  // Cut off when longer than the buffer.
  bool line(char *out, size_t size) {
    size_t length = 0;
    for (;;) {
      if (at_ == have_) {
        const ssize_t got = file_ < 0 ? 0 : read(file_, buffer_, sizeof buffer_);
        if (got <= 0) return false;
        have_ = static_cast<size_t>(got);
        at_ = 0;
      }
      const char c = buffer_[at_++];
      if (c == '\n') break;
      if (length + 1 < size) out[length++] = c;
    }
    out[length] = 0;
    return true;
  }

 private:
  int file_;
  char buffer_[1024];
  size_t at_ = 0, have_ = 0;
};

KernelCode codeAround(uint64_t pc) {
  Maps maps;
  char line[512];
  while (maps.line(line, sizeof line)) {
    char *rest = nullptr;
    KernelCode code;
    code.begin = std::strtoull(line, &rest, 16);
    code.end = *rest == '-' ? std::strtoull(rest + 1, &rest, 16) : 0;
    if (!code.has(pc)) continue;
    const bool runs = std::strlen(rest) > 4 && rest[1] == 'r' && rest[3] == 'x';
    code.named = std::strstr(rest, "/" CT_OPENCL_KERNEL_NAME "/") != nullptr;
    if (runs && (code.named || !std::strpbrk(rest, "/["))) return code;
    break;
  }
  return {};
}

#if defined(__x86_64__)
constexpr unsigned char kFrame[] = {0x55, 0x48, 0x89, 0xe5};                                      // push rbp; mov rbp, rsp
constexpr unsigned char kPushes[] = {0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54, 0x53};         // push r15 r14 r13 r12 rbx
constexpr unsigned char kMark[] = {0x0f, 0x1f, 0x80, 0x43, 0x54, 0x4f, 0x43};                       // CT_OPENCL_ENTRY_ASM
constexpr uint64_t kEntryBytes = 96;                                                                // at most between the pushes and the mark

// Where bytes stand last at or before an address; 0: nowhere.
template <size_t Size>
uint64_t lastBefore(const KernelCode &code, uint64_t from, const unsigned char (&bytes)[Size], uint64_t least) {
  for (uint64_t at = std::min(from, code.end - Size); at >= std::max(code.begin, least); --at)
    if (std::memcmp(reinterpret_cast<const void *>(at), bytes, Size) == 0) return at;
  return 0;
}

// The words that a kernel's entry saved: rbx, r12 to r15, then rbp where `has_rbp`, then the address to return to. Drivers inline the kernel
// into functions of theirs, which keep no frame pointer: there the stack is where the entry left it.
struct Saved {
  const uint64_t *words = nullptr;  // null: the address is in no kernel
  bool has_rbp = false;
};

Saved savedBy(const KernelCode &code, uint64_t pc, uint64_t frame, uint64_t stack) {
  const uint64_t mark = lastBefore(code, pc, kMark, code.begin);
  // A function that the kernel calls has a frame of its own.
  if (!mark || lastBefore(code, pc, kFrame, mark)) return {};
  const uint64_t pushes = lastBefore(code, mark, kPushes, mark - kEntryBytes);
  if (!pushes) return {};
  if (pushes - code.begin >= sizeof kFrame && std::memcmp(reinterpret_cast<const void *>(pushes - sizeof kFrame), kFrame, sizeof kFrame) == 0)
    return {reinterpret_cast<const uint64_t *>(frame) - 5, true};
  const auto *next = reinterpret_cast<const unsigned char *>(pushes + sizeof kPushes);
  uint64_t room = 0;
  if (next[0] == 0x48 && next[1] == 0x81 && next[2] == 0xec)
    room = next[3] | next[4] << 8 | next[5] << 16 | uint64_t{next[6]} << 24;  // sub rsp, n
  else if (next[0] == 0x48 && next[1] == 0x83 && next[2] == 0xec)
    room = next[3];
  else if (next[0] == 0x50)
    room = 8;  // push rax
  const bool has_rbp = pushes > code.begin && *reinterpret_cast<const unsigned char *>(pushes - 1) == 0x55;
  return {reinterpret_cast<const uint64_t *>(stack + room), has_rbp};
}

// Makes the kernel's function return. false: its frames are not as they should be, nothing was changed.
bool leaveKernel(ucontext_t &context, const KernelCode &code) {
  greg_t *registers = context.uc_mcontext.gregs;
  uint64_t pc = static_cast<uint64_t>(registers[REG_RIP]), frame = static_cast<uint64_t>(registers[REG_RBP]), stack = static_cast<uint64_t>(registers[REG_RSP]);
  constexpr uint64_t kMostStack = 64u << 20;
  for (int depth = 0; depth < 1000; ++depth) {
    const Saved saved = savedBy(code, pc, frame, stack);
    const auto place = reinterpret_cast<uint64_t>(saved.words);
    if (saved.words) {
      if (place % 8 || place < stack || place - stack > kMostStack) return false;
      constexpr int kOrder[] = {REG_RBX, REG_R12, REG_R13, REG_R14, REG_R15};
      for (int i = 0; i < 5; ++i) registers[kOrder[i]] = static_cast<greg_t>(saved.words[i]);
      if (saved.has_rbp) registers[REG_RBP] = static_cast<greg_t>(saved.words[5]);
      else registers[REG_RBP] = static_cast<greg_t>(frame);
      const uint64_t *back = saved.words + (saved.has_rbp ? 6 : 5);
      registers[REG_RIP] = static_cast<greg_t>(*back);
      registers[REG_RSP] = static_cast<greg_t>(reinterpret_cast<uint64_t>(back + 1));
      return true;
    }
    if (frame % 8 || frame < stack || frame - stack > kMostStack) return false;
    const auto *words = reinterpret_cast<const uint64_t *>(frame);
    pc = words[1];
    stack = frame + 16;
    frame = words[0];
    if (!code.has(pc)) return false;
  }
  return false;
}
uint64_t programCounter(const ucontext_t &context) { return static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RIP]); }
#else
bool leaveKernel(ucontext_t &, const KernelCode &) { return false; }
uint64_t programCounter(const ucontext_t &) { return 0; }
#endif

void keep(int signal, const siginfo_t &info) {
  const ct_status status = signal == SIGILL ? CT_ERR_LAUNCH : signal == SIGBUS && info.si_code == BUS_ADRALN ? CT_ERR_MISALIGNED : CT_ERR_ILLEGAL_ADDRESS;
  int none = nothing;
  if (telling.compare_exchange_strong(none, writing)) {
    told_code = signal == SIGILL ? Code::host_bad_instruction : Code::host_illegal_address;
    if (signal == SIGILL)
      std::snprintf(told, sizeof told, "illegal instruction");
    else if (signal == SIGSEGV && info.si_code == SI_KERNEL)
      std::snprintf(told, sizeof told, "illegal address (not canonical, or a misaligned vector access)");
    else
      std::snprintf(told, sizeof told, "illegal address 0x%llx", static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(info.si_addr)));
    telling.store(ready);
  }
  for (auto &place : watched_devices)
    if (ct_device *device = place.load(std::memory_order_acquire)) device->setFault(status);
  for (Slots &slots : watched_slots) {
    uint32_t *words = slots.words.load(std::memory_order_acquire);
    for (uint32_t i = 0; words && i < slots.count.load(std::memory_order_relaxed); ++i) __atomic_store_n(&words[i], 0u, __ATOMIC_RELEASE);
  }
}

void passOn(int signal, siginfo_t *info, void *context) {
  const struct sigaction &before = previous[signal];
  if (before.sa_flags & SA_SIGINFO) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) return before.sa_handler(signal);
  // The instruction is run again, without us, and gets what it would have got.
  ::signal(signal, SIG_DFL);
  if (info->si_code <= 0) raise(signal);
}

void onSignal(int signal, siginfo_t *info, void *context) {
  if (signal == SIGSEGV && info->si_code == SEGV_ACCERR && process::awaitMove()) return;
  auto &machine = *static_cast<ucontext_t *>(context);
  // si_code <= 0: sent by a process, not raised by an instruction.
  const KernelCode code = info->si_code > 0 ? codeAround(programCounter(machine)) : KernelCode{};
  if (code.end && leaveKernel(machine, code)) return keep(signal, *info);
  if (code.named) {
    static constexpr char kLine[] = "cutrans: CT3209: a kernel's bad access ends the process; CUTRANS_TARGET=host catches it and says where\n";
    if (write(STDERR_FILENO, kLine, sizeof kLine - 1) < 0) {
      // The process ends all the same.
    }
  }
  passOn(signal, info, context);
}

}  // namespace

void installFaultHandlers() {
  std::lock_guard hold(lock);
  for (int signal : kSignals) {
    struct sigaction now{};
    sigaction(signal, nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == onSignal) continue;
    previous[signal] = now;
    struct sigaction ours{};
    ours.sa_sigaction = onSignal;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&ours.sa_mask);
    sigaction(signal, &ours, nullptr);
  }
}

void removeFaultHandlers() {
  std::lock_guard hold(lock);
  for (int signal : kSignals) {
    struct sigaction now{};
    sigaction(signal, nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == onSignal) sigaction(signal, &previous[signal], nullptr);
  }
}

void watchDevice(ct_device &device) {
  std::lock_guard hold(lock);
  for (auto &place : watched_devices)
    if (!place.load()) return place.store(&device);
}

void forgetDevice(ct_device &device) {
  std::lock_guard hold(lock);
  for (auto &place : watched_devices)
    if (place.load() == &device) place.store(nullptr);
}

void watchSlots(uint32_t *words, uint32_t count) {
  std::lock_guard hold(lock);
  for (Slots &slots : watched_slots)
    if (!slots.words.load()) {
      slots.count.store(count);
      return slots.words.store(words);
    }
}

void forgetSlots(uint32_t *words) {
  std::lock_guard hold(lock);
  for (Slots &slots : watched_slots)
    if (slots.words.load() == words) slots.words.store(nullptr);
}

void tellFault() {
  int said = ready;
  if (telling.load(std::memory_order_relaxed) != ready || !telling.compare_exchange_strong(said, writing)) return;
  report(told_code, std::string("a kernel: ") + told);
  telling.store(nothing);
}

}  // namespace cutrans::opencl
