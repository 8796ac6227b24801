// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How many vectors a kernel keeps at once: wide gangs only pay while they fit into the machine's registers.
#pragma once

namespace llvm {
class Function;
}

namespace cutrans::simt {

class Shapes;

// The largest count of varying values that are live together, in units of 32 bits for each lane.
unsigned vectorPressure(const llvm::Function &kernel, const Shapes &shapes);

}  // namespace cutrans::simt
