// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random PTX programs against the reference (docs/testing-ptx.md):
//   ptx_random --seconds 120              new programs; the first seed is printed, and a failure reduced, at the end
//   ptx_random --seed 7 --count 1 --print one program, its text
//   ptx_random --reduce 7                 the smallest program that still fails like seed 7 (or like a file)
//   ptx_random --replay tests/random/found  every kept program, at every width, for every machine
#include <algorithm>
#include <array>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include <CLI/CLI.hpp>

#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/machines.h"
#include "tests/random/judge.h"
#include "tests/random/reduce.h"

using namespace cutrans::random;

namespace {

constexpr const char *Names[] = {"agree", "differ", "refused", "agree among widths only", "invalid", "could not be run to the end"};

// Three ways of all, so that more programs are seen; the compiler's own choice of the width is one of them.
std::vector<Way> waysFor(uint64_t seed) {
  std::mt19937_64 random(seed);
  auto machines = cutrans::test::machineNames();
  auto machine = [&] { return machines[random() % machines.size()]; };
  std::array<int, 5> widths{1, 8, 16, 32, -1};
  std::shuffle(widths.begin(), widths.end(), random);
  return {{0, machine()}, {widths[0], machine()}, {widths[1], machine()}};
}

void save(const std::string &path, const std::string &text) { std::ofstream(path) << text; }

int replay(const std::string &folder) {
  int failed = 0, count = 0;
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".ptx") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto &file : files) {
    Program program;
    std::optional<uint64_t> digest;
    if (!fromFile(cutrans::test::PtxModule::readFile(file), program, digest)) {
      std::printf("%s: no launch\n", file.c_str());
      ++failed;
      continue;
    }
    ++count;
    Judgement judgement = judge(program, allWays(), 600);
    bool good = judgement.verdict == Verdict::Agrees || judgement.verdict == Verdict::Unjudged;
    if (good && digest && *digest != judgement.digest) good = false, judgement.text = "all agree, but not with the memory noted in the file\n";
    if (good) continue;
    ++failed;
    std::printf("%s: %s\n%s\n", file.c_str(), Names[int(judgement.verdict)], judgement.text.c_str());
  }
  std::printf("%d kept programs, %d fail\n", count, failed);
  return failed || !count;
}

}  // namespace

