// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shrinks a failing program: fewer threads, then lines and statements taken out in halves, quarters and so on, conditions
// made plain, as long as the result still fails and is still a valid program.
//
// What is left may not gain a race: barriers go only when no access to shared memory is left.
#include "tests/random/reduce.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace cutrans::random {
namespace {

using Lines = std::vector<std::string>;

// One statement a line, so that each can go alone.
Lines split(const std::string &text) {
  Lines lines;
  std::string line;
  int depth = 0;
  auto flush = [&] {
    size_t from = line.find_first_not_of(" \n");
    if (from != std::string::npos) lines.push_back(line.substr(from));
    line.clear();
  };
  for (char c : text) {
    if (c == '{') ++depth;
    if (c == '}') --depth;
    if (c == '\n' || (c == ';' && depth <= 1)) {
      if (c == ';') line += c;
      flush();
    } else {
      line += c;
    }
  }
  flush();
  return lines;
}

std::string join(const Lines &lines) {
  std::string text;
  for (const std::string &line : lines) text += line + "\n";
  return text;
}

size_t countOf(const std::string &text, const char *what) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++count;
  return count;
}

using Clock = std::chrono::steady_clock;

class Reducer {
 public:
  Reducer(const Program &program, std::vector<Way> ways, Judgement first, double seconds)
      : best_(program), ways_(std::move(ways)), judgement_(std::move(first)), until_(Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))) {}

  void run() {
    best_.text = join(split(best_.text));
    for (bool again = true; again;) {
      again = false;
      again |= fewerThreads();
      again |= dropLines();
      again |= simplify();
      std::fprintf(stderr, "%zu lines\n", split(best_.text).size());
    }
  }
  const Program &best() const { return best_; }
  const Judgement &judgement() const { return judgement_; }

 private:
  bool try_(const Program &candidate) {
    if (Clock::now() > until_) return false;
    if (candidate.text.find(".shared") != std::string::npos && (candidate.text.find("ld.shared") != std::string::npos) &&
        (countOf(candidate.text, "bar.") + countOf(candidate.text, "barrier.") != countOf(best_.text, "bar.") + countOf(best_.text, "barrier.")))
      return false;
    Judgement now = judge(candidate, ways_, 10);
    if (now.verdict != judgement_.verdict || kind(now) != kind(judgement_)) return false;
    best_ = candidate;
    judgement_ = now;
    return true;
  }
  // A crash stays a crash, a refusal keeps its code.
  static std::string kind(const Judgement &judgement) {
    if (judgement.verdict == Verdict::Differs) return judgement.text.find("words differ") != std::string::npos ? "memory" : judgement.text.substr(0, 30);
    size_t code = judgement.text.find("CT1");
    return code == std::string::npos ? "" : judgement.text.substr(code, 6);
  }

  bool fewerThreads() {
    bool any = false;
    if (best_.grid[0] > 1) {
      Program candidate = best_;
      candidate.grid[0] = 1;
      any |= try_(candidate);
    }
    for (std::array<uint32_t, 3> block : {std::array<uint32_t, 3>{1, 1, 1}, {2, 1, 1}, {4, 1, 1}, {8, 1, 1}, {16, 1, 1}, {32, 1, 1}, {33, 1, 1}, {64, 1, 1}}) {
      if (size_t(block[0]) >= size_t(best_.block[0]) * best_.block[1] * best_.block[2]) break;
      Program candidate = best_;
      candidate.block = block;
      if (try_(candidate)) return true;
    }
    return any;
  }

  bool dropLines() {
    bool any = false;
    Lines lines = split(best_.text);
    for (size_t size = std::max<size_t>(1, lines.size() / 2); size; size /= 2)
      for (size_t at = lines.size(); at > 0;) {
        size_t from = at > size ? at - size : 0;
        Lines fewer(lines.begin(), lines.begin() + ssize_t(from));
        fewer.insert(fewer.end(), lines.begin() + ssize_t(at), lines.end());
        Program candidate = best_;
        candidate.text = join(fewer);
        if (try_(candidate)) lines = fewer, any = true;
        at = from;
      }
    return any;
  }

  // Guards away, or branches always taken; registers and other operands replaced by 1.
  bool simplify() {
    bool any = false;
    Lines lines = split(best_.text);
    auto attempt = [&](size_t i, const std::string &with) {
      Lines other = lines;
      other[i] = with;
      Program candidate = best_;
      candidate.text = join(other);
      if (!try_(candidate)) return false;
      lines = other;
      return any = true;
    };
    for (size_t i = 0; i < lines.size(); ++i) {
      if (lines[i][0] == '@' && attempt(i, lines[i].substr(lines[i].find(' ') + 1))) continue;
      // Constants only where any is of the type.
      std::string opcode = lines[i].substr(0, lines[i].find(' '));
      if (opcode.find("32") == std::string::npos || opcode.find(".f") != std::string::npos || opcode.find(".bf") != std::string::npos || opcode.find('x') != std::string::npos) continue;
      for (size_t at = lines[i].find(", %"); at != std::string::npos; at = lines[i].find(", %", at + 1)) {
        size_t end = lines[i].find_first_of(",;}]|", at + 2);
        if (end != std::string::npos) attempt(i, lines[i].substr(0, at + 2) + "1" + lines[i].substr(end));
      }
    }
    return any;
  }

  Program best_;
  std::vector<Way> ways_;
  Judgement judgement_;
  Clock::time_point until_;
};

}  // namespace

std::string reduce(const Program &program, const std::vector<Way> &all, double seconds) {
  // The first way gives the memory where the reference does not; one more fails.
  Judgement first;
  std::vector<Way> ways;
  for (const Way &way : all) {
    ways = {all[0]};
    if (&way != &all[0]) ways.push_back(way);
    first = judge(program, ways);
    if (first.verdict == Verdict::Differs || first.verdict == Verdict::Refused) break;
    ways.clear();
  }
  if (ways.empty()) return "";
  Reducer reducer(program, ways, first, seconds);
  reducer.run();
  return toFile(reducer.best(), nameOf(ways.back()) + "\n" + reducer.judgement().text, reducer.judgement().digest ? std::optional(reducer.judgement().digest) : std::nullopt);
}

}  // namespace cutrans::random
