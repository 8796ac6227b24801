// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/ptx/sweep/sweep.h"

#include <cstdlib>
#include <cstring>

namespace cutrans::test {
namespace {

constexpr uint32_t Threads = 128, Turns = Swept::Quantum / Threads;

// Thread t of block b takes the elements b * Quantum + t + Threads * turn, so that vectors of lanes are contiguous.
std::string kernelText(const std::string &code, unsigned outBits, unsigned inBits, unsigned inputs) {
  auto text = [](unsigned value) { return std::to_string(value); };
  std::string in = ".b" + text(inBits), out = ".b" + text(outBits);
  std::string result = ".version 8.8\n.target sm_120a\n.address_size 64\n.visible .entry sweep(.param .u64 to, .param .u64 from0, .param .u64 from1)\n{\n";
  result += ".reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<9>; .reg .b64 %d<9>; .reg .f32 %f<9>;\n";
  result += ".reg " + in + " %x, %z; .reg " + out + " %y;\n.reg .u32 %i, %n; .reg .u64 %at, %to, %a0, %a1;\n";
  result += "mov.u32 %i, %tid.x; mov.u32 %n, %ctaid.x; mul.wide.u32 %at, %n, " + text(Swept::Quantum) + "; cvt.u64.u32 %to, %i; add.u64 %at, %at, %to;\n";
  auto address = [&](const char *reg, const char *param, unsigned bits) {
    return std::string("ld.param.u64 ") + reg + ", [" + param + "]; mad.lo.u64 " + reg + ", %at, " + text(bits / 8) + ", " + reg + ";\n";
  };
  result += address("%a0", "from0", inBits) + address("%a1", "from1", inBits) + address("%to", "to", outBits);
  result += "mov.u32 %n, 0;\nLOOP:\nld.global" + in + " %x, [%a0];\n";
  if (inputs > 1) result += "ld.global" + in + " %z, [%a1];\n";
  result += code + "\nst.global" + out + " [%to], %y;\n";
  auto step = [&](const char *reg, unsigned bits) {
    return std::string("add.u64 ") + reg + ", " + reg + ", " + text(Threads * bits / 8) + ";\n";
  };
  result += step("%a0", inBits) + step("%a1", inBits) + step("%to", outBits);
  result += "add.u32 %n, %n, 1; .reg .pred %more; setp.lt.u32 %more, %n, " + text(Turns) + "; @%more bra LOOP;\nret;\n}\n";
  return result;
}

}  // namespace

bool longSweeps() {
  const char *value = std::getenv("CUTRANS_LONG");
  return value && !std::strcmp(value, "1");
}

Swept::Swept(const std::string &code, unsigned outBits, unsigned inBits, unsigned inputs, uint32_t gangWidth) {
  PtxModule module(kernelText(code, outBits, inBits, inputs));
  CompileOptions options;
  options.block = {Threads, 1, 1};
  options.gangWidth = gangWidth;
  PtxArtifact compiled = module.compile("sweep", options);
  problem_ = module.problems() + compiled.diagnostics;
  if (compiled.bytes.empty()) return;
  artifact_ = std::make_unique<Artifact>(compiled.bytes);
  problem_ += artifact_->error();
}

void Swept::run(size_t count, void *out, const void *x, const void *z) const {
  Launch launch;
  launch.grid = {uint32_t(count / Quantum), 1, 1};
  launch.block = {Threads, 1, 1};
  const void *pointers[] = {out, x, z ? z : x};
  launch.params.resize(sizeof pointers);
  std::memcpy(launch.params.data(), pointers, sizeof pointers);
  artifact_->run(launch);
}

namespace {
template <class T>
std::vector<T> edges(T infinity, T one) {
  std::vector<T> values;
  T sign = T(1) << (sizeof(T) * 8 - 1), least = infinity & -infinity, quiet = least >> 1;
  for (T centre : {T(0), least, one, T(one - least), T(one + least), T(infinity - least), infinity, T(infinity | quiet), T(sign - 1)})
    for (int away = -3; away <= 3; ++away) {
      T magnitude = (centre + T(away)) & (sign - 1);
      values.push_back(magnitude), values.push_back(magnitude | sign);
    }
  for (T exponent = 0; exponent < infinity; exponent += least)
    for (T magnitude : {exponent, T(exponent | 1), T(exponent | (least - 1)), T(exponent | quiet)})
      values.push_back(magnitude), values.push_back(magnitude | sign);
  return values;
}
}  // namespace

std::vector<uint32_t> floatEdges() { return edges<uint32_t>(0x7f800000, 0x3f800000); }
std::vector<uint64_t> doubleEdges() { return edges<uint64_t>(0x7ff0000000000000, 0x3ff0000000000000); }

}  // namespace cutrans::test