int main(int argc, char **argv) {
  CLI::App app{"Random PTX programs through the compiler, at several gang widths, against the reference interpreter"};
  double seconds = 0;
  uint64_t seed = std::random_device{}(), count = UINT64_MAX;
  unsigned jobs = std::clamp(std::thread::hardware_concurrency(), 1u, 4u), stopAfter = 1;
  std::string reduceWhat, folder, failures;
  bool print = false, apart = false;
  app.add_option("--seconds", seconds, "stop after so much time");
  app.add_option("--seed", seed, "seed of the first program; the next has the next");
  app.add_option("--count", count, "stop after so many programs");
  app.add_option("--jobs", jobs, "programs at a time");
  app.add_option("--stop-after", stopAfter, "stop after so many failures; 0: never");
  app.add_option("--failures", failures, "folder where programs that fail are written");
  app.add_option("--reduce", reduceWhat, "a seed or a file whose program fails: shrink it");
  app.add_option("--replay", folder, "run all .ptx of this folder");
  app.add_flag("--apart", apart, "also lanes of a warp that meet at a barrier on different ways");
  app.add_flag("--print", print, "write the programs, run nothing");
  CLI11_PARSE(app, argc, argv);

  if (!print && !cutrans::test::PtxModule::load()) return 1;
  if (!failures.empty()) std::filesystem::create_directories(failures);
  if (!folder.empty()) return replay(folder);
  auto generated = [&](uint64_t number) { return generate(number, apart); };
  if (!reduceWhat.empty()) {
    Program program;
    std::optional<uint64_t> digest;
    std::vector<Way> ways = allWays();
    if (std::filesystem::exists(reduceWhat)) {
      fromFile(cutrans::test::PtxModule::readFile(reduceWhat), program, digest);
    } else {
      uint64_t number = std::strtoull(reduceWhat.c_str(), nullptr, 10);
      program = generated(number);
      std::vector<Way> first = waysFor(number);
      ways.insert(ways.begin(), first.begin(), first.end());
    }
    std::string small = reduce(program, ways, seconds ? seconds : 3600);
    std::fputs(small.empty() ? "does not fail\n" : small.c_str(), stdout);
    return small.empty();
  }
  if (print) {
    for (uint64_t i = 0; i < std::min<uint64_t>(count, 1000); ++i) std::fputs(toFile(generated(seed + i), "seed " + std::to_string(seed + i), {}).c_str(), stdout);
    return 0;
  }
  if (seconds == 0 && count == UINT64_MAX) seconds = 10;
  std::printf("first seed %" PRIu64 "\n", seed);
  std::fflush(stdout);
  auto begin = std::chrono::steady_clock::now();
  std::map<Verdict, uint64_t> counts;
  std::map<std::string, uint64_t> reasons;
  struct Failure {
    uint64_t seed;
    std::string what;
  };
  std::vector<Failure> failed;
  auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  auto done = [&](const Children::Finished &finished) {
    Judgement judgement = finished.judgement;
    // Alone, with more time: what a loaded machine did is no result.
    if (judgement.verdict == Verdict::Starved) judgement = judge(generated(finished.seed), waysFor(finished.seed), 300);
    ++counts[judgement.verdict];
    if (judgement.verdict != Verdict::Agrees && judgement.verdict != Verdict::Differs) ++reasons[judgement.text.substr(0, judgement.text.find('\n'))];
    // Everything that the generator writes can be compiled: a refusal is a mistake too.
    bool fails = judgement.verdict == Verdict::Differs || judgement.verdict == Verdict::Refused;
    if (!fails && judgement.verdict != Verdict::Invalid) return;
    std::printf("seed %" PRIu64 ": %s: %s\n", finished.seed, Names[int(judgement.verdict)], judgement.text.c_str());
    std::fflush(stdout);
    if (!fails) return;
    failed.push_back({finished.seed, judgement.text});
    if (!failures.empty()) save(failures + "/" + std::to_string(finished.seed) + ".ptx", toFile(generated(finished.seed), "seed " + std::to_string(finished.seed) + "\n" + judgement.text, {}));
  };
  Children children(jobs);
  for (uint64_t i = 0; i < count && (seconds == 0 || elapsed() < seconds) && (!stopAfter || failed.size() < stopAfter); ++i)
    children.add(seed + i, generated(seed + i), waysFor(seed + i), done);
  children.finish(done);
  uint64_t total = 0;
  for (auto [verdict, n] : counts) total += n, std::printf("%" PRIu64 " %s\n", n, Names[int(verdict)]);
  for (const auto &[reason, n] : reasons) std::printf("  %" PRIu64 " x %s\n", n, reason.c_str());
  std::printf("%" PRIu64 " programs in %.0f s from seed %" PRIu64 "\n", total, elapsed(), seed);
  std::fflush(stdout);
  // Last, because the end of a log is what people see: the first failure, small.
  if (!failed.empty()) {
    const Failure &first = failed[0];
    std::string small = reduce(generated(first.seed), waysFor(first.seed), 120);
    if (small.empty()) small = "// did not fail a second time; the first time: " + first.what + "\n";
    if (!failures.empty()) save(failures + "/" + std::to_string(first.seed) + ".reduced.ptx", small);
    std::printf("\n%s\nFAILED: seed %" PRIu64 "; above: the program, reduced; again: ptx_random --reduce %" PRIu64 "%s\n", small.c_str(), first.seed, first.seed, apart ? " --apart" : "");
  }
  // A few programs that turn out undefined are the generator's loss; many would mean that it tests nothing.
  return !failed.empty() || counts[Verdict::Invalid] * 100 > total ? 1 : 0;
}
