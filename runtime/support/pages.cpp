// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Renders the generated pages docs/settings.md and docs/diagnostics.md from the tables. A test compares them with the
// files; `ninja docs-pages` writes them anew.
#include <string>

#include "cutrans/support/config.h"
#include "cutrans/support/diagnostics.h"

namespace cutrans {
namespace {
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}
}  // namespace

std::string settingsPage() {
  std::string page =
      "<!-- Generated from runtime/support/config.def by `ninja docs-pages`. Do not edit. -->\n"
      "# Settings\n\n"
      "Environment variables, read once when the first library of the layer is used. Setuid programs ignore them.\n"
      "`cutrans config` prints the values in force.\n\n"
      "| variable | type | default | what it does |\n|---|---|---|---|\n";
  for (const SettingRow &row : settingRows())
    page += std::string("| `CUTRANS_") + row.name + "` | " + row.type + " | " +
            (*row.initial ? "`" + std::string(row.initial) + "`" : std::string()) + " | " + cell(row.help) + " |\n";
  page +=
      "\nText: any text. Flag: `0` or `1` (also off/on, no/yes, false/true). Count: a number. Bytes: a number, with `K`, `M`, `G` or `T`\n"
      "for powers of 1024. An empty value is the default.\n";
  return page;
}

std::string diagnosticsPage() {
  std::string page =
      "<!-- Generated from runtime/support/diagnostics.def by `ninja docs-pages`. Do not edit. -->\n"
      "# Diagnostics\n\n"
      "What the layer refuses or reports: one line on stderr, `cutrans: CT1250: place and reason; way round`. Codes are stable.\n\n"
      "| code | what it means | the way round |\n|---|---|---|\n";
  for (const DiagnosticRow &row : diagnosticRows())
    page += "| " + diagnosticCode(row.diag) + " | " + cell(row.meaning) + " | " + cell(row.way_round) + " |\n";
  return page;
}

}  // namespace cutrans
