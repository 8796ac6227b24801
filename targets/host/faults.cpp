// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Signal handlers and the way out of guarded code.
#include "faults.h"

#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "memory_file.h"

namespace cutrans::host {
namespace {

// Read in a signal handler: initial-exec, so that the access never allocates.
[[gnu::tls_model("initial-exec")]] thread_local Guard *active = nullptr;
[[gnu::tls_model("initial-exec")]] thread_local bool has_signal_stack = false;
[[gnu::tls_model("initial-exec")]] thread_local bool passing_on = false;

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
struct sigaction previous[NSIG];  // written under the lock before our handler is in place
std::mutex install_lock;

[[noreturn]] void leave(Guard &guard) {
  active = nullptr;
  Fiber forgotten;
  if (guard.running) {
    forgotten.shadow = guard.running->shadow;
    forgotten.stack = guard.running->stack;
  }
  switchFiber(forgotten, guard.outer);
  __builtin_unreachable();
}

void describe(Fault &fault, int signal, const siginfo_t &info, const Fiber *running) {
  const uintptr_t address = reinterpret_cast<uintptr_t>(info.si_addr);
  fault.address = address;
  auto set = [&](ct_status status, Code code, const char *what) {
    fault.status = status;
    fault.code = code;
    std::snprintf(fault.text, sizeof fault.text, "%s", what);
  };
  if (signal == SIGSEGV && running && address < reinterpret_cast<uintptr_t>(running->stack.base) &&
      running->stack.contains(address, kStackGuardBytes))
    set(CT_ERR_LAUNCH, Code::host_stack_overflow, "stack overflow");
  else if (signal == SIGSEGV && info.si_code == SI_KERNEL)
    set(CT_ERR_ILLEGAL_ADDRESS, Code::host_illegal_address, "illegal address (not canonical, or a misaligned vector access)");
  else if (signal == SIGBUS && info.si_code == BUS_ADRALN)
    set(CT_ERR_MISALIGNED, Code::host_misaligned, "misaligned address");
  else if (signal == SIGSEGV || signal == SIGBUS) {
    set(CT_ERR_ILLEGAL_ADDRESS, Code::host_illegal_address, "");
    std::snprintf(fault.text, sizeof fault.text, "illegal address 0x%llx", static_cast<unsigned long long>(address));
  } else if (signal == SIGFPE)
    set(CT_ERR_LAUNCH, Code::host_bad_instruction, "arithmetic exception");
  else if (signal == SIGTRAP)
    set(CT_ERR_TRAP, Code::host_trap, "breakpoint");
  else
    set(CT_ERR_LAUNCH, Code::host_bad_instruction, "illegal instruction");
}

void passOn(int signal, siginfo_t *info, void *context) {
  // A handler that was installed over ours may itself pass on to ours: then there is nobody left to ask.
  const bool again = passing_on;
  const struct sigaction &before = previous[signal];
  passing_on = true;
  if (!again && (before.sa_flags & SA_SIGINFO)) {
    before.sa_sigaction(signal, info, context);
  } else if (again || before.sa_handler == SIG_DFL || (before.sa_handler == SIG_IGN && info->si_code > 0)) {
    // The instruction is run again, without us, and gets what it would have got.
    ::signal(signal, SIG_DFL);
    if (info->si_code <= 0) raise(signal);
  } else if (before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
  }
  passing_on = again;
}

void onSignal(int signal, siginfo_t *info, void *context) {
  if (signal == SIGSEGV && info->si_code == SEGV_ACCERR && awaitMove()) return;
  Guard *guard = active;
  // si_code <= 0: sent by a process, not raised by an instruction.
  if (!guard || info->si_code <= 0) return passOn(signal, info, context);
  describe(guard->fault, signal, *info, guard->running);
  // The handler is left by a switch, so nobody else gives the thread its signals back.
  pthread_sigmask(SIG_SETMASK, &static_cast<ucontext_t *>(context)->uc_sigmask, nullptr);
  leave(*guard);
}

// A thread's alternate stack, for faults that are stack overflows. Given back when the thread ends.
struct SignalStack {
  Stack stack;
  stack_t before{};
  ~SignalStack() {
    if (!stack.base) return;
    sigaltstack(&before, nullptr);
    releaseStack(stack);
  }
};
thread_local SignalStack signal_stack;
constexpr size_t kSignalStackLeast = 32u << 10;  // a frame with all vector registers is 3 to 11 KiB of that

void ensureSignalStack() {
  stack_t now{};
  sigaltstack(nullptr, &now);
  if ((now.ss_flags & SS_DISABLE) || now.ss_size < kSignalStackLeast) {
    signal_stack.before = now;
    signal_stack.stack = allocateStack(64u << 10);
    stack_t ours{};
    ours.ss_sp = signal_stack.stack.base;
    ours.ss_size = signal_stack.stack.size;
    if (ours.ss_sp) sigaltstack(&ours, nullptr);
  }
  has_signal_stack = true;
}

// Kernels compute with the default environment (round to nearest, denormals kept), whatever the thread has set: programs
// linked with -ffast-math flush denormals in all their threads.
uint64_t setFloatingPoint(uint64_t value) {
#if defined(__x86_64__)
  const uint64_t before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(static_cast<uint32_t>(value));
  return before;
#elif defined(__aarch64__)
  uint64_t before;
  asm volatile("mrs %0, fpcr" : "=r"(before));
  asm volatile("msr fpcr, %0" ::"r"(value));
  return before;
#else
  return value;
#endif
}

#if defined(__x86_64__)
constexpr uint64_t kDefaultFloatingPoint = 0x1f80;
#else
constexpr uint64_t kDefaultFloatingPoint = 0;
#endif

struct Call {
  Guard *guard;
  void (*body)(void *);
  void *argument;
};

void runBody(void *raw) {
  Call *call = static_cast<Call *>(raw);
  call->body(call->argument);
  active = nullptr;
  switchFiber(call->guard->body, call->guard->outer);
}

}  // namespace

void installFaultHandlers() {
  std::lock_guard hold(install_lock);
  for (int signal : kSignals) {
    struct sigaction now{};
    sigaction(signal, nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == onSignal) continue;
    previous[signal] = now;
    struct sigaction ours{};
    ours.sa_sigaction = onSignal;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    sigaction(signal, &ours, nullptr);
  }
}

void removeFaultHandlers() {
  std::lock_guard hold(install_lock);
  for (int signal : kSignals) {
    struct sigaction now{};
    sigaction(signal, nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == onSignal) sigaction(signal, &previous[signal], nullptr);
  }
}

bool runGuarded(Guard &guard, void (*body)(void *), void *argument) {
  if (!has_signal_stack) ensureSignalStack();
  Call call{&guard, body, argument};
  guard.fault.status = CT_OK;
  adoptFiber(guard.outer);
  const uint64_t floating_point = setFloatingPoint(kDefaultFloatingPoint);  // new stacks start with what holds here
  prepareFiber(guard.body, runBody, &call);
  guard.running = &guard.body;
  active = &guard;
  switchFiber(guard.outer, guard.body);
  setFloatingPoint(floating_point);
  guard.running = nullptr;
  return guard.fault.status == CT_OK;
}

void abandon(ct_status status, Code code, const char *format, ...) {
  Guard &guard = *active;
  guard.fault.status = status;
  guard.fault.code = code;
  va_list list;
  va_start(list, format);
  std::vsnprintf(guard.fault.text, sizeof guard.fault.text, format, list);
  va_end(list);
  leave(guard);
}

}  // namespace cutrans::host
