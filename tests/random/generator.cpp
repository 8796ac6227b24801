// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes random PTX kernels that are valid and whose memory does not depend on how threads are scheduled:
// - threads write only what is their own, or to all with operations that commute, and read others' only between barriers;
// - loops have a counter of their own, graphs of blocks a budget of steps;
// - barriers stand where all threads of the block come by, or on both ways of a branch;
// - with warp operations, the set of lanes that are here is followed by votes (`mask_`), and only lanes of it are read.
#include <cstdarg>
#include <cstdio>
#include <random>
#include <utility>

#include "tests/random/instructions.h"
#include "tests/random/program.h"

namespace cutrans::random {
namespace {

class Generator {
 public:
  Generator(uint64_t seed, bool apart) : random_(seed), apart_(apart) {}
  Program program();

 private:
  uint32_t pick(uint32_t count) { return uint32_t(random_() % count); }
  bool chance(uint32_t of) { return pick(of) == 0; }
  template <class... T>
  auto oneOf(T... values) {
    std::common_type_t<T...> all[] = {values...};
    return all[pick(sizeof...(values))];
  }
  __attribute__((format(printf, 2, 3))) void line(const char *format, ...);
  void label(const std::string &name) { body_ += name + ":\n"; }
  std::string newLabel() { return "L" + std::to_string(labels_++); }
  std::string temp(char kind) { return std::string("%t") + kind + std::to_string(temps_[kind == 'r' ? 0 : kind == 'q' ? 1 : kind == 'h' ? 2 : 3]++); }

  std::string reg() { return chance(6) ? "%u" + std::to_string(pick(Uniforms)) : "%r" + std::to_string(pick(Words)); }
  std::string dest() { return "%r" + std::to_string(pick(Words)); }
  std::string wide() { return "%q" + std::to_string(pick(Wides)); }
  std::string half() { return "%h" + std::to_string(pick(Halves)); }
  std::string predicate() { return "%p" + std::to_string(pick(Predicates)); }
  std::string immediate();

  std::string expand(const char *text, std::string &destination);
  void canonical(Nan nan, const std::string &dest);
  void instruction();
  void instructions(unsigned count) { while (count--) instruction(); }
  std::string condition(bool uniform);
  std::string uniformCondition();
  std::string address(const char *base, unsigned bytes, unsigned size);

  void memory();
  void local();
  void sums();
  void own();
  void vectors();
  void warp();
  void shuffle();
  void call();
  void uniformStep();

  void statement(unsigned depth);
  void statements(unsigned count, unsigned depth) { while (count-- && budget_) statement(depth); }
  void branch(unsigned depth);
  void loop(unsigned depth);
  void choose(unsigned depth);
  void graph(unsigned depth);
  void leave();

  void together(unsigned depth);
  void exchange();
  void sharedSums();
  void divergentBarrier();
  void reduceBarrier();

  void prologue();
  void function(unsigned index);
  std::string declarations(bool kernel);

