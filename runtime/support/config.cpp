// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads the environment once into the Config structure. Everything here comes from config.def.
#include "cutrans/support/config.h"

#include <sys/auxv.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>

#include "cutrans/support/diagnostics.h"

extern "C" char **environ;

namespace cutrans {
namespace {

constexpr SettingRow kRows[] = {
#define CT_SETTING(NAME, member, Type, initial, help) {#NAME, #Type, initial, help},
#include "config.def"
};
constexpr std::string_view kPrefix = "CUTRANS_";

std::optional<std::string> parseText(std::string_view text) { return std::string(text); }

struct State {
  Config config;
  std::string texts[std::size(kRows)];
  bool set[std::size(kRows)] = {};
  State();
  void warnOfUnknownNames() const;
};

size_t rowOf(std::string_view name) {
  return static_cast<size_t>(
      std::find_if(std::begin(kRows), std::end(kRows), [&](const SettingRow &r) { return name == r.name; }) -
      std::begin(kRows));
}

State::State() {
  const bool elevated = getauxval(AT_SECURE) != 0;
  size_t row = 0;
  // Parses one setting: the environment's text if it has one that is good, else the default.
  auto read = [&](auto &member, auto parse) {
    const SettingRow &r = kRows[row];
    const char *given = elevated ? nullptr : std::getenv((std::string(kPrefix) + r.name).c_str());
    auto value = given && *given ? parse(given) : decltype(parse("")){};
    if (given && *given && !value)
      report(Diag::bad_setting, std::string(kPrefix) + r.name + "=" + given + " is not a " + r.type + ", " +
                                    (*r.initial ? r.initial : "nothing") + " is used");
    set[row] = value.has_value();
    texts[row] = value ? given : r.initial;
    member = value ? *value : *parse(r.initial);
    ++row;
  };
#define CT_SETTING(NAME, member, Type, initial, help) read(config.member, parse##Type);
#include "config.def"
  if (!elevated) warnOfUnknownNames();
}

void State::warnOfUnknownNames() const {
  for (char **entry = environ; entry && *entry; ++entry) {
    std::string_view text = *entry;
    if (!text.starts_with(kPrefix)) continue;
    std::string_view name = text.substr(kPrefix.size(), text.find('=') - kPrefix.size());
    if (rowOf(name) == std::size(kRows)) report(Diag::unknown_setting, std::string(kPrefix).append(name));
  }
}

// Never destroyed: destructors of the program may still call us.
const State &state() {
  static const State *const instance = new State;
  return *instance;
}

}  // namespace

std::span<const SettingRow> settingRows() { return kRows; }
const Config &config() { return state().config; }

const char *settingText(std::string_view name) {
  size_t row = rowOf(name);
  return row == std::size(kRows) ? nullptr : state().texts[row].c_str();
}

bool settingIsSet(std::string_view name) {
  size_t row = rowOf(name);
  return row != std::size(kRows) && state().set[row];
}

std::optional<bool> parseFlag(std::string_view text) {
  for (std::string_view yes : {"1", "on", "yes", "true"})
    if (text == yes) return true;
  for (std::string_view no : {"0", "off", "no", "false"})
    if (text == no) return false;
  return std::nullopt;
}

std::optional<uint64_t> parseBytes(std::string_view text) {
  uint64_t value = 0;
  const char *end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc()) return std::nullopt;
  constexpr std::string_view kUnits = "KMGT";
  if (rest != end) {
    size_t unit = kUnits.find(static_cast<char>(*rest & ~0x20));
    unsigned shift = 10 * (static_cast<unsigned>(unit) + 1);
    if (unit == std::string_view::npos || rest + 1 != end || value > (~uint64_t{0} >> shift)) return std::nullopt;
    value <<= shift;
  }
  return value;
}

std::optional<uint32_t> parseCount(std::string_view text) {
  uint32_t value = 0;
  std::string digits(text);
  if (size_t dot = digits.find('.'); dot != std::string::npos && dot > 0 && dot + 2 == digits.size()) digits.erase(dot, 1);
  auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || rest != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string cacheFolder() {
  const Config &settings = config();
  if (!settings.cache) return {};
  if (!settings.cache_dir.empty()) return settings.cache_dir;
  if (getauxval(AT_SECURE)) return {};
  if (const char *base = std::getenv("XDG_CACHE_HOME"); base && *base == '/') return std::string(base) + "/cutrans";
  if (const char *home = std::getenv("HOME"); home && *home == '/') return std::string(home) + "/.cache/cutrans";
  return {};
}

}  // namespace cutrans
