// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cutrans-amdgpu-compile FILE.ptx --codegen=gpu=gfx90a [--block=x,y,z] [-o OUT]: code objects of a file's kernels. With -o the one kernel's
// code object; else a line for each kernel: what its record says, or why it is refused. For tests, and for people who want to look.
#include <cstdio>
#include <cstring>
#include <fstream>

#include "cutrans/amdgpu_kernel.h"
#include "tests/amdgpu/code_object.h"
#include "tests/ptx/run/compile_ptx.h"

using namespace cutrans::test;

int main(int argc, char **argv) {
  CompileOptions options;
  options.format = CT_AMDGPU_FORMAT;
  options.anyGrid = true;
  const char *out = nullptr, *in = nullptr;
  for (int i = 1; i < argc; ++i) {
    if (!std::strncmp(argv[i], "--codegen=", 10)) options.codegen = argv[i] + 10;
    else if (!std::strncmp(argv[i], "--block=", 8)) std::sscanf(argv[i] + 8, "%u,%u,%u", &options.block[0], &options.block[1], &options.block[2]);
    else if (!std::strcmp(argv[i], "-o") && i + 1 < argc) out = argv[++i];
    else in = argv[i];
  }
  if (!in) return std::fprintf(stderr, "no file\n"), 2;
  PtxModule module(PtxModule::readFile(in));
  if (!module.problems().empty()) return std::fprintf(stderr, "%s", module.problems().c_str()), 1;
  int refused = 0;
  for (const std::string &name : module.kernels()) {
    PtxArtifact artifact = module.compile(name, options);
    if (artifact.bytes.empty()) {
      std::printf("%s: %s", name.c_str(), artifact.diagnostics.c_str());
      ++refused;
      continue;
    }
    CodeObject object(artifact.bytes);
    if (!object.error.empty()) return std::printf("%s: %s\n", name.c_str(), object.error.c_str()), 1;
    if (out) {
      std::ofstream(out, std::ios::binary) << artifact.bytes;
      return 0;
    }
    const ct_amdgpu_kernel &record = object.record;
    std::printf("%s: wave %u, %u vector and %u scalar registers, %u bytes shared, %u bytes scratch, flags %u\n", name.c_str(), record.wave_size,
                record.vector_registers, record.scalar_registers, record.static_shared_bytes, record.scratch_bytes, record.flags);
  }
  return refused ? 1 : 0;
}
