// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "shim/common/ptx_units.h"

#include <string>

#include "cutrans/fatbin/choose.h"
#include "cutrans/fatbin/image.h"
#include "cutrans/support/diagnostics.h"
#include "cutrans/support/log.h"
#include "shim/common/device_library.h"

namespace cutrans::shim {
namespace {

Code codeOf(Diag diag) {
  return diag == Diag::fatbin_no_ptx || diag == Diag::fatbin_ptx_too_new ? Code::no_kernel_image : Code::invalid_image;
}

Code failed(const fatbin::Error &error, std::string_view kernel) {
  bool names_it = kernel.empty() || error.text.find(kernel) != std::string::npos;
  report(error.diag, names_it ? error.text : "kernel " + std::string(kernel) + ": " + error.text);
  return codeOf(error.diag);
}

Result<std::vector<runtime::Unit>> units(const fatbin::Expected<fatbin::Image> &image, unsigned capability,
                                         std::string_view kernel) {
  useDeviceLibrary();
  if (!image.ok()) return failed(image.error(), kernel);
  fatbin::Expected<fatbin::PtxChoice> choice = fatbin::choosePtx(*image, capability, kernel);
  if (!choice.ok()) return failed(choice.error(), kernel);
  std::vector<runtime::Unit> result;
  for (fatbin::PtxUnit &unit : choice->units) {
    logf(LogCategory::fatbin, LogLevel::debug, "%s: PTX for %s, %zu bytes", unit.name.c_str(), unit.arch.text().c_str(),
         unit.text.size());
    result.push_back({std::move(unit.name), std::move(unit.text), image->form == fatbin::Image::Form::text});
  }
  for (const std::string &name : choice->left_out)
    logf(LogCategory::fatbin, LogLevel::info, "%s: left out, no PTX for this device", name.c_str());
  return result;
}

}  // namespace

Result<std::vector<runtime::Unit>> unitsOfWrapper(const void *wrapper, unsigned capability, std::string_view kernel) {
  return units(fatbin::openWrapper(wrapper), capability, kernel);
}

Result<std::vector<runtime::Unit>> unitsOfImage(const void *image, unsigned capability, std::string_view kernel) {
  return units(fatbin::openImage(image), capability, kernel);
}

}  // namespace cutrans::shim
