// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensor copies (manual 5.5, 9.7.9.27) in every mode against a plain walk over the box: the host looks each element of shared
// memory up by its coordinates, and knows swizzles as tables of which piece of a row goes where.
#include <algorithm>
#include <deque>

#include "cutrans/transactions.h"
#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

struct Shape {
  const char *name;
  uint8_t element = CT_ELEMENT_U16;
  unsigned bytes = 2;
  std::vector<int64_t> sizes;
  std::vector<int> box;  // tiled: of each dimension; im2col: channels, pixels
  std::vector<int> at;
  std::vector<int> steps = {1, 1, 1, 1, 1};
  uint8_t swizzle = CT_SWIZZLE_NONE, atomicity = CT_SWIZZLE_ATOM_16B, fill = CT_FILL_ZERO;
  std::vector<int> lower = {}, upper = {}, offsets = {};  // im2col
  std::vector<int> picked = {};                           // gather4, scatter4: rows
  unsigned gap = 0;                                       // bytes behind each row of the tensor
};

bool isPixels(const Shape &s) { return !s.lower.empty(); }

std::vector<uint64_t> strides(const Shape &s) {  // bytes, of each dimension
  std::vector<uint64_t> all{s.bytes};
  uint64_t next = (uint64_t(s.sizes[0]) * s.bytes + 15) / 16 * 16 + s.gap;
  for (size_t i = 1; i < s.sizes.size(); ++i) {
    all.push_back(next);
    next *= uint64_t(s.sizes[i]);
  }
  all.push_back(next);
  return all;
}

// Coordinates of each element of the box in the order in which they lie in shared memory.
std::vector<std::vector<int64_t>> walk(const Shape &s) {
  std::vector<std::vector<int64_t>> rows;
  if (!s.picked.empty()) {
    for (int row : s.picked) rows.push_back({s.at[0], row});
  } else if (isPixels(s)) {
    size_t space = s.sizes.size() - 2;
    std::vector<int64_t> at(s.at.begin(), s.at.end());
    for (size_t i = 0; i < space; ++i) at[i + 1] += s.offsets[i];
    for (int pixel = 0; pixel < s.box[1]; ++pixel) {
      rows.push_back(at);
      size_t i = 0;
      for (; i < space; ++i) {
        at[i + 1] += s.steps[i + 1];
        if (at[i + 1] < s.sizes[i + 1] + s.upper[i] + s.offsets[i]) break;
        at[i + 1] = s.lower[i] + s.offsets[i];
      }
      if (i == space) ++at[space + 1];
    }
  } else {
    rows.push_back({s.at.begin(), s.at.end()});
    for (size_t d = 1; d < s.sizes.size(); ++d) {
      std::vector<std::vector<int64_t>> more;
      for (int k = 0; k < s.box[d]; k += s.steps[d])
        for (auto row : rows) {
          row[d] += k;
          more.push_back(row);
        }
      rows = more;
    }
  }
  std::vector<std::vector<int64_t>> all;
  for (auto &row : rows)
    for (int c = 0; c < s.box[0]; ++c) {
      all.push_back(row);
      all.back()[0] += c;
    }
  return all;
}

// Where byte `at` of dense rows goes: lines of 128 bytes, pieces of a line exchanged by the number of the line.
size_t swizzled(const Shape &s, size_t at) {
  size_t line = at / 128, within = at % 128;
  auto exchange = [&](size_t span, size_t piece, size_t number) {
    size_t begin = within / span * span, index = within % span / piece;
    return line * 128 + begin + (index ^ number % (span / piece)) * piece + within % piece;
  };
  switch (s.swizzle) {
    case CT_SWIZZLE_32B: return exchange(32, 16, line);
    case CT_SWIZZLE_64B: return exchange(64, 16, line);
    case CT_SWIZZLE_128B: break;
    default: return at;
  }
  switch (s.atomicity) {
    case CT_SWIZZLE_ATOM_16B: return exchange(128, 16, line);
    case CT_SWIZZLE_ATOM_64B: return exchange(128, 64, line);
    default: break;
  }
  size_t moved = exchange(128, 32, line);
  bool flip = s.atomicity == CT_SWIZZLE_ATOM_32B_FLIP_8B && line % 2;
  return flip ? moved / 16 * 16 + (moved + 8) % 16 : moved;
}

size_t pitch(const Shape &s) {
  size_t row = size_t(s.box[0]) * s.bytes, span = s.swizzle ? size_t(16) << s.swizzle : 0;
  return std::max(row, span);
}

struct Places {
  std::vector<std::pair<size_t, int64_t>> elements;  // in shared memory; in the tensor or -1
  size_t bytes = 0;                                  // of shared memory
};

