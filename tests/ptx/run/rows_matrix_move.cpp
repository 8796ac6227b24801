// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ldmatrix and stmatrix of every shape and element type (manual 9.7.14.5.15, 9.7.14.5.16). The rows of the matrices lie in
// shared memory in an order of their own; what the host knows is which lane has which element.
#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

constexpr unsigned Bytes = 1024, Pitch = 16;  // 64 rows of 16 bytes

unsigned rowAt(unsigned lane) { return (lane * 13 + 5) % 64; }  // where the row is whose address the lane gives

std::vector<uint8_t> pattern() {
  std::vector<uint8_t> bytes(Bytes);
  for (unsigned i = 0; i < Bytes; ++i) bytes[i] = uint8_t(i * 167 + i / 256 * 31 + 9);
  return bytes;
}

struct Form {
  const char *words;  // behind "ldmatrix.sync.aligned" or "stmatrix.sync.aligned"
  unsigned registers, rows, width;
  bool transposed;
};

// Element `index` of the row of lane `lane`.
uint32_t element(const std::vector<uint8_t> &memory, unsigned lane, unsigned index, unsigned width) {
  uint32_t value = 0;
  for (unsigned bit = 0; bit < width; ++bit) {
    unsigned at = index * width + bit;
    value |= uint32_t(memory[rowAt(lane) * Pitch + at / 8] >> at % 8 & 1) << bit;
  }
  return value;
}

uint32_t loaded(const Form &form, const std::vector<uint8_t> &memory, unsigned lane, unsigned reg) {
  unsigned g = lane / 4, t = lane % 4, perMatrix = form.rows / 8, matrix = reg / perMatrix, part = reg % perMatrix, first = matrix * form.rows;
  uint32_t word = 0;
  if (form.width == 16)
    for (unsigned e = 0; e < 2; ++e)
      word |= (form.transposed ? element(memory, first + 2 * t + e, g, 16) : element(memory, first + g, 2 * t + e, 16)) << 16 * e;
  else
    for (unsigned e = 0; e < 4; ++e)
      word |= (form.transposed ? element(memory, first + 4 * t + e, g + 8 * part, form.width) : element(memory, first + g, 4 * t + e, form.width)) << 8 * e;
  return word;
}

std::string kernel(const std::string &name, const std::string &body, const std::string &after) {
  return ".version 9.0\n.target sm_120a\n.address_size 64\n.visible .entry " + name + "(.param .u64 in, .param .u64 out, .param .u64 extra)\n{ .shared .align 16 .b8 s[1024];\n"
         ".reg .u32 %lane, %i, %at, %w, %r<4>; .reg .u64 %in, %out, %extra, %o; .reg .pred %p;\n"
         "mov.u32 %lane, %laneid; ld.param.u64 %in, [in]; ld.param.u64 %out, [out]; ld.param.u64 %extra, [extra];\n"
         "mul.lo.u32 %i, %lane, 4; FILL: cvt.u64.u32 %o, %i; add.u64 %o, %in, %o; ld.global.u32 %w, [%o]; mov.u32 %at, s; add.u32 %at, %at, %i; st.shared.u32 [%at], %w; add.u32 %i, %i, 128; setp.lt.u32 %p, %i, 1024; @%p bra FILL;\n"
         "bar.sync 0; mad.lo.u32 %i, %lane, 13, 5; and.b32 %i, %i, 63; shl.b32 %i, %i, 4; mov.u32 %at, s; add.u32 %at, %at, %i;\n" + body + after + "ret; }\n";
}

std::string registers(unsigned count) {
  std::string list;
  for (unsigned i = 0; i < count; ++i) list += (i ? ", %r" : "%r") + std::to_string(i);
  return "{" + list + "}";
}

