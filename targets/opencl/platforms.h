// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The devices of every platform, what they say about themselves, and which of them the user wants.
#pragma once

#include <string>
#include <vector>

#include "api.h"

namespace cutrans::opencl {

// What a device can do, asked once.
struct Capabilities {
  bool cpu = false;             // runs in this process: every pointer of the process is the device's too
  bool native_kernels = false;  // functions of this process run as commands
  cl_device_svm_capabilities svm = 0;
  bool unified = false;         // cl_intel_unified_shared_memory
  bool buffer_address = false;  // cl_ext_buffer_device_address
  bool spir = false;            // takes bitcode with -x spir
  bool compiler = false;
  bool threads = false;         // takes SPIR-V 1.3 with sub-groups of 32
  bool fp64 = false, fp16 = false, int64_atomics = false;
  uint32_t group_threads = 1;   // of a work-group
  uint32_t units = 1, clock_mhz = 0, vector_bits = 0;
  uint64_t memory_bytes = 0, largest_bytes = 0, local_bytes = 0, cache_bytes = 0;
};

struct Found {
  cl_platform_id platform = nullptr;
  cl_device_id device = nullptr;
  std::string platform_name, name, driver;
  std::string codegen;          // ct_device_info.codegen
  Capabilities can;
  Extensions extensions;
  uint8_t uuid[16] = {};
};

// All devices, in the order of the loader.
std::vector<Found> findDevices();
// Those that `wanted` names: numbers in `all`, or parts of "platform: device", separated by commas; "" is all of them.
// Returns the part that names nothing, or "".
std::string choose(const std::string &wanted, const std::vector<Found> &all, std::vector<Found> &chosen);

}  // namespace cutrans::opencl
