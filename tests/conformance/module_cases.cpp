// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules: what is taken, what is refused.
#include <algorithm>

#include "session.h"

namespace cutrans::conformance {
namespace {

ct_artifact artifactOf(const char *format, const void *bytes, uint64_t size) {
  ct_artifact artifact{};
  artifact.struct_size = sizeof artifact;
  artifact.format = format;
  artifact.bytes = bytes;
  artifact.size = size;
  artifact.kernel = "kernel";
  return artifact;
}

void needToLook(Session &s) {
  if (!s.has(CT_DEVICE_RUNS_KERNELS)) throw Unsupported{"a device that runs no kernels need not look at them"};
}

void unknownFormat(Session &s) {
  ct_module *module = nullptr;
  ct_artifact artifact = artifactOf("no-such-format", "1234", 4);
  s.is(CT_ERR_BAD_ARTIFACT, s.modules().load(s.device(), &artifact, &module), "load");
}

void garbage(Session &s) {
  needToLook(s);
  std::vector<unsigned char> bytes(5000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 31);
  for (size_t size : {size_t{1}, size_t{64}, bytes.size()}) {
    ct_module *module = nullptr;
    ct_artifact artifact = artifactOf(s.info().formats[0], bytes.data(), size);
    s.is(CT_ERR_BAD_ARTIFACT, s.modules().load(s.device(), &artifact, &module), "load of garbage");
  }
}

void truncated(Session &s) {
  needToLook(s);
  KernelArtifact whole = s.artifact("ids");
  for (size_t keep : {size_t{16}, size_t{200}, whole.bytes.size() / 4, whole.bytes.size() / 2}) {
    ct_module *module = nullptr;
    ct_artifact artifact = artifactOf(whole.format.c_str(), whole.bytes.data(), keep);
    s.is(CT_ERR_BAD_ARTIFACT, s.modules().load(s.device(), &artifact, &module), "load of the first part of an artifact");
  }
}

// The numbers 5, 6, 7... from a kernel `ids`.
void useIds(Session &s, ct_kernel *handle) {
  if (!s.has(CT_DEVICE_RUNS_KERNELS)) return;
  ct_queue *queue = s.queue();
  const uint64_t params[2] = {s.alloc(CT_MEMORY_DEVICE, 64 * 8), 5};
  const ct_launch launch = describe({handle, 0}, {2, 1, 1}, {32, 1, 1}, params, sizeof params);
  s.ok(s.queues().launch(queue, &launch), "launch");
  s.wait(queue);
  auto out = s.read<uint64_t>(params[0], 64);
  for (uint64_t i = 0; i < 64; ++i) s.check(out[i] == i + 5, "the kernel does what it should");
}

void fromBytes(Session &s) {
  KernelArtifact artifact = s.artifact("ids");
  artifact.path.clear();
  ct_kernel *kernel = s.load(artifact, "ids");
  std::fill(artifact.bytes.begin(), artifact.bytes.end(), '\x5a');
  useIds(s, kernel);
}

void fromPath(Session &s) {
  KernelArtifact artifact = s.artifact("ids");
  if (artifact.path.empty()) throw Untested{"the kernel is in no file"};
  ct_artifact from = artifactOf(artifact.format.c_str(), nullptr, artifact.bytes.size());
  from.path = artifact.path.c_str();
  ct_module *module = nullptr;
  ct_kernel *kernel = nullptr;
  s.ok(s.modules().load(s.device(), &from, &module), "load from a file alone");
  s.ok(s.modules().kernel(module, &kernel), "kernel");
  useIds(s, kernel);
  s.modules().unload(module);
}

void kernelTwice(Session &s) {
  const KernelArtifact artifact = s.artifact("ids");
  ct_artifact from = artifactOf(artifact.format.c_str(), artifact.bytes.data(), artifact.bytes.size());
  ct_module *module = nullptr;
  ct_kernel *first = nullptr, *second = nullptr;
  s.ok(s.modules().load(s.device(), &from, &module), "load");
  s.ok(s.modules().kernel(module, &first), "kernel");
  s.ok(s.modules().kernel(module, &second), "kernel again");
  s.check(first && second, "both are kernels");
  useIds(s, first);
  useIds(s, second);
  s.modules().unload(module);
}

void unloadAndLoad(Session &s) {
  const KernelArtifact artifact = s.artifact("ids");
  for (int i = 0; i < 30; ++i) {
    ct_artifact from = artifactOf(artifact.format.c_str(), artifact.bytes.data(), artifact.bytes.size());
    ct_module *module = nullptr;
    ct_kernel *kernel = nullptr;
    s.ok(s.modules().load(s.device(), &from, &module), "load");
    s.ok(s.modules().kernel(module, &kernel), "kernel");
    if (i % 10 == 0) useIds(s, kernel);
    s.modules().unload(module);
  }
}

void several(Session &s) {
  const Kernel increment = s.kernel("increment"), twice = s.kernel("twice");
  useIds(s, s.kernel("ids").handle);
  ct_queue *queue = s.queue();
  const uint64_t at = s.alloc(CT_MEMORY_DEVICE, 64 * 8), out = s.alloc(CT_MEMORY_DEVICE, 64 * 8);
  const std::vector<uint64_t> three(64, 3);
  s.write(at, three.data(), 64 * 8);
  struct {
    uint64_t out, in;
    uint32_t count, padding;
  } params{out, at, 128, 0};
  s.ok(s.launch(queue, increment, 1, 64, at), "launch");
  const ct_launch launch = describe(twice, {2, 1, 1}, {64, 1, 1}, &params, 20);
  s.ok(s.queues().launch(queue, &launch), "launch");
  s.wait(queue);
  auto words = s.read<uint32_t>(out, 128);
  for (size_t i = 0; i < 128; ++i) s.check(words[i] == (i % 2 ? 1u : 9u), "kernels of several modules");
}

void many(Session &s) {
  const KernelArtifact artifact = s.artifact("ids");
  for (int i = 0; i < 100; ++i) (void)s.load(artifact, "ids");
}

constexpr Case kCases[] = {
    {"module.unknown-format", "An artifact of another format is BAD_ARTIFACT.", unknownFormat},
    {"module.garbage", "Bytes that are no artifact are BAD_ARTIFACT.", garbage},
    {"module.truncated", "Half an artifact is BAD_ARTIFACT.", truncated},
    {"module.bytes", "An artifact's bytes are read during the call.", fromBytes},
    {"module.file", "An artifact may be a file alone.", fromPath},
    {"module.kernel-twice", "A module may be asked for its kernel more than once.", kernelTwice},
    {"module.unload", "Modules are unloaded and loaded again.", unloadAndLoad},
    {"module.several", "Kernels of several modules work side by side.", several},
    {"module.many", "One artifact can be loaded a hundred times.", many},
};

}  // namespace
std::span<const Case> moduleCases() { return kCases; }
}  // namespace cutrans::conformance
