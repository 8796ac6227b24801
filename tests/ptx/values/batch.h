// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of instruction forms in kernels of a few forms each: for the test (values_test.cpp) and for the recorder, which
// runs the same kernels on a GPU (tests/ptx/record).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/ptx/values/form.h"

namespace cutrans::test {

// Inputs are [tuple][form][source], results [tuple][form][mask][result], 8 bytes each; a thread for each tuple. Masks: all
// lanes, those that a guard leaves, those of a divergent branch.
inline constexpr unsigned PerKernel = 24, Sources = 5, Masks = 3, Results = 2, Block = 64;

struct Batch {
  std::string name;
  std::vector<Form> forms;
};
std::vector<Batch> batches();

// A module with the kernel `forms(in, out)`.
std::string kernelOf(std::span<const Form> forms, const std::string &target = "sm_120");
std::vector<uint64_t> inputsOf(std::span<const Form> forms);
inline size_t resultCount(std::span<const Form> forms) { return Inputs * forms.size() * Masks * Results; }
std::vector<std::string> resultTypes(const Form &form);
// Whether two results are the same: bit for bit, or both NaN where the manual leaves open which.
bool agree(const Form &form, const std::string &type, uint64_t got, uint64_t wanted);

// Of all results of one form of a batch; equal for results that agree.
uint64_t digest(std::span<const Form> forms, size_t form, std::span<const uint64_t> out);
std::string titleOf(const Form &form);  // its name in recordings: one line

}  // namespace cutrans::test
