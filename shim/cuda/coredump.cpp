// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Settings of core dumps. What comes of them: shim/common/coredump.h.
#include "shim/common/coredump.h"

#include <unistd.h>

#include <cstring>

#include "bodies.h"

namespace cutrans::driver {

namespace {

using shim::CoredumpSettings;

constexpr unsigned kAllFlags = CU_COREDUMP_LIGHTWEIGHT_FLAGS | CU_COREDUMP_SKIP_ABORT;
static_assert(CU_COREDUMP_SKIP_ABORT == shim::kCoredumpSkipAbort);

bool isText(CUcoredumpSettings attribute) { return attribute == CU_COREDUMP_FILE || attribute == CU_COREDUMP_PIPE; }

// Bytes of the value; 0: no such attribute.
size_t sizeOf(CUcoredumpSettings attribute) {
  if (attribute < CU_COREDUMP_ENABLE_ON_EXCEPTION || attribute >= CU_COREDUMP_MAX) return 0;
  if (isText(attribute)) return shim::kCoredumpName;
  return attribute == CU_COREDUMP_GENERATION_FLAGS ? sizeof(unsigned) : sizeof(bool);
}

CUresult get(const runtime::Context *context, CUcoredumpSettings attribute, void *value, size_t *size) {
  const size_t needed = sizeOf(attribute);
  if (!needed || !size) return CUDA_ERROR_INVALID_VALUE;
  if (!value) {
    *size = needed;
    return CUDA_SUCCESS;
  }
  if (isText(attribute)) {
    const bool file = attribute == CU_COREDUMP_FILE;
    auto text = [&](const CoredumpSettings &s) { return file ? s.file : s.pipe; };
    const std::string name = shim::withCoredump(context, [&](const CoredumpSettings &own, const CoredumpSettings &process) {
      return text(own).value_or(text(process).value_or(shim::coredumpDefaultName(file ? "core" : "corepipe")));
    });
    if (*size <= name.size()) return CUDA_ERROR_INVALID_VALUE;
    std::memcpy(value, name.c_str(), name.size() + 1);
    return CUDA_SUCCESS;
  }
  if (*size < needed) return CUDA_ERROR_INVALID_VALUE;
  const auto [flags, on_exception] = shim::withCoredump(context, [](const CoredumpSettings &own, const CoredumpSettings &process) {
    return std::pair(own.flags.value_or(process.flags.value_or(0)), own.on_exception.value_or(process.on_exception.value_or(false)));
  });
  bool answer = false;
  switch (attribute) {
    case CU_COREDUMP_GENERATION_FLAGS: std::memcpy(value, &flags, sizeof flags); return CUDA_SUCCESS;
    case CU_COREDUMP_ENABLE_ON_EXCEPTION: answer = on_exception; break;
    case CU_COREDUMP_TRIGGER_HOST: answer = !(flags & CU_COREDUMP_SKIP_ABORT); break;
    case CU_COREDUMP_LIGHTWEIGHT: answer = (flags & CU_COREDUMP_LIGHTWEIGHT_FLAGS) == CU_COREDUMP_LIGHTWEIGHT_FLAGS; break;
    default: break;  // nobody can trigger a dump
  }
  std::memcpy(value, &answer, sizeof answer);
  return CUDA_SUCCESS;
}

CUresult set(Call &call, const runtime::Context *context, CUcoredumpSettings attribute, void *value, size_t *size) {
  const size_t needed = sizeOf(attribute);
  if (!needed || !size) return CUDA_ERROR_INVALID_VALUE;
  if (!value) {
    *size = needed;
    return CUDA_SUCCESS;
  }
  if (context && (attribute == CU_COREDUMP_ENABLE_USER_TRIGGER || attribute == CU_COREDUMP_PIPE)) return CUDA_ERROR_NOT_PERMITTED;
  if (isText(attribute)) {
    const auto *text = static_cast<const char *>(value);
    const size_t length = strnlen(text, *size);
    if (!length || length >= needed) return CUDA_ERROR_INVALID_VALUE;
    shim::withCoredump(context, [&](CoredumpSettings &own, const CoredumpSettings &) {
      (attribute == CU_COREDUMP_FILE ? own.file : own.pipe).emplace(text, length);
    });
    return CUDA_SUCCESS;
  }
  if (*size < needed) return CUDA_ERROR_INVALID_VALUE;
  unsigned number = 0;
  if (attribute == CU_COREDUMP_GENERATION_FLAGS) std::memcpy(&number, value, sizeof number);
  else number = *static_cast<const unsigned char *>(value) != 0;
  if (attribute == CU_COREDUMP_GENERATION_FLAGS && (number & ~kAllFlags)) return CUDA_ERROR_INVALID_VALUE;
  if (attribute == CU_COREDUMP_ENABLE_USER_TRIGGER && number)
    return call.refuse("dumps that are triggered through a pipe", Diag::api_coredump);
  shim::withCoredump(context, [&](CoredumpSettings &own, const CoredumpSettings &process) {
    const unsigned flags = own.flags.value_or(process.flags.value_or(0));
    auto with = [&](unsigned bits, bool on) { own.flags = on ? flags | bits : flags & ~bits; };
    switch (attribute) {
      case CU_COREDUMP_GENERATION_FLAGS: own.flags = number; break;
      case CU_COREDUMP_ENABLE_ON_EXCEPTION: own.on_exception = number != 0; break;
      case CU_COREDUMP_TRIGGER_HOST: with(CU_COREDUMP_SKIP_ABORT, !number); break;
      case CU_COREDUMP_LIGHTWEIGHT: with(CU_COREDUMP_LIGHTWEIGHT_FLAGS, number); break;
      default: break;
    }
  });
  return CUDA_SUCCESS;
}

}  // namespace

CUresult body::cuCoredumpGetAttribute(Call &call, CUcoredumpSettings attribute, void *value, size_t *size) {
  return get(call.context, attribute, value, size);
}
CUresult body::cuCoredumpGetAttributeGlobal(Call &, CUcoredumpSettings attribute, void *value, size_t *size) {
  return get(nullptr, attribute, value, size);
}
CUresult body::cuCoredumpSetAttribute(Call &call, CUcoredumpSettings attribute, void *value, size_t *size) {
  return set(call, call.context, attribute, value, size);
}
CUresult body::cuCoredumpSetAttributeGlobal(Call &call, CUcoredumpSettings attribute, void *value, size_t *size) {
  return set(call, nullptr, attribute, value, size);
}

// Checkpoints of other processes, and of this one's memory, are refused (CT2116); this process is running.
CUresult body::cuCheckpointProcessGetState(Call &call, int process, CUprocessState *out) {
  if (!out || process <= 0) return CUDA_ERROR_INVALID_VALUE;
  if (process != getpid()) return call.refuse("the state of another process", Diag::api_checkpoint);
  *out = CU_PROCESS_STATE_RUNNING;
  return CUDA_SUCCESS;
}

}  // namespace cutrans::driver
