// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs kernels by LLVM's JIT; see jit.h. What widened code calls (widened.h) is here as plain functions.
#include "tests/passes/simt/jit.h"

#include <cstring>
#include <functional>

#include <boost/context/fiber.hpp>
#include <llvm/AsmParser/Parser.h>
#include <llvm/ExecutionEngine/Orc/AbsoluteSymbols.h>
#include <llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/ThreadSafeModule.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include "compiler/ir/spmd.h"
#include "compiler/simt/passes.h"
#include "compiler/simt/widened.h"
#include "cutrans/native_kernel.h"

using namespace llvm;

namespace cutrans::test {
namespace {

struct Running {
  unsigned tid[3], ntid[3], ctaid[3], nctaid[3];
  ct_native_block *block;
  Outcome *outcome;
};
Running running;

// The parts of a block - threads or gangs - take turns on fibers; a part that meets a barrier lets the next one on. When all have
// met it or ended, the barrier opens.
struct Part {
  boost::context::fiber fiber;
  unsigned tid[3] = {};
  bool done = false;
};
boost::context::fiber *back = nullptr;  // out of the running part
uint32_t arrived, yes, openArrived, openYes;

void wait(uint32_t arriving, uint32_t votes) {
  unsigned tid[3];
  std::copy(running.tid, running.tid + 3, tid);
  arrived += arriving, yes += votes;
  auto *mine = back;
  *mine = std::move(*mine).resume();
  back = mine;
  std::copy(tid, tid + 3, running.tid);
}

void runParts(unsigned count, const std::function<void(unsigned)> &body) {
  std::vector<Part> parts(count);
  for (unsigned i = 0; i < count; ++i)
    parts[i].fiber = boost::context::fiber([&, i](boost::context::fiber &&from) {
      back = &from;
      body(i);
      parts[i].done = true;
      return std::move(from);
    });
  for (bool left = true; left;) {
    left = false;
    arrived = yes = 0;
    for (Part &part : parts) {
      if (part.done) continue;
      boost::context::fiber rest = std::move(part.fiber).resume();
      if (!part.done) part.fiber = std::move(rest), left = true;
    }
    openArrived = arrived, openYes = yes;
    if (left && openArrived) running.outcome->arrivals.push_back(openArrived);  // gangs come by without live lanes too
  }
}

template <unsigned D>
uint32_t tid() { return running.tid[D]; }
template <unsigned D>
uint32_t ntid() { return running.ntid[D]; }
template <unsigned D>
uint32_t ctaid() { return running.ctaid[D]; }
template <unsigned D>
uint32_t nctaid() { return running.nctaid[D]; }
uint32_t laneid() { return (running.tid[0] + running.ntid[0] * (running.tid[1] + running.ntid[1] * running.tid[2])) % 32; }
uint32_t warpid() { return (running.tid[0] + running.ntid[0] * (running.tid[1] + running.ntid[1] * running.tid[2])) / 32; }
void trap(uint32_t, uint32_t code) { running.outcome->traps.push_back(code); }
void sleep(uint32_t thread, uint32_t) { running.outcome->calls.push_back(thread); }
void barrier(uint32_t, uint32_t, uint32_t arriving) { wait(arriving, 0); }
uint64_t barrierReduce(uint32_t, uint32_t, uint32_t arriving, uint32_t votes) {
  wait(arriving, votes);
  return openYes | uint64_t(openArrived) << 32;
}
void threadBarrier(uint32_t, uint32_t) { wait(1, 0); }
uint32_t threadReduce(uint32_t, uint32_t, bool vote) { return wait(1, vote), openYes; }
void *localBase() { return running.block->local; }

std::unique_ptr<orc::LLJIT> makeJit() {
  static bool ready = [] { return InitializeNativeTarget() || InitializeNativeTargetAsmPrinter(); }();
  (void)ready;
  auto builder = cantFail(orc::JITTargetMachineBuilder::detectHost());
  builder.setCodeGenOptLevel(CodeGenOptLevel::Less);
  auto jit = cantFail(orc::LLJITBuilder().setJITTargetMachineBuilder(std::move(builder)).create());
  orc::SymbolMap symbols;
  auto add = [&](const char *name, auto *function) {
    symbols[jit->mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(function), JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  };
  add("cutrans.tid.x", tid<0>), add("cutrans.tid.y", tid<1>), add("cutrans.tid.z", tid<2>);
  add("cutrans.ntid.x", ntid<0>), add("cutrans.ntid.y", ntid<1>), add("cutrans.ntid.z", ntid<2>);
  add("cutrans.ctaid.x", ctaid<0>), add("cutrans.ctaid.y", ctaid<1>), add("cutrans.ctaid.z", ctaid<2>);
  add("cutrans.nctaid.x", nctaid<0>), add("cutrans.nctaid.y", nctaid<1>), add("cutrans.nctaid.z", nctaid<2>);
  add("cutrans.laneid", laneid), add("cutrans.warpid", warpid);
  add(simt::widened::Refuse, trap), add("cutrans.gang.nanosleep", sleep);
  add(simt::widened::BarrierSync, barrier), add(simt::widened::BarrierReduce, barrierReduce);
  add(simt::widened::LocalBase, localBase);
  add("cutrans.barrier.sync", threadBarrier), add("cutrans.barrier.red.popc", threadReduce);
  cantFail(jit->getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols))));
  return jit;
}

