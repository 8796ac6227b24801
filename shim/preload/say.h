// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the preload library has to say, on stderr: the log (CUTRANS_LOG with category `redirect`) and one diagnostic.
// The layer's own log is not linked here, so that shells started through the library do not map a C++ runtime.
#pragma once

namespace cutrans::preload {

// The environment of the process, from its first constructor: libc does not know it yet.
void useEnvironment(char **environment);
// A setting; null where it is not set, and in programs that run with somebody else's rights.
const char *setting(const char *name);

// Whether CUTRANS_LOG asks for `redirect` at level info or finer.
bool logs();
// One line of log, if logs(); printf's format.
__attribute__((format(printf, 1, 2))) void log(const char *format, ...);
// The diagnostic `redirect_failed` with its code and way round; `format` says why.
__attribute__((format(printf, 1, 2))) void fail(const char *format, ...);

}  // namespace cutrans::preload
