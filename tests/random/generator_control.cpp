// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/random/generator.h"

namespace cutrans::random {

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

}  // namespace cutrans::random
