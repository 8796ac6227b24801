// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whether the lanes of a gang can run in step, or must each be a gang of its own.
#pragma once

namespace llvm {
class Function;
}

namespace cutrans::simt {

class LaunchIds;

// Why lanes in step may wait for each other for ever (docs/simt.md, "Lanes on their own"), or null. Scalar code, after
// mark-waiting-loops. May rewrite loops so that they can run in step (leave_in_turn.h).
const char *whyLanesWait(llvm::Function &kernel, const LaunchIds &ids);

// The part of it that is about warp operations and barriers. Changes nothing.
const char *whyLanesMeetApart(llvm::Function &kernel, const LaunchIds &ids);

// The part of it that is about loops, for chips that run a wave of `ids.width()` threads in step and lay out its ways as they
// like: nothing is rewritten, and where one way waits, the others must do nothing that it could wait for.
const char *whyWavesWait(llvm::Function &kernel, const LaunchIds &ids);

}  // namespace cutrans::simt
