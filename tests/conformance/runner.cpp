// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs each case in a child process, which says through a pipe how it went; a child that says nothing crashed or hung.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <sstream>
#include <utility>

#include "expectations.h"
#include "session.h"

namespace cutrans::conformance {
namespace {

std::vector<Case> allCases() {
  std::vector<Case> all;
  for (std::span<const Case> some : {tableCases(), deviceCases(), memoryCases(), mappingCases(), queueCases(), wordCases(), copyCases(), eventCases(), orderCases(),
                                     moduleCases(), launchCases(), textureCases(), faultCases(), threadCases()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

// In the child: the outcome's letter, then the detail. Only a case that passed closes its session: another one may have
// left a queue held.
std::string runHere(const Case &test, const Options &options) {
  try {
    auto *session = new Session(options);
    if (test.start == Start::open) {
      session->init();
      session->openDevice();
    }
    test.run(*session);
    delete session;
    return "p";
  } catch (const Failed &failed) {
    return "f" + failed.text;
  } catch (const Unsupported &refused) {
    return "u" + refused.text;
  } catch (const Untested &not_here) {
    return "n" + not_here.text;
  }
}

void runChild(const Case &test, const Options &options, int pipe) {
  setpgid(0, 0);
  // stdin and stdout belong to the suite.
  int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, STDIN_FILENO);
  dup2(nothing, STDOUT_FILENO);
  dup2(nothing, STDERR_FILENO);
  std::string said = runHere(test, options);
  (void)!::write(pipe, said.data(), said.size());
  _exit(0);
}

Outcome outcomeOf(char letter) {
  switch (letter) {
    case 'p': return Outcome::pass;
    case 'u': return Outcome::unsupported;
    case 'n': return Outcome::untested;
    default: return Outcome::fail;
  }
}

// What the child says until it ends; false: it did not end in time.
bool listen(int pipe, unsigned seconds, std::string &said) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd waiting{pipe, POLLIN, 0};
    if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) == 0) return false;
    char text[512];
    ssize_t got = ::read(pipe, text, sizeof text);
    if (got <= 0) return true;
    said.append(text, static_cast<size_t>(got));
  }
}

std::pair<Outcome, std::string> runCase(const Case &test, const Options &options) {
  int ends[2];
  if (pipe(ends) != 0) return {Outcome::fail, "no pipe"};
  pid_t child = fork();
  if (child < 0) return {Outcome::fail, "no process"};
  if (child == 0) {
    close(ends[0]);
    runChild(test, options, ends[1]);
  }
  close(ends[1]);
  std::string said;
  bool ended = listen(ends[0], options.timeout_seconds, said);
  close(ends[0]);
  if (!ended) kill(-child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (!ended) return {Outcome::fail, "it hangs: no end within " + std::to_string(options.timeout_seconds) + " seconds"};
  if (WIFSIGNALED(status)) return {Outcome::fail, std::string("it dies of signal ") + strsignal(WTERMSIG(status))};
  if (said.empty()) return {Outcome::fail, "the process ended itself"};
  return {outcomeOf(said[0]), said.substr(1)};
}

// The options with a folder for compiled kernels, which goes when the run is over.
struct Scratch {
  explicit Scratch(const Options &given) : options(given) {
    if (!options.scratch.empty()) return;
    std::string name = (std::filesystem::temp_directory_path() / "cutrans-conformance-XXXXXX").string();
    if (mkdtemp(name.data())) options.scratch = made = name;
  }
  ~Scratch() {
    std::error_code ignored;
    if (!made.empty()) std::filesystem::remove_all(made, ignored);
  }
  Scratch(const Scratch &) = delete;
  Options options;
  std::string made;
};

// What the plug-in says of itself; a case like any other, whose detail is the answer.
void introduce(Session &s) {
  s.init();
  ct_device_info info{};
  info.struct_size = sizeof info;
  s.ok(s.device_ops().info(s.deviceIndex(), &info), "info");
  std::string formats;
  for (const char *const *format = info.formats; format && *format; ++format) formats += (formats.empty() ? "" : " ") + std::string(*format);
  throw Untested{std::string(s.target().name) + "\n" + s.target().build + "\n" + info.name + "\n" + formats};
}
bool introduction(const Options &options, Report &report, std::string &error, bool &no_device) {
  auto [outcome, said] = runCase({"", "", introduce, Start::loaded}, options);
  if (outcome != Outcome::untested) {
    no_device = said == kNoDevice;
    error = options.plugin + ": " + said;
    return false;
  }
  std::istringstream lines(said);
  std::getline(lines, report.title);
  std::getline(lines, report.build);
  std::getline(lines, report.device);
  std::getline(lines, report.formats);
  report.plugin = options.plugin;
  return true;
}

}  // namespace

std::vector<CaseInfo> caseList() {
  std::vector<CaseInfo> list;
  for (const Case &test : allCases()) list.push_back({test.name, test.what});
  return list;
}

std::optional<Report> run(const Options &options, std::string &error, bool &no_device) {
  no_device = false;
  if (access(options.plugin.c_str(), R_OK) != 0) {
    error = options.plugin + " cannot be read";
    return std::nullopt;
  }
  const Scratch scratch(options);
  Report report;
  if (!introduction(scratch.options, report, error, no_device)) return std::nullopt;
  for (const Case &test : allCases()) {
    CaseResult result;
    result.name = test.name;
    result.what = test.what;
    if (result.name.find(options.filter) == std::string::npos) continue;
    std::tie(result.outcome, result.detail) = runCase(test, scratch.options);
    Outcome wanted = Outcome::pass;
    if (const Expectation *listed = expectationOf(options.expectations, result.name, report.device)) {
      wanted = listed->outcome;
      result.expected_reason = listed->reason;
    }
    result.as_expected = result.outcome == wanted || result.outcome == Outcome::untested || (wanted == Outcome::untested && result.outcome == Outcome::pass);
    if (options.each) options.each(result);
    report.results.push_back(std::move(result));
  }
  return report;
}

}  // namespace cutrans::conformance
