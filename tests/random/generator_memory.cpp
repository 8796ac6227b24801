// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/random/generator.h"

namespace cutrans::random {

void Generator::memory() {
  switch (pick(8)) {
    case 0: return local();
    case 1: return sums();
    case 2:
    case 3: return own();
    case 4: return vectors();
    case 5: {  // the constant table
      line("and.b32 %%x0, %s, 60; mov.u64 %%xq, table; cvt.u64.u32 %%tq_, %%x0; add.u64 %%xq, %%xq, %%tq_; ld.const.%s %s, [%%xq];", reg().c_str(), oneOf("u32", "b32", "s32"), dest().c_str());
      return;
    }
    default: {
      const char *type = oneOf("u8", "s8", "u16", "s16", "u32", "s32", "b32", "f32");
      unsigned size = type[1] == '8' ? 1 : type[1] == '1' ? 2 : 4;
      std::string a = address("%in", unsigned(InBytes), size);
      std::string guard = chance(5) ? "@" + predicate() + " " : "";
      line("%sld.%s.%s %s, [%s];", guard.c_str(), oneOf("global", "global", "global.nc", "global.ca", "global.cg", "volatile.global", "relaxed.gpu.global"), type, type[0] == 'f' ? "%xf" : dest().c_str(), a.c_str());
      if (type[0] == 'f') line("mov.b32 %s, %%xf;", dest().c_str());
    }
  }
}

void Generator::local() {
  unsigned size = oneOf(1u, 2u, 4u, 8u);
  const char *type = size == 1 ? "u8" : size == 2 ? "b16" : size == 4 ? "b32" : "b64";
  std::string value = size == 8 ? wide() : size == 4 ? reg() : half();
  line("and.b32 %%x0, %s, %u; cvt.u64.u32 %%xq, %%x0; mov.u64 %%tq_, scratch; add.u64 %%xq, %%xq, %%tq_;", reg().c_str(), 63 & ~(size - 1));
  const char *space = ".local";
  if (chance(4)) line("cvta.local.u64 %%xq, %%xq;"), space = "";
  std::string guard = chance(5) ? "@" + predicate() + " " : "";
  if (chance(2)) line("%sst%s.%s [%%xq], %s;", guard.c_str(), space, type, value.c_str());
  else line("%sld%s.%s %s, [%%xq];", guard.c_str(), space, type, (size == 8 ? wide() : size == 4 ? dest() : half()).c_str());
}

// Operations of one kind on a word of all threads: any order gives the same.
void Generator::sums() {
  static constexpr const char *kinds[] = {"add.u32", "min.s32", "max.u32", "and.b32", "or.b32", "xor.b32", "min.u32", "max.s32"};
  std::string a = temp('q'), guard = chance(4) ? "@" + predicate() + " " : "";
  if (chance(5)) {
    line("and.b32 %%x0, %s, 24; cvt.u64.u32 %%xq, %%x0; add.u64 %s, %%sums, %%xq;", reg().c_str(), a.c_str());
    line("%sred.global.add.u64 [%s+256], %s;", guard.c_str(), a.c_str(), wide().c_str());
    return;
  }
  unsigned kind = pick(8);
  if (chance(2)) line("add.u64 %s, %%sums, %u;", a.c_str(), kind * 32 + pick(8) * 4);
  else line("and.b32 %%x0, %s, 28; cvt.u64.u32 %%xq, %%x0; add.u64 %s, %%sums, %%xq; add.u64 %s, %s, %u;", reg().c_str(), a.c_str(), a.c_str(), a.c_str(), kind * 32);
  const char *scope = oneOf("", "", ".relaxed.gpu", ".relaxed.sys", ".acq_rel.gpu");
  if (chance(3)) line("%satom%s.global.%s %%x1, [%s], %s;", guard.c_str(), scope, kinds[kind], a.c_str(), reg().c_str());
  else line("%sred%s.global.%s [%s], %s;", guard.c_str(), *scope == '.' && scope[1] == 'a' ? ".relaxed.gpu" : scope, kinds[kind], a.c_str(), reg().c_str());
}

// The thread's own bytes of `out`: everything is allowed, also results of atomics. The last 128 are for the end.
void Generator::own() {
  std::string guard = chance(5) ? "@" + predicate() + " " : "";
  if (chance(3)) {
    if (chance(3)) {
      std::string a = address("%own", 128, 8);
      if (chance(4)) line("%satom.global.cas.b64 %s, [%s], %s, %s;", guard.c_str(), wide().c_str(), a.c_str(), wide().c_str(), wide().c_str());
      else line("%satom.global.%s %s, [%s], %s;", guard.c_str(), oneOf("add.u64", "min.s64", "max.u64", "exch.b64", "and.b64", "or.b64", "xor.b64"), wide().c_str(), a.c_str(), wide().c_str());
      return;
    }
    std::string a = address("%own", 128, 4);
    if (chance(4)) line("%satom.global.cas.b32 %s, [%s], %s, %s;", guard.c_str(), dest().c_str(), a.c_str(), reg().c_str(), reg().c_str());
    else line("%satom.global.%s %s, [%s], %s;", guard.c_str(), oneOf("add.u32", "add.s32", "min.s32", "max.u32", "exch.b32", "inc.u32", "dec.u32", "and.b32", "or.b32", "xor.b32"), dest().c_str(), a.c_str(), reg().c_str());
    return;
  }
  unsigned size = oneOf(1u, 2u, 4u, 8u);
  std::string a = address("%own", 128, size);
  const char *type = size == 1 ? "u8" : size == 2 ? "u16" : size == 4 ? "b32" : "b64";
  std::string to = size == 8 ? wide() : size == 4 ? dest() : half(), from = size == 8 ? wide() : size == 4 ? reg() : half();
  const char *how = oneOf(".global", ".global", "", ".volatile.global", ".relaxed.cta.global");
  if (chance(2)) line("%sst%s.%s [%s], %s;", guard.c_str(), how, type, a.c_str(), from.c_str());
  else line("%sld%s.%s %s, [%s];", guard.c_str(), how, type, to.c_str(), a.c_str());
}

void Generator::vectors() {
  unsigned n = oneOf(2u, 4u);
  bool load = chance(2);
  std::string list;
  unsigned first = pick(Words);
  for (unsigned i = 0; i < n; ++i) list += (i ? ", " : "") + (load ? "%r" + std::to_string((first + i) % Words) : reg());
  if (load) line("ld.global%s.v%u.%s {%s}, [%s];", oneOf("", ".nc"), n, oneOf("u32", "b32"), list.c_str(), address("%in", unsigned(InBytes), 4 * n).c_str());
  else line("st.global.v%u.b32 [%s], {%s};", n, address("%own", 128, 4 * n).c_str(), list.c_str());
}

void Generator::uniformStep() {
  unsigned d = pick(Uniforms), a = pick(Uniforms), b = pick(Uniforms);
  switch (pick(4)) {
    case 0: line("add.u32 %%u%u, %%u%u, %u;", d, a, 1 + pick(9)); break;
    case 1: line("xor.b32 %%u%u, %%u%u, %%u%u;", d, a, b); break;
    case 2: line("mad.lo.u32 %%u%u, %%u%u, %u, %%u%u;", d, a, 3 + pick(20), b); break;
    default: line("and.b32 %%x0, %%u%u, 1020; cvt.u64.u32 %%xq, %%x0; add.u64 %%xq, %%in, %%xq; ld.global.u32 %%u%u, [%%xq];", a, d);
  }
}

}  // namespace cutrans::random