Places places(const Shape &s) {
  Places p;
  auto all = walk(s);
  auto stride = strides(s);
  for (size_t i = 0; i < all.size(); ++i) {
    size_t row = i / size_t(s.box[0]), column = i % size_t(s.box[0]);
    int64_t offset = 0;
    for (size_t d = 0; d < s.sizes.size(); ++d) {
      if (all[i][d] < 0 || all[i][d] >= s.sizes[d]) offset = -1;
      if (offset >= 0) offset += all[i][d] * int64_t(stride[d]);
    }
    p.elements.push_back({swizzled(s, row * pitch(s) + column * s.bytes), offset});
  }
  p.bytes = all.size() / size_t(s.box[0]) * pitch(s);
  return p;
}

ct_tensor_map describe(const Shape &s, const void *tensor) {
  ct_tensor_map map{};
  map.address = reinterpret_cast<uintptr_t>(tensor);
  map.magic = CT_TENSOR_MAP_MAGIC;
  map.mode = isPixels(s) ? CT_TENSOR_IM2COL : CT_TENSOR_TILED;
  map.rank = uint8_t(s.sizes.size() - 1);
  map.element = s.element, map.swizzle = s.swizzle, map.atomicity = s.atomicity, map.fill = s.fill;
  auto stride = strides(s);
  for (size_t i = 0; i < 5; ++i) map.element_strides[i] = uint8_t(s.steps[i]);
  for (size_t i = 0; i < s.sizes.size(); ++i) {
    map.sizes[i] = uint32_t(s.sizes[i]);
    if (i) map.strides[i - 1] = stride[i];
  }
  for (size_t i = 0; i < s.box.size(); ++i) map.box[i] = uint16_t(s.box[i]);
  for (size_t i = 0; i < s.lower.size(); ++i) map.lower[i] = int16_t(s.lower[i]), map.upper[i] = int16_t(s.upper[i]);
  return map;
}

std::vector<uint8_t> noise(size_t bytes, uint32_t seed) {
  std::vector<uint8_t> all(bytes);
  for (uint8_t &byte : all) byte = uint8_t((seed = seed * 1664525u + 1013904223u) >> 24);
  return all;
}

