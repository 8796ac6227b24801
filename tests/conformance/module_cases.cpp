// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules: what is taken, what is refused.
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

void unknownFormat(Session &s) {
  ct_module *module = nullptr;
  ct_artifact artifact = artifactOf("no-such-format", "1234", 4);
  s.is(CT_ERR_BAD_ARTIFACT, s.modules().load(s.device(), &artifact, &module), "load");
}

void garbage(Session &s) {
  if (!s.has(CT_DEVICE_RUNS_KERNELS)) return;
  std::vector<unsigned char> bytes(5000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 31);
  for (size_t size : {size_t{1}, size_t{64}, bytes.size()}) {
    ct_module *module = nullptr;
    ct_artifact artifact = artifactOf(s.info().formats[0], bytes.data(), size);
    s.is(CT_ERR_BAD_ARTIFACT, s.modules().load(s.device(), &artifact, &module), "load of garbage");
  }
}

void truncated(Session &s) {
  if (!s.has(CT_DEVICE_RUNS_KERNELS)) return;
  KernelArtifact whole = s.artifact("ids");
  for (size_t keep : {size_t{16}, size_t{200}, whole.bytes.size() / 4, whole.bytes.size() / 2}) {
    ct_module *module = nullptr;
    ct_artifact artifact = artifactOf(whole.format.c_str(), whole.bytes.data(), keep);
    s.is(CT_ERR_BAD_ARTIFACT, s.modules().load(s.device(), &artifact, &module), "load of the first part of an artifact");
  }
}

void many(Session &s) {
  const KernelArtifact artifact = s.artifact("ids");
  for (int i = 0; i < 100; ++i) (void)s.load(artifact, "ids");
}

constexpr Case kCases[] = {
    {"module.unknown-format", "An artifact of another format is BAD_ARTIFACT.", unknownFormat},
    {"module.garbage", "Bytes that are no artifact are BAD_ARTIFACT.", garbage},
    {"module.truncated", "Half an artifact is BAD_ARTIFACT.", truncated},
    {"module.many", "One artifact can be loaded a hundred times.", many},
};

}  // namespace
std::span<const Case> moduleCases() { return kCases; }
}  // namespace cutrans::conformance
