// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Words of memory that streams wait for and write.
#include "bodies.h"  // first: it takes the header's renaming of old forms away
#include "shim/cuda/stream_words.h"

namespace cutrans::driver {

namespace {

using Word = runtime::WordOperation;
constexpr size_t kMostOperations = 255;

static_assert(int{CU_STREAM_WAIT_VALUE_GEQ} == int{CT_COMPARE_GEQ} && int{CU_STREAM_WAIT_VALUE_EQ} == int{CT_COMPARE_EQ} &&
              int{CU_STREAM_WAIT_VALUE_AND} == int{CT_COMPARE_AND} && int{CU_STREAM_WAIT_VALUE_NOR} == int{CT_COMPARE_NOR});

CUresult refuseFlush(const char *entry) {
  shim::refuseArgument(entry, Diag::api_stream_memory, "a flush of remote writes: no device can (CU_DEVICE_ATTRIBUTE_CAN_FLUSH_REMOTE_WRITES)");
  return CUDA_ERROR_NOT_SUPPORTED;
}

CUresult readWait(const char *entry, CUdeviceptr address, uint64_t value, unsigned flags, bool wide, Word *out) {
  if ((flags & ~unsigned{CU_STREAM_WAIT_VALUE_FLUSH}) > CU_STREAM_WAIT_VALUE_NOR) return CUDA_ERROR_INVALID_VALUE;
  if (flags & CU_STREAM_WAIT_VALUE_FLUSH) return refuseFlush(entry);
  *out = {Word::Kind::wait, static_cast<ct_compare>(flags), wide, address, value};
  return CUDA_SUCCESS;
}

// A write always comes behind all that the stream did: leave to do it earlier changes nothing.
CUresult readWrite(WordForm form, CUdeviceptr address, uint64_t value, unsigned flags, bool wide, Word *out) {
  const unsigned known = form == WordForm::v1 ? CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER : 0;
  if (flags & ~known) return CUDA_ERROR_INVALID_VALUE;
  *out = {Word::Kind::write, CT_COMPARE_GEQ, wide, address, value};
  return CUDA_SUCCESS;
}

CUresult batch(Call &call, WordForm form, CUstream stream, unsigned count, const CUstreamBatchMemOpParams *list, unsigned flags) {
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  std::vector<Word> words;
  if (CUresult result = readWordOperations(call.name, {list, count}, form, &words); result != CUDA_SUCCESS) return result;
  return call.onQueue(stream, [&](runtime::Queue &queue) { return queue.onWords(words, std::as_bytes(std::span(list, count))); });
}

// Single operations are batches of one.
CUresult wait(Call &call, CUstream stream, CUdeviceptr address, uint64_t value, unsigned flags, bool wide) {
  CUstreamBatchMemOpParams one{};
  one.waitValue.operation = wide ? CU_STREAM_MEM_OP_WAIT_VALUE_64 : CU_STREAM_MEM_OP_WAIT_VALUE_32;
  one.waitValue.address = address;
  one.waitValue.value64 = value;
  one.waitValue.flags = flags;
  return batch(call, WordForm::v2, stream, 1, &one, 0);
}

CUresult write(Call &call, WordForm form, CUstream stream, CUdeviceptr address, uint64_t value, unsigned flags, bool wide) {
  CUstreamBatchMemOpParams one{};
  one.writeValue.operation = wide ? CU_STREAM_MEM_OP_WRITE_VALUE_64 : CU_STREAM_MEM_OP_WRITE_VALUE_32;
  one.writeValue.address = address;
  one.writeValue.value64 = value;
  one.writeValue.flags = flags;
  return batch(call, form, stream, 1, &one, 0);
}

}  // namespace

CUresult readWordOperations(const char *entry, std::span<const CUstreamBatchMemOpParams> list, WordForm form, std::vector<Word> *out) {
  if (list.size() > kMostOperations || (!list.empty() && !list.data())) return CUDA_ERROR_INVALID_VALUE;
  for (const CUstreamBatchMemOpParams &op : list) {
    const auto &w = op.waitValue;
    const auto &s = op.writeValue;
    Word word;
    CUresult result = CUDA_SUCCESS;
    switch (op.operation) {
      case CU_STREAM_MEM_OP_WAIT_VALUE_32: result = readWait(entry, w.address, w.value, w.flags, false, &word); break;
      case CU_STREAM_MEM_OP_WAIT_VALUE_64: result = readWait(entry, w.address, w.value64, w.flags, true, &word); break;
      case CU_STREAM_MEM_OP_WRITE_VALUE_32: result = readWrite(form, s.address, s.value, s.flags, false, &word); break;
      case CU_STREAM_MEM_OP_WRITE_VALUE_64: result = readWrite(form, s.address, s.value64, s.flags, true, &word); break;
      case CU_STREAM_MEM_OP_BARRIER:
        // Work of a stream never overtakes the work before it, and what it wrote is visible by then.
        if (form == WordForm::v1 || op.memoryBarrier.flags > CU_STREAM_MEMORY_BARRIER_TYPE_GPU) return CUDA_ERROR_INVALID_VALUE;
        continue;
      case CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES:
        return op.flushRemoteWrites.flags ? CUDA_ERROR_INVALID_VALUE : refuseFlush(entry);
      default:
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (result != CUDA_SUCCESS) return result;
    out->push_back(word);
  }
  return CUDA_SUCCESS;
}

CUresult body::cuStreamWaitValue32(Call &call, CUstream stream, CUdeviceptr address, cuuint32_t value, unsigned int flags) {
  return wait(call, stream, address, value, flags, false);
}

CUresult body::cuStreamWaitValue64(Call &call, CUstream stream, CUdeviceptr address, cuuint64_t value, unsigned int flags) {
  return wait(call, stream, address, value, flags, true);
}

CUresult body::cuStreamWriteValue32(Call &call, CUstream stream, CUdeviceptr address, cuuint32_t value, unsigned int flags) {
  return write(call, WordForm::v1, stream, address, value, flags, false);
}

CUresult body::cuStreamWriteValue32_v2(Call &call, CUstream stream, CUdeviceptr address, cuuint32_t value, unsigned int flags) {
  return write(call, WordForm::v2, stream, address, value, flags, false);
}

CUresult body::cuStreamWriteValue64(Call &call, CUstream stream, CUdeviceptr address, cuuint64_t value, unsigned int flags) {
  return write(call, WordForm::v1, stream, address, value, flags, true);
}

CUresult body::cuStreamWriteValue64_v2(Call &call, CUstream stream, CUdeviceptr address, cuuint64_t value, unsigned int flags) {
  return write(call, WordForm::v2, stream, address, value, flags, true);
}

CUresult body::cuStreamBatchMemOp(Call &call, CUstream stream, unsigned int count, CUstreamBatchMemOpParams *list, unsigned int flags) {
  return batch(call, WordForm::v1, stream, count, list, flags);
}

CUresult body::cuStreamBatchMemOp_v2(Call &call, CUstream stream, unsigned int count, CUstreamBatchMemOpParams *list, unsigned int flags) {
  return batch(call, WordForm::v2, stream, count, list, flags);
}

}  // namespace cutrans::driver
