// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The linker: collects units, checks them together, and gives out an image for cuModuleLoadData that holds them. Objects
// and archives count with the PTX in them; machine code alone is refused, but for archives, of which other members may
// do (CUDA's own device library is such a one, and what it defines comes with this layer).
#include <elf.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "bodies.h"
#include "cutrans/fatbin/linked.h"
#include "cutrans/fatbin/payload.h"
#include "cutrans/fatbin/scan.h"
#include "shim/cuda/archive.h"
#include "shim/common/jit_options.h"
#include "shim/common/ptx_units.h"

namespace cutrans::driver {
namespace {

// Used by one thread at a time, as the manual asks; the set of live ones may be used by all.
struct LinkState {
  unsigned option_count = 0;
  CUjit_option *options = nullptr;  // the program's, valid until the state is destroyed
  void **values = nullptr;
  std::vector<void *> values_at_start;  // each step writes the log's length where its room was given
  std::string log;
  std::vector<fatbin::PtxUnit> units;
  std::string image;                // once complete
};

constinit std::mutex states_lock;
std::unordered_set<LinkState *> &states() {
  static auto *all = new std::unordered_set<LinkState *>;
  return *all;
}
LinkState *find(CUlinkState handle) {
  auto *state = reinterpret_cast<LinkState *>(handle);
  std::lock_guard hold(states_lock);
  return states().contains(state) ? state : nullptr;
}

CUresult refused(const char *entry, const std::string &what) {
  report(Diag::api_link, std::string(entry) + ": " + what);
  return CUDA_ERROR_NO_BINARY_FOR_GPU;
}

CUresult addText(LinkState &state, std::string name, std::string_view text) {
  text = text.substr(0, text.find('\0'));
  runtime::Unit unit{name, std::string(text), false};
  if (Status status = runtime::Module::check({&unit, 1}); !status.ok()) return error(status);
  state.units.push_back({std::move(unit.name), std::move(unit.text), {}});
  return CUDA_SUCCESS;
}

// The PTX of each container; several of one object are units of their own.
CUresult addContainers(LinkState &state, const char *entry, const std::string &name, fatbin::Bytes bytes, unsigned capability,
                       bool may_be_none) {
  fatbin::Scan found = fatbin::scan(bytes);
  if (!found.damage.empty()) {
    report(found.damage.front().diag, name + ": " + found.damage.front().text);
    return CUDA_ERROR_INVALID_IMAGE;
  }
  size_t added = 0;
  for (const auto &each : found.containers) {
    const fatbin::Entry *best = fatbin::bestPtx(each.container, capability);
    if (!best) continue;
    fatbin::Expected<std::string> text = fatbin::unpack(*best);
    if (!text.ok()) {
      report(text.error().diag, name + ": " + text.error().text);
      return CUDA_ERROR_INVALID_IMAGE;
    }
    std::string unit = best->name.empty() ? name : std::string(best->name);
    if (CUresult result = addText(state, std::move(unit), *text)) return result;
    ++added;
  }
  if (added || may_be_none) return CUDA_SUCCESS;
  return refused(entry, name + " has no PTX for this device");
}

CUresult add(LinkState &state, const char *entry, CUjitInputType type, const std::string &name, std::string_view data) {
  Result<unsigned> capability = runtime::Platform::loaded()->computeCapability();
  if (!capability.ok()) return error(capability.status());
  const fatbin::Bytes bytes = std::as_bytes(std::span(data));
  switch (type) {
    case CU_JIT_INPUT_PTX: return addText(state, name, data);
    case CU_JIT_INPUT_FATBINARY:
    case CU_JIT_INPUT_OBJECT: return addContainers(state, entry, name, bytes, *capability, false);
    case CU_JIT_INPUT_LIBRARY: {
      Result<std::vector<ArchiveMember>> members = archiveMembers(data);
      if (!members.ok()) return refused(entry, name + " is no archive");
      for (const ArchiveMember &member : *members)
        if (CUresult result = addContainers(state, entry, name + "(" + member.name + ")", std::as_bytes(std::span(member.bytes)), *capability, true))
          return result;
      return CUDA_SUCCESS;
    }
    case CU_JIT_INPUT_CUBIN: return refused(entry, name + " is machine code");
    default: return CUDA_ERROR_INVALID_VALUE;
  }
}

// One step under the options of the state and of the call, with its reports in the program's log buffer.
template <class Work>
CUresult step(LinkState &state, const char *entry, unsigned count, CUjit_option *options, void **values, Work work) {
  shim::JitOptions given(count, options, values), jit(state.option_count, state.options, state.values);
  if (Status status = given.check(entry); !status.ok()) return error(status);
  CUresult result = work();
  for (unsigned i = 0; i < state.option_count; ++i)
    if (state.options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES || state.options[i] == CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES)
      state.values[i] = state.values_at_start[i];
  jit.finish(state.log);
  state.log += jit.text();
  return result;
}

}  // namespace

CUresult body::cuLinkCreate_v2(Call &call, unsigned int count, CUjit_option *options, void **values, CUlinkState *out) {
  if (!out) return CUDA_ERROR_INVALID_VALUE;
  if (Status status = shim::JitOptions(count, options, values).check(call.name); !status.ok()) return error(status);
  auto *state = new LinkState{count, options, values, {values, values + count}, {}, {}, {}};
  std::lock_guard hold(states_lock);
  states().insert(state);
  *out = reinterpret_cast<CUlinkState>(state);
  return CUDA_SUCCESS;
}

CUresult body::cuLinkAddData_v2(Call &call, CUlinkState handle, CUjitInputType type, void *data, size_t size, const char *name,
                                unsigned int count, CUjit_option *options, void **values) {
  LinkState *state = find(handle);
  if (!state) return CUDA_ERROR_INVALID_HANDLE;
  if (!data || !size || !state->image.empty()) return CUDA_ERROR_INVALID_VALUE;
  const std::string given = name && *name ? name : "input " + std::to_string(state->units.size());
  return step(*state, call.name, count, options, values,
              [&] { return add(*state, call.name, type, given, {static_cast<const char *>(data), size}); });
}

CUresult body::cuLinkAddFile_v2(Call &call, CUlinkState handle, CUjitInputType type, const char *path, unsigned int count,
                                CUjit_option *options, void **values) {
  LinkState *state = find(handle);
  if (!state) return CUDA_ERROR_INVALID_HANDLE;
  if (!path || !state->image.empty()) return CUDA_ERROR_INVALID_VALUE;
  return step(*state, call.name, count, options, values, [&] {
    fatbin::Expected<std::string> bytes = fatbin::readFile(path);
    if (bytes.ok()) return add(*state, call.name, type, std::filesystem::path(path).filename().string(), *bytes);
    report(bytes.error().diag, std::string(call.name) + ": " + bytes.error().text);
    return CUDA_ERROR_FILE_NOT_FOUND;
  });
}

CUresult body::cuLinkComplete(Call &call, CUlinkState handle, void **out, size_t *size) {
  LinkState *state = find(handle);
  if (!state) return CUDA_ERROR_INVALID_HANDLE;
  if (!out || state->units.empty()) return CUDA_ERROR_INVALID_VALUE;
  CUresult result = step(*state, call.name, 0, nullptr, nullptr, [&] {
    std::vector<runtime::Unit> units;
    for (const fatbin::PtxUnit &unit : state->units) units.push_back({unit.name, unit.text, true});
    return error(runtime::Module::check(units));
  });
  if (result != CUDA_SUCCESS) return result;
  if (state->image.empty()) state->image = fatbin::writeLinked(state->units);
  *out = state->image.data();  // lives until the state is destroyed
  if (size) *size = state->image.size();
  return CUDA_SUCCESS;
}

CUresult body::cuLinkDestroy(Call &, CUlinkState handle) {
  std::lock_guard hold(states_lock);
  auto *state = reinterpret_cast<LinkState *>(handle);
  if (!states().erase(state)) return CUDA_ERROR_INVALID_HANDLE;
  delete state;
  return CUDA_SUCCESS;
}

}  // namespace cutrans::driver
