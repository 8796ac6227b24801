// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// cutrans-simt-opt FILE.ll [--block=x,y,z] [--width=n] [--bits=n] [--waits] [--until=PASS]: runs the passes of compiler/simt on SPMD IR
// up to the named one (mark-waiting-loops with --waits) and prints the module. For tests and for people who work on the passes.
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include "compiler/simt/passes.h"
#include "compiler/simt/phases.h"

using namespace llvm;
using namespace cutrans::simt;

static cl::opt<std::string> Input(cl::Positional, cl::init("-"));
static cl::list<unsigned> Block("block", cl::CommaSeparated);
static cl::opt<unsigned> Width("width", cl::init(0));
static cl::opt<unsigned> Bits("bits", cl::init(512));
static cl::opt<bool> AnyGrid("any-grid"), Waits("waits");
static cl::opt<std::string> Until("until");

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  LLVMContext context;
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseIRFile(Input, diagnostic, context);
  if (!module) return diagnostic.print(argv[0], errs()), 1;
  Function *kernel = nullptr;
  for (Function &function : *module)
    if (function.hasFnAttribute("cutrans.kernel")) kernel = &function;
  if (!kernel) return errs() << "no kernel\n", 1;
  SimtOptions options;
  if (Block.size() == 3) options.block = {Block[0], Block[1], Block[2]};
  options.gangWidth = Width;
  options.vectorBits = Bits;
  options.anyGrid = AnyGrid;
  struct Pass {
    const char *name;
    std::function<Error()> run;
  };
  const Pass passes[] = {
      {"turn-recursion-into-loops", [&] { return turnRecursionIntoLoops(*kernel); }},
      {"inline-device-functions", [&] { return inlineDeviceFunctions(*kernel); }},
      {"lower-stack", [&] { return lowerStack(*kernel), Error::success(); }},
      {"specialize-launch-shape", [&] { return specializeLaunchShape(*kernel, options); }},
      {"scalar-cleanup", [&] { return scalarCleanup(*kernel); }},
      {"mark-waiting-loops", [&] { return Waits && markWaitingLoops(*kernel), Error::success(); }},
      {"choose-gang-width", [&] { return chooseGangWidth(*kernel, options); }},
      {"linearize-divergent-branches", [&] { return linearizeDivergentBranches(*kernel, options); }},
      {"widen-to-gang",
       [&]() -> Error {
         auto widened = widenToGang(*kernel, options);
         if (!widened) return widened.takeError();
         kernel = *widened;
         return Error::success();
       }},
  };
  for (const Pass &pass : passes) {
    if (Error error = pass.run()) {
      outs() << toString(std::move(error)) << "\n";
      return 2;
    }
    if (verifyModule(*module, &errs())) {
      errs() << "invalid after " << pass.name << "\n";
      module->print(errs(), nullptr);
      return 3;
    }
    if (Until == pass.name) break;
  }
  module->print(outs(), nullptr);
  return 0;
}
