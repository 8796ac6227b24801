// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The door from libcutrans_compiler.so to libcutrans_codegen.so: a linked PTX program in, one artifact out.
//
// libcutrans_compiler.so opens libcutrans_codegen.so, which lies next to it, on the first cache miss and looks up
// kQuerySymbol. Both sides are always built together (`build_id` is compared), so C++ types may cross. No exception
// may. May be called from any thread; calls may overlap.
#ifndef CUTRANS_CODEGEN_H
#define CUTRANS_CODEGEN_H

#include <cstdint>
#include <string>
#include <string_view>

#include "cutrans/compiler.h"

namespace cutrans::ptx {
struct Program;
}

namespace cutrans::codegen {

struct Request {
  const ptx::Program *program = nullptr;   // linked, every body parsed; outlives the call, read by nobody else's writes
  // In place of the program: one kernel's SPMD IR (docs/spmd-ir.md) as LLVM bitcode, as the front end leaves it. For devices
  // that are imitated on this machine and get the IR with a code object (cutrans/amdgpu_kernel.h). Borrowed for the call.
  std::string_view ir;
  std::string format;                      // one artifact format, e.g. "native-so"
  std::string codegen;                     // ctc_request.codegen
  uint32_t block[3] = {0, 0, 0};           // zeros: any shape
  bool cooperative = false;
  bool any_grid = false;
  // From ctc_options; borrowed for the call.
  uint32_t compute_capability = 0;
  uint32_t gang_width = 0;                 // 0: the code generator chooses
  bool verify = false, time_passes = false;
  const char *print_after = nullptr;       // already null where print_kernel names another kernel
  const char *dump_dir = nullptr;          // likewise
  const ctc_sink *sink = nullptr;          // never null; diagnostics go here before an error is returned
};

struct Table {
  uint32_t struct_size;
  const char *build_id;                    // CUTRANS_BUILD_ID: a hash of the headers that both sides share
  // Whether this library writes that format. compile() is asked for the first of the target's formats that it does; where that one
  // cannot hold the kernel (CTC_ERR_UNSUPPORTED), for the next.
  bool (*supports)(const char *format);
  // Writes the artifact's bytes to `out`. On failure `out` is empty and the sink has heard why.
  ctc_status (*compile)(const Request &request, std::string &out);
};

using QueryFn = const Table *(*)();
inline constexpr char kQuerySymbol[] = "cutrans_codegen_query";  // extern "C"

}  // namespace cutrans::codegen

#endif
