// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code objects in the double: read back, and run from their IR (kernel.cpp, waves.cpp, code_object.cpp).
#pragma once

#include <cutrans/amdgpu_kernel.h>
#include <cutrans/target.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "double.h"

namespace cutrans::hip_double {

// What the metadata of a code object says of its kernel, and what the section of the target's own says.
struct CodeObject {
  ct_amdgpu_kernel record{};
  std::string_view ir, lowered;    // one of them, or none
  std::string target;              // "amdgcn-amd-amdhsa--gfx90a"
  uint32_t kernarg_bytes = 0, kernarg_align = 0, most_threads = 0, wave_size = 0, shared_bytes = 0;
  uint32_t required[3] = {};       // the work-group size that it wants, or zeros
  struct Argument {
    uint32_t offset, size;
  };
  std::vector<Argument> arguments;
};
// Empty, or why the bytes are not a code object. A contradiction between metadata and record is a violation.
std::string readCodeObject(std::string_view bytes, CodeObject &out);
// The image has no size of its own: it is where the ELF's sections end.
std::string_view sizedImage(const void *image);

struct Waves;
struct Kernel {
  Module *module;
  CodeObject object;
  std::mutex lock;                 // the two below
  std::map<bool, std::pair<ct_module *, ct_kernel *>> compiled;  // cooperative?
  std::shared_ptr<Waves> waves;
};
struct Module {
  int device;
  std::string_view image;          // must stay as it is as long as the module lives
  size_t hash;
  Kernel kernel;
};

// One launch, its shape and arguments checked.
struct Launched {
  const uint32_t *grid, *block;
  uint32_t shared_bytes;
  const unsigned char *arguments;
  bool cooperative;
};
// Carries out what the back end of LLVM got, wave by wave, in the order of the stream (waves.cpp).
ct_status launchInWaves(Kernel &kernel, Stream &stream, const Launched &launched);

void keepReport(void *, const char *code, const char *text);
void keepOutput(void *, const char *bytes, size_t size);
bool endedItself();                // the last fault of the device below was a kernel's own (trap, run-time refusal)
uint64_t launchCount();

}  // namespace cutrans::hip_double
