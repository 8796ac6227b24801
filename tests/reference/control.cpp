// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Branches, calls, the stack, and what has no effect here (manual sections 9.7.12, 9.7.18, 9.7.20).
#include "tests/reference/machine.h"

namespace cutrans::reference {
namespace {

void bra(Context &c) {
  if (c.operand(0).kind != Operand::Label) refuse("label " + c.operand(0).name);
  c.frame.pc = size_t(c.operand(0).target);
}

void brxIdx(Context &c) {
  const auto &tables = c.frame.function->tables;
  auto table = tables.find(c.operand(1).name);
  if (table == tables.end()) refuse("table " + c.operand(1).name);
  uint32_t index = c.u32(0);
  if (index >= table->second.size()) undefined("index " + std::to_string(index) + " is not in the table");
  c.frame.pc = size_t(table->second[index]);
}

uint64_t variableAt(const Frame &frame, const Variable &variable) { return LocalWindow + frame.base + variable.offset; }

// Copies a value between a place of the caller and a formal parameter of the callee.
void pass(const Context &caller, const Frame &callee, const Operand &actual, const Variable &formal, bool in) {
  Thread &thread = caller.thread;
  Type type = formal.type;
  if (formal.space == Space::Register) {
    auto &slot = const_cast<Frame &>(callee).registers[size_t(formal.slot)];
    if (in) slot = type.kind == 'p' ? Bits(caller.predicate(actual)) : caller.read(actual, type);
    else caller.write(actual, type, slot);
    return;
  }
  if (!formal.bytes) return;
  uint8_t *place = thread.local.data() + (variableAt(callee, formal) - LocalWindow);
  if (actual.kind == Operand::Address && actual.variable->space == Space::Param) {
    uint64_t bytes = std::min(formal.bytes, actual.variable->bytes);
    if (!in) {
      std::memcpy(thread.local.data() + caller.addressOf(actual), place, bytes);
    } else {
      uint64_t from = caller.addressOf(actual);
      std::memcpy(place, caller.at(from >= ParamWindow ? Space::None : Space::Local, from, bytes, false, 0), bytes);
    }
    return;
  }
  if (in) {
    Bits value = caller.read(actual, type);
    std::memcpy(place, &value, std::min<uint64_t>(formal.bytes, 16));
  } else {
    Bits value = 0;
    std::memcpy(&value, place, std::min<uint64_t>(formal.bytes, 16));
    caller.write(actual, type, value);
  }
}

struct Call {
  const Operand *callee = nullptr;
  std::vector<Operand> results, arguments;
};

Call taken(const Instruction &in) {
  Call call;
  size_t i = 0;
  if (i < in.operands.size() && in.operands[i].kind == Operand::List) call.results = in.operands[i++].parts;
  if (i >= in.operands.size()) refuse("a call without a callee");
  call.callee = &in.operands[i++];
  if (i < in.operands.size() && in.operands[i].kind == Operand::List) call.arguments = in.operands[i].parts;
  return call;
}

void call(Context &c) {
  Call call = taken(c.in);
  const Function *function = call.callee->function;
  if (call.callee->kind == Operand::Register) {
    auto address = uint64_t(c.frame.registers[size_t(call.callee->slot)]);
    function = c.machine.module.functionAt(address);
    if (!function) fault("a call of no function");
    function = c.machine.module.function(function->name);
  }
  if (!function) refuse("unknown function " + call.callee->name);
  if (c.thread.frames.size() > 1000) fault("the stack of calls is too deep");
  Thread &thread = c.thread;
  Frame frame;
  frame.function = function;
  frame.registers.resize(function->slots);
  frame.before = thread.top;
  frame.base = thread.top = (thread.top + 15) / 16 * 16;
  thread.top = (thread.top + function->frameBytes + 15) / 16 * 16;
  if (thread.local.size() < thread.top) thread.local.resize(thread.top);
  std::fill(thread.local.begin() + long(frame.base), thread.local.begin() + long(thread.top), uint8_t(0));
  frame.call = &c.in;
  if (call.arguments.size() != function->params.size() || call.results.size() > function->results.size())
    refuse("arguments do not fit " + function->name);
  for (size_t i = 0; i < call.arguments.size(); ++i) pass(c, frame, call.arguments[i], *function->params[i], true);
  if (function->hasBody) {
    thread.frames.push_back(std::move(frame));
    return;
  }
  thread.frames.push_back(std::move(frame));
  Context inside{c.machine, thread, c.in, thread.frames.back()};
  callFunction(inside);
}

// Also of functions that this file does itself.
void leave(Context &c) {
  Thread &thread = c.thread;
  if (thread.frames.size() == 1) {
    thread.state = State::Exited;
    return;
  }
  Frame callee = std::move(thread.frames.back());
  thread.frames.pop_back();
  const Instruction &site = *callee.call;
  Context caller{c.machine, thread, site, thread.frames.back()};
  Call call = taken(site);
  for (size_t i = 0; i < call.results.size(); ++i) pass(caller, callee, call.results[i], *callee.function->results[i], false);
  thread.top = callee.before;
}

void leaveThread(Context &c) { c.thread.state = State::Exited; }
void trap(Context &) { throw Stop{End::Trapped, "trap"}; }
void nothing(Context &) {}
void sleep(Context &c) { c.thread.yields = true; }

void stackSave(Context &c) { c.write(c.thread.top); }
void stackRestore(Context &c) {
  auto top = uint64_t(c.read(0));
  if (top < c.frame.base || top > c.thread.top) undefined("stackrestore of what is no saved stack");
  c.thread.top = top;
}
// A pointer in local space; alignment is a power of two, 8 where none is given.
void allocateOnStack(Context &c) {
  auto bytes = uint64_t(c.read(1));
  uint64_t align = c.count() > 2 ? uint64_t(c.read(2)) : 8;
  if (bytes > 1 << 20) fault("alloca of " + std::to_string(bytes) + " bytes");
  Thread &thread = c.thread;
  uint64_t at = (thread.top + align - 1) / align * align;
  thread.top = at + bytes;
  if (thread.local.size() < thread.top) thread.local.resize(thread.top);
  c.write(at);
}

}  // namespace

// Functions of the device runtime, named in a frame without a body.
void callFunction(Context &c) {
  const Function &function = *c.frame.function;
  auto argument = [&](size_t i) {
    Bits value = 0;
    const Variable &formal = *function.params.at(i);
    if (formal.space == Space::Register) return c.frame.registers[size_t(formal.slot)];
    std::memcpy(&value, c.thread.local.data() + c.frame.base + formal.offset, formal.bytes);
    return value;
  };
  auto give = [&](Bits value) {
    const Variable &formal = *function.results.at(0);
    if (formal.space == Space::Register) c.frame.registers[size_t(formal.slot)] = value;
    else std::memcpy(c.thread.local.data() + c.frame.base + formal.offset, &value, formal.bytes);
  };
  auto text = [&](uint64_t address) {
    std::string result;
    while (char letter = char(*c.at(Space::None, address++, 1, false, 1))) result += letter;
    return result;
  };
  if (function.name == "vprintf") {
    c.machine.result.printed += text(uint64_t(argument(0)));
    give(0);
  } else if (function.name == "__assertfail") {
    throw Stop{End::Trapped, "assertion: " + text(uint64_t(argument(0)))};
  } else if (function.name == "malloc") {
    std::vector<uint8_t> store(std::max<uint64_t>(uint64_t(argument(0)), 1) + 16);
    auto address = reinterpret_cast<uint64_t>(store.data());
    if (store.size() > 8 << 20) address = 0;
    else c.machine.heap[address] = std::move(store);
    give(address);
  } else if (function.name == "free") {
    if (uint64_t address = uint64_t(argument(0)); address && !c.machine.heap.erase(address)) fault("free of no allocation");
  } else {
    refuse("function " + function.name + " has no body");
  }
  leave(c);
}

void addControl(Table &table) {
  table.alone({"bra"}, bra);
  table.alone({"brx.idx"}, brxIdx);
  table.alone({"call"}, call);
  table.alone({"ret"}, leave);
  table.alone({"exit"}, leaveThread);
  table.alone({"trap"}, trap);
  table.alone({"brkpt", "pmevent", "pmevent.mask", "setmaxnreg", "griddepcontrol"}, nothing);
  table.alone({"nanosleep"}, sleep);
  table.alone({"stacksave"}, stackSave);
  table.alone({"stackrestore"}, stackRestore);
  table.alone({"alloca"}, allocateOnStack);
}

}  // namespace cutrans::reference
