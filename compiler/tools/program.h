// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a file says of itself: is it a program, has it device code, where does its CUDA runtime come from. Nothing of it is
// run or loaded; the file is untrusted.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace cutrans::command {

struct Program {
  enum class Sort { elf, script, other };
  std::string path;
  Sort sort = Sort::other;
  // ELF only.
  bool this_machine = false;      // for this kind of processor
  bool loader = false;            // started through the dynamic loader, so LD_LIBRARY_PATH and LD_PRELOAD count
  bool library = false;           // a shared library, not a program
  bool elevated = false;          // setuid or setgid: the loader ignores LD_PRELOAD
  bool rpath = false;             // DT_RPATH without DT_RUNPATH: searched before LD_LIBRARY_PATH
  bool symbols = false;           // has a symbol table
  bool device_code = false;       // nvcc's sections are there
  bool relinked = false;          // linked with this layer's libcudart_static.a
  bool static_runtime = false;    // defines the CUDA runtime's registration function
  std::vector<std::string> needed;
  bool needs(const std::string &prefix) const;
};

// Nullopt with the reason in `error`. An executable file that is no ELF file is a script where it starts with #!.
std::optional<Program> inspect(const std::string &path, std::string &error);

// As a shell finds a program: names without a slash along $PATH. Empty when there is none.
std::string findProgram(const std::string &name);

}  // namespace cutrans::command
