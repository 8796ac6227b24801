// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cutrans-opencl-compile FILE.ptx [--block=x,y,z] [--text]: the kernels of a file as OpenCL artifacts. PRINT_AFTER=PASS shows the module behind a
// pass, --text the OpenCL C. What is refused is said instead.
#include <cstdio>
#include <cstring>

#include "cutrans/opencl_kernel.h"
#include "tests/ptx/run/compile_ptx.h"

using namespace cutrans::test;

int main(int argc, char **argv) {
  CompileOptions options;
  options.format = CT_OPENCL_FORMAT_SPIR;
  options.codegen = "kind=cpu;arch=x86_64;vector=256;fp64=1;int64_atomics=1";
  const char *in = nullptr;
  for (int i = 1; i < argc; ++i) {
    if (!std::strncmp(argv[i], "--block=", 8)) std::sscanf(argv[i] + 8, "%u,%u,%u", &options.block[0], &options.block[1], &options.block[2]);
    else if (!std::strcmp(argv[i], "--text")) options.format = CT_OPENCL_FORMAT_C;
    else if (!std::strcmp(argv[i], "--threads")) options.format = CT_OPENCL_FORMAT_SPIRV;
    else in = argv[i];
  }
  if (!in) return std::fprintf(stderr, "no file\n"), 2;
  PtxModule module(PtxModule::readFile(in));
  if (!module.problems().empty()) return std::fprintf(stderr, "%s", module.problems().c_str()), 1;
  for (const std::string &name : module.kernels()) {
    const PtxArtifact artifact = module.compile(name, options);
    std::printf("%s", artifact.diagnostics.c_str());
    if (artifact.bytes.empty()) continue;
    ct_opencl_header header;
    std::memcpy(&header, artifact.bytes.data(), sizeof header);
    std::printf("kernel %s: flags %#x, %u bytes of scratch, %u of local memory\n", name.c_str(), header.flags, header.scratch_bytes, header.local_bytes);
    if (options.format == CT_OPENCL_FORMAT_C) std::printf("%.*s\n", int(header.payload_bytes), artifact.bytes.data() + header.header_bytes);
  }
  return 0;
}
