// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Asks the system's loader, never the one that the program names: that could be any program.
#include "loader.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace cutrans::command {
namespace {

#if defined(__x86_64__)
constexpr const char *kLoader = "/lib64/ld-linux-x86-64.so.2";
#else
constexpr const char *kLoader = "/lib/ld-linux-aarch64.so.1";
#endif

std::string ask(const std::string &program, const std::string &search) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  pid_t child = fork();
  if (child == 0) {
    setenv("LD_LIBRARY_PATH", search.c_str(), 1);
    unsetenv("LD_PRELOAD");
    dup2(ends[1], STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    execl(kLoader, kLoader, "--list", program.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::string said;
  char text[4096];
  for (ssize_t got; child > 0 && (got = read(ends[0], text, sizeof text)) > 0;) said.append(text, static_cast<size_t>(got));
  close(ends[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  return said;
}

}  // namespace

std::vector<LoadedLibrary> listLibraries(const std::string &program, const std::string &folder) {
  const char *old = std::getenv("LD_LIBRARY_PATH");
  std::istringstream lines(ask(std::filesystem::absolute(program), old && *old ? folder + ":" + old : folder));
  std::vector<LoadedLibrary> all;
  // "\tname => path (0xaddress)" or "\tname => not found"
  for (std::string line; std::getline(lines, line);) {
    size_t arrow = line.find(" => ");
    if (arrow == line.npos || line[0] != '\t') continue;
    LoadedLibrary library{line.substr(1, arrow - 1), line.substr(arrow + 4)};
    if (size_t address = library.path.rfind(" (0x"); address != library.path.npos) library.path.resize(address);
    if (library.path == "not found") library.path.clear();
    all.push_back(library);
  }
  return all;
}

}  // namespace cutrans::command
