// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One row of the tables in rows*.cpp: a kernel, its launch, its arguments in order, what must come out.
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "tests/ptx/run/runner.h"

namespace cutrans::test {

class Case {
 public:
  // Buffers are checked after the run; `input` must be unchanged.
  template <class T>
  T *input(std::vector<T> values) { return inout(values, values); }
  template <class T>
  T *output(const std::vector<T> &expected) { return inout(std::vector<T>(expected.size(), T{}), expected); }
  template <class T>
  T *inout(const std::vector<T> &before, const std::vector<T> &after) {
    auto store = [](const std::vector<T> &values) {
      std::vector<uint8_t> bytes(values.size() * sizeof(T));
      if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
      return bytes;
    };
    buffers_.push_back({store(before), store(after), sizeof(T)});
    T *address = reinterpret_cast<T *>(buffers_.back().now.data());
    scalar(address);
    return address;
  }
  // A buffer that is no parameter: a parameter's contents lead to it.
  template <class T>
  const T *hidden(const std::vector<T> &before) { return hidden(before, before); }
  template <class T>
  const T *hidden(const std::vector<T> &before, const std::vector<T> &after) {
    size_t parameters = params.size();
    const T *address = inout(before, after);
    params.resize(parameters);
    return address;
  }
  template <class T>
  void scalar(T value) {
    params.resize((params.size() + alignof(T) - 1) / alignof(T) * alignof(T));
    params.resize(params.size() + sizeof(T));
    std::memcpy(params.data() + params.size() - sizeof(T), &value, sizeof(T));
  }
  // Where the first difference is; empty: none.
  std::string difference() const;

  std::vector<uint8_t> params;
  // Each buffer's place, for who checks addresses.
  template <class F>
  void eachBuffer(F f) {
    for (Buffer &buffer : buffers_) f(buffer.now.data(), buffer.now.size());
  }

 private:
  struct Buffer {
    std::vector<uint8_t> now, expected;
    size_t element;
  };
  std::deque<Buffer> buffers_;
};

struct Row {
  const char *file;  // in kernels/, without .ptx
  const char *kernel;
  std::array<uint32_t, 3> grid, block;
  std::function<void(Case &)> arguments;
  uint32_t dynamicShared = 0;
  bool together = false;  // all blocks at once (cooperative)
  ct_native_form form = CT_NATIVE_FORM_BLOCK;
  const char *variant = "";
  std::string text = {};  // PTX instead of a file; `file` is then the name of the set
};

// All rows: those of rows.cpp, then the sets of instructions, one in each rows_SUBJECT.cpp.
const std::vector<Row> &rows();
std::string textOf(const Row &row);  // its PTX
std::vector<Row> matrixRows();
std::vector<Row> callRows();
std::vector<Row> matrixMoveRows();
std::vector<Row> atomicRows();
std::vector<Row> videoRows();
std::vector<Row> floatRows();
std::vector<Row> controlRows();
std::vector<Row> memoryRows();
std::vector<Row> mbarrierRows();
std::vector<Row> threadRows();
std::vector<Row> warpRows();
Row warpsLeaving();  // gangs refuse it while it runs (CT1410): it names lanes that are past their last vote and have not ended
std::vector<Row> bulkRows();
std::vector<Row> tensorRows();
inline std::vector<int> numbers(int count, int (*value)(int)) {
  std::vector<int> result(size_t(count), 0);
  for (int i = 0; i < count; ++i) result[size_t(i)] = value(i);
  return result;
}

}  // namespace cutrans::test
