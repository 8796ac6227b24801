// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules and launches. A kernel whose code object carries the lowered IR runs in waves as the chip's (waves.cpp); that is slow. One with the front end's
// IR is compiled for this machine at its first launch and run by the host target: so warps are 32 lanes wide, also on the devices that say 64, and what
// kernels print, and how they end, goes into the messages of the launch, where the chip's code would have written it.
#include "kernel.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <functional>

#include "cutrans/codegen.h"
#include "cutrans/device_heap.h"

namespace cutrans::hip_double {
namespace {

std::mutex text_lock;  // the four below
std::string printed, fault_text;
uint32_t fault_code = 0;
std::atomic<bool> ended_itself{false};
std::atomic<uint64_t> launches{0};

const codegen::Table &generator() {
  static const codegen::Table *const table = [] {
    void *library = dlopen(HIP_DOUBLE_CODEGEN, RTLD_NOW | RTLD_LOCAL);
    if (!library) violation("hipModuleLaunchKernel", dlerror());
    const auto *found = reinterpret_cast<codegen::QueryFn>(dlsym(library, codegen::kQuerySymbol))();
    if (std::strcmp(found->build_id, CUTRANS_BUILD_ID) != 0) violation("hipModuleLaunchKernel", "the code generator is of another build");
    return found;
  }();
  return *table;
}

// Any block shape and grid, so that one compile serves all launches.
std::string compile(const CodeObject &object, bool cooperative) {
  if (object.ir.empty()) violation("hipModuleLaunchKernel", "the code object has no IR: CUTRANS_HIP_EMBED_IR=1");
  ct_device_info info{};
  info.struct_size = sizeof info;
  inner.table->device->info(0, &info);
  std::string problems;
  const ctc_sink sink = {&problems, [](void *ctx, const char *code, const char *text) { *static_cast<std::string *>(ctx) += std::string(code) + " " + text + "\n"; }};
  codegen::Request request;
  request.ir = object.ir;
  request.format = info.formats[0];
  request.codegen = info.codegen;
  request.cooperative = cooperative;
  request.any_grid = true;
  request.compute_capability = 90;
  request.sink = &sink;
  std::string artifact;
  if (generator().compile(request, artifact) != CTC_OK) violation("hipModuleLaunchKernel", "the IR cannot be compiled: " + problems);
  return artifact;
}

ct_kernel *runnable(Kernel &kernel, bool cooperative) {
  std::lock_guard hold(kernel.lock);
  auto &[module, made] = kernel.compiled[cooperative];
  if (made) return made;
  const std::string bytes = compile(kernel.object, cooperative);
  ct_artifact artifact{};
  artifact.struct_size = sizeof artifact;
  artifact.format = "native-so";
  artifact.bytes = bytes.data();
  artifact.size = bytes.size();
  artifact.kernel = CT_AMDGPU_KERNEL_NAME;
  if (inner.table->module->load(inner.devices[kernel.module->device], &artifact, &module) != CT_OK ||
      inner.table->module->kernel(module, &made) != CT_OK)
    violation("hipModuleLaunchKernel", "the compiled IR does not load: " + fault_text);
  return made;
}

// One record, if it fits; as docs of cutrans/messages.h.
void append(ct_messages &space, uint32_t kind, const std::string &rest) {
  const uint32_t size = static_cast<uint32_t>((sizeof(ct_message) + rest.size() + 7) / 8 * 8);
  const uint32_t at = __atomic_fetch_add(&space.written, size, __ATOMIC_SEQ_CST);
  if (uint64_t{at} + size > space.bytes) return;
  char *to = reinterpret_cast<char *>(&space + 1) + at;
  const ct_message head = {kind, size, {0, 0, 0}, 0};
  std::memcpy(to, &head, sizeof head);
  std::memcpy(to + sizeof head, rest.data(), rest.size());
}

std::string words(uint32_t a, uint32_t b) {
  const uint32_t both[2] = {a, b};
  return {reinterpret_cast<const char *>(both), sizeof both};
}

struct Behind {
  Stream *stream;
  ct_messages *space;
  ct_queue *other;
};

// Behind a launch that may have written messages. Waiting for another queue makes the host target give out what it keeps.
void writeMessages(void *user, ct_status status) {
  const Behind behind = *static_cast<Behind *>(user);
  delete static_cast<Behind *>(user);
  (void)inner.table->queue->synchronize(behind.other);
  std::lock_guard hold(text_lock);
  // In pieces, and the text as an argument: both ways a record can hold texts are used.
  for (size_t at = 0; at < printed.size(); at += 1000) {
    const std::string piece = printed.substr(at, 1000);
    append(*behind.space, CT_MESSAGE_PRINTF, words(3, 8) + std::string("%s\0\0\0\0\0\0", 8) + std::string(8, '\0') + piece + '\0');
  }
  printed.clear();
  if (status == CT_ERR_ASSERT) {
    append(*behind.space, CT_MESSAGE_ASSERT, words(0, 0) + std::string("as said above\0\0\0", 16));
  } else if (status == CT_ERR_TRAP || (status == CT_ERR_LAUNCH && ended_itself)) {
    append(*behind.space, CT_MESSAGE_TRAP, words(status == CT_ERR_TRAP ? 0 : fault_code, 0));
  } else {
    return;
  }
  __atomic_store_n(&behind.space->ended, 1, __ATOMIC_SEQ_CST);
}

hipError_t launch(hipFunction_t function, const uint32_t *grid, const uint32_t *block, uint32_t shared_bytes, hipStream_t stream,
                  const unsigned char *arguments, bool cooperative, const char *self) {
  kernels.check(function, self, "function");
  Kernel &kernel = *reinterpret_cast<Kernel *>(function);
  Stream &s = use(stream, self);
  const CodeObject &object = kernel.object;
  const ct_amdgpu_kernel &record = object.record;
  if (kernel.module->device != s.device) violation(self, "function and stream are of two devices");
  needCurrent(s.device, self);
  uint64_t threads = 1;
  for (int i = 0; i < 3; ++i) {
    if (!grid[i] || !block[i]) violation(self, "an empty grid or block");
    if (uint64_t{grid[i]} * block[i] > UINT32_MAX) violation(self, "more than 2^32 threads in a dimension");
    if (object.required[i] && object.required[i] != block[i]) violation(self, "not the work-group size that the code object requires");
    threads *= block[i];
  }
  if (threads > object.most_threads) violation(self, "more threads in a block than the code object allows");
  if (uint64_t{object.shared_bytes} + shared_bytes > (64u << 10)) violation(self, "more shared memory than the device has");
  ct_amdgpu_launch given;
  std::memcpy(&given, arguments + record.launch_offset, sizeof given);
  if (std::memcmp(given.grid, grid, sizeof given.grid) || std::memcmp(given.block, block, sizeof given.block) || given.dynamic_shared_bytes != shared_bytes)
    violation(self, "the launch record says another shape than the launch");
  const bool messages = record.flags & CT_AMDGPU_USES_MESSAGES;
  if (messages) {
    needDeviceRange(reinterpret_cast<void *>(given.messages), sizeof(ct_messages), self);
    auto *space = reinterpret_cast<ct_messages *>(given.messages);
    if (space->bytes % 8 || space->bytes == 0) violation(self, "a space for messages that is none");
    needDeviceRange(space, sizeof(ct_messages) + space->bytes, self);
  }
  if (given.globals) needDeviceRange(reinterpret_cast<void *>(given.globals), 1, self);
  if (record.flags & CT_AMDGPU_USES_STACK) {
    const uint64_t wave = (given.stack_bytes * record.wave_size + 63) / 64 * 64;
    if (!given.stack_bytes || given.stack_bytes % 16 || !given.stack_slot_count) violation(self, "a kernel with a stack, and no stack");
    needDeviceRange(reinterpret_cast<void *>(given.stacks), wave * given.stack_slot_count, self);
    needDeviceRange(reinterpret_cast<void *>(given.stack_slots), uint64_t{given.stack_slot_count} * 4, self);
  }
  if (record.flags & CT_AMDGPU_USES_HEAP) {
    needDeviceRange(reinterpret_cast<void *>(given.heap), sizeof(ct_device_heap), self);
    const auto &heap = *reinterpret_cast<const ct_device_heap *>(given.heap);
    needDeviceRange(&heap, heap.first - given.heap + uint64_t{heap.count} * CT_HEAP_PAGE, self);
  }
  if ((record.flags & CT_AMDGPU_USES_TIMER) && given.timer_khz != 100'000) violation(self, "the rate of the timer");
  if (cooperative) needDeviceRange(reinterpret_cast<void *>(given.grid_workspace), 64, self);
  ++launches;
  if (!object.lowered.empty()) return checkedError(launchInWaves(kernel, s, {grid, block, shared_bytes, arguments, cooperative}));

  ct_launch request{};
  request.struct_size = sizeof request;
  request.flags = cooperative ? CT_LAUNCH_COOPERATIVE : 0;
  request.kernel = runnable(kernel, cooperative);
  std::memcpy(request.grid, grid, sizeof request.grid);
  std::memcpy(request.block, block, sizeof request.block);
  for (uint32_t &c : request.cluster) c = 1;
  request.dynamic_shared_bytes = shared_bytes;
  request.params_size = record.params_bytes;
  request.params = arguments;
  request.globals = given.globals;
  request.child_queue = given.child_queue;
  request.stack_bytes = given.stack_bytes;
  ct_status status = inner.table->queue->launch(s.queue, &request);
  if (status == CT_OK && messages) {
    static std::mutex once;
    static ct_queue *others[kDevices] = {};
    std::lock_guard hold(once);
    if (!others[s.device]) inner.table->queue->create(inner.devices[s.device], CT_QUEUE_NON_BLOCKING, 0, &others[s.device]);
    auto *behind = new Behind{&s, reinterpret_cast<ct_messages *>(given.messages), others[s.device]};
    status = inner.table->queue->host_call(s.queue, writeMessages, behind);
  }
  return checkedError(status);
}

}  // namespace

void keepReport(void *, const char *code, const char *text) {
  std::lock_guard hold(text_lock);
  fault_text = std::string(code) + ": " + text;
  fault_code = static_cast<uint32_t>(std::atoi(code + 2));
  // Codes of the host target's own are faults of the machine; a kernel says others, and `trap`.
  ended_itself = fault_code < 3100 || fault_code > 3199;
}

void keepOutput(void *, const char *bytes, size_t size) {
  std::lock_guard hold(text_lock);
  printed.append(bytes, size);
}

bool endedItself() { return ended_itself; }
uint64_t launchCount() { return launches; }

}  // namespace cutrans::hip_double

using namespace cutrans::hip_double;

extern "C" {

hipError_t hipModuleLoadData(hipModule_t *module, const void *image) {
  ENTER(hipModuleLoadData);
  if (!module || !image) violation(self, "null");
  auto *made = new Module{currentDevice(), sizedImage(image), 0, {}};
  made->kernel.module = made;
  if (const std::string problem = readCodeObject(made->image, made->kernel.object); !problem.empty()) {
    delete made;
    return hipErrorInvalidImage;
  }
  const CodeObject &object = made->kernel.object;
  if (object.target.rfind(std::string("amdgcn-amd-amdhsa--") + arch(), 0) != 0 || object.wave_size != static_cast<uint32_t>(waveSize())) {
    delete made;
    return hipErrorNoBinaryForGpu;
  }
  made->hash = std::hash<std::string_view>()(made->image);
  modules.add(made);
  *module = reinterpret_cast<hipModule_t>(made);
  return hipSuccess;
}

hipError_t hipModuleUnload(hipModule_t module) {
  ENTER(hipModuleUnload);
  modules.check(module, self, "module");
  auto *m = reinterpret_cast<Module *>(module);
  needCurrent(m->device, self);
  if (std::hash<std::string_view>()(m->image) != m->hash) violation(self, "the image has changed or gone before the module");
  modules.remove(m);
  kernels.remove(&m->kernel);
  for (auto &[cooperative, compiled] : m->kernel.compiled) inner.table->module->unload(compiled.first);
  return hipSuccess;
}

hipError_t hipModuleGetFunction(hipFunction_t *function, hipModule_t module, const char *name) {
  ENTER(hipModuleGetFunction);
  modules.check(module, self, "module");
  if (!function || !name) violation(self, "null");
  if (std::strcmp(name, CT_AMDGPU_KERNEL_NAME) != 0) return hipErrorNotFound;
  auto *m = reinterpret_cast<Module *>(module);
  kernels.add(&m->kernel);
  *function = reinterpret_cast<hipFunction_t>(&m->kernel);
  return hipSuccess;
}

hipError_t hipModuleLaunchKernel(hipFunction_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                                 unsigned block_z, unsigned shared_bytes, hipStream_t stream, void **arguments, void **extra) {
  ENTER(hipModuleLaunchKernel);
  kernels.check(function, self, "function");
  if (arguments || !extra) violation(self, "arguments in one piece, and nothing else, are expected");
  if (extra[0] != HIP_LAUNCH_PARAM_BUFFER_POINTER || extra[2] != HIP_LAUNCH_PARAM_BUFFER_SIZE || extra[4] != HIP_LAUNCH_PARAM_END)
    violation(self, "the list of `extra`");
  const CodeObject &object = reinterpret_cast<Kernel *>(function)->object;
  if (*static_cast<size_t *>(extra[3]) != object.kernarg_bytes) violation(self, "not as many bytes of arguments as the code object has");
  if (reinterpret_cast<uintptr_t>(extra[1]) % object.kernarg_align) violation(self, "misaligned arguments");
  const uint32_t grid[] = {grid_x, grid_y, grid_z}, block[] = {block_x, block_y, block_z};
  return launch(function, grid, block, shared_bytes, stream, static_cast<unsigned char *>(extra[1]), false, self);
}

hipError_t hipModuleLaunchCooperativeKernel(hipFunction_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                                            unsigned block_y, unsigned block_z, unsigned shared_bytes, hipStream_t stream, void **arguments) {
  ENTER(hipModuleLaunchCooperativeKernel);
  kernels.check(function, self, "function");
  if (!arguments) violation(self, "null");
  const CodeObject &object = reinterpret_cast<Kernel *>(function)->object;
  std::vector<unsigned char> buffer(object.kernarg_bytes);
  for (size_t i = 0; i < object.arguments.size(); ++i) {
    if (!arguments[i]) violation(self, "a null argument");
    std::memcpy(buffer.data() + object.arguments[i].offset, arguments[i], object.arguments[i].size);
  }
  const uint32_t grid[] = {grid_x, grid_y, grid_z}, block[] = {block_x, block_y, block_z};
  return launch(function, grid, block, shared_bytes, stream, buffer.data(), true, self);
}

}  // extern "C"
