// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Nodes that wait for words of memory and write them: the driver API's batches of memory operations.
#include "bodies.h"
#include "shim/cuda/graph_caller.h"
#include "shim/cuda/stream_words.h"

#include <algorithm>
#include <cstring>

namespace cutrans::driver {

using namespace shim::graphs;
using runtime::WordsWork;

namespace {

using Operation = CUstreamBatchMemOpParams;
using Params = CUDA_BATCH_MEM_OP_NODE_PARAMS_v1;

Result<NodeWork> wordsWork(const Caller &caller, const Params &p, const NodeWork *now) {
  if (p.flags || p.count == 0) return Code::invalid_value;
  Result<runtime::Context *> context = contextOf(caller, p.ctx, now);
  if (!context.ok()) return context.status();
  WordsWork work;
  work.context = *context;
  switch (readWordOperations(caller.entry, {p.paramArray, p.count}, WordForm::v2, &work.operations)) {
    case CUDA_SUCCESS: break;
    case CUDA_ERROR_NOT_SUPPORTED: return Code::unsupported;
    default: return Code::invalid_value;
  }
  const auto *bytes = reinterpret_cast<const std::byte *>(p.paramArray);
  work.given.assign(bytes, bytes + p.count * sizeof(Operation));
  return NodeWork(std::move(work));
}

// What cuGraphExecBatchMemOpNodeSetParams lists may change; barriers are no operations of the runtime, so that they are
// compared here.
bool sameOperations(const WordsWork &old, const Params &now) {
  if (old.given.size() != now.count * sizeof(Operation)) return false;
  for (unsigned i = 0; i < now.count; ++i) {
    Operation was;
    std::memcpy(&was, old.given.data() + i * sizeof was, sizeof was);
    if (was.operation != now.paramArray[i].operation) return false;
  }
  return true;
}

Result<NodeWork> newWords(const Call &call, CUgraphNode node, const Params *params) {
  const auto *now = workIn<WordsWork>(node);
  if (!now || !params) return Code::invalid_value;
  const NodeWork old = *now;
  return wordsWork(callerOf(call), *params, &old);
}

}  // namespace

Result<NodeWork> graphWords(const Caller &caller, const CUgraphNodeParams &params, const NodeWork *now) {
  const CUDA_BATCH_MEM_OP_NODE_PARAMS_v2 &words = params.memOp;
  static_assert(sizeof words % sizeof params.reserved1[0] == 0);
  auto rest = std::span(params.reserved1).subspan(sizeof words / sizeof params.reserved1[0]);
  if (std::ranges::any_of(rest, [](long long word) { return word != 0; })) return Code::invalid_value;
  return wordsWork(caller, {words.ctx, words.count, words.paramArray, words.flags}, now);
}

CUresult body::cuGraphAddBatchMemOpNode(Call &call, CUgraphNode *out, CUgraph graph, const CUgraphNode *after, size_t count, const Params *params) {
  return error(add(out, graph, after, nullptr, count, params ? wordsWork(callerOf(call), *params, nullptr) : Result<NodeWork>(Code::invalid_value)));
}

CUresult body::cuGraphBatchMemOpNodeGetParams(Call &, CUgraphNode node, Params *out) {
  const auto *work = workIn<WordsWork>(node);
  if (!work || !out) return CUDA_ERROR_INVALID_VALUE;
  // The node's own list.
  auto *list = reinterpret_cast<Operation *>(const_cast<std::byte *>(work->given.data()));
  *out = {reinterpret_cast<CUcontext>(work->context), static_cast<unsigned>(work->given.size() / sizeof(Operation)), list, 0};
  return CUDA_SUCCESS;
}

CUresult body::cuGraphBatchMemOpNodeSetParams(Call &call, CUgraphNode node, const Params *params) {
  return error(set(node, newWords(call, node, params)));
}

CUresult body::cuGraphExecBatchMemOpNodeSetParams(Call &call, CUgraphExec exec, CUgraphNode node, const Params *params) {
  Result<NodeWork> work = newWords(call, node, params);
  if (work.ok() && !sameOperations(*workIn<WordsWork>(node), *params)) return CUDA_ERROR_INVALID_VALUE;
  return error(setIn(exec, node, std::move(work)));
}

}  // namespace cutrans::driver
