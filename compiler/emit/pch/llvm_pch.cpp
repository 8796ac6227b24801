// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Empty: the target exists for its precompiled header (llvm_pch.h).
