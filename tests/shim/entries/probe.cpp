// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Children, exceptions and what else does not depend on the library.
#include "probe.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace entries {
namespace {

struct Exception {
  const char *entry, *parameter;
  Bad bad;
};
const std::vector<Exception> kExceptions = {
#define NULL_IS_GOOD(entry, parameter, reason) {#entry, #parameter, Bad::null},
#define NOT_LOOKED_AT(entry, parameter, bad, reason) {#entry, #parameter, Bad::bad},
#include "exceptions.def"
};

constexpr unsigned kSeconds = 20;  // a child takes milliseconds

}  // namespace

std::vector<Parameter> parseParameters(const char *text) {
  std::vector<Parameter> out;
  std::string rest = text;
  while (!rest.empty()) {
    std::string one = rest.substr(0, rest.find(';'));
    rest.erase(0, one.size() + 1);
    size_t bar = one.rfind('|');
    out.push_back({one.substr(0, bar), one.substr(bar + 1)});
  }
  return out;
}

// The variants of a name for the per-thread default stream share its row.
static std::string plain(std::string name) {
  for (const char *suffix : {"_ptsz", "_ptds"})
    if (name.ends_with(suffix)) name.erase(name.size() - 5);
  return name;
}

bool excepted(const std::string &entry, const std::string &parameter, Bad bad) {
  return std::ranges::any_of(kExceptions, [&](const Exception &e) { return plain(entry) == e.entry && parameter == e.parameter && bad == e.bad; });
}

std::string strayExceptions(const std::vector<Entry> &all, const char *prefix) {
  std::string stray;
  for (const Exception &e : kExceptions) {
    const bool cudart = std::strncmp(e.entry, "cuda", 4) == 0 || std::strncmp(e.entry, "__cuda", 6) == 0;
    if (cudart != (std::strcmp(prefix, "cuda") == 0)) continue;
    bool there = std::ranges::any_of(all, [&](const Entry &entry) {
      return entry.name == std::string(e.entry) && std::ranges::any_of(entry.parameters, [&](const Parameter &p) { return p.name == e.parameter; });
    });
    if (!there) stray += std::string(e.entry) + " " + e.parameter + "\n";
  }
  return stray;
}

std::string Child::run(const std::function<void(Child &)> &probe) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe\n";
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    alarm(kSeconds);
    Child self(ends[1]);
    probe(self);
    self.at("the end of the process");
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  // Lines of at() start with '@'.
  std::string wrong, last;
  for (size_t from = 0, to; (to = text.find('\n', from)) != std::string::npos; from = to + 1) {
    std::string line = text.substr(from, to - from);
    if (line[0] == '@')
      last = line.substr(1);
    else
      wrong += last + ": " + line.substr(1) + "\n";
  }
  if (WIFSIGNALED(status)) wrong += last + ": " + (WTERMSIG(status) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(status))) + "\n";
  else if (WEXITSTATUS(status) != 0) wrong += last + ": the process ended with " + std::to_string(WEXITSTATUS(status)) + "\n";
  return wrong;
}

void Child::say(const std::string &text) { (void)!write(pipe_, ("!" + text + "\n").c_str(), text.size() + 2); }
void Child::at(const std::string &text) { (void)!write(pipe_, ("@" + text + "\n").c_str(), text.size() + 2); }

std::string number(int error) { return std::to_string(error); }

// Errors that say which argument is wrong. Both libraries have the same numbers for the same things, and the runtime API
// some of its own.
bool isArgumentError(int error) {
  static const std::set<int> kErrors = {
      1,    // invalid value
      9,    // cudart: invalid configuration
      12,   // cudart: invalid pitch value
      13,   // cudart: invalid symbol
      17,   // cudart: invalid device pointer
      18,   // cudart: invalid texture
      20,   // cudart: invalid channel descriptor
      21,   // cudart: invalid memcpy direction
      26,   // cudart: invalid filter setting
      98,   // cudart: invalid device function
      101,  // invalid device
      200,  // invalid image
      201,  // invalid context
      209,  // no binary for the device
      218,  // invalid PTX
      301,  // file not found
      400,  // invalid handle
      401,  // illegal state: a stream that does not capture
      500,  // not found
      709,  // context is destroyed
  };
  return kErrors.contains(error);
}

}  // namespace entries
