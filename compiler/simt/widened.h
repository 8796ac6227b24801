// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What widened code calls: the agreement between widen-to-gang, which writes `void @kernel(ptr %block, i32 %gang)`,
// and the passes after it (split-phases, make-gangs-resumable, lower-native, expand-math). docs/simt.md, section 4.
//
//  - A pure intrinsic on vectors: its name and ".v<lanes>", every operand and result a vector of that many lanes.
//  - A uniform one, and ids that only the block knows (ctaid, nctaid, ntid, smid, clock...): the scalar intrinsic.
//  - Barriers: the calls below, one per gang. `arriving` counts the live lanes that arrive, `votes` those of them whose predicate
//    holds. They are executed by every gang that gets there, also when arriving is 0.
//  - Device runtime, trap: scalar, once for each live lane, with the linear thread id in front of the intrinsic's own
//    arguments: `cutrans.gang.<name>(i32 thread, ...)`.
//  - Textures and surfaces: TexturePrefix + "tex.sample.v<lanes>" and its kin, (i32 form, i32 mask of live lanes, i32 thread of lane 0,
//    then the intrinsic's other arguments as vectors), once for the gang, also when the mask is empty.
//  - Memory: any address space (lower-native drops them all: shared addresses are zero-extended, the rest are one).
//  - Variables: uses of the module's globals, as in the scalar IR. Locals: no alloca, see LocalBase.
#pragma once

namespace cutrans::simt::widened {

inline constexpr char BarrierSync[] = "cutrans.gang.barrier.sync";      // void(i32 id, i32 expected, i32 arriving)
inline constexpr char BarrierArrive[] = "cutrans.gang.barrier.arrive";  // void(i32 id, i32 expected, i32 arriving)
// {i32 true votes, i32 threads that took part}(i32 id, i32 expected, i32 arriving, i32 votes)
inline constexpr char BarrierReduce[] = "cutrans.gang.barrier.reduce";
// void(): the gang lets others run. Stands on back edges of loops that may wait for another gang or block; put there
// in the scalar IR by mark-waiting-loops (effects: memory), kept as one scalar call per gang by widen-to-gang.
inline constexpr char Yield[] = "cutrans.gang.yield";
// Operand bundle of a yield in a loop that only reads shared memory: i32, which turn this is, from 1 on.
inline constexpr char TurnBundle[] = "cutrans.turn";
// void(i32 arriving): as for barriers; by every gang that gets there, also when no lane arrives.
inline constexpr char ClusterArrive[] = "cutrans.gang.cluster.arrive";
inline constexpr char ClusterWait[] = "cutrans.gang.cluster.wait";
// void(ptr): of a ct_native_exchange, by gangs of less than a warp.
inline constexpr char WarpExchange[] = "cutrans.gang.warp.exchange";
// ptr(): block->local, the local memory of thread 0. Thread t's is at t * local bytes (the attribute below).
inline constexpr char LocalBase[] = "cutrans.local.base";
// void(i32 thread, i32 code): ends; a refusal found at run time, code is a row of diagnostics.def (0: trap).
inline constexpr char Refuse[] = "cutrans.gang.trap";

inline constexpr char TexturePrefix[] = "cutrans.gang.texture.";

// Function attributes (strings) that widen-to-gang leaves on the kernel.
inline constexpr char GangWidthAttr[] = "cutrans.gang-width";    // lanes
inline constexpr char LocalBytesAttr[] = "cutrans.local-bytes";  // per thread, a multiple of 16; absent: 0
inline constexpr char BlockShapeAttr[] = "cutrans.block-shape";  // "x,y,z"; absent: any shape
// On the scalar kernel, by mark-waiting-loops: the kernel needs resumable gangs. Value: the reason, for people.
inline constexpr char ResumableAttr[] = "cutrans.resumable";

// On the scalar kernel, by mark-waiting-loops: it uses the shared memory or the barrier of its cluster, whose blocks
// take turns.
inline constexpr char ClusterAttr[] = "cutrans.uses-cluster";

// On the scalar kernel, by choose-gang-width: each lane is a gang, for this reason.
inline constexpr char LanesAloneAttr[] = "cutrans.lanes-alone";

// !cutrans.block.uniform (empty node) on an instruction: the same value in all gangs of the block.
inline constexpr char BlockUniformMetadata[] = "cutrans.block.uniform";

}  // namespace cutrans::simt::widened