std::string list(const std::vector<int> &numbers) {
  std::string text;
  for (int number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return "{" + text + "}";
}

std::vector<int> coordinates(const Shape &s) {
  std::vector<int> all = s.at;
  if (!s.picked.empty()) {
    all = {s.at[0]};
    all.insert(all.end(), s.picked.begin(), s.picked.end());
  }
  return all;
}

// Parameters: map, out (or in). The tile is copied out (in) byte for byte.
std::string kernel(const Shape &s, const std::string &name, const std::string &direction) {
  Places p = places(s);
  std::string dims = std::to_string(s.sizes.size()) + "d", size = std::to_string(p.bytes);
  std::string count = std::to_string(walk(s).size() * s.bytes), where = "[%d0, " + list(coordinates(s)) + "]";
  std::string text = ".version 9.0\n.target sm_100a\n.address_size 64\n.visible .entry " + name + R"((.param .u64 map, .param .u64 bytes)
{
  .reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %d<8>;
  .shared .align 1024 .b8 tile[)" + size + R"(]; .shared .align 8 .b64 bar;
  ld.param.u64 %d0, [map]; ld.param.u64 %d1, [bytes];
  prefetch.tensormap [%d0];
  mbarrier.init.shared.b64 [bar], 1;
)";
  std::string wait = "w0: mbarrier.try_wait.parity.shared.b64 %p0, [bar], 0;\n@!%p0 bra w0;\n";
  if (direction == "load") {
    std::string mode = !s.picked.empty() ? "tile::gather4" : isPixels(s) ? "im2col" : "tile";
    std::string more = isPixels(s) ? ", " + list(s.offsets) : "";
    // What is not written stays as it was.
    text += "mov.u64 %d2, " + size + ";\nst.bulk.weak.shared::cta [tile], %d2, 0;\n";
    text += "cp.async.bulk.prefetch.tensor." + dims + ".L2.global." + mode + " " + where + more + ";\n";
    text += "mbarrier.arrive.expect_tx.shared.b64 _, [bar], " + count + ";\ncp.async.bulk.tensor." + dims + ".shared::cluster.global." + mode +
            ".mbarrier::complete_tx::bytes [tile], " + where + ", [bar]" + more + ";\n" + wait;
    text += "cp.async.bulk.global.shared::cta.bulk_group [%d1], [tile], " + size + ";\n";
  } else {
    std::string mode = !s.picked.empty() ? "tile::scatter4" : isPixels(s) ? "im2col_no_offs" : "tile";
    text += "mbarrier.arrive.expect_tx.shared.b64 _, [bar], " + size + ";\n" +
            "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], [%d1], " + size + ", [bar];\n" + wait;
    text += (direction == "store" ? "cp.async.bulk.tensor." + dims + ".global.shared::cta." : "cp.reduce.async.bulk.tensor." + dims + ".global.shared::cta." + direction + ".") +
            mode + ".bulk_group " + where + ", [tile];\n";
  }
  return text + "cp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;\n  ret;\n}\n";
}

uint64_t filler(const Shape &s) {
  if (s.fill == CT_FILL_ZERO) return 0;
  return s.bytes == 2 ? 0x7fff : s.bytes == 4 ? 0x7fffffff : 0x7fffffffffffffff;
}

// What the element type does to a number on its way in.
uint64_t arrived(const Shape &s, uint64_t bits) {
  bool flushes = s.element == CT_ELEMENT_F32_FTZ || s.element == CT_ELEMENT_TF32_FTZ;
  if (flushes && (bits & 0x7f800000) == 0) return bits & 0x80000000;
  if ((s.element == CT_ELEMENT_TF32 || s.element == CT_ELEMENT_TF32_FTZ) && (bits & 0x7f800000) != 0x7f800000) {
    uint64_t low = bits & 0x1fff, kept = bits - low;
    if (low > 0x1000 || (low == 0x1000 && (kept & 0x2000))) kept += 0x2000;
    return kept;
  }
  return bits;
}

void loadArguments(const Shape &s, Case &c) {
  Places p = places(s);
  auto tensor = noise(strides(s).back(), 11);
  std::vector<uint8_t> out(p.bytes, 0), before(p.bytes, 0xee);
  for (auto [to, from] : p.elements) {
    uint64_t value = filler(s);
    if (from >= 0) {
      value = 0;
      std::memcpy(&value, &tensor[size_t(from)], s.bytes);
      value = arrived(s, value);
    }
    std::memcpy(&out[to], &value, s.bytes);
  }
  const void *address = c.hidden(tensor);
  c.input(std::vector<ct_tensor_map>{describe(s, address)});
  c.inout(before, out);
}

void storeArguments(const Shape &s, const std::string &op, Case &c) {
  Places p = places(s);
  auto tile = noise(p.bytes, 5), tensor = noise(strides(s).back(), 12), after = tensor;
  for (auto [from, to] : p.elements) {
    if (to < 0) continue;
    if (op == "store") {
      std::memcpy(&after[size_t(to)], &tile[from], s.bytes);
      continue;
    }
    uint64_t old = 0, value = 0;
    std::memcpy(&old, &after[size_t(to)], s.bytes), std::memcpy(&value, &tile[from], s.bytes);
    old = op == "add" ? old + value : op == "max" ? std::max(old, value) : op == "and" ? old & value : old >= value ? 0 : old + 1;
    std::memcpy(&after[size_t(to)], &old, s.bytes);
  }
  const void *address = c.hidden(tensor, after);
  c.input(std::vector<ct_tensor_map>{describe(s, address)});
  c.input(tile);
}

const std::vector<Shape> &shapes() {
  static const std::vector<Shape> all = [] {
    std::vector<Shape> list = {
        {.name = "line", .element = CT_ELEMENT_F32, .bytes = 4, .sizes = {100}, .box = {64}, .at = {20}},
        {.name = "line_beyond_both_ends", .element = CT_ELEMENT_U8, .bytes = 1, .sizes = {50}, .box = {128}, .at = {-33}},
        {.name = "matrix", .sizes = {40, 30}, .box = {16, 8}, .at = {8, 20}},
        {.name = "matrix_edge", .sizes = {45, 30}, .box = {32, 16}, .at = {30, -5}, .gap = 32},
        {.name = "matrix_outside", .sizes = {40, 30}, .box = {16, 8}, .at = {8, 99}},
        {.name = "matrix_nan", .element = CT_ELEMENT_F16, .sizes = {45, 30}, .box = {32, 16}, .at = {-7, 22}, .fill = CT_FILL_NAN},
        {.name = "matrix_nan_f32", .element = CT_ELEMENT_F32, .bytes = 4, .sizes = {45, 30}, .box = {32, 4}, .at = {30, 28}, .fill = CT_FILL_NAN},
        {.name = "matrix_steps", .sizes = {40, 30}, .box = {16, 11}, .at = {-3, 4}, .steps = {7, 3, 1, 1, 1}},
        {.name = "matrix_tf32", .element = CT_ELEMENT_TF32, .bytes = 4, .sizes = {32, 30}, .box = {32, 8}, .at = {1, 2}},
        {.name = "matrix_ftz", .element = CT_ELEMENT_F32_FTZ, .bytes = 4, .sizes = {32, 64}, .box = {32, 64}, .at = {0, 0}},
        {.name = "box3", .element = CT_ELEMENT_F64, .bytes = 8, .sizes = {10, 9, 8}, .box = {4, 3, 5}, .at = {7, 7, -2}},
        {.name = "box4", .element = CT_ELEMENT_U8, .bytes = 1, .sizes = {33, 9, 8, 3}, .box = {16, 4, 3, 2}, .at = {20, 7, 6, 2}},
        {.name = "box5", .sizes = {24, 7, 6, 5, 4}, .box = {8, 4, 6, 3, 5}, .at = {20, 5, -1, 1, 2}, .steps = {1, 2, 3, 1, 4}},
    };
    auto swizzle = [&](const char *name, uint8_t mode, uint8_t atomicity, int columns) {
      list.push_back({.name = name, .sizes = {200, 60}, .box = {columns, 37}, .at = {170, 30}, .swizzle = mode, .atomicity = atomicity});
    };
    swizzle("swizzle_32", CT_SWIZZLE_32B, CT_SWIZZLE_ATOM_16B, 16);
    swizzle("swizzle_64", CT_SWIZZLE_64B, CT_SWIZZLE_ATOM_16B, 32);
    swizzle("swizzle_128", CT_SWIZZLE_128B, CT_SWIZZLE_ATOM_16B, 64);
    swizzle("swizzle_128_short_rows", CT_SWIZZLE_128B, CT_SWIZZLE_ATOM_16B, 24);
    swizzle("swizzle_128_atoms_of_32", CT_SWIZZLE_128B, CT_SWIZZLE_ATOM_32B, 64);
    swizzle("swizzle_128_flipped", CT_SWIZZLE_128B, CT_SWIZZLE_ATOM_32B_FLIP_8B, 64);
    swizzle("swizzle_128_atoms_of_64", CT_SWIZZLE_128B, CT_SWIZZLE_ATOM_64B, 64);
    // N pixels of images of a batch, through a window with borders.
    list.push_back({.name = "im2col_line", .sizes = {32, 20, 3}, .box = {16, 25}, .at = {8, -1, 0}, .lower = {-1}, .upper = {-1}, .offsets = {2}});
    list.push_back({.name = "im2col_image", .sizes = {16, 9, 7, 4}, .box = {16, 70}, .at = {0, 3, -1, 1}, .lower = {-1, -1}, .upper = {-1, -1}, .offsets = {1, 2}});
    list.push_back({.name = "im2col_steps", .sizes = {40, 11, 9, 4}, .box = {32, 64}, .at = {16, -1, -1, 0}, .steps = {1, 2, 2, 1, 1}, .swizzle = CT_SWIZZLE_64B, .lower = {-1, -1}, .upper = {-1, -1}, .offsets = {0, 1}});
    list.push_back({.name = "im2col_volume", .element = CT_ELEMENT_F16, .sizes = {8, 5, 4, 3, 3}, .box = {8, 90}, .at = {0, 0, 1, 2, 0}, .fill = CT_FILL_NAN, .lower = {0, -1, 0}, .upper = {-1, 1, -2}, .offsets = {1, 0, 2}});
    list.push_back({.name = "rows", .sizes = {40, 30}, .box = {16, 1}, .at = {30}, .picked = {3, 29, -1, 12}});
    return list;
  }();
  return all;
}

// A map is made from another by replacing every field, and copied with it.
std::string replacing(const Shape &s) {
  ct_tensor_map map = describe(s, nullptr);
  std::string text = kernel(s, "tensor_replace", "load"), fields;
  auto set = [&](const std::string &field, const std::string &type, const std::string &value) {
    fields += "tensormap.replace.tile." + field + ".shared::cta.b1024." + type + " [copy], " + value + ";\n";
  };
  fields += ".shared .align 128 .b8 copy[128]; .shared .align 8 .b64 copied; .reg .b64 %e<4>;\nmov.u64 %e1, %d0;\n"
            "mbarrier.init.shared.b64 [copied], 1; mbarrier.arrive.expect_tx.shared.b64 _, [copied], 128;\n"
            "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [copy], [%e1+128], 128, [copied];\n"
            "w9: mbarrier.try_wait.parity.shared.b64 %p1, [copied], 0;\n@!%p1 bra w9;\n"
            "ld.global.u64 %e2, [%e1];\n";
  set("global_address", "b64", "%e2");
  set("rank", "b32", std::to_string(map.rank));
  set("elemtype", "b32", std::to_string(map.element));
  set("interleave_layout", "b32", "0");
  set("swizzle_mode", "b32", std::to_string(map.swizzle));
  set("swizzle_atomicity", "b32", std::to_string(map.atomicity));
  set("fill_mode", "b32", std::to_string(map.fill));
  for (size_t i = 0; i < s.sizes.size(); ++i) {
    std::string number = std::to_string(i) + ", ";
    set("box_dim", "b32", number + std::to_string(map.box[i]));
    set("global_dim", "b32", number + std::to_string(map.sizes[i]));
    set("element_stride", "b32", number + std::to_string(map.element_strides[i]));
    if (i) set("global_stride", "b64", std::to_string(i - 1) + ", " + std::to_string(map.strides[i - 1]));
  }
  fields += "tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync.aligned [%e1+128], [copy], 128;\n"
            "fence.proxy.tensormap::generic.acquire.gpu [%e1+128], 128;\nadd.u64 %d0, %e1, 128;\n";
  return text.insert(text.find("prefetch.tensormap"), fields);
}

void replacedArguments(const Shape &s, Case &c) {
  Places p = places(s);
  auto tensor = noise(strides(s).back(), 11);
  std::vector<uint8_t> out(p.bytes, 0);
  for (auto [to, from] : p.elements) {
    uint64_t value = filler(s);
    if (from >= 0) std::memcpy(&value, &tensor[size_t(from)], s.bytes);
    std::memcpy(&out[to], &value, s.bytes);
  }
  const void *address = c.hidden(tensor);
  ct_tensor_map wanted = describe(s, address), other = wanted;
  other.address = 0, other.rank = 0, other.element = CT_ELEMENT_U8, other.swizzle = 0, other.atomicity = 0, other.fill = 0;
  for (auto &size : other.sizes) size = 77;
  for (auto &size : other.box) size = 1;
  for (auto &stride : other.element_strides) stride = 5;
  for (auto &stride : other.strides) stride = 160;
  ct_tensor_map after = wanted;  // but for the dimensions that it does not have
  for (size_t i = s.sizes.size(); i < 5; ++i) after.sizes[i] = 77, after.box[i] = 1, after.element_strides[i] = 5, after.strides[i - 1] = 160;
  after.element_strides[5] = 5;
  c.inout(std::vector<ct_tensor_map>{wanted, other}, std::vector<ct_tensor_map>{wanted, after});
  c.output(out);
}

}  // namespace

