// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hints, policies, address queries, asynchronous copies of the older kind, fences, reductions: instructions whose effect on
// results is little or none, executed all the same (manual sections 9.7.9, 9.7.13, 9.7.14).
#include <algorithm>

#include "tests/ptx/run/case.h"

namespace cutrans::test {
namespace {

constexpr int kThreads = 64;

std::string kernel(const std::string &name, const std::string &body) {
  return ".version 9.0\n.target sm_90\n.address_size 64\n.visible .entry " + name + R"((.param .u64 in, .param .u64 out)
{
  .reg .pred %p<8>; .reg .b32 %r<24>; .reg .b64 %d<16>; .reg .f32 %f<4>;
  .shared .align 16 .b8 tile[2048]; .local .align 8 .b8 mine[16];
  ld.param.u64 %d0, [in];
  ld.param.u64 %d1, [out];
  mov.u32 %r0, %tid.x;
  mad.wide.u32 %d2, %r0, 16, %d0;
  mad.wide.u32 %d3, %r0, 4, %d1;
)" + body + "\n  ret;\n}\n";
}

std::vector<int> words() { return numbers(kThreads * 4, [](int i) { return i * 2654435; }); }

// out[t] from the four words of the thread.
template <class F>
Row row(const char *name, const std::string &body, F value) {
  auto arguments = [value](Case &c) {
    const std::vector<int> in = words();
    c.input(in);
    std::vector<int> out(kThreads, 0);
    for (int t = 0; t < kThreads; ++t) out[size_t(t)] = value(t, &in[size_t(t) * 4]);
    c.output(out);
  };
  Row made{"memory", name, {1, 1, 1}, {kThreads, 1, 1}, arguments};
  made.text = kernel(name, body);
  return made;
}

}  // namespace

