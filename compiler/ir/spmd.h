// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names and numbers of the SPMD IR that are not intrinsics (docs/spmd-ir.md): address spaces, attributes, metadata.
// One place, because the front end writes them, the verifier checks them and every backend reads them.
#pragma once

namespace cutrans::ir {

namespace space {
inline constexpr unsigned Generic = 0, Global = 1, Shared = 3, Const = 4, Local = 5, Param = 101;
}

inline constexpr char DataLayoutText[] = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64";
inline constexpr char TripleFlag[] = "cutrans.spmd";  // module flag; its value is the version of the IR
inline constexpr unsigned Version = 1;

// Function attributes (strings) of a kernel.
inline constexpr char KernelAttr[] = "cutrans.kernel";
inline constexpr char ParamsSizeAttr[] = "cutrans.params-size";  // bytes
inline constexpr char MaxntidAttr[] = "cutrans.maxntid";         // "x,y,z"; absent: no bound
inline constexpr char ReqntidAttr[] = "cutrans.reqntid";         // "x,y,z"; absent: any shape

// !cutrans.offset on a global in spaces 1 and 4: i64, its place in the module's image.
inline constexpr char OffsetMetadata[] = "cutrans.offset";
// !cutrans.line on an instruction: i32, the line of the PTX text it comes from.
inline constexpr char LineMetadata[] = "cutrans.line";

// Sync scopes of atomics and fences, as names; the system scope is LLVM's own "".
inline constexpr char ScopeBlock[] = "block", ScopeCluster[] = "cluster", ScopeDevice[] = "device";

}  // namespace cutrans::ir
