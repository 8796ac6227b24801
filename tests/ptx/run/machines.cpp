// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/ptx/run/machines.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>

#include "machine.h"

namespace cutrans::test {
namespace {

struct Kind {
  std::string_view name;
  const char *features;  // flags of /proc/cpuinfo beyond its level that it may keep
  bool avx512;
};
constexpr const char *Zen4 = "avx512ifma avx512vbmi avx512_vbmi2 avx512_vnni avx512_bitalg avx512_vpopcntdq avx512_bf16 gfni vaes vpclmulqdq";
// Of each: the plain level, and what chips of the kind have besides.
constexpr Kind Kinds[] = {
    {"here", nullptr, true}, {"avx2", "", false}, {"avx2+", "avx_vnni gfni vaes vpclmulqdq", false}, {"avx512", "", true}, {"avx512+", Zen4, true},
};
constexpr std::string_view Names[] = {Kinds[0].name, Kinds[1].name, Kinds[2].name, Kinds[3].name, Kinds[4].name};
static_assert(std::size(Names) == std::size(Kinds));

constexpr std::string_view Levels[] = {
#define CT_CPU_FEATURE(proc, llvm, level) level > 1 ? proc : "",
#include "cpu_features.def"
};

std::string textOf(const Kind &kind) {
  if (!kind.features) return host::machine().codegen;
  std::istringstream kept(kind.features), all(host::machine().flags);
  std::vector<std::string> extra{std::istream_iterator<std::string>(kept), {}};
  std::string flags;
  for (std::string flag; all >> flag;) {
    bool level = std::ranges::find(Levels, flag) != std::end(Levels) && (kind.avx512 || !flag.starts_with("avx512"));
    if (level || std::ranges::find(extra, flag) != extra.end()) flags += flag + " ";
  }
  return host::codegenForFlags(flags);
}

}  // namespace

std::span<const std::string_view> machineNames() { return Names; }

const std::string &machineText(std::string_view name) {
  static const auto *texts = [] {
    auto *result = new std::map<std::string_view, std::string>;
    for (const Kind &kind : Kinds) (*result)[kind.name] = textOf(kind);
    return result;
  }();
  static const std::string none;
  auto found = texts->find(name);
  return found == texts->end() ? none : found->second;
}

const std::string &hostCodegen() {
  static const std::string &text = [] () -> const std::string & {
    const char *name = std::getenv("CUTRANS_TEST_MACHINE");
    const std::string &chosen = machineText(name && *name ? name : "here");
    if (chosen.empty()) std::fprintf(stderr, "CUTRANS_TEST_MACHINE: no machine '%s'\n", name), std::abort();
    return chosen;
  }();
  return text;
}

}  // namespace cutrans::test