std::vector<Row> tensorRows() {
  static std::deque<std::string> names;
  std::vector<Row> rows;
  auto row = [&](const Shape &s, const std::string &direction, const std::string &text, std::function<void(Case &)> arguments) {
    rows.push_back({"tensor", names.back().c_str(), {1, 1, 1}, {1, 1, 1}, arguments, 0, false, CT_NATIVE_FORM_GANG, "", text});
  };
  auto add = [&](const Shape &s, const std::string &direction) {
    names.push_back("tensor_" + direction + "_" + s.name);
    row(s, direction, kernel(s, names.back(), direction), [&s, direction](Case &c) { direction == "load" ? loadArguments(s, c) : storeArguments(s, direction, c); });
  };
  for (const Shape &s : shapes()) {
    add(s, "load");
    // Without offsets, and where no element is stored twice.
    bool offsets = std::any_of(s.offsets.begin(), s.offsets.end(), [](int o) { return o != 0; });
    if (!offsets) add(s, "store");
  }
  static const Shape Words = {.name = "words", .element = CT_ELEMENT_U32, .bytes = 4, .sizes = {40, 30, 5}, .box = {32, 6, 3}, .at = {20, -2, 3}, .swizzle = CT_SWIZZLE_128B};
  static const Shape Pixels = {.name = "pixels", .element = CT_ELEMENT_U64, .bytes = 8, .sizes = {8, 9, 7, 2}, .box = {8, 40}, .at = {0, 2, 3, 0}, .lower = {0, 0}, .upper = {0, 0}, .offsets = {0, 0}};
  for (const char *op : {"add", "max", "and", "inc"}) add(Words, op);
  add(Pixels, "add"), add(Pixels, "max");
  for (const Shape &s : shapes())
    if (s.name == std::string("box5")) {
      names.push_back("tensor_replace");
      row(s, "load", replacing(s), [&s](Case &c) { replacedArguments(s, c); });
    }
  return rows;
}

}  // namespace cutrans::test
