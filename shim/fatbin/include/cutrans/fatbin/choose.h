// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Takes from an image the PTX that a device should run, as a GPU of its compute capability would.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cutrans/fatbin/container.h"
#include "cutrans/fatbin/image.h"

namespace cutrans::fatbin {

// True where PTX for `arch` may run on a device of this capability (90 for 9.0).
bool runsOn(Arch arch, uint32_t capability);

// The entry with the highest architecture that runs on the device; of two with one number the special one, as on the
// GPU. Null where there is none.
const Entry *bestPtx(const Container &container, uint32_t capability);

// `capability` where any container finds PTX that runs. Else the lowest above it on which each container that has PTX finds
// some. Null where none serves them all.
std::optional<uint32_t> neededCapability(const std::vector<Container> &containers, uint32_t capability);

struct PtxUnit {
  std::string name;  // for messages: the source file where the program has it, else "unit 0"
  std::string text;
  Arch arch;
};

struct PtxChoice {
  std::vector<PtxUnit> units;  // at least one; several have to be linked
  // Units of an -rdc program that have no PTX for this device, for the message of a link that then fails. CUDA's own
  // device library, which comes with every such program, is one of them as a rule.
  std::vector<std::string> left_out;
};

// `kernel` is for messages, and may be empty.
Expected<PtxChoice> choosePtx(const Image &image, uint32_t capability, std::string_view kernel);

// "PTX sm_75; cubin sm_80, sm_90": what is there, for messages.
std::string summary(const std::vector<Container> &containers);

}  // namespace cutrans::fatbin
