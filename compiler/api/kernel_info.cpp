// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a kernel needs: parameters from its header, memory and registers from its body and what it reaches. Where a body
// cannot be read, its needs are zero here and compile() says what is wrong with it.
#include <algorithm>

#include "compiler/api/handles.h"

namespace cutrans::compiler {
namespace {

using ptx::Body;
using ptx::Function;
using ptx::Instruction;
using ptx::Operand;
using ptx::OperandKind;
using ptx::Space;
using ptx::Variable;

constexpr uint32_t kFewestRegisters = 16, kMostRegisters = 255;
constexpr uint32_t kRegisterFile = 65536;
constexpr uint32_t kReserved = 10;  // what a machine needs beside the values that live: addresses, counters

uint64_t alignUp(uint64_t value, uint64_t align) { return (value + align - 1) & ~(align - 1); }

uint64_t sizeInSpace(const Body &body, Space space) {
  uint64_t end = 0;
  for (const Variable &v : body.variables)
    if (v.space == space) end = alignUp(end, v.align) + v.size;
  return end;
}

struct Range {
  uint32_t first = UINT32_MAX, last = 0;
};

void touch(std::span<const Operand> operands, uint32_t at, std::vector<Range> &ranges) {
  for (const Operand &o : operands) {
    bool reg = o.kind == OperandKind::Register || (o.kind == OperandKind::Address && o.base_is_register);
    if (reg && o.reg < ranges.size()) {
      ranges[o.reg].first = std::min(ranges[o.reg].first, at);
      ranges[o.reg].last = at;
    }
    touch(o.elements, at, ranges);  // as deep as the parser let it be
  }
}

// The most 32-bit registers that live at the same time, were values to live from their first to their last mention.
uint32_t pressure(const Body &body) {
  std::vector<Range> ranges(body.registers.size());
  for (uint32_t i = 0; i < body.instructions.size(); ++i) {
    const Instruction &instruction = body.instructions[i];
    touch(instruction.operands, i, ranges);
  }
  std::vector<int64_t> change(body.instructions.size() + 1);
  for (size_t r = 0; r < ranges.size(); ++r) {
    unsigned bits = ptx::bits(body.registers[r].type);
    int64_t words = bits == 1 ? 0 : (bits + 31) / 32;
    if (ranges[r].first >= ranges[r].last) continue;
    change[ranges[r].first] += words;
    change[ranges[r].last] -= words;
  }
  int64_t now = 0, most = 0;
  for (int64_t delta : change) most = std::max(most, now += delta);
  return static_cast<uint32_t>(std::min<int64_t>(most, kMostRegisters));
}

uint32_t threadsOf(const uint32_t (&shape)[3]) {
  uint64_t product = uint64_t{shape[0]} * shape[1] * shape[2];
  return static_cast<uint32_t>(std::min<uint64_t>(product, UINT32_MAX));
}

uint32_t estimateRegisters(uint32_t live, const ptx::Performance &performance) {
  uint32_t registers = std::clamp((live + kReserved + 7) & ~7u, kFewestRegisters, kMostRegisters);
  uint32_t threads = std::max(threadsOf(performance.maxntid), threadsOf(performance.reqntid));
  if (threads) {
    uint32_t blocks = std::max(performance.minnctapersm, 1u);
    uint64_t most = kRegisterFile / std::max<uint64_t>(1, uint64_t{threads} * blocks) & ~uint64_t{7};
    registers = static_cast<uint32_t>(std::clamp<uint64_t>(most, kFewestRegisters, registers));
  }
  if (performance.maxnreg) registers = std::min(registers, performance.maxnreg);
  return registers;
}

}  // namespace

void describeKernel(const ptx::Module &module, const Function &kernel, KernelFacts &facts) {
  facts.name = kernel.name;
  for (const Variable &v : kernel.params)
    facts.params.push_back(
        {static_cast<uint32_t>(v.offset), static_cast<uint32_t>(v.size), static_cast<uint32_t>(v.align)});
  ctc_kernel &info = facts.info;
  const ptx::Unit &unit = module.units()[kernel.location.unit];
  info.struct_size = sizeof info;
  info.name = facts.name.c_str();
  info.address = ptx::functionAddress(module.functionBase(), kernel.number);
  info.param_count = static_cast<uint32_t>(facts.params.size());
  info.params = facts.params.data();
  info.params_size = static_cast<uint32_t>(kernel.params_size);
  info.max_threads = threadsOf(kernel.performance.maxntid);
  std::copy(std::begin(kernel.performance.reqntid), std::end(kernel.performance.reqntid), info.required_block);
  const ptx::Performance &wanted = kernel.performance;
  if (wanted.reqnctapercluster[0])
    std::transform(std::begin(wanted.reqnctapercluster), std::end(wanted.reqnctapercluster), info.required_cluster,
                   [](uint32_t blocks) { return std::max(blocks, 1u); });
  info.max_cluster_blocks = wanted.maxclusterrank;
  info.flags |= (wanted.explicitcluster ? CTC_KERNEL_EXPLICIT_CLUSTER : 0u) | (wanted.blocksareclusters ? CTC_KERNEL_GRID_OF_CLUSTERS : 0u);
  info.ptx_version = unit.version;
  info.target_sm = unit.target;

  ptx::Program program;
  ptx::Problems problems;
  uint32_t live = 0;
  if (module.program(kernel, program, problems)) {
    uint64_t shared = 0, local = 0;
    for (const Function *f : program.functions) {
      // Where the library finds what goes along with a launch; its other functions need nothing of it.
      if (module.inLibrary(*f) && f->body_text.find("%envreg") != std::string_view::npos) info.flags |= CTC_KERNEL_USES_LIBRARY;
      const Body *body = f->body();
      if (!body) continue;
      shared = alignUp(shared, 16) + sizeInSpace(*body, Space::Shared);
      local = alignUp(local, 16) + sizeInSpace(*body, Space::Local);
      live = std::max(live, pressure(*body));
    }
    for (const Variable *v : program.variables)
      if (v->space == Space::Shared) shared = alignUp(shared, v->align) + v->size;
    info.static_shared_bytes = static_cast<uint32_t>(std::min<uint64_t>(shared, UINT32_MAX));
    info.local_bytes = static_cast<uint32_t>(std::min<uint64_t>(local, UINT32_MAX));
  }
  info.registers = estimateRegisters(live, kernel.performance);
}

}  // namespace cutrans::compiler
