// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "platforms.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <functional>

namespace cutrans::opencl {
namespace {

template <class Ask>
std::string textOf(Ask ask) {
  size_t size = 0;
  if (ask(0, nullptr, &size) != CL_SUCCESS || size == 0) return {};
  std::string text(size, '\0');
  if (ask(size, text.data(), nullptr) != CL_SUCCESS) return {};
  return text.c_str();  // to its NUL
}

std::string text(cl_platform_id platform, cl_platform_info what) {
  return textOf([&](size_t size, void *to, size_t *needed) { return cl.clGetPlatformInfo(platform, what, size, to, needed); });
}

std::string text(cl_device_id device, cl_device_info what) {
  return textOf([&](size_t size, void *to, size_t *needed) { return cl.clGetDeviceInfo(device, what, size, to, needed); });
}

// Zero where the device does not know the question.
template <class T>
T value(cl_device_id device, cl_device_info what) {
  T out{};
  return cl.clGetDeviceInfo(device, what, sizeof out, &out, nullptr) == CL_SUCCESS ? out : T{};
}

// Extensions are words.
bool hasWord(const std::string &words, const char *word) {
  const std::string padded = " " + words + " ";
  return padded.find(std::string(" ") + word + " ") != std::string::npos;
}

// SPIR-V 1.3 has the operations of sub-groups; a warp is one of 32.
bool runsThreads(cl_device_id device, const std::string &extensions) {
  if (!cl.clCreateProgramWithIL || !hasWord(extensions, "cl_intel_required_subgroup_size")) return false;
  if (!hasWord(extensions, "cl_khr_subgroup_ballot") || !hasWord(extensions, "cl_khr_subgroup_shuffle")) return false;
  if (!hasWord(text(device, CL_DEVICE_IL_VERSION), "SPIR-V_1.3")) return false;
  constexpr cl_device_info kSizes = 0x4108;  // CL_DEVICE_SUB_GROUP_SIZES_INTEL
  size_t sizes[16] = {}, bytes = 0;
  if (cl.clGetDeviceInfo(device, kSizes, sizeof sizes, sizes, &bytes) != CL_SUCCESS) return false;
  return std::find(sizes, sizes + bytes / sizeof *sizes, 32) != sizes + bytes / sizeof *sizes;
}

uint32_t vectorBits(cl_device_id device) {
  const cl_uint widths[] = {value<cl_uint>(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_CHAR) * 8, value<cl_uint>(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_INT) * 32,
                            value<cl_uint>(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT) * 32, value<cl_uint>(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_DOUBLE) * 64};
  return *std::max_element(std::begin(widths), std::end(widths));
}

Capabilities capabilities(cl_device_id device, const std::string &extensions) {
  Capabilities can;
  can.cpu = value<cl_device_type>(device, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_CPU;
  can.native_kernels = value<cl_device_exec_capabilities>(device, CL_DEVICE_EXECUTION_CAPABILITIES) & CL_EXEC_NATIVE_KERNEL;
  can.svm = cl.clSVMAlloc ? value<cl_device_svm_capabilities>(device, CL_DEVICE_SVM_CAPABILITIES) : 0;
  can.unified = hasWord(extensions, "cl_intel_unified_shared_memory");
  can.buffer_address = hasWord(extensions, "cl_ext_buffer_device_address");
  can.spir = hasWord(extensions, "cl_khr_spir");
  can.group_threads = static_cast<uint32_t>(std::min<size_t>(UINT32_MAX, value<size_t>(device, CL_DEVICE_MAX_WORK_GROUP_SIZE)));
  can.threads = runsThreads(device, extensions);
  can.compiler = value<cl_bool>(device, CL_DEVICE_COMPILER_AVAILABLE);
  can.fp64 = hasWord(extensions, "cl_khr_fp64");
  can.fp16 = hasWord(extensions, "cl_khr_fp16");
  can.int64_atomics = hasWord(extensions, "cl_khr_int64_base_atomics") && hasWord(extensions, "cl_khr_int64_extended_atomics");
  can.units = std::max<cl_uint>(1, value<cl_uint>(device, CL_DEVICE_MAX_COMPUTE_UNITS));
  can.clock_mhz = value<cl_uint>(device, CL_DEVICE_MAX_CLOCK_FREQUENCY);
  can.vector_bits = vectorBits(device);
  can.memory_bytes = value<cl_ulong>(device, CL_DEVICE_GLOBAL_MEM_SIZE);
  can.largest_bytes = value<cl_ulong>(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  can.local_bytes = value<cl_ulong>(device, CL_DEVICE_LOCAL_MEM_SIZE);
  can.cache_bytes = value<cl_ulong>(device, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE);
  return can;
}

std::string codegenText(const Found &found) {
  const Capabilities &can = found.can;
  auto flag = [](bool is) { return is ? "1" : "0"; };
  std::string out = std::string("kind=") + (can.cpu ? "cpu" : "other");
#if defined(__x86_64__)
  if (can.cpu) out += ";arch=x86_64";
#endif
  out += ";vector=" + std::to_string(can.vector_bits);
  out += std::string(";fp64=") + flag(can.fp64) + ";fp16=" + flag(can.fp16) + ";int64_atomics=" + flag(can.int64_atomics);
  out += ";c=" + text(found.device, CL_DEVICE_OPENCL_C_VERSION);
  out += ";platform=" + found.platform_name + ";device=" + found.name + ";driver=" + found.driver;
  return out;
}

// Stays the same from run to run: the driver's own, else made from the names and the place among devices of that name.
void fillUuid(Found &found, size_t same) {
  if (cl.clGetDeviceInfo(found.device, CL_DEVICE_UUID_KHR, sizeof found.uuid, found.uuid, nullptr) == CL_SUCCESS) return;
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : found.platform_name + "\n" + found.name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::memcpy(found.uuid, "opencl", 6);
  std::memcpy(found.uuid + 7, &hash, 8);
  found.uuid[15] = static_cast<uint8_t>(same);
}

std::string lower(std::string text) {
  for (char &c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::vector<Found> findDevices() {
  std::vector<Found> all;
  cl_uint platforms = 0;
  if (cl.clGetPlatformIDs(0, nullptr, &platforms) != CL_SUCCESS || platforms == 0) return all;
  std::vector<cl_platform_id> ids(platforms);
  if (cl.clGetPlatformIDs(platforms, ids.data(), nullptr) != CL_SUCCESS) return all;
  for (cl_platform_id platform : ids) {
    cl_uint devices = 0;
    if (cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &devices) != CL_SUCCESS || devices == 0) continue;
    std::vector<cl_device_id> here(devices);
    if (cl.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, devices, here.data(), nullptr) != CL_SUCCESS) continue;
    for (cl_device_id device : here) {
      if (!value<cl_bool>(device, CL_DEVICE_AVAILABLE) || value<cl_uint>(device, CL_DEVICE_ADDRESS_BITS) != 64) continue;
      Found found;
      found.platform = platform;
      found.device = device;
      found.platform_name = text(platform, CL_PLATFORM_NAME);
      found.name = text(device, CL_DEVICE_NAME);
      found.driver = text(device, CL_DRIVER_VERSION);
      found.extensions = extensionsOf(platform);
      found.can = capabilities(device, text(device, CL_DEVICE_EXTENSIONS));
      found.codegen = codegenText(found);
      fillUuid(found, static_cast<size_t>(std::count_if(all.begin(), all.end(), [&](const Found &other) { return other.name == found.name; })));
      all.push_back(std::move(found));
    }
  }
  return all;
}

std::string choose(const std::string &wanted, const std::vector<Found> &all, std::vector<Found> &chosen) {
  if (wanted.empty()) chosen = all;
  for (size_t at = 0; at < wanted.size();) {
    const size_t end = std::min(wanted.find(',', at), wanted.size());
    const std::string part = wanted.substr(at, end - at);
    at = end + 1;
    size_t number = 0;
    auto [rest, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    const bool is_number = error == std::errc() && rest == part.data() + part.size();
    const size_t before = chosen.size();
    for (size_t i = 0; i < all.size(); ++i)
      if (is_number ? i == number : lower(all[i].platform_name + ": " + all[i].name).find(lower(part)) != std::string::npos) chosen.push_back(all[i]);
    if (part.empty() || chosen.size() == before) return part.empty() ? "," : part;
  }
  return {};
}

}  // namespace cutrans::opencl
