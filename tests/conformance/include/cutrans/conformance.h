// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The conformance suite: does a plug-in keep the target ABI? Each case runs in a process of its own, so that a crash or a hang is
// one failed case, and a fault in one cannot help another.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace cutrans::conformance {

// untested: the suite cannot ask here (no kernels in a format of the device, one device where two are needed). Never a surprise.
enum class Outcome { pass, fail, unsupported, untested };

// What a target's list says of a case: one line `unsupported PATTERN reason` or `fails PATTERN reason`; a pattern is a
// name or a prefix with a star. Both need a reason. A case that is listed and passes is a failure of the list.
struct Expectation {
  std::string pattern, reason;
  Outcome outcome = Outcome::pass;
};

struct Options {
  std::string plugin;
  std::string compiler;         // libcutrans_compiler.so, which compiles the suite's kernels; empty: none
  std::string kernels;          // folder with artifacts NAME.FORMAT that are taken first; empty: none
  std::string scratch;          // folder for compiled kernels; run() makes one and removes it where this is empty
  uint32_t device = 0;          // which of the plug-in's devices
  std::string filter;           // part of the name; empty: all
  std::vector<Expectation> expectations;
  unsigned timeout_seconds = 60;
};

struct CaseResult {
  std::string name, what;       // what the case asks for, in a sentence
  Outcome outcome = Outcome::pass;
  std::string detail;           // why not
  std::string expected_reason;  // from the list
  bool as_expected = true;
};

// Nullopt, with `error` set, where the list does not parse.
std::optional<std::vector<Expectation>> readExpectations(const std::string &path, std::string &error);

// Nullopt, with `error` set, where the plug-in cannot be opened at all.
std::optional<std::vector<CaseResult>> run(const Options &options, std::string &error);

void writeText(std::ostream &out, const Options &options, const std::vector<CaseResult> &results);
void writeJson(std::ostream &out, const Options &options, const std::vector<CaseResult> &results);

// 0 when every result is as expected.
int exitCode(const std::vector<CaseResult> &results);

}  // namespace cutrans::conformance