unsigned hostVectorBits() {
  static unsigned bits = sys::getHostCPUFeatures().lookup("avx512bw") ? 512 : 256;
  return bits;
}

void *compile(orc::LLJIT &jit, std::unique_ptr<Module> module, StringRef name, bool optimize) {
  module->setDataLayout(jit.getDataLayout());
  module->setTargetTriple(jit.getTargetTriple());
  if (optimize) {
    LoopAnalysisManager loops;
    FunctionAnalysisManager functions;
    CGSCCAnalysisManager graph;
    ModuleAnalysisManager modules;
    PassBuilder builder;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(graph);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, graph, modules);
    builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2).run(*module, modules);
  }
  // Contexts belong to one owner; the text is the way from one to another.
  std::string text;
  raw_string_ostream(text) << *module;
  auto context = std::make_unique<LLVMContext>();
  SMDiagnostic diagnostic;
  auto copy = parseAssemblyString(text, diagnostic, *context);
  if (!copy) {
    diagnostic.print("jit", errs());
    return nullptr;
  }
  cantFail(jit.addIRModule(orc::ThreadSafeModule(std::move(copy), std::move(context))));
  return cantFail(jit.lookup(name)).toPtr<void *>();
}

Function *kernelOf(Module &module) {
  for (Function &function : module)
    if (function.hasFnAttribute(ir::KernelAttr)) return &function;
  return nullptr;
}

template <class Body>
void forEachBlock(const Launch &launch, Body body) {
  std::copy(launch.block.begin(), launch.block.end(), running.ntid);
  std::copy(launch.grid.begin(), launch.grid.end(), running.nctaid);
  for (unsigned z = 0; z < launch.grid[2]; ++z)
    for (unsigned y = 0; y < launch.grid[1]; ++y)
      for (unsigned x = 0; x < launch.grid[0]; ++x) {
        running.ctaid[0] = x, running.ctaid[1] = y, running.ctaid[2] = z;
        body();
      }
}

}  // namespace

const char Prelude[] = R"(
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare i32 @cutrans.tid.x() #1
declare i32 @cutrans.tid.y() #1
declare i32 @cutrans.tid.z() #1
declare i32 @cutrans.ntid.x() #1
declare i32 @cutrans.ntid.y() #1
declare i32 @cutrans.ctaid.x() #1
declare i32 @cutrans.laneid() #1
declare i32 @cutrans.warpid() #1
declare {i32, i1} @cutrans.shfl.idx(i32, i32, i32, i32) #2
declare {i32, i1} @cutrans.shfl.up(i32, i32, i32, i32) #2
declare {i32, i1} @cutrans.shfl.down(i32, i32, i32, i32) #2
declare {i32, i1} @cutrans.shfl.bfly(i32, i32, i32, i32) #2
declare i32 @cutrans.activemask() #2
declare i1 @cutrans.vote.all(i32, i1) #2
declare i1 @cutrans.vote.any(i32, i1) #2
declare i1 @cutrans.vote.uni(i32, i1) #2
declare i32 @cutrans.vote.ballot(i32, i1) #2
declare i32 @cutrans.match.any.b32(i32, i32) #2
declare {i32, i1} @cutrans.match.all.b32(i32, i32) #2
declare {i32, i1} @cutrans.match.all.b64(i32, i64) #2
declare i32 @cutrans.redux.add(i32, i32) #2
declare i32 @cutrans.redux.min.s32(i32, i32) #2
declare i32 @cutrans.redux.max.u32(i32, i32) #2
declare i32 @cutrans.redux.xor(i32, i32) #2
declare {i32, i1} @cutrans.elect(i32) #2
declare void @cutrans.warp.sync(i32) #3
declare void @cutrans.barrier.sync(i32, i32) #3
declare i32 @cutrans.barrier.red.popc(i32, i32, i1) #3
declare void @cutrans.nanosleep(i32) #4
declare void @cutrans.trap() #4
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
attributes #2 = { convergent nounwind willreturn memory(inaccessiblemem: readwrite) }
attributes #3 = { convergent nounwind willreturn }
attributes #4 = { nounwind }
!0 = !{}
)";

