// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads /proc/cpuinfo and sysfs. The kernel lists a feature only where it also saves its registers, so the list can
// be handed to the code generator as it is.
#include "machine.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace cutrans::host {
namespace {

std::string trimmed(const std::string &text) {
  const size_t first = text.find_first_not_of(" \t\n"), last = text.find_last_not_of(" \t\n");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

std::string firstLine(const std::string &path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return trimmed(line);
}

uint32_t usableProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<uint32_t>(std::max(1, CPU_COUNT(&set)));
  return std::max(1u, std::thread::hardware_concurrency());
}

// Of the last level that sysfs knows.
uint32_t lastCacheBytes() {
  uint64_t largest = 0;
  for (int index = 0; index < 8; ++index) {
    const std::string size = firstLine("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/size");
    if (size.empty()) break;
    uint64_t bytes = std::strtoull(size.c_str(), nullptr, 10);
    if (size.back() == 'K') bytes <<= 10;
    if (size.back() == 'M') bytes <<= 20;
    largest = std::max(largest, bytes);
  }
  return static_cast<uint32_t>(std::min<uint64_t>(largest, UINT32_MAX));
}

Machine read() {
  Machine result;
  result.processors = usableProcessors();
  result.cache_bytes = lastCacheBytes();
  std::ifstream file("/proc/cpuinfo");
  std::string line, flags;
  double mhz = 0;
  while (std::getline(file, line) && !line.empty()) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
    if (key == "model name" || (key == "Processor" && result.processor.empty())) result.processor = value;
    if (key == "flags") flags = value;
    if (key == "cpu MHz") mhz = std::strtod(value.c_str(), nullptr);
  }
  const std::string most = firstLine("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
  result.clock_khz = most.empty() ? static_cast<uint32_t>(mhz * 1000) : static_cast<uint32_t>(std::strtoul(most.c_str(), nullptr, 10));
  result.flags = flags;
#if defined(__x86_64__)
  result.codegen = codegenForFlags(flags);
#elif defined(__aarch64__)
  result.codegen = "cpu=generic;features=+neon";
#else
  result.codegen = "cpu=generic;features=";
#endif
  if (result.processor.empty()) result.processor = "CPU";
  return result;
}

}  // namespace

std::string codegenForFlags(const std::string &flags) {
  std::set<std::string> have;
  std::istringstream words(flags);
  for (std::string word; words >> word;) have.insert(word);
  struct Row {
    const char *proc, *llvm;
    int level;
  };
  static constexpr Row rows[] = {
#define CT_CPU_FEATURE(proc, llvm, level) {proc, llvm, level},
#include "cpu_features.def"
  };
  int level = 4;
  for (const Row &row : rows)
    if (row.level > 1 && !have.count(row.proc)) level = std::min(level, row.level - 1);
  std::string result = level == 1 ? "cpu=x86-64" : "cpu=x86-64-v" + std::to_string(level);
  result += ";features=";
  const char *comma = "";
  for (const Row &row : rows) {
    if (!have.count(row.proc)) continue;
    result += std::string(comma) + "+" + row.llvm;
    comma = ",";
  }
  // The level's own tuning halves the vectors, which is right for code with few of them.
  if (level == 4) result += std::string(comma) + "-prefer-256-bit";
  return result;
}

const Machine &machine() {
  static const Machine result = read();
  return result;
}

}  // namespace cutrans::host
