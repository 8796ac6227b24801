// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What libcutrans.so shows to the shims and the command. Everything else in it is hidden.
#pragma once
#define CUTRANS_API __attribute__((visibility("default")))