  static constexpr unsigned Words = 8, Wides = 4, Halves = 4, Predicates = 4, Uniforms = 3;
  std::mt19937_64 random_;
  std::string body_;
  unsigned labels_ = 0, masks_ = 0, counters_ = 0, temps_[4] = {}, budget_ = 0, functions_ = 0, loops_ = 0;
  std::vector<std::string> leave_;  // where lanes may jump on their own, innermost last
  bool inFunction_ = false, barriers_ = false, warp_ = false, exits_ = false, apart_ = false;
  std::string mask_;  // with warp_: register with the lanes that are here
  Program program_;
};

void Generator::line(const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  body_ += std::string("  ") + text + "\n";
}

std::string Generator::immediate() {
  static constexpr uint32_t interesting[] = {0, 1, 2, 31, 32, 0x7fffffff, 0x80000000, 0xffffffff, 0x3f800000, 0x7f800000, 0xff800000, 0x00000001, 0x007fffff, 0x00ff00ff, 0x477fe000, 0x4f000000};
  uint32_t value = chance(2) ? interesting[pick(std::size(interesting))] : chance(2) ? pick(100) : uint32_t(random_());
  return std::to_string(int32_t(value));
}

std::string Generator::expand(const char *text, std::string &destination) {
  std::string chosen;
  for (const char *at = text; *at; ++at) {
    if (*at != '{') {
      chosen += *at;
      continue;
    }
    std::vector<std::string> choices(1);
    for (++at; *at != '}'; ++at)
      if (*at == ',') choices.emplace_back();
      else choices.back() += *at;
    chosen += choices[pick(uint32_t(choices.size()))];
  }
  std::string result, r = dest(), q = wide(), h = half(), p = predicate(), s, o, g;
  do s = dest();
  while (s == r);
  do o = predicate();
  while (o == p);
  do g = half();
  while (g == h);
  for (size_t i = 0; i < chosen.size(); ++i) {
    char c = chosen[i];
    if (c != '$') {
      result += c == 1 ? '{' : c == 2 ? '}' : c;
      continue;
    }
    switch (chosen[++i]) {
      case 'R': result += r; break;
      case 'S': result += s; break;
      case 'Q': result += q; break;
      case 'H': result += h; break;
      case 'G': result += g; break;
      case 'P': result += p; break;
      case 'O': result += o; break;
      case 'T': result += "%x0"; break;
      case 'U': result += "%x1"; break;
      case 'V': result += "%xq"; break;
      case 'r': result += reg(); break;
      case 'q': result += wide(); break;
      case 'h': result += half(); break;
      case 'p': result += predicate(); break;
      case 'i': result += immediate(); break;
      case 'b': result += std::to_string(pick(256)); break;
      case 'e': result += std::to_string(pick(70)); break;
    }
  }
  // The destination, for canonical().
  std::string pattern = text;
  destination = pattern.find("$Q") != std::string::npos ? q : pattern.find("$H") != std::string::npos ? h : r;
  return result;
}

void Generator::canonical(Nan nan, const std::string &d) {
  auto half = [&](const char *h, unsigned infinity) {
    line("and.b16 %%xh2, %s, 0x7fff; setp.gt.u16 %%xp, %%xh2, %u; selp.b16 %s, 0x7fff, %s, %%xp;", h, infinity, h, h);
  };
  switch (nan) {
    case Nan::None: return;
    case Nan::F32:
      return line("and.b32 %%x0, %s, 0x7fffffff; setp.gt.u32 %%xp, %%x0, 0x7f800000; selp.b32 %s, 0x7fffffff, %s, %%xp;", d.c_str(), d.c_str(), d.c_str());
    case Nan::F64:
      return line("and.b64 %%xq, %s, 0x7fffffffffffffff; setp.gt.u64 %%xp, %%xq, 0x7ff0000000000000; selp.b64 %s, 0x7ff8000000000000, %s, %%xp;", d.c_str(), d.c_str(), d.c_str());
    case Nan::F16: return half(d.c_str(), 0x7c00);
    case Nan::BF16: return half(d.c_str(), 0x7f80);
    case Nan::F16x2:
    case Nan::BF16x2:
      line("mov.b32 {%%xh0, %%xh1}, %s;", d.c_str());
      half("%xh0", nan == Nan::F16x2 ? 0x7c00 : 0x7f80);
      half("%xh1", nan == Nan::F16x2 ? 0x7c00 : 0x7f80);
      return line("mov.b32 %s, {%%xh0, %%xh1};", d.c_str());
  }
}

void Generator::instruction() {
  auto all = patterns();
  const Pattern &pattern = all[pick(uint32_t(all.size()))];
  std::string dest, text = expand(pattern.text, dest);
  bool several = text.find(';') != text.size() - 1;
  std::string guard = !several && chance(6) ? (chance(2) ? "@" : "@!") + predicate() + " " : "";
  line("%s%s", guard.c_str(), text.c_str());
  canonical(pattern.nan, dest);
}

// A predicate register, new or old.
std::string Generator::condition(bool uniform) {
  if (uniform) return uniformCondition();
  std::string p = temp('p');
  switch (pick(6)) {
    case 0: line("setp.lt.u32 %s, %%me, %u;", p.c_str(), pick(40)); break;
    case 1: line("and.b32 %%x0, %s, %u; setp.eq.u32 %s, %%x0, 0;", reg().c_str(), 1u << pick(3), p.c_str()); break;
    case 2: line("and.b32 %%x0, %%me, %u; setp.ne.u32 %s, %%x0, 0;", 1 + pick(7), p.c_str()); break;
    case 3: line("setp.%s.s32 %s, %s, %s;", oneOf("lt", "ge", "ne"), p.c_str(), reg().c_str(), reg().c_str()); break;
    case 4: return predicate();
    default: line("setp.%s.u32 %s, %s, %s;", oneOf("lt", "gt", "eq"), p.c_str(), reg().c_str(), immediate().c_str());
  }
  return p;
}

std::string Generator::uniformCondition() {
  std::string p = temp('p');
  line("and.b32 %%x0, %%u%u, %u; setp.%s.u32 %s, %%x0, %u;", pick(Uniforms), 1 + pick(7), oneOf("ne", "lt", "eq"), p.c_str(), pick(5));
  return p;
}

// base + some aligned offset below `bytes`, in a new register.
std::string Generator::address(const char *base, unsigned bytes, unsigned size) {
  std::string a = temp('q');
  if (chance(3)) line("add.u64 %s, %s, %u;", a.c_str(), base, pick(bytes / size) * size);
  else line("and.b32 %%x0, %s, %u; cvt.u64.u32 %s, %%x0; add.u64 %s, %s, %s;", chance(2) ? reg().c_str() : "%me", (bytes - 1) & ~(size - 1), a.c_str(), a.c_str(), base, a.c_str());
  return a;
}

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

// ---- warp operations ------------------------------------------------------------------------------------------------

// A source lane must take part: any may be read where the whole warp is here, else the least lane that is.
void Generator::shuffle() {
  std::string d = dest(), value = reg(), p = temp('p'), whole = newLabel(), end = newLabel();
  static constexpr const char *names[] = {"up", "down", "bfly", "idx"};
  unsigned segment = 32u >> pick(4), mode = pick(4), clamp = (32 - segment) << 8 | (mode == 0 ? 0 : 31);
  line("setp.eq.u32 %%xp, %s, -1;", mask_.c_str());
  line("@%%xp bra %s;", whole.c_str());
  line("brev.b32 %%x0, %s; clz.b32 %%x0, %%x0;", mask_.c_str());
  line("shfl.sync.idx.b32 %s|%s, %s, %%x0, 31, %s;", d.c_str(), p.c_str(), value.c_str(), mask_.c_str());
  line("bra %s;", end.c_str());
  label(whole);
  line("and.b32 %%x0, %s, 31;", chance(2) ? std::to_string(pick(32)).c_str() : reg().c_str());
  line("shfl.sync.%s.b32 %s|%s, %s, %%x0, %u, %s;", names[mode], d.c_str(), p.c_str(), value.c_str(), clamp, mask_.c_str());
  label(end);
  if (chance(3)) line("mov.pred %s, %s;", predicate().c_str(), p.c_str());
}

void Generator::warp() {
  const char *m = mask_.c_str();
  switch (pick(8)) {
    case 0:
    case 1: return shuffle();
    case 2: return line("vote.sync.%s.pred %s, %s%s, %s;", oneOf("all", "any", "uni"), predicate().c_str(), oneOf("", "!"), predicate().c_str(), m);
    case 3: return line("vote.sync.ballot.b32 %s, %s, %s;", dest().c_str(), predicate().c_str(), m);
    case 4: return line("and.b32 %%x0, %s, 3; match.any.sync.b32 %s, %%x0, %s;", reg().c_str(), dest().c_str(), m);
    case 5: return line("match.all.sync.%s %s|%s, %s, %s;", "b32", dest().c_str(), predicate().c_str(), chance(2) ? reg().c_str() : "%u0", m);
    case 6: return line("redux.sync.%s %s, %s, %s;", oneOf("add.u32", "add.s32", "min.s32", "max.u32", "and.b32", "or.b32", "xor.b32"), dest().c_str(), reg().c_str(), m);
    default: return line("bar.warp.sync %s;", m);
  }
}

// ---- control flow ---------------------------------------------------------------------------------------------------

void Generator::branch(unsigned depth) {
  std::string p = condition(false), other = newLabel(), end = newLabel(), outer = mask_;
  bool both = chance(2);
  std::string inner, rest;
  if (warp_) {
    inner = "%m" + std::to_string(masks_++), rest = "%m" + std::to_string(masks_++);
    line("vote.sync.ballot.b32 %s, %s, %s;", inner.c_str(), p.c_str(), outer.c_str());
    line("not.b32 %s, %s; and.b32 %s, %s, %s;", rest.c_str(), inner.c_str(), rest.c_str(), rest.c_str(), outer.c_str());
  }
  line("@!%s bra %s;", p.c_str(), both ? other.c_str() : end.c_str());
  mask_ = inner;
  statements(1 + pick(3), depth + 1);
  if (both) {
    line("bra %s;", end.c_str());
    label(other);
    mask_ = rest;
    statements(1 + pick(3), depth + 1);
  }
  label(end);
  mask_ = outer;
}

void Generator::loop(unsigned depth) {
  std::string counter = "%c" + std::to_string(counters_++), limit = temp('r'), p = temp('p');
  std::string head = newLabel(), end = newLabel(), other = newLabel(), after = newLabel(), outer = mask_;
  ++loops_;
  if (chance(2)) line("and.b32 %s, %s, 3; add.u32 %s, %s, 1;", limit.c_str(), reg().c_str(), limit.c_str(), limit.c_str());
  else line("mov.u32 %s, %u;", limit.c_str(), 1 + pick(5));
  line("mov.u32 %s, 0;", counter.c_str());
  if (warp_) {
    std::string live = "%m" + std::to_string(masks_++), here = "%m" + std::to_string(masks_++);
    line("mov.u32 %s, %s;", live.c_str(), outer.c_str());
    label(head);
    line("setp.lt.u32 %s, %s, %s; add.u32 %s, %s, 1;", p.c_str(), counter.c_str(), limit.c_str(), counter.c_str(), counter.c_str());
    line("vote.sync.ballot.b32 %s, %s, %s;", here.c_str(), p.c_str(), live.c_str());
    line("@!%s bra %s;", p.c_str(), end.c_str());
    line("mov.u32 %s, %s;", live.c_str(), here.c_str());
    mask_ = live;
    statements(1 + pick(3), depth + 1);
    if (chance(2)) {  // a second way out, for the lanes of this turn
      std::string out = condition(false);
      line("vote.sync.ballot.b32 %s, %s, %s; not.b32 %%x0, %s; and.b32 %s, %s, %%x0;", here.c_str(), out.c_str(), live.c_str(), here.c_str(), live.c_str(), live.c_str());
      line("@%s bra %s;", out.c_str(), chance(2) ? end.c_str() : other.c_str());
      statements(1 + pick(2), depth + 1);
    }
    line("bra %s;", head.c_str());
  } else {
    bool tested = chance(2);
    label(head);
    line("add.u32 %s, %s, 1; setp.gt.u32 %s, %s, %s;", counter.c_str(), counter.c_str(), p.c_str(), counter.c_str(), limit.c_str());
    line("@%s bra %s;", p.c_str(), end.c_str());
    size_t ways = leave_.size();
    leave_.push_back(head), leave_.push_back(end), leave_.push_back(other);
    statements(1 + pick(4), depth + 1);
    if (tested) leave();
    leave_.resize(ways);
    line("bra %s;", head.c_str());
  }
  --loops_;
  mask_ = outer;
  if (chance(2)) {
    label(end);
    line("bra %s;", after.c_str());
    label(other);
    if (!warp_) instructions(1 + pick(2));
    label(after);
  } else {
    label(other);
    if (!warp_) instructions(1);
    label(end);
    label(after);
  }
}

// A jump of some lanes out of what they are in, or the end of the thread.
void Generator::leave() {
  std::string p = condition(false);
  uint32_t way = pick(6);
  if (way == 0 && exits_) return line("@%s exit;", p.c_str());
  if (way == 1 && (inFunction_ || exits_)) return line("@%s ret;", p.c_str());
  if (leave_.empty()) return;
  line("@%s bra %s;", p.c_str(), leave_[pick(uint32_t(leave_.size()))].c_str());
}

void Generator::choose(unsigned depth) {
  unsigned ways = 2 + pick(4);
  std::string table = "T" + std::to_string(labels_++), end = newLabel(), list;
  std::vector<std::string> labels;
  for (unsigned i = 0; i < ways; ++i) {
    labels.push_back(newLabel());
    list += (i ? ", " : "") + labels.back();
  }
  line("rem.u32 %%x0, %s, %u;", reg().c_str(), ways);
  body_ += table + ": .branchtargets " + list + ";\n";
  line("brx.idx %%x0, %s;", table.c_str());
  for (const std::string &way : labels) {
    label(way);
    statements(1 + pick(2), depth + 1);
    if (!chance(4)) line("bra %s;", end.c_str());  // else into the next
  }
  label(end);
}

// Blocks that jump to each other as they like, most of such graphs irreducible. Every block costs a step.
void Generator::graph(unsigned depth) {
  unsigned count = 3 + pick(4);
  std::string steps = "%c" + std::to_string(counters_++), end = newLabel();
  std::vector<std::string> blocks;
  for (unsigned i = 0; i < count; ++i) blocks.push_back(newLabel());
  line("mov.u32 %s, %u;", steps.c_str(), 4 + pick(12));
  if (chance(2)) line("@%s bra %s;", condition(false).c_str(), blocks[pick(count)].c_str());
  for (unsigned i = 0; i < count; ++i) {
    std::string p = temp('p');
    label(blocks[i]);
    line("setp.eq.u32 %s, %s, 0; sub.u32 %s, %s, 1;", p.c_str(), steps.c_str(), steps.c_str(), steps.c_str());
    line("@%s bra %s;", p.c_str(), end.c_str());
    instructions(1 + pick(3));
    if (!inFunction_ && chance(4)) memory();
    if (chance(8)) leave();
    for (unsigned jumps = pick(3); jumps--;) line("@%s bra %s;", condition(false).c_str(), chance(6) ? end.c_str() : blocks[pick(count)].c_str());
    if (chance(4)) line("bra %s;", blocks[pick(count)].c_str());
  }
  label(end);
}

void Generator::call() {
  unsigned index = pick(functions_);
  std::string result = dest(), value = wide();
  line("{ .param .b32 a0; .param .b64 a1; .param .align 8 .b8 a2[16]; .param .b32 ret0; .param .align 8 .b8 ret1[8];");
  line("st.param.b32 [a0], %s; st.param.b64 [a1], %s; st.param.b32 [a2], %s; st.param.b64 [a2+8], %s;", reg().c_str(), wide().c_str(), reg().c_str(), wide().c_str());
  if (index % 2) line("call (ret1), f%u, (a0, a1, a2); ld.param.b64 %s, [ret1]; }", index, value.c_str());
  else line("call (ret0), f%u, (a0, a1, a2); ld.param.b32 %s, [ret0]; }", index, result.c_str());
}

void Generator::statement(unsigned depth) {
  if (budget_) --budget_;
  uint32_t what = pick(20);
  if (depth >= 4 || !budget_) what = 19;
  if (warp_ && !inFunction_ && chance(3)) return warp();
  switch (what) {
    case 0:
    case 1:
    case 2: return branch(depth);
    case 3: if (loops_ < 3) return loop(depth); break;
    case 4: if (!warp_ || inFunction_) return choose(depth); break;
    case 5: if ((!warp_ || inFunction_) && chance(2)) return graph(depth); break;
    case 6: if (!warp_ || inFunction_) return leave(); break;
    case 7: if (functions_ && !inFunction_) return call(); break;
    case 8: case 9: case 10: case 11: return inFunction_ ? instructions(1) : memory();
    default: break;
  }
  instructions(1 + pick(3));
}

// ---- what the threads of a block do together ------------------------------------------------------------------------

// Every thread writes its slot, all wait, every thread reads one or two others.
void Generator::exchange() {
  line("st.shared.b32 [%%slot], %s; st.shared.b32 [%%slot+4], %s;", reg().c_str(), reg().c_str());
  if (chance(3)) line("st.shared.v2.b32 [%%slot+8], {%s, %s};", reg().c_str(), reg().c_str());
  line("%s;", oneOf("bar.sync 0", "barrier.sync 0", "barrier.sync.aligned 0", "bar.cta.sync 1"));
  for (unsigned i = 1 + pick(2); i--;) {
    line("mad.lo.u32 %%x0, %%me, %u, %u; rem.u32 %%x0, %%x0, %%threads; shl.b32 %%x0, %%x0, 4; mov.u32 %%x1, slots; add.u32 %%x0, %%x0, %%x1;", 1 + pick(5), pick(40));
    switch (pick(3)) {
      case 0: line("ld.shared.b32 %s, [%%x0+%u];", dest().c_str(), pick(4) * 4); break;
      case 1: line("ld.shared.v2.u32 {%%r%u, %%r%u}, [%%x0+%u];", 0u, 1 + pick(Words - 1), pick(2) * 8); break;
      default: line("ld.shared.%s %s, [%%x0+%u];", oneOf("u8", "s8"), dest().c_str(), pick(16));
    }
  }
  line("bar.sync 0;");
}

void Generator::sharedSums() {
  unsigned kind = pick(6);
  static constexpr const char *kinds[] = {"add.u32", "min.s32", "max.u32", "and.b32", "or.b32", "xor.b32"};
  std::string guard = chance(2) ? "@" + predicate() + " " : "", d = dest();
  line("and.b32 %%x0, %s, 28; mov.u32 %%x1, board; add.u32 %%x0, %%x0, %%x1;", reg().c_str());
  if (chance(2)) line("%sred.shared.%s [%%x0], %s;", guard.c_str(), kinds[kind], reg().c_str());
  else line("%satom.shared.%s %%x1, [%%x0], %s;", guard.c_str(), kinds[kind], reg().c_str());
  line("bar.sync 0;");
  line("and.b32 %%x0, %s, 28; mov.u32 %%x1, board; add.u32 %%x0, %%x0, %%x1; ld.shared.u32 %s, [%%x0];", chance(2) ? "%me" : reg().c_str(), d.c_str());
  line("bar.sync 0;");
  if (chance(3)) line("mov.u32 %%x1, board; ld.shared.u32 %%u%u, [%%x1+%u]; bar.sync 0;", pick(Uniforms), pick(8) * 4);
}

void Generator::divergentBarrier() {
  std::string p = condition(false), other = newLabel(), end = newLabel(), way = temp('p');
  line("st.shared.b32 [%%slot], %s;", reg().c_str());
  line("@%s bra %s;", p.c_str(), other.c_str());
  instructions(1 + pick(2));
  line("barrier.sync 0;");
  instructions(pick(2));
  line("bra %s;", end.c_str());
  label(other);
  instructions(pick(2));
  line("barrier.sync 0;");
  instructions(1 + pick(2));
  label(end);
  line("add.u32 %%x0, %%me, %u; rem.u32 %%x0, %%x0, %%threads; shl.b32 %%x0, %%x0, 4; mov.u32 %%x1, slots; add.u32 %%x0, %%x0, %%x1; ld.shared.b32 %s, [%%x0];", pick(9), dest().c_str());
  line("bar.sync 0;");
}

void Generator::reduceBarrier() {
  switch (pick(3)) {
    case 0: line("bar.red.popc.u32 %s, 0, %s;", chance(3) ? "%u0" : dest().c_str(), predicate().c_str()); break;
    case 1: line("barrier.red.%s.pred %s, 0, %s;", oneOf("and", "or"), predicate().c_str(), predicate().c_str()); break;
    default: line("bar.red.%s.pred %s, 1, !%s;", oneOf("and", "or"), predicate().c_str(), predicate().c_str());
  }
}

// Statements that all threads of the block come to; inside no lane may jump out of it.
void Generator::together(unsigned depth) {
  std::vector<std::string> outer = std::move(leave_);
  leave_.clear();
  for (unsigned count = 2 + pick(4); count-- && budget_;) {
    --budget_;
    switch (pick(12)) {
      case 0:
      case 1: exchange(); break;
      case 2: sharedSums(); break;
      case 3: if (!warp_ && apart_) divergentBarrier(); break;
      case 4: if (!exits_) reduceBarrier(); break;
      case 5: {
        std::string p = uniformCondition(), other = newLabel(), end = newLabel();
        if (depth > 2) break;
        line("@%s bra %s;", p.c_str(), other.c_str());
        together(depth + 1);
        line("bra.uni %s;", end.c_str());
        label(other);
        if (chance(2)) together(depth + 1);
        label(end);
        break;
      }
      case 6: {
        if (depth > 2) break;
        std::string counter = "%c" + std::to_string(counters_++), p = temp('p'), head = newLabel(), limit = temp('r'), end = newLabel();
        line("and.b32 %s, %%u%u, 3; mov.u32 %s, 0;", limit.c_str(), pick(Uniforms), counter.c_str());
        label(head);
        together(depth + 2);
        if (chance(2)) line("@%s bra %s;", uniformCondition().c_str(), end.c_str());
        if (chance(2)) exchange();
        line("add.u32 %s, %s, 1; setp.lt.u32 %s, %s, %s;", counter.c_str(), counter.c_str(), p.c_str(), counter.c_str(), limit.c_str());
        line("@%s bra %s;", p.c_str(), head.c_str());
        label(end);
        break;
      }
      case 7: uniformStep(); break;
      default: statement(depth);
    }
  }
  leave_ = std::move(outer);
}

// ---- frame ----------------------------------------------------------------------------------------------------------

std::string Generator::declarations(bool kernel) {
  char text[1024];
  std::snprintf(text, sizeof text,
                "  .reg .b32 %%r<%u>; .reg .b64 %%q<%u>; .reg .b16 %%h<%u>; .reg .pred %%p<%u>; .reg .b32 %%u<%u>;\n"
                "  .reg .b32 %%tr<%u>; .reg .b64 %%tq<%u>; .reg .b16 %%th<%u>; .reg .pred %%tp<%u>; .reg .b32 %%c<%u>; .reg .b32 %%m<%u>;\n"
                "  .reg .b32 %%x<2>; .reg .b64 %%xq, %%tq_; .reg .b16 %%xh<3>; .reg .pred %%xp; .reg .f32 %%xf;\n"
                "  .reg .u32 %%me, %%lane, %%threads, %%slot; .reg .u64 %%in, %%own, %%sums;\n",
                Words, Wides, Halves, Predicates, Uniforms, temps_[0] + 1, temps_[1] + 1, temps_[2] + 1, temps_[3] + 1, counters_ + 1, masks_ + 1);
  return text;
}

void Generator::prologue() {
  line("ld.param.u64 %%in, [in]; ld.param.u64 %%own, [out]; ld.param.u64 %%sums, [sums]; ld.param.u32 %%u0, [n];");
  if (chance(2)) line("cvta.to.global.u64 %%in, %%in; cvta.to.global.u64 %%own, %%own; cvta.to.global.u64 %%sums, %%sums;");
  line("mov.u32 %%r0, %%tid.x; mov.u32 %%r1, %%tid.y; mov.u32 %%r2, %%tid.z; mov.u32 %%r3, %%ntid.x; mov.u32 %%r4, %%ntid.y; mov.u32 %%r5, %%ntid.z;");
  line("mad.lo.u32 %%me, %%r2, %%r4, %%r1; mad.lo.u32 %%me, %%me, %%r3, %%r0; mul.lo.u32 %%threads, %%r3, %%r4; mul.lo.u32 %%threads, %%threads, %%r5;");
  line("mov.u32 %%lane, %%laneid; mov.u32 %%u1, %%ctaid.x; mov.u32 %%u2, %u;", 1 + pick(1000));
  line("mad.lo.u32 %%r6, %%u1, %%threads, %%me; mul.wide.u32 %%q0, %%r6, %u; add.u64 %%own, %%own, %%q0;", unsigned(OutBytes));
  line("and.b32 %%x0, %%r6, 511; mul.wide.u32 %%q1, %%x0, 4; add.u64 %%q1, %%q1, %%in; ld.global.u32 %%r7, [%%q1]; ld.global.u32 %%r4, [%%q1+1024];");
  line("mul.wide.s32 %%q1, %%r7, %%r4; cvt.s64.s32 %%q2, %%r4; mov.b64 %%q3, {%%r7, %%r0};");
  line("cvt.u16.u32 %%h0, %%r7; cvt.u16.u32 %%h1, %%r0; mov.b32 {%%h2, %%h3}, %%r4;");
  line("setp.lt.s32 %%p0, %%r7, 0; setp.lt.u32 %%p1, %%r0, %u; and.b32 %%x0, %%r4, 1; setp.eq.u32 %%p2, %%x0, 0; setp.ne.u32 %%p3, %%u1, 0;", pick(20));
  for (unsigned i = 0; i < 64; i += 16) line("mov.u64 %%xq, scratch; st.local.v4.b32 [%%xq+%u], {%%r7, %%r0, %%r4, %%r6};", i);
  if (warp_) {
    // Lanes of this warp that the block has: the last warp may be short.
    line("and.b32 %%x0, %%me, -32; sub.u32 %%x0, %%threads, %%x0; min.u32 %%x0, %%x0, 32; mov.u32 %%x1, -1; sub.u32 %%x0, 32, %%x0; shr.u32 %%m0, %%x1, %%x0;");
    masks_ = 1;
    mask_ = "%m0";
  }
  if (barriers_) {
    line("mov.u32 %%slot, slots; shl.b32 %%x0, %%me, 4; add.u32 %%slot, %%slot, %%x0; st.shared.v4.b32 [%%slot], {%%r7, %%me, %%r4, %%r6};");
    line("mov.u32 %%x0, board; setp.lt.u32 %%xp, %%me, 1; @%%xp st.shared.v4.b32 [%%x0], {%%u0, %%u1, %%u2, %%u0}; @%%xp st.shared.v4.b32 [%%x0+16], {%%u0, %%u1, %%u2, %%u0}; bar.sync 0;");
  }
}

// f0, f2: a 32-bit result, f1, f3: eight bytes.
void Generator::function(unsigned index) {
  inFunction_ = true;
  bool exits = std::exchange(exits_, false), warp = std::exchange(warp_, false);
  std::string saved = std::move(body_);
  body_.clear();
  line("ld.param.b32 %%r0, [a0]; ld.param.b64 %%q0, [a1]; ld.param.b32 %%r1, [a2]; ld.param.b64 %%q1, [a2+8];");
  line("mov.b64 {%%r2, %%r3}, %%q0; mov.b64 {%%r4, %%r5}, %%q1; mov.b32 {%%h0, %%h1}, %%r0; mov.b32 {%%h2, %%h3}, %%r1; mov.u32 %%r6, %u; mov.u32 %%r7, 7;", pick(1000));
  line("mov.u32 %%me, %%tid.x; mov.u32 %%u0, 3; mov.u32 %%u1, %%ctaid.x; mov.u32 %%u2, 9; add.u64 %%q2, %%q0, %%q1; sub.u64 %%q3, %%q0, %%q1;");
  line("setp.lt.s32 %%p0, %%r0, 0; setp.lt.u32 %%p1, %%r0, 9; setp.eq.u32 %%p2, %%r0, %%r1; setp.ne.u32 %%p3, %%r4, %%r5;");
  if (index % 2) line("st.param.b64 [ret1], %%q1;");
  else line("st.param.b32 [ret0], %%r1;");
  budget_ = 3 + pick(10);
  statements(8, 1);
  if (index % 2) line("st.param.b64 [ret1], %s;", wide().c_str());
  else line("xor.b32 %%r0, %s, %s; st.param.b32 [ret0], %%r0;", reg().c_str(), reg().c_str());
  line("ret;");
  char head[256];
  std::snprintf(head, sizeof head, ".func (%s) f%u(.param .b32 a0, .param .b64 a1, .param .align 8 .b8 a2[16])\n{\n", index % 2 ? ".param .align 8 .b8 ret1[8]" : ".param .b32 ret0", index);
  program_.text += head + declarations(false) + body_ + "}\n";
  body_ = std::move(saved);
  for (unsigned &count : temps_) count = 0;
  counters_ = masks_ = 0;
  inFunction_ = false;
  exits_ = exits, warp_ = warp;
}

Program Generator::program() {
  constexpr std::array<uint32_t, 3> shapes[] = {{32, 1, 1}, {1, 1, 1}, {7, 1, 1}, {64, 1, 1}, {33, 1, 1}, {40, 1, 1}, {96, 1, 1}, {16, 2, 1}, {8, 4, 1}, {5, 3, 2}, {4, 4, 4}, {3, 11, 1}, {16, 16, 1}, {2, 1, 17}};
  program_.block = shapes[pick(std::size(shapes))];
  program_.grid = {1 + pick(3), 1, 1};
  barriers_ = chance(2);
  warp_ = chance(3);
  exits_ = !warp_ && chance(2);
  program_.text = ".version 8.8\n.target sm_90\n.address_size 64\n.const .align 16 .b32 table[16] = {";
  for (unsigned i = 0; i < 16; ++i) program_.text += (i ? ", " : "") + immediate();
  program_.text += "};\n";
  unsigned functions = chance(2) ? 1 + pick(3) : 0;
  for (unsigned i = 0; i < functions; ++i) function(i);
  functions_ = functions;
  prologue();
  budget_ = 10 + pick(50);
  if (barriers_) {
    while (budget_ > 4) together(0);
  } else {
    statements(60, 0);
  }
  for (unsigned i = 0; i < Words; ++i) line("st.global.b32 [%%own+%u], %%r%u;", 128 + 4 * i, i);
  for (unsigned i = 0; i < Wides; ++i) line("st.global.b64 [%%own+%u], %%q%u;", 160 + 8 * i, i);
  for (unsigned i = 0; i < Halves; ++i) line("st.global.b16 [%%own+%u], %%h%u;", 192 + 2 * i, i);
  for (unsigned i = 0; i < Predicates; ++i) line("selp.u32 %%x0, 1, 0, %%p%u; st.global.u8 [%%own+%u], %%x0;", i, 200 + i);
  for (unsigned i = 0; i < Uniforms; ++i) line("st.global.b32 [%%own+%u], %%u%u;", 204 + 4 * i, i);
  line("ret;");
  uint32_t threads = program_.block[0] * program_.block[1] * program_.block[2];
  program_.text += ".visible .entry entry(.param .u64 in, .param .u64 out, .param .u64 sums, .param .u32 n)\n{\n" + declarations(true);
  if (barriers_ && chance(2)) {
    program_.dynamicShared = 16 * threads;
    program_.text = ".extern .shared .align 16 .b8 slots[];\n" + program_.text;
    size_t at = program_.text.find(".version");  // directives of the module come first
    std::string first = program_.text.substr(0, at);
    program_.text = program_.text.substr(at);
    program_.text.insert(program_.text.find(".const"), first);
  } else if (barriers_) {
    program_.text += "  .shared .align 16 .b8 slots[" + std::to_string(16 * threads) + "];\n";
  }
  if (barriers_) program_.text += "  .shared .align 16 .b8 board[32];\n";
  program_.text += "  .local .align 16 .b8 scratch[64];\n" + body_ + "}\n";
  return program_;
}

}  // namespace

Program generate(uint64_t seed, bool apart) { return Generator(seed * 0x9e3779b97f4a7c15u + 1, apart).program(); }

}  // namespace cutrans::random
