// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <utility>

#include "tests/random/generator.h"

namespace cutrans::random {

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

// Each thread waits for the one before it, in the order of ids or against it, and answers.
void Generator::chain() {
  bool up = chance(2);
  std::string spin = newLabel(), go = newLabel(), over = newLabel(), d = dest();
  line("mov.u32 %%x0, 0; st.volatile.shared.b32 [%%slot], %%x0; bar.sync 0;");
  line("mov.u32 %%x1, %u; %s", pick(1000), up ? "setp.eq.u32 %xp, %me, 0;" : "add.u32 %x0, %me, 1; setp.eq.u32 %xp, %x0, %threads;");
  line("@%%xp bra %s;", go.c_str());
  label(spin);
  if (chance(2)) line("membar.cta;");
  line("ld.volatile.shared.b32 %%x1, [%%slot+%d]; setp.eq.u32 %%xp, %%x1, 0;", up ? -16 : 16);
  line("@%%xp bra %s;", spin.c_str());
  if (chance(2)) instructions(1 + pick(2));
  label(go);
  if (chance(2)) {
    line("@!%s bra %s;", condition(false).c_str(), over.c_str());
    instructions(1 + pick(3));
    label(over);
  }
  // The scratch registers are the instructions' own: the word is read again.
  if (up) line("setp.ne.u32 %%xp, %%me, 0; mov.u32 %%x1, 1; @%%xp ld.volatile.shared.b32 %%x1, [%%slot+-16];");
  else line("add.u32 %%x0, %%me, 1; setp.ne.u32 %%xp, %%x0, %%threads; mov.u32 %%x1, 1; @%%xp ld.volatile.shared.b32 %%x1, [%%slot+16];");
  line("mad.lo.u32 %%x1, %%x1, %u, %s; or.b32 %%x1, %%x1, 1; membar.cta; st.volatile.shared.b32 [%%slot], %%x1; mov.b32 %s, %%x1;", 3 + 2 * pick(9), reg().c_str(), d.c_str());
  if (warp_ && chance(2)) warp();
  line("bar.sync 0;");
}

// One after the other adds to a word that is no atomic.
void Generator::lock() {
  std::string spin = newLabel(), over = newLabel(), d = dest();
  line("mov.u32 %%x0, 0; setp.eq.u32 %%xp, %%me, 0; mov.u32 %%x1, board; @%%xp st.shared.v2.b32 [%%x1], {%%x0, %%x0}; bar.sync 0;");
  bool some = chance(2);
  if (some) line("@!%s bra %s;", condition(false).c_str(), over.c_str());
  line("mov.u32 %%x1, board;");
  label(spin);
  line("atom.shared.cas.b32 %%x0, [%%x1], 0, 1; setp.ne.u32 %%xp, %%x0, 0;");
  line("@%%xp bra %s;", spin.c_str());
  line("membar.cta; ld.volatile.shared.b32 %%x0, [%%x1+4]; add.u32 %%x0, %%x0, %s; st.volatile.shared.b32 [%%x1+4], %%x0; membar.cta;", reg().c_str());
  line("%s", oneOf("atom.shared.exch.b32 %x0, [%x1], 0;", "mov.u32 %x0, 0; st.volatile.shared.b32 [%x1], %x0;"));
  if (some) label(over);
  line("bar.sync 0; mov.u32 %%x1, board; ld.shared.b32 %s, [%%x1+4]; bar.sync 0;", d.c_str());
}

// Each thread publishes a word, sums those of every 32nd thread before it back to one that has its whole sum, and publishes that.
void Generator::lookBack() {
  std::string next = newLabel(), spin = newLabel(), publish = newLabel(), at = temp('r'), sum = temp('r'), p = temp('p');
  line("mov.u32 %%x0, 0; st.volatile.shared.b32 [%%slot], %%x0; bar.sync 0;");
  line("and.b32 %s, %s, 0xff; setp.lt.u32 %s, %%me, 32;", sum.c_str(), reg().c_str(), p.c_str());
  line("@%s bra %s;", p.c_str(), publish.c_str());
  if (chance(2)) line("or.b32 %%x0, %s, 0x40000000; st.volatile.shared.b32 [%%slot], %%x0;", sum.c_str());
  line("add.u32 %s, %%slot, -512;", at.c_str());
  label(next);
  label(spin);
  if (chance(2)) line("membar.cta;");
  line("ld.volatile.shared.b32 %%x0, [%s]; setp.eq.u32 %s, %%x0, 0;", at.c_str(), p.c_str());
  line("@%s bra %s;", p.c_str(), spin.c_str());
  line("and.b32 %%x1, %%x0, 0xffffff; add.u32 %s, %s, %%x1; setp.lt.s32 %s, %%x0, 0;", sum.c_str(), sum.c_str(), p.c_str());
  line("@%s bra %s;", p.c_str(), publish.c_str());
  line("add.u32 %s, %s, -512;", at.c_str(), at.c_str());
  line("bra.uni %s;", next.c_str());
  label(publish);
  line("or.b32 %%x0, %s, 0x80000000; membar.cta; st.volatile.shared.b32 [%%slot], %%x0;", sum.c_str());
  if (chance(2)) line("bar.sync 0;");
  line("mov.b32 %s, %s; bar.sync 0;", dest().c_str(), sum.c_str());
}

// Statements that all threads of the block come to; inside no lane may jump out of it.
void Generator::together(unsigned depth) {
  std::vector<std::string> outer = std::move(leave_);
  leave_.clear();
  for (unsigned count = 2 + pick(4); count-- && budget_;) {
    --budget_;
    switch (pick(14)) {
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
      case 8: if (!exits_ && waits_) switch (pick(3)) {
          case 0: chain(); break;
          case 1: lock(); break;
          default: lookBack();
        }
        break;
      default: statement(depth);
    }
  }
  leave_ = std::move(outer);
}

}  // namespace cutrans::random
