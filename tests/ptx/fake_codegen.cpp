// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stands in for libcutrans_codegen.so next to a copy of libcutrans_compiler.so: its artifact is a text that says what was
// asked for. A kernel whose name starts with "refuse" is refused; "slow" ones take a while. The format "small" holds
// no kernel.
#include <atomic>
#include <chrono>
#include <thread>

#include "compiler/ptx/ast.h"
#include "cutrans/codegen.h"

namespace {

std::atomic<int> compiles{0};

bool supports(const char *format) { return std::string(format) == "text" || std::string(format) == "small"; }

ctc_status compile(const cutrans::codegen::Request &request, std::string &out) {
  ++compiles;
  std::string name(request.program->kernel->name);
  if (name.starts_with("refuse") || request.format == "small") {
    request.sink->diagnostic(request.sink->ctx, "CT1250", ("kernel " + name).c_str());
    return CTC_ERR_UNSUPPORTED;
  }
  if (name.starts_with("slow")) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  out = name + " " + request.codegen;
  for (uint32_t extent : request.block) out += " " + std::to_string(extent);
  return CTC_OK;
}

constexpr cutrans::codegen::Table kTable = {sizeof(cutrans::codegen::Table), CUTRANS_BUILD_ID, supports, compile};

}  // namespace

#define CT_EXPORT extern "C" __attribute__((visibility("default")))
CT_EXPORT const cutrans::codegen::Table *cutrans_codegen_query() { return &kTable; }
CT_EXPORT int fake_codegen_compiles() { return compiles; }
