// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "faults.h"

#include <dlfcn.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <mutex>

#include <cutrans/opencl_kernel.h>

#include "device.h"
#include "host.h"

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

// The code between a kernel's entry and the return to the driver is a library of its own.
const char *kernelLibrary(uint64_t pc, Dl_info &info) {
  if (!dladdr(reinterpret_cast<void *>(pc), &info) || !info.dli_fname) return nullptr;
  return std::strstr(info.dli_fname, "/" CT_OPENCL_KERNEL_NAME "/") ? info.dli_fname : nullptr;
}

#if defined(__x86_64__)
constexpr unsigned char kEntry[] = {0x55, 0x48, 0x89, 0xe5, 0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54, 0x53};  // push rbp; mov rbp, rsp; push r15 r14 r13 r12 rbx

// Makes the outermost function of the kernel return. false: its frames are not as they should be, nothing was changed.
bool leaveKernel(ucontext_t &context) {
  greg_t *registers = context.uc_mcontext.gregs;
  Dl_info info{};
  uint64_t pc = static_cast<uint64_t>(registers[REG_RIP]), frame = static_cast<uint64_t>(registers[REG_RBP]);
  const uint64_t stack = static_cast<uint64_t>(registers[REG_RSP]);
  bool inside = kernelLibrary(pc, info);
  const void *function = inside ? info.dli_saddr : nullptr;
  constexpr uint64_t kMostStack = 64u << 20;
  for (int depth = 0; depth < 1000; ++depth) {
    if (frame % 8 || frame < stack || frame - stack > kMostStack) return false;
    const auto *words = reinterpret_cast<const uint64_t *>(frame);
    const uint64_t back = words[1];
    if (kernelLibrary(back, info)) {
      inside = true;
      function = info.dli_saddr;
    } else if (inside) {
      if (!function || std::memcmp(function, kEntry, sizeof kEntry) != 0) return false;
      registers[REG_R15] = static_cast<greg_t>(words[-1]);
      registers[REG_R14] = static_cast<greg_t>(words[-2]);
      registers[REG_R13] = static_cast<greg_t>(words[-3]);
      registers[REG_R12] = static_cast<greg_t>(words[-4]);
      registers[REG_RBX] = static_cast<greg_t>(words[-5]);
      registers[REG_RBP] = static_cast<greg_t>(words[0]);
      registers[REG_RSP] = static_cast<greg_t>(frame + 16);
      registers[REG_RIP] = static_cast<greg_t>(back);
      return true;
    }
    if (words[0] <= frame) return false;
    frame = words[0];
  }
  return false;
}
#else
bool leaveKernel(ucontext_t &) { return false; }
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
  Dl_info where{};
  auto *machine = static_cast<ucontext_t *>(context);
  if (info->si_code > 0 && leaveKernel(*machine)) return keep(signal, *info);
#if defined(__x86_64__)
  if (info->si_code > 0 && kernelLibrary(static_cast<uint64_t>(machine->uc_mcontext.gregs[REG_RIP]), where)) {
    static constexpr char kLine[] = "cutrans: CT3209: a kernel's bad access ends the process; CUTRANS_TARGET=host catches it and says where\n";
    if (write(STDERR_FILENO, kLine, sizeof kLine - 1) < 0) {
      // The process ends all the same.
    }
  }
#endif
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
