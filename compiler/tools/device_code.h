// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which kernels a file has, and in which forms: PTX, which this layer compiles, and machine code, which it cannot use.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cutrans::command {

struct KernelForms {
  std::set<std::string> ptx, machine_code;  // architectures, "sm_75"
  bool usable = false;                      // some PTX runs on a device of the capability that was asked for
};

struct DeviceCode {
  bool known = true;                           // false: this build cannot read fat binaries
  std::map<std::string, KernelForms> kernels;  // by name as in the file, mangled
  std::vector<std::string> damage;             // what could not be read
  std::string summary;                         // "PTX sm_75; cubin sm_75"
};

DeviceCode readDeviceCode(const std::string &path, unsigned capability);

// The compute capability that devices should claim for this program: `capability`, unless its PTX is all newer.
unsigned neededCapability(const std::string &path, unsigned capability);

std::string demangle(const std::string &name);

}  // namespace cutrans::command
