// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rules.h"

#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace entries {
namespace {

const char *inWords(Bad bad) {
  switch (bad) {
    case Bad::none: return "good arguments";
    case Bad::null: return "null";
    case Bad::garbage: return "garbage";
    case Bad::stale: return "stale";
  }
  return "";
}

bool isStream(const Parameter &parameter) { return parameter.type == "CUstream" || parameter.type == "cudaStream_t"; }

int callGood(const Entry &entry) { return entry.call(entry.parameters.size(), Bad::none); }

// Every call of the entry with good arguments in this place gives `expected`.
void expectError(Child &child, const Entry &entry, int expected) {
  if (int error = callGood(entry); error != expected && entry.has_error)
    child.say("error " + number(error) + ", expected " + number(expected));
}

}  // namespace

std::string wrongArguments(const Entry &entry, const Library &library) {
  return Child::run([&](Child &child) {
    child.at("the start");
    library.start();
    for (size_t i = 0; i < entry.parameters.size(); ++i) {
      const Parameter &parameter = entry.parameters[i];
      for (Bad bad : {Bad::null, Bad::garbage, Bad::stale}) {
        if (!entry.is_handle(i) && !(bad == Bad::null && entry.is_pointer(i))) continue;
        child.at(parameter.name + " " + inWords(bad));
        int error = entry.call(i, bad);
        bool fine = excepted(entry.name, parameter.name, bad) || (bad == Bad::null && isStream(parameter));
        // What is refused with good arguments may be refused with bad ones.
        if (error == kNotSupported && callGood(entry) == kNotSupported) continue;
        if (entry.has_error && !fine && !isArgumentError(error)) child.say("error " + number(error));
      }
    }
  });
}

std::string freshThread(const Entry &entry, const Library &library) {
  return Child::run([&](Child &child) {
    child.at("a fresh thread");
    library.start();
    int error = 0;
    std::thread([&] { error = callGood(entry); }).join();
    if (entry.needs == Needs::context && error != kInvalidContext) child.say("error " + number(error));
  });
}

std::string insideHostFunction(const Entry &entry, const Library &library) {
  return Child::run([&](Child &child) {
    child.at("inside a host function");
    library.start();
    struct Both {
      Child &child;
      const Entry &entry;
    } both{child, entry};
    library.in_host_function([](void *user) { expectError(static_cast<Both *>(user)->child, static_cast<Both *>(user)->entry, kNotPermitted); }, &both);
  });
}

std::string afterFork(const Entry &entry, const Library &library) {
  return Child::run([&](Child &child) {
    child.at("in the child of a fork");
    library.start();
    pid_t forked = fork();
    if (forked == 0) {
      expectError(child, entry, kNotInitialised);
      _exit(0);
    }
    int status = 0;
    waitpid(forked, &status, 0);
    if (status != 0) child.say("the forked child ended with status " + number(status));
  });
}

}  // namespace entries