Row load(const Form &form) {
  static std::deque<std::string> names;
  std::string name = std::string("ldmatrix") + form.words;
  for (char &c : name)
    if (c == '.' || c == ':') c = '_';
  names.push_back(name);
  std::string after;
  for (unsigned i = 0; i < form.registers; ++i)
    after += "mad.wide.u32 %o, %lane, " + std::to_string(4 * form.registers) + ", %out; st.global.u32 [%o+" + std::to_string(4 * i) + "], %r" + std::to_string(i) + ";\n";
  Row row{"matrix_move", names.back().c_str(), {1, 1, 1}, {32, 1, 1}, [form](Case &c) {
    std::vector<uint8_t> memory = pattern();
    c.input(memory);
    std::vector<uint32_t> words;
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned reg = 0; reg < form.registers; ++reg) words.push_back(loaded(form, memory, lane, reg));
    c.output(words), c.input(std::vector<uint32_t>{0});
  }};
  row.text = kernel(name, std::string("ldmatrix.sync.aligned") + form.words + " " + registers(form.registers) + ", [%at];\n", after);
  return row;
}

Row store(const Form &form) {
  static std::deque<std::string> names;
  std::string name = std::string("stmatrix") + form.words;
  for (char &c : name)
    if (c == '.' || c == ':') c = '_';
  names.push_back(name);
  std::string before, after =
      "bar.sync 0; mul.lo.u32 %i, %lane, 4; BACK: mov.u32 %at, s; add.u32 %at, %at, %i; ld.shared.u32 %w, [%at]; cvt.u64.u32 %o, %i; add.u64 %o, %out, %o; st.global.u32 [%o], %w; add.u32 %i, %i, 128; setp.lt.u32 %p, %i, 1024; @%p bra BACK;\n";
  for (unsigned i = 0; i < form.registers; ++i)
    before += "mad.wide.u32 %o, %lane, " + std::to_string(4 * form.registers) + ", %extra; ld.global.u32 %r" + std::to_string(i) + ", [%o+" + std::to_string(4 * i) + "];\n";
  Row row{"matrix_move", names.back().c_str(), {1, 1, 1}, {32, 1, 1}, [form](Case &c) {
    std::vector<uint8_t> memory = pattern();
    c.input(memory);
    std::vector<uint32_t> words;
    for (unsigned i = 0; i < 32 * form.registers; ++i) words.push_back(i * 2654435761u + 12345);
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned reg = 0; reg < form.registers; ++reg) {
        uint32_t word = words[lane * form.registers + reg];
        unsigned g = lane / 4, t = lane % 4, first = reg * 8;
        auto put = [&](unsigned line, unsigned byte, uint32_t value) { memory[rowAt(line) * Pitch + byte] = uint8_t(value); };
        for (unsigned e = 0; e < 4; ++e) {
          if (form.width == 8)
            put(first + 2 * t + e % 2, g + 8 * (e / 2), word >> 8 * e);
          else if (form.transposed)
            put(first + 2 * t + e / 2, 2 * g + e % 2, word >> 8 * e);
          else
            put(first + g, 4 * t + e, word >> 8 * e);
        }
      }
    c.output(memory), c.input(words);
  }};
  row.text = kernel(name, before + "stmatrix.sync.aligned" + form.words + " [%at], " + registers(form.registers) + ";\n", after);
  return row;
}

}  // namespace

std::vector<Row> matrixMoveRows() {
  std::vector<Row> rows;
  for (const Form &form : {Form{".m8n8.x1.shared.b16", 1, 8, 16, false}, {".m8n8.x4.trans.shared.b16", 4, 8, 16, true}, {".m16n16.x1.trans.shared.b8", 2, 16, 8, true},
                           {".m16n16.x2.trans.shared.b8", 4, 16, 8, true}, {".m16n16.x2.trans.shared.b8x16.b6x16_p32", 4, 16, 6, true}, {".m16n16.x1.trans.shared.b8x16.b4x16_p64", 2, 16, 4, true},
                           {".m8n16.x4.shared.b8x16.b6x16_p32", 4, 8, 6, false}, {".m8n16.x2.shared.b8x16.b4x16_p64", 2, 8, 4, false}})
    rows.push_back(load(form));
  for (const Form &form : {Form{".m8n8.x2.shared.b16", 2, 8, 16, false}, {".m8n8.x4.trans.shared.b16", 4, 8, 16, true}, {".m16n8.x1.trans.shared.b8", 1, 8, 8, true}, {".m16n8.x4.trans.shared.b8", 4, 8, 8, true}})
    rows.push_back(store(form));
  return rows;
}

}  // namespace cutrans::test
