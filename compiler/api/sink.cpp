// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/api/handles.h"

namespace cutrans::compiler {

void tell(const ctc_sink *sink, Diag code, const std::string &text) {
  if (sink && sink->diagnostic) sink->diagnostic(sink->ctx, diagnosticCode(code).c_str(), text.c_str());
}

void tell(const ctc_sink *sink, const ptx::Problems &problems) {
  for (const ptx::Problem &problem : problems) tell(sink, problem.code, problem.text);
}

ctc_status statusOf(Diag code) {
  switch (code) {
    case Diag::ptx_version:
    case Diag::ptx_target: return CTC_ERR_ISA_VERSION;
    case Diag::link_too_large: return CTC_ERR_RESOURCES;
    case Diag::kernel_block_shape: return CTC_ERR_LAUNCH_SHAPE;
    default: break;
  }
  auto number = static_cast<unsigned>(code);
  if (number >= 1100 && number < 1200) return CTC_ERR_SYNTAX;
  if (number >= 1200 && number < 1300) return CTC_ERR_UNSUPPORTED;
  if (number >= 1300 && number < 1350) return CTC_ERR_LINK;
  return CTC_ERR_INTERNAL;
}

ctc_status statusOf(const ptx::Problems &problems) {
  return problems.empty() ? CTC_ERR_INTERNAL : statusOf(problems.front().code);
}

}  // namespace cutrans::compiler
