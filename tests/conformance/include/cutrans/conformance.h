// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The conformance suite: does a plug-in keep the target ABI? Each case runs in a process of its own, so that a crash or a hang is
// one failed case, and a fault in one cannot help another.
#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace cutrans::conformance {

// untested: the suite cannot ask here (no kernels in a format of the device, one device where two are needed). Never a surprise.
enum class Outcome { pass, fail, unsupported, untested };
const char *name(Outcome outcome);

struct CaseInfo {
  std::string name, what;       // what the case asks for, in a sentence
};
// All cases, in the order in which they run.
std::vector<CaseInfo> caseList();

// What a target's list says of a case: one line `unsupported PATTERN reason` or `fails PATTERN reason`. Both need a reason. A case that is
// listed and passes is a failure of the list. `untested PATTERN reason` tells readers what cannot be asked of the target as it is tested here
// (one device where two are needed); it may pass elsewhere. The last line that matches a case counts.
struct Expectation {
  std::string device;           // pattern; the lines behind `device PATTERN` are for devices of such a name; empty: for all
  std::string pattern, reason;
  Outcome outcome = Outcome::pass;
};

struct CaseResult {
  std::string name, what;
  Outcome outcome = Outcome::pass;
  std::string detail;           // why not
  std::string expected_reason;  // from the list
  bool as_expected = true;
};

struct Options {
  std::string plugin;
  uint32_t device = 0;          // which of the plug-in's devices
  std::string compiler;         // libcutrans_compiler.so, which compiles the suite's kernels; empty: none
  std::string kernels;          // folder with artifacts NAME.FORMAT that are taken first; empty: none
  std::string scratch;          // folder for compiled kernels; run() makes one and removes it where this is empty
  std::string filter;           // part of the name; empty: all
  std::vector<Expectation> expectations;
  unsigned timeout_seconds = 60;
  std::function<void(const CaseResult &)> each;  // called when a case has ended; may be empty
};

// One plug-in's results.
struct Report {
  std::string title;            // the name of the target, and of the device where there is a doubt
  std::string plugin, device, build, formats;  // empty where nothing ran
  std::vector<CaseResult> results;
};

// Nullopt, with `error` set, where the list does not parse or a pattern matches no case.
std::optional<std::vector<Expectation>> readExpectations(const std::string &path, std::string &error);

// Nullopt, with `error` set, where the plug-in cannot be used at all; `no_device` where it is whole but shows no device here.
std::optional<Report> run(const Options &options, std::string &error, bool &no_device);

// What run() reports where all is as the list says: one report for each part of the list that is for some devices only.
std::vector<Report> expected(const std::string &title, const std::vector<Expectation> &expectations);

// One case: a line, two where it is a surprise.
void writeCase(std::ostream &out, const CaseResult &result);
void writeSummary(std::ostream &out, const Report &report);
void writeJson(std::ostream &out, const std::vector<Report> &reports);
void writeMarkdown(std::ostream &out, const std::vector<Report> &reports);

// 0 when every result is as expected.
int exitCode(const std::vector<Report> &reports);

}  // namespace cutrans::conformance
