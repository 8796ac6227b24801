// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite's kernels: PTX text, compiled when a case asks for one, for the formats of the device that is tested. So launches are
// tested on every target whose format the compiler writes.
#pragma once
#include <cutrans/compiler.h>
#include <cutrans/target.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cutrans/conformance.h"

namespace cutrans::conformance {

// Why a kernel is not to be had; the outcome says whose lack it is.
struct NoKernel {
  Outcome outcome;
  std::string text;
};

struct KernelRequest {
  uint32_t block[3] = {0, 0, 0};   // compiled for this shape alone; zeros: for any
  bool cooperative = false;
};

struct KernelArtifact {
  std::string format, bytes, path;  // path: a file with the same bytes, or empty
};

// The module's variables as they are before the first launch; `relocations` take the address of the image.
struct KernelImage {
  std::vector<unsigned char> bytes;
  uint64_t align = 1;
  std::vector<ctc_relocation> relocations;
};

class Kernels {
 public:
  explicit Kernels(const Options &options) : options_(options) {}
  // A file NAME.FORMAT of the folder that the vendor gave, else compiled. Throws NoKernel.
  KernelArtifact artifact(const std::string &name, const ct_device_info &device, const KernelRequest &request) const;
  // Empty where the compiler is not there.
  KernelImage image(const std::string &name) const;
  // "" where there is no such kernel.
  static std::string text(const std::string &name);

 private:
  const Options &options_;
};

}  // namespace cutrans::conformance
