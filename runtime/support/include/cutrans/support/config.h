// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The settings of the layer: environment variables CUTRANS_<NAME>, read once at first use and never again.
// Rows: config.def. In a setuid program all of them are ignored. A value that does not parse, and a CUTRANS_ name that
// no row has, are reported (CT4000, CT4001) and the default holds.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cutrans {

namespace setting {
using Text = std::string;
using Flag = bool;
using Count = uint32_t;
using Bytes = uint64_t;
}  // namespace setting

struct Config {
#define CT_SETTING(NAME, member, Type, initial, help) setting::Type member{};
#include "../../../config.def"
};

struct SettingRow {
  const char *name;     // "TARGET": without the prefix
  const char *type;     // "Text", "Flag", "Count", "Bytes"
  const char *initial;  // the default, as text
  const char *help;
};

std::span<const SettingRow> settingRows();

// The settings of this process. Stays valid to the very end of the process.
const Config &config();

// The value as text, default included; null for a name that no row has. Valid to the end of the process.
const char *settingText(std::string_view name);

// True where the environment gave the value.
bool settingIsSet(std::string_view name);

// Parsers, for tests and the command line: nullopt where the text is wrong.
std::optional<bool> parseFlag(std::string_view text);
std::optional<uint32_t> parseCount(std::string_view text);  // "90" and "9.0" (digits joined) alike
std::optional<uint64_t> parseBytes(std::string_view text);

// The folder for compiled kernels, by CACHE_DIR and the XDG rules; empty when caching is off or no home is known.
std::string cacheFolder();

// The generated pages docs/settings.md and docs/diagnostics.md.
std::string settingsPage();
std::string diagnosticsPage();

}  // namespace cutrans
