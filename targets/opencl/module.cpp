// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loading artifacts: the header is checked before anything of it is believed, then the device's own compiler builds the payload.
#include "module.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "device.h"
#include "faults.h"
#include "host.h"

namespace cutrans::opencl {

constexpr uint32_t kMostPartBytes = 4u << 20;  // of a slot in gang form

const char *headerProblem(const void *bytes, uint64_t size, ct_opencl_header &out) {
  if (size < sizeof out) return "it is shorter than its header";
  std::memcpy(&out, bytes, sizeof out);
  if (out.magic != CT_OPENCL_MAGIC) return "it is no OpenCL artifact";
  if (out.abi != CT_OPENCL_ABI) return "it was made for another version";
  // A file of the compiler's cache has more behind the payload.
  if (out.header_bytes < sizeof out || out.header_bytes > size || out.payload_bytes > size - out.header_bytes || out.payload_bytes == 0)
    return "its sizes contradict each other";
  if (!std::memchr(out.build_options, 0, sizeof out.build_options)) return "its build options have no end";
  if (out.flags & CT_OPENCL_THREADS && (out.sub_group_size != 32 || out.flags & CT_OPENCL_GANGS)) return "its sub-groups are none of this target";
  if (out.gang_width == 0 || out.gang_width > kMaxThreadsPerBlock) return "its gang width is impossible";
  if (out.static_shared_bytes > kSharedPerBlockMax || out.local_bytes % 16 || out.local_bytes > (512u << 10) || out.scratch_bytes > (64u << 20))
    return "its description is impossible";
  if (out.flags & CT_OPENCL_GANGS && (out.block_bytes > kMostPartBytes || out.gang_bytes > kMostPartBytes || out.warp_bytes > kMostPartBytes || out.frame_bytes > kMostPartBytes))
    return "its description is impossible";
  const uint64_t threads = uint64_t{out.block[0]} * out.block[1] * out.block[2];
  const bool any = out.block[0] == 0 && out.block[1] == 0 && out.block[2] == 0;
  if (!any && (out.block[0] > 1024 || out.block[1] > 1024 || out.block[2] > 1024 || threads == 0 || threads > kMaxThreadsPerBlock))
    return "its block shape is impossible";
  return nullptr;
}

namespace {

ct_status refuseArtifact(const ct_artifact &artifact, Code code, const std::string &why) {
  report(code, std::string("kernel ") + (artifact.kernel ? artifact.kernel : "?") + ": " + why);
  return CT_ERR_BAD_ARTIFACT;
}

// What the device's compiler has to say, not more than people read.
std::string buildLog(cl_program program, cl_device_id device) {
  size_t size = 0;
  if (cl.clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size) != CL_SUCCESS || size <= 1) return {};
  std::string text(size, '\0');
  if (cl.clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, text.data(), nullptr) != CL_SUCCESS) return {};
  text = text.c_str();
  constexpr size_t kMost = 2000;
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  return ": " + text;
}

cl_program makeProgram(const ct_device &device, const std::string &format, const unsigned char *payload, size_t size, cl_int &error) {
  if (format == CT_OPENCL_FORMAT_SPIRV) {
    error = CL_INVALID_OPERATION;
    return cl.clCreateProgramWithIL ? cl.clCreateProgramWithIL(device.context, payload, size, &error) : nullptr;
  }
  if (format == CT_OPENCL_FORMAT_SPIR) {
    cl_int status = CL_SUCCESS;
    return cl.clCreateProgramWithBinary(device.context, 1, &device.found.device, &size, &payload, &status, &error);
  }
  const char *text = reinterpret_cast<const char *>(payload);
  return cl.clCreateProgramWithSource(device.context, 1, &text, &size, &error);
}

ct_status load(ct_device *device, const ct_artifact *artifact, ct_module **out) {
  const std::string format = artifact->format;
  if (format != CT_OPENCL_FORMAT_SPIR && format != CT_OPENCL_FORMAT_C && format != CT_OPENCL_FORMAT_SPIRV)
    return refuseArtifact(*artifact, Code::opencl_bad_artifact, "its format " + format + " is none of this target");
  std::string file;
  const void *bytes = artifact->bytes;
  uint64_t size = artifact->size;
  if (!bytes) {
    std::ifstream in(artifact->path, std::ios::binary);
    file.assign(std::istreambuf_iterator<char>(in), {});
    bytes = file.data();
    size = file.size();
  }
  auto module = std::make_unique<ct_module>();
  ct_kernel &kernel = module->kernel;
  kernel.name = artifact->kernel ? artifact->kernel : "?";
  if (const char *problem = headerProblem(bytes, size, kernel.header))
    return refuseArtifact(*artifact, Code::opencl_bad_artifact, std::string("its code cannot be loaded: ") + problem);

  cl_int error = CL_SUCCESS;
  const auto *payload = static_cast<const unsigned char *>(bytes) + kernel.header.header_bytes;
  module->program = makeProgram(*device, format, payload, kernel.header.payload_bytes, error);
  if (!module->program) return refuseArtifact(*artifact, Code::opencl_build, device->found.name + " does not take its code: " + errorText(error));
  error = cl.clBuildProgram(module->program, 1, &device->found.device, kernel.header.build_options, nullptr, nullptr);
  if (error != CL_SUCCESS)
    return refuseArtifact(*artifact, Code::opencl_build, device->found.name + " cannot compile it: " + errorText(error) + buildLog(module->program, device->found.device));
  kernel.object = cl.clCreateKernel(module->program, CT_OPENCL_KERNEL_NAME, &error);
  if (!kernel.object) return refuseArtifact(*artifact, Code::opencl_build, std::string("its code has no " CT_OPENCL_KERNEL_NAME ": ") + errorText(error));
  if (cl.clGetKernelWorkGroupInfo(kernel.object, device->found.device, CL_KERNEL_WORK_GROUP_SIZE, sizeof kernel.most_threads, &kernel.most_threads, nullptr) != CL_SUCCESS)
    kernel.most_threads = device->found.can.group_threads;
  installFaultHandlers();
  kernel.makeReady(*device);
  *out = module.release();
  return CT_OK;
}

void unload(ct_module *module) { delete module; }

ct_status kernel(ct_module *module, ct_kernel **out) {
  *out = &module->kernel;
  return CT_OK;
}

}  // namespace

const ct_module_ops module_ops = {sizeof(ct_module_ops), load, unload, kernel};

}  // namespace cutrans::opencl

void ct_kernel::makeReady(ct_device &device) {
  if (!(header.flags & CT_OPENCL_EMPTY_GRIDS) || !device.memory->processMemory()) return;
  static const ct_opencl_launch none{};
  constexpr uint32_t kLeastLocal = 16;
  if (device.memory->announce(object, announced) != CL_SUCCESS || device.memory->setArgument(object, 0, reinterpret_cast<uint64_t>(&none)) != CL_SUCCESS ||
      cutrans::opencl::cl.clSetKernelArg(object, 1, kLeastLocal, nullptr) != CL_SUCCESS)
    return;
  local_bytes = kLeastLocal;
  // PoCL keeps the code open for grids that are not larger than those it has seen.
  device.runNow(object, 65534);
}

ct_module::~ct_module() {
  if (kernel.object) cutrans::opencl::cl.clReleaseKernel(kernel.object);
  if (program) cutrans::opencl::cl.clReleaseProgram(program);
}
