// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/random/reference_run.h"

#ifdef CUTRANS_HAVE_REFERENCE
#include "tests/reference/reference.h"
#endif

namespace cutrans::random {

#ifdef CUTRANS_HAVE_REFERENCE
ReferenceEnd runReference(const Program &program, Memory &memory, std::string &why) {
  auto module = reference::parse(program.text, why);
  if (!module) return ReferenceEnd::Unknown;
  reference::Memory storage(*module);
  storage.add(memory.all.data(), InBytes, false);
  storage.add(memory.all.data() + Memory::ResultAt, memory.all.size() - Memory::ResultAt);
  reference::Launch launch;
  launch.grid = program.grid;
  launch.block = program.block;
  launch.dynamicShared = program.dynamicShared;
  launch.params = memory.params;
  launch.stepLimit = 20'000'000;
  reference::Result result = reference::run(*module, "entry", launch, storage);
  if (result.ok()) return ReferenceEnd::Ran;
  why = std::string(reference::name(result.end)) + ": " + result.what;
  return result.end == reference::End::Refused ? ReferenceEnd::Unknown : ReferenceEnd::Invalid;
}
#else
ReferenceEnd runReference(const Program &, Memory &, std::string &) { return ReferenceEnd::Unknown; }
#endif

}  // namespace cutrans::random