std::vector<Row> memoryRows() {
  auto first = [](int, const int *in) { return in[0]; };
  std::vector<Row> rows;
  rows.push_back(row("cached_loads",
                     "ldu.global.u32 %r1, [%d2];\nldu.global.v2.u32 {%r2, %r3}, [%d2+8];\n"
                     "prefetch.global.L1 [%d2];\nprefetch.global.L2 [%d2];\nprefetch.L1 [%d2];\n"
                     "prefetch.global.L2::evict_last [%d2];\nprefetch.global.L2::evict_normal [%d2];\nprefetchu.L1 [%d2];\n"
                     "xor.b32 %r1, %r1, %r2;\nxor.b32 %r1, %r1, %r3;\nst.global.u32 [%d3], %r1;",
                     [](int, const int *in) { return in[0] ^ in[2] ^ in[3]; }));
  rows.push_back(row("policies",
                     "createpolicy.fractional.L2::evict_first.b64 %d4, 1.0;\n"
                     "createpolicy.fractional.L2::evict_last.L2::evict_unchanged.b64 %d5, 0.5;\n"
                     "createpolicy.range.global.L2::evict_last.b64 %d6, [%d0], 512, 1024;\n"
                     "createpolicy.cvt.L2.b64 %d7, 0x14F0000000000000;\n"
                     "ld.global.L2::cache_hint.u32 %r1, [%d2], %d4;\nld.global.nc.L1::no_allocate.L2::cache_hint.u32 %r2, [%d2+4], %d5;\n"
                     "add.u32 %r1, %r1, %r2;\nand.b64 %d8, %d0, -128;\n"
                     "applypriority.global.L2::evict_normal [%d8], 128;\n"
                     "st.global.L2::cache_hint.u32 [%d3], %r1, %d6;",
                     [](int, const int *in) { return in[0] + in[1]; }));
  // The first 128 bytes that lie wholly in the output are given up before anything is written.
  rows.push_back(row("discarded",
                     "setp.ne.u32 %p1, %r0, 0;\nadd.u64 %d4, %d1, 127;\nand.b64 %d4, %d4, -128;\n"
                     "@!%p1 discard.global.L2 [%d4], 128;\nbar.sync 0;\nld.global.u32 %r1, [%d2];\nst.global.u32 [%d3], %r1;",
                     first));
  rows.push_back(row("windows",
                     "mov.u32 %r1, 0;\nmov.u32 %r2, tile;\ncvt.u64.u32 %d4, %r2;\ncvta.shared.u64 %d4, %d4;\n"
                     "mov.u64 %d5, mine;\ncvta.local.u64 %d5, %d5;\n"
                     "isspacep.global %p1, %d2;\n@%p1 or.b32 %r1, %r1, 1;\nisspacep.shared %p1, %d2;\n@%p1 or.b32 %r1, %r1, 2;\n"
                     "isspacep.shared %p1, %d4;\n@%p1 or.b32 %r1, %r1, 4;\nisspacep.global %p1, %d4;\n@%p1 or.b32 %r1, %r1, 8;\n"
                     "isspacep.shared::cta %p1, %d4;\n@%p1 or.b32 %r1, %r1, 16;\nisspacep.local %p1, %d5;\n@%p1 or.b32 %r1, %r1, 32;\n"
                     "isspacep.local %p1, %d4;\n@%p1 or.b32 %r1, %r1, 64;\nisspacep.shared %p1, %d5;\n@%p1 or.b32 %r1, %r1, 128;\n"
                     "st.global.u32 [%d3], %r1;",
                     [](int, const int *) { return 1 | 4 | 16 | 32; }));
  // 4, 8 and 16 bytes, with fewer bytes read than written (the rest is zero), in groups.
  rows.push_back(row("copies_in_groups",
                     "shl.b32 %r1, %r0, 5;\nmov.u32 %r2, tile;\nadd.u32 %r1, %r1, %r2;\n"
                     "cp.async.ca.shared.global [%r1], [%d2], 4;\ncp.async.ca.shared.global [%r1+8], [%d2+8], 8, 4;\n"
                     "cp.async.commit_group;\ncp.async.cg.shared.global [%r1+16], [%d2], 16;\ncp.async.commit_group;\n"
                     "cp.async.wait_group 1;\nld.shared.u32 %r3, [%r1];\nld.shared.v2.u32 {%r4, %r5}, [%r1+8];\n"
                     "cp.async.wait_group 0;\nld.shared.v4.u32 {%r6, %r7, %r8, %r9}, [%r1+16];\n"
                     "cp.async.ca.shared.global.L2::128B [%r1+12], [%d2+12], 4;\ncp.async.wait_all;\nld.shared.u32 %r10, [%r1+12];\n"
                     "add.u32 %r3, %r3, %r4;\nadd.u32 %r3, %r3, %r5;\nadd.u32 %r3, %r3, %r9;\nsub.u32 %r3, %r3, %r10;\nst.global.u32 [%d3], %r3;",
                     [](int, const int *in) { return in[0] + in[2]; }));
  rows.push_back(row("fences",
                     "ld.global.u32 %r1, [%d2];\nst.global.u32 [%d3], %r1;\n"
                     "fence.sc.cta;\nfence.sc.gpu;\nfence.acq_rel.sys;\nfence.acquire.sync_restrict::shared::cluster.cluster;\n"
                     "fence.proxy.alias;\nfence.proxy.async;\nfence.proxy.async.shared::cta;\nfence.mbarrier_init.release.cluster;\n"
                     "griddepcontrol.launch_dependents;\ngriddepcontrol.wait;\npmevent 3;\npmevent.mask 5;\nld.global.u32 %r2, [%d3];\nst.global.u32 [%d3], %r2;",
                     first));
  // A hint that only targets of one architecture have.
  rows.push_back(row("registers_given_back",
                     "setmaxnreg.dec.sync.aligned.u32 24;\nld.global.u32 %r1, [%d2];\nsetmaxnreg.inc.sync.aligned.u32 240;\nst.global.u32 [%d3], %r1;", first));
  rows.back().text.replace(rows.back().text.find("sm_90"), 5, "sm_90a");
  // A launch without clusters is one of clusters of one block.
  rows.push_back(row("own_cluster",
                     "mov.u32 %r1, tile;\nmad.lo.u32 %r1, %r0, 4, %r1;\nmapa.shared::cluster.u32 %r2, %r1, 0;\ngetctarank.shared::cluster.u32 %r3, %r2;\n"
                     "ld.global.u32 %r4, [%d2];\nst.shared::cluster.u32 [%r2], %r4;\nbarrier.cluster.arrive.release.aligned;\n"
                     "barrier.cluster.wait.acquire.aligned;\nbarrier.cluster.arrive;\nbarrier.cluster.wait;\ncvt.u64.u32 %d4, %r1;\n"
                     "cvta.shared.u64 %d4, %d4;\nmapa.u64 %d5, %d4, 0;\ngetctarank.u64 %r6, %d5;\nld.shared::cta.u32 %r5, [%r1];\n"
                     "add.u32 %r5, %r5, %r3;\nadd.u32 %r5, %r5, %r6;\nst.global.u32 [%d3], %r5;",
                     first));
  rows.back().form = CT_NATIVE_FORM_GANG;
  rows.push_back(row("reductions",
                     "ld.global.u32 %r1, [%d2];\nred.global.add.u32 [%d3], %r1;\nred.relaxed.gpu.global.xor.b32 [%d3], 5;\n"
                     "red.global.max.s32 [%d3], -7;\nred.release.sys.global.and.b32 [%d3], 0x7fffffff;",
                     [](int, const int *in) { return std::max(in[0] ^ 5, -7) & 0x7fffffff; }));
  return rows;
}

}  // namespace cutrans::test
