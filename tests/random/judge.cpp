// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/random/judge.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <random>

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/machines.h"
#include "tests/ptx/run/runner.h"
#include "tests/random/reference_run.h"

namespace cutrans::random {
namespace {

std::string difference(const Program &program, const std::vector<uint8_t> &got, const std::vector<uint8_t> &want) {
  std::string text;
  int shown = 0;
  for (size_t i = 0; i < got.size(); i += 4) {
    if (!std::memcmp(&got[i], &want[i], 4)) continue;
    uint32_t a, b;
    std::memcpy(&a, &got[i], 4), std::memcpy(&b, &want[i], 4);
    char line[160];
    size_t outs = program.threads() * OutBytes;
    if (i < outs) std::snprintf(line, sizeof line, "thread %zu, byte %zu: 0x%08x, not 0x%08x\n", i / OutBytes, i % OutBytes, a, b);
    else std::snprintf(line, sizeof line, "sums, byte %zu: 0x%08x, not 0x%08x\n", i - outs, a, b);
    if (++shown <= 6) text += line;
  }
  return text + std::to_string(shown) + " words differ\n";
}

uint64_t digestOf(const std::vector<uint8_t> &bytes) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

}  // namespace

std::string nameOf(const Way &way) {
  return (way.width < 0 ? "any shape" : way.width == 0 ? "chosen width" : "width " + std::to_string(way.width)) + " on " + std::string(way.machine);
}

const std::vector<Way> &allWays() {
  static const std::vector<Way> all = [] {
    std::vector<Way> result;
    for (std::string_view machine : test::machineNames())
      for (int width : {0, 1, 8, 16, 32, -1}) result.push_back({width, machine});
    return result;
  }();
  return all;
}

Memory::Memory(const Program &program) {
  constexpr size_t Most = 64 << 20;
  static uint8_t *const base = [] {
    void *place = mmap(reinterpret_cast<void *>(0x5a0000000000), Most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (place == MAP_FAILED) std::abort();
    return static_cast<uint8_t *>(place);
  }();
  size_t outBytes = program.threads() * OutBytes;
  all = {base, ResultAt + outBytes + SumBytes};
  if (all.size() > Most) std::abort();
  std::fill(all.begin(), all.end(), 0);
  std::mt19937 noise(12345);
  for (size_t i = 0; i < InBytes; i += 4) {
    uint32_t word = noise();
    // Some small numbers, some floats of ordinary size, some edges.
    if (word % 5 == 0) word = noise() % 100 - 20;
    else if (word % 5 == 1) word = (noise() & 0x807fffff) | (120 + noise() % 16) << 23;
    else if (word % 29 == 2) word = std::array<uint32_t, 6>{0, 0x80000000, 0x7f800000, 0x7fc00000, 0x00000007, 0x7fffffff}[noise() % 6];
    std::memcpy(&all[i], &word, 4);
  }
  auto put = [&](auto value) {
    params.resize((params.size() + sizeof value - 1) / sizeof value * sizeof value + sizeof value);
    std::memcpy(params.data() + params.size() - sizeof value, &value, sizeof value);
  };
  uint64_t address = reinterpret_cast<uintptr_t>(base);
  put(address);
  put(address + ResultAt);
  put(address + ResultAt + outBytes);
  put(ParameterN);
}

Judgement judgeHere(const Program &program, const std::vector<Way> &ways) {
  Judgement result;
  std::vector<uint8_t> right;
  bool known = false;
  std::string rightBy = "the reference", unjudged;
  ReferenceEnd end;
  {
    Memory memory(program);
    end = runReference(program, memory, unjudged);
    right = memory.result();
  }
  if (end == ReferenceEnd::Invalid) return {Verdict::Invalid, unjudged, 0};
  known = end == ReferenceEnd::Ran;

  test::PtxModule module(program.text);
  if (!module.problems().empty()) return {known ? Verdict::Refused : Verdict::Invalid, module.problems(), 0};
  for (const Way &way : ways) {
    test::CompileOptions options;
    if (way.width >= 0) options.block = program.block;
    options.anyGrid = way.width < 0;
    options.gangWidth = way.width > 0 ? uint32_t(way.width) : 0;
    options.machine = way.machine;
    test::PtxArtifact compiled = module.compile("entry", options);
    if (compiled.bytes.empty()) return {Verdict::Refused, nameOf(way) + ": " + compiled.diagnostics, 0};
    test::Artifact artifact(compiled.bytes);
    if (!artifact.kernel()) return {Verdict::Differs, nameOf(way) + ": " + artifact.error(), 0};
    Memory memory(program);
    std::shared_ptr<void> image = module.image();
    test::Launch launch{program.grid, program.block, program.dynamicShared, memory.params, image.get()};
    test::Outcome outcome = artifact.run(launch);
    if (!outcome.ok) return {Verdict::Differs, nameOf(way) + ": " + outcome.problem, 0};
    if (!known) {
      right = memory.result();
      known = true;
      rightBy = nameOf(way);
    } else if (memory.result() != right) {
      return {Verdict::Differs, nameOf(way) + " against " + rightBy + ":\n" + difference(program, memory.result(), right), digestOf(right)};
    }
  }
  return {end == ReferenceEnd::Ran ? Verdict::Agrees : Verdict::Unjudged, unjudged, digestOf(right)};
}

// ---- in a child -----------------------------------------------------------------------------------------------------

namespace {
void limit(int resource, rlim_t value) {
  rlimit most{value, value + (resource == RLIMIT_CPU ? 5 : 0)};  // SIGXCPU at the first, SIGKILL at the second
  setrlimit(resource, &most);
}
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
}  // namespace

void Children::start(uint64_t seed, const Program &program, const std::vector<Way> &ways, unsigned seconds) {
  int ends[2];
  if (pipe(ends)) std::abort();
  std::fflush(nullptr);
  int pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    limit(RLIMIT_CPU, seconds);
    limit(RLIMIT_DATA, rlim_t(8) << 30);
    Judgement judgement = judgeHere(program, ways);
    std::string message(1, char(judgement.verdict));
    message.append(reinterpret_cast<char *>(&judgement.digest), 8);
    message += judgement.text.substr(0, 30000);
    if (write(ends[1], message.data(), message.size()) < 0) _exit(1);
    _exit(0);
  }
  close(ends[1]);
  running_.push_back({seed, pid, ends[0], now() + 20.0 * seconds});
}

Children::Finished Children::wait() {
  for (;;) {
    std::vector<pollfd> polls;
    for (const Child &child : running_) polls.push_back({child.pipe, POLLIN, 0});
    poll(polls.data(), polls.size(), 100);
    for (size_t i = 0; i < running_.size(); ++i) {
      Child child = running_[i];
      bool late = now() > child.until;
      if (!polls[i].revents && !late) continue;
      Judgement judgement;
      if (!polls[i].revents) kill(child.pid, SIGKILL);
      std::string message;
      char buffer[4096];
      for (ssize_t got; !late && (got = read(child.pipe, buffer, sizeof buffer)) > 0;) message.append(buffer, size_t(got));
      int status = 0;
      waitpid(child.pid, &status, 0);
      close(child.pipe);
      if (message.size() >= 9) {
        judgement.verdict = Verdict(message[0]);
        std::memcpy(&judgement.digest, message.data() + 1, 8);
        judgement.text = message.substr(9);
      } else {
        // SIGXCPU: its processor time is spent. SIGKILL: ours below, or the kernel's for want of memory.
        int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        judgement.verdict = signal == SIGKILL ? Verdict::Starved : Verdict::Differs;
        judgement.text = signal == SIGXCPU ? "does not end\n" : "the process ended with signal " + std::to_string(signal) + "\n";
      }
      running_.erase(running_.begin() + ssize_t(i));
      return {child.seed, judgement};
    }
  }
}

Judgement judge(const Program &program, const std::vector<Way> &ways, unsigned seconds) {
  Children children(1);
  children.start(0, program, ways, seconds);
  return children.wait().judgement;
}

}  // namespace cutrans::random
