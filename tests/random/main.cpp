// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random PTX programs against the reference (docs/testing-ptx.md):
//   ptx_random --seconds 120              new programs; the first seed is printed
//   ptx_random --seed 7 --count 1 --print one program, its text
//   ptx_random --reduce 7                 the smallest program that still fails like seed 7 (or like a file)
//   ptx_random --replay tests/random/found  every kept program, at every width
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
#include "tests/random/judge.h"
#include "tests/random/reduce.h"

using namespace cutrans::random;

namespace {

constexpr const char *Names[] = {"agree", "differ", "refused", "agree among widths only", "invalid"};

// Three ways of all, so that more programs are seen.
std::vector<int> waysFor(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int> ways = AllWays;
  std::shuffle(ways.begin() + 1, ways.end(), random);
  ways.resize(3);
  return ways;
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
    Judgement judgement = judge(program, AllWays);
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
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency()), stopAfter = 1;
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

  if (!folder.empty()) return replay(folder);
  if (!reduceWhat.empty()) {
    Program program;
    std::optional<uint64_t> digest;
    if (std::filesystem::exists(reduceWhat)) fromFile(cutrans::test::PtxModule::readFile(reduceWhat), program, digest);
    else program = generate(std::strtoull(reduceWhat.c_str(), nullptr, 10), apart);
    return reduce(program, jobs) ? 0 : 1;
  }
  if (print) {
    for (uint64_t i = 0; i < std::min<uint64_t>(count, 1000); ++i) std::fputs(toFile(generate(seed + i, apart), "seed " + std::to_string(seed + i), {}).c_str(), stdout);
    return 0;
  }
  if (seconds == 0 && count == UINT64_MAX) seconds = 10;
  std::printf("first seed %" PRIu64 "\n", seed);
  std::fflush(stdout);
  auto begin = std::chrono::steady_clock::now();
  std::map<Verdict, uint64_t> counts;
  std::map<std::string, uint64_t> reasons;
  uint64_t bad = 0;
  auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  auto done = [&](const Children::Finished &finished) {
    const Judgement &judgement = finished.judgement;
    ++counts[judgement.verdict];
    if (judgement.verdict != Verdict::Agrees && judgement.verdict != Verdict::Differs) ++reasons[judgement.text.substr(0, judgement.text.find('\n'))];
    if (judgement.verdict != Verdict::Differs && judgement.verdict != Verdict::Invalid) return;
    if (judgement.verdict == Verdict::Differs) ++bad;
    std::printf("seed %" PRIu64 ": %s: %s\n", finished.seed, Names[int(judgement.verdict)], judgement.text.c_str());
    std::fflush(stdout);
    if (!failures.empty()) save(failures + "/" + std::to_string(finished.seed) + ".ptx", toFile(generate(finished.seed, apart), "seed " + std::to_string(finished.seed) + "\n" + judgement.text, {}));
  };
  Children children(jobs);
  for (uint64_t i = 0; i < count && (seconds == 0 || elapsed() < seconds) && (!stopAfter || bad < stopAfter); ++i)
    children.add(seed + i, generate(seed + i, apart), waysFor(seed + i), done);
  children.finish(done);
  uint64_t total = 0;
  for (auto [verdict, n] : counts) total += n, std::printf("%" PRIu64 " %s\n", n, Names[int(verdict)]);
  for (const auto &[reason, n] : reasons) std::printf("  %" PRIu64 " x %s\n", n, reason.c_str());
  std::printf("%" PRIu64 " programs in %.0f s from seed %" PRIu64 "\n", total, elapsed(), seed);
  return bad || counts[Verdict::Invalid] ? 1 : 0;
}