std::unique_ptr<Module> parse(LLVMContext &context, StringRef text) {
  SMDiagnostic diagnostic;
  auto module = parseAssemblyString((Prelude + text).str(), diagnostic, context);
  if (!module) diagnostic.print("kernel", errs());
  return module;
}

Outcome runThreads(const Module &module, const Launch &launch, const void *parameters) {
  Outcome outcome;
  running.outcome = &outcome;
  auto jit = makeJit();
  auto copy = CloneModule(module);
  std::string name = kernelOf(*copy)->getName().str();
  auto *kernel = (void (*)(const void *))compile(*jit, std::move(copy), name, false);
  forEachBlock(launch, [&] {
    runParts(launch.threads(), [&](unsigned thread) {
      auto [x, y, z] = launch.block;
      running.tid[0] = thread % x, running.tid[1] = thread / x % y, running.tid[2] = thread / (x * y);
      kernel(parameters);
    });
  });
  return outcome;
}

Outcome runGangs(const Module &module, const Launch &launch, const void *parameters, unsigned width, bool optimize) {
  Outcome outcome;
  running.outcome = &outcome;
  auto copy = CloneModule(module);
  Function *kernel = kernelOf(*copy);
  simt::SimtOptions options;
  if (!launch.anyShape) options.block = launch.block;
  options.gangWidth = width;
  options.vectorBits = hostVectorBits();
  auto pass = [&](const char *name, Error error) {
    if (error) outcome.error = toString(std::move(error));
    std::string text;
    raw_string_ostream out(text);
    if (outcome.error.empty() && verifyModule(*copy, &out)) {
      copy->print(out, nullptr);
      outcome.error = std::string("invalid after ") + name + ": " + text;
    }
    return outcome.error.empty();
  };
  if (!pass("inline", simt::inlineDeviceFunctions(*kernel)) || !pass("specialize", simt::specializeLaunchShape(*kernel, options)) ||
      !pass("cleanup", simt::scalarCleanup(*kernel)) || !pass("width", simt::chooseGangWidth(*kernel, options)) ||
      !pass("linearize", simt::linearizeDivergentBranches(*kernel, options)))
    return outcome;
  auto widened = simt::widenToGang(*kernel, options);
  if (!pass("widen", widened.takeError())) return outcome;
  (*widened)->getFnAttribute(simt::widened::GangWidthAttr).getValueAsString().getAsInteger(10, outcome.width);
  unsigned local = 0;
  (*widened)->getFnAttribute(simt::widened::LocalBytesAttr).getValueAsString().getAsInteger(10, local);
  (*widened)->addFnAttr("prefer-vector-width", std::to_string(hostVectorBits()));
  (*widened)->addFnAttr("min-legal-vector-width", std::to_string(hostVectorBits()));
  auto jit = makeJit();
  std::string name = (*widened)->getName().str();
  auto *code = (void (*)(ct_native_block *, uint32_t))compile(*jit, std::move(copy), name, optimize);
  std::vector<uint8_t> memory((launch.threads() + 32) * local + 64);
  ct_native_block block{};
  block.params = parameters;
  block.local = (uint8_t *)alignTo((uintptr_t)memory.data(), 64);
  running.block = &block;
  forEachBlock(launch, [&] {
    runParts((launch.threads() + outcome.width - 1) / outcome.width, [&](unsigned gang) { code(&block, gang); });
  });
  return outcome;
}

}  // namespace cutrans::test
