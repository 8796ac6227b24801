// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The kernels that run the table, and what their results mean.
#include "tests/ptx/values/batch.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>

namespace cutrans::test {
namespace {

struct Family {
  const char *name;
  std::vector<Form> (*forms)();
};
constexpr Family Families[] = {{"integer", integerForms}, {"bits", bitForms}, {"float", floatForms}, {"compare", compareForms},
                               {"convert", convertForms}, {"video", videoForms},     {"memory", memoryForms}, {"atomic", atomicForms},
                               {"warp", warpForms}};

std::string bitType(const std::string &type) { return "b" + std::to_string(std::max(bitsOfType(type), 16u)); }
std::string named(const std::string &prefix, size_t i) { return prefix + std::to_string(i); }

std::string replaced(std::string text, const std::string &what, const std::string &by) {
  for (size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) text.replace(at, what.size(), by);
  return text;
}

}  // namespace

std::vector<std::string> resultTypes(const Form &form) {
  size_t bar = form.result.find('|');
  if (bar == form.result.npos) return {form.result};
  return {form.result.substr(0, bar), form.result.substr(bar + 1)};
}

namespace {

// One form under one mask: 0 all lanes, 1 a guard, 2 a branch.
std::string bodyOf(const Form &form, size_t index, unsigned mask) {
  auto results = resultTypes(form);
  std::string text = "{\n", d;
  auto declare = [&](const std::string &type, const std::string &name) { text += ".reg ." + (type == "pred" ? type : bitType(type)) + " " + name + ";\n"; };
  for (size_t r = 0; r < results.size(); ++r) {
    std::string name = named("d", r), wide = bitType(results[r]);
    declare(results[r], name);
    d += (r ? "|" : "") + name;
    if (results[r] == "pred") text += "setp.ne.u32 " + name + ", 0, 0;\n";
    else text += "mov." + wide + " " + name + ", 0x5555555555555555;\n";
  }
  std::string operands;
  std::vector<std::string> names;
  for (size_t s = 0; s < form.sources.size(); ++s) {
    const std::string &type = form.sources[s];
    if (type[0] == '=') {
      names.push_back(type.substr(1));
      continue;
    }
    std::string name = named("a", s), at = "[in+" + std::to_string((index * Sources + s) * 8) + "]";
    names.push_back(name);
    declare(type, name);
    if (type == "pred") text += "ld.global.u32 t, " + at + "; setp.ne.u32 " + name + ", t, 0;\n";
    else text += "ld.global." + bitType(type) + " " + name + ", " + at + ";\n";
  }
  std::string instruction = form.text;
  if (instruction.empty()) {
    instruction = form.opcode + " $d";
    for (size_t s = 0; s < names.size(); ++s) instruction += ", $" + std::to_string(s + 1);
    instruction += ";";
  }
  instruction = replaced(instruction, "$d", d);
  for (size_t s = 0; s < names.size(); ++s) instruction = replaced(instruction, "$" + std::to_string(s + 1), names[s]);
  bool single = instruction.find(';') == instruction.size() - 1 && instruction[0] != '{';
  if (mask == 1 && single) text += "@some " + instruction + "\n";
  else if (mask) text += "@!some bra SKIP;\n" + instruction + "\nSKIP:\n";
  else text += instruction + "\n";
  for (size_t r = 0; r < results.size(); ++r) {
    std::string at = "[out+" + std::to_string(((index * Masks + mask) * Results + r) * 8) + "]", name = named("d", r);
    if (results[r] == "pred") text += "selp.u32 t, 1, 0, " + name + "; st.global.u32 " + at + ", t;\n";
    else text += "st.global." + bitType(results[r]) + " " + at + ", " + name + ";\n";
  }
  return text + "}\n";
}

}  // namespace

std::string kernelOf(std::span<const Form> forms, const std::string &target) {
  std::string text = ".version 9.0\n.target " + target + "\n.address_size 64\n"
                     ".global .align 16 .b8 cells[8192];\n.shared .align 16 .b8 shared[1024];\n"
                     ".visible .entry forms(.param .u64 pin, .param .u64 pout)\n{\n"
                     ".local .align 16 .b8 lc[16];\n"
                     ".reg .u64 in, out, x, gc; .reg .u32 i, t, u, sc; .reg .pred some;\n"
                     "ld.param.u64 in, [pin]; ld.param.u64 out, [pout];\n"
                     "mov.u32 t, %ctaid.x; mov.u32 u, %ntid.x; mov.u32 i, %tid.x; mad.lo.u32 i, t, u, i;\n"
                     "mov.u64 gc, cells; mul.wide.u32 x, i, 16; add.u64 gc, gc, x; mov.u32 sc, shared; mov.u32 t, %tid.x; mad.lo.u32 sc, t, 16, sc;\n";
  size_t count = forms.size();
  text += "mul.wide.u32 x, i, " + std::to_string(count * Sources * 8) + "; add.u64 in, in, x;\n";
  text += "mul.wide.u32 x, i, " + std::to_string(count * Masks * Results * 8) + "; add.u64 out, out, x;\n";
  text += "mul.lo.u32 t, i, 0x9e3779b1; shr.u32 t, t, 27; setp.lt.u32 some, t, 20;\n";
  for (size_t f = 0; f < count; ++f)
    for (unsigned mask = 0; mask < (forms[f].allLanes ? 1 : Masks); ++mask) text += bodyOf(forms[f], f, mask);
  return text + "ret;\n}\n";
}

namespace {

bool isNan(const std::string &type, uint64_t bits) {
  if (type.starts_with("f16")) return (bits & 0x7fff) > 0x7c00;
  if (type.starts_with("bf16")) return (bits & 0x7fff) > 0x7f80;
  if (type.starts_with("f32")) return (bits & 0x7fffffff) > 0x7f800000;
  return type == "f64" && (bits & ~(1ull << 63)) > 0x7ff0000000000000;
}

}  // namespace

bool agree(const Form &form, const std::string &type, uint64_t got, uint64_t wanted) {
  if (got == wanted) return true;
  if (!form.anyNan) return false;
  unsigned each = type.find("x2") != type.npos ? bitsOfType(type) / 2 : bitsOfType(type);
  for (unsigned at = 0; at < bitsOfType(type); at += each) {
    uint64_t mask = each == 64 ? ~0ull : (1ull << each) - 1, x = got >> at & mask, y = wanted >> at & mask;
    if (x != y && !(isNan(type, x) && isNan(type, y))) return false;
  }
  return true;
}

std::vector<Batch> batches() {
  std::vector<Batch> all;
  for (const Family &family : Families) {
    std::vector<Form> forms = family.forms();
    for (size_t first = 0; first < forms.size(); first += PerKernel)
      all.push_back({std::string(family.name) + "_" + std::to_string(first / PerKernel),
                     {forms.begin() + long(first), forms.begin() + long(std::min<size_t>(first + PerKernel, forms.size()))}});
  }
  return all;
}

std::vector<uint64_t> inputsOf(std::span<const Form> forms) {
  std::vector<uint64_t> in(Inputs * forms.size() * Sources);
  for (unsigned i = 0; i < Inputs; ++i)
    for (size_t f = 0; f < forms.size(); ++f)
      for (unsigned s = 0; s < forms[f].sources.size(); ++s)
        if (forms[f].sources[s][0] != '=') in[(i * forms.size() + f) * Sources + s] = inputValue(forms[f].sources[s], s, i);
  return in;
}

uint64_t digest(std::span<const Form> forms, size_t form, std::span<const uint64_t> out) {
  std::vector<uint64_t> own;
  const auto types = resultTypes(forms[form]);
  for (unsigned i = 0; i < Inputs; ++i)
    for (unsigned mask = 0; mask < Masks; ++mask)
      for (size_t r = 0; r < types.size(); ++r) {
        uint64_t value = out[((i * forms.size() + form) * Masks + mask) * Results + r];
        // Any NaN counts as one, in each part of a packed value.
        const unsigned bits = bitsOfType(types[r]), each = types[r].find("x2") != std::string::npos ? bits / 2 : bits;
        for (unsigned at = 0; at < bits && forms[form].anyNan; at += each) {
          const uint64_t part = each == 64 ? ~0ull : (1ull << each) - 1;
          if (isNan(types[r], value >> at & part)) value |= part << at;
        }
        own.push_back(value);
      }
  return XXH3_64bits(own.data(), own.size() * sizeof own[0]);
}

std::string titleOf(const Form &form) { return form.opcode + (form.text.empty() ? "" : " " + form.text); }

}  // namespace cutrans::test
