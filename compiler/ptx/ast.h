// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the PTX front end hands to the lowering: one linked module, its functions with flat, fully resolved bodies.
//
// Names are gone by the time a body is seen: registers are dense indices (scopes and `%r<12>` declarations handled),
// labels are instruction indices, symbols point at the variable or function that the linker chose. Nested { } scopes
// are flattened: their declarations are the body's, under their own indices. Everything in a Body lives in the body's
// arena and is immutable once published; a Module owns its functions, variables, bodies and texts, so references into
// it are good for the module's lifetime. Every string_view points into a unit's text unless it says otherwise.
#ifndef CUTRANS_PTX_AST_H
#define CUTRANS_PTX_AST_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutrans::ptx {

enum class Type : uint8_t {
  None,
#define CT_PTX_TYPE(name, spelling, bits, cls) name,
#include "types.def"
};

enum class TypeClass : uint8_t { None, Predicate, Bits, Unsigned, Signed, Float, Packed, Opaque };

enum class Opcode : uint16_t {
  None,
#define CT_PTX_INSTRUCTION(name, ...) name,
#include "instructions.def"
};

// Every dotted word of an instruction that is not a type: rounding, comparison, state space, scope, shape...
enum class Mod : uint16_t {
  None,
#define CT_PTX_MODIFIER(name, spelling, group) name,
#include "modifiers.def"
};

// Modifiers that exclude one another form a group: an instruction has at most one of a group, bar those said otherwise.
enum class ModGroup : uint8_t {
#define CT_PTX_MODIFIER_GROUP(name, limit) name,
#include "modifiers.def"
};

enum class Special : uint8_t {
  None,
#define CT_PTX_SPECIAL(name, spelling, type, components) name,
#include "special_registers.def"
};

enum class Space : uint8_t { None, Reg, Sreg, Const, Global, Local, Param, Shared, Tex };

std::string_view to_string(Type type);        // "u32"
std::string_view to_string(Opcode opcode);    // "cp.async"
std::string_view to_string(Mod mod);          // "shared::cta"
std::string_view to_string(Special special);  // "tid"
std::string_view to_string(Space space);      // "global"
unsigned bits(Type type);                     // 0 for None
TypeClass type_class(Type type);
ModGroup group(Mod mod);
Type special_type(Special special);
inline unsigned bytes(Type type) { return (bits(type) + 7) / 8; }

struct Location {
  uint32_t unit = 0;    // index in Module::units
  uint32_t line = 0;    // 1-based, in the unit's text; 0: unknown
  uint32_t column = 0;  // 1-based
};

struct Function;
struct Variable;

inline constexpr uint32_t kNoIndex = UINT32_MAX;

// ---- operands ---------------------------------------------------------------------------------------------------

enum class SymbolKind : uint8_t {
  None,
  Variable,   // module scope: SymbolRef.variable
  Function,   // SymbolRef.function
  Local,      // declared in the body: Body.variables[index]
  Param,      // formal parameter: Function.params[index]
  Result,     // formal result of a .func: Function.results[index]
};

struct SymbolRef {
  SymbolKind kind = SymbolKind::None;
  uint32_t index = 0;
  union {
    const Variable *variable = nullptr;
    const Function *function;
  };
};

enum class OperandKind : uint8_t {
  None,
  Register,   // reg (negated: !p)
  Integer,    // bits, as a 64-bit two's complement value; is_unsigned: written with U or above INT64_MAX
  Float32,    // bits: the 32 bits of a 0f constant
  Float64,    // bits: the 64 bits of a 0d or decimal constant
  Symbol,     // symbol + offset: its address (or the function)
  Address,    // [ base + offset ]: base is reg, symbol or, with neither, the absolute address in `offset`;
              // elements: what follows the first comma in [tex, sampler, {x,y}] and [map, {c0,c1}]
  Vector,     // {a, b, ..}: elements
  Pair,       // d|p: elements[0], elements[1]
  Sink,       // _
  Special,    // %tid.x: special, component
  Label,      // reg is the label's index in Body.labels
  List,       // ( a, b ) of a call: elements
  Table,      // reg is the index in Body.branch_tables (.branchtargets of brx.idx)
  CallTargets,   // reg is the index in Body.call_targets
  Prototype,     // reg is the index in Body.prototypes
};

struct Operand {
  OperandKind kind = OperandKind::None;
  bool negated = false;        // !p
  bool minus = false;          // -r, in vmad only
  bool is_unsigned = false;
  Special special = Special::None;
  uint8_t component = 0;       // Special: 0..3 for .x .y .z .w, or the number of %envreg3, %pm2
  bool base_is_register = false;  // Address
  uint32_t reg = kNoIndex;     // Register, Address: index in Body.registers; Label, Table...: see OperandKind
  int64_t offset = 0;          // Address, Symbol: bytes, sign-extended
  uint64_t bits = 0;           // Integer, Float32, Float64
  SymbolRef symbol;            // Symbol, Address
  std::string_view selector;   // video instructions: "b0", "h1", "b3210"; else empty
  std::span<const Operand> elements;  // Address, Vector, Pair, List
};

// ---- instructions -----------------------------------------------------------------------------------------------

struct Instruction {
  Opcode opcode = Opcode::None;
  bool guarded = false;
  bool guard_negated = false;   // @!p
  uint8_t vector = 1;           // 2, 4 or 8 for .v2 .v4 .v8
  Space space = Space::None;    // of the first state-space modifier; None: generic
  uint32_t guard = kNoIndex;    // predicate register
  uint32_t line_info = 0;       // index in Body.line_infos, 0: none
  Location location;
  std::span<const Mod> modifiers;   // in order of writing, without types and without those that belong to the opcode
  std::span<const Type> types;      // in order of writing: cvt.rn.f32.s32 is {F32, S32}
  // call: results (List), callee (Symbol or Register), arguments (List), and for an indirect one Prototype or CallTargets
  std::span<const Operand> operands;
  std::string_view text;            // from the guard or the opcode up to, not with, the semicolon

  bool has(Mod mod) const {
    for (Mod m : modifiers)
      if (m == mod) return true;
    return false;
  }
  // The modifier of that group, or Mod::None: find(ModGroup::Rounding) is RN in add.rn.f32.
  Mod find(ModGroup g) const {
    for (Mod m : modifiers)
      if (group(m) == g) return m;
    return Mod::None;
  }
  Type type(size_t index = 0) const { return index < types.size() ? types[index] : Type::None; }
};

// ---- variables --------------------------------------------------------------------------------------------------

enum class Linkage : uint8_t { Internal, Visible, Extern, Weak, Common };

// A variable, a formal parameter or a formal result.
struct Variable {
  std::string_view name;         // unique in the linked module for module scope; may be empty for prototypes
  Space space = Space::None;
  Type type = Type::None;
  uint8_t vector = 1;            // elements of .v2 .v4
  Linkage linkage = Linkage::Internal;
  bool managed = false;          // .attribute(.managed)
  bool is_array = false;
  bool dynamic = false;          // .extern .shared x[]: dynamic shared memory, size 0
  uint64_t align = 1;            // bytes, declared or natural
  uint64_t size = 0;             // bytes of all elements
  std::span<const uint64_t> dimensions;  // of an array; an open one has been counted, or is 0
  uint64_t offset = 0;           // Param: in the parameter buffer; Global, Const at module scope: in the image
  // .param .u64 .ptr .global .align 16 p
  bool is_pointer = false;
  Space pointer_space = Space::None;
  uint64_t pointer_align = 0;
  std::string_view initializer;  // text after '=', empty: zero. layout.cpp turns it into bytes
  Location location;
  bool in_image = false;         // module scope .global or .const with a place in the image
};

// Not so: samplers apart from their textures, and references whose initial values would have to be understood.
inline bool isUsable(const Variable &v) {
  return type_class(v.type) != TypeClass::Opaque || (v.type != Type::Samplerref && v.space == Space::Global && v.initializer.empty());
}

// ---- bodies -----------------------------------------------------------------------------------------------------

struct Register {
  Type type = Type::None;
  std::string_view name;         // in the body's arena
};

struct Label {
  std::string_view name;
  uint32_t instruction = 0;      // index of the one it stands before; instructions.size(): the end of the body
};

struct LineInfo {                // .loc
  uint32_t file = 0, line = 0, column = 0;
};

struct Prototype {               // .callprototype, and the signature of a function
  std::span<const Variable> results, params;
  bool noreturn = false;
};

struct Body {
  std::span<const Instruction> instructions;
  std::span<const Register> registers;
  std::span<const Label> labels;
  std::span<const Variable> variables;                    // .local, .shared, .param (call arguments) of all scopes
  std::span<const std::span<const uint32_t>> branch_tables;  // label indices
  std::span<const std::span<const Function *const>> call_targets;
  std::span<const Prototype> prototypes;
  std::span<const LineInfo> line_infos;                   // [0] is "none"
  std::span<const uint32_t> result_registers, param_registers;  // formals in .reg space; kNoIndex for .param ones
  // What the body names, each once: the edges that Module::program follows. Functions: those that it calls by name or
  // lists in .calltargets, not those whose address it only takes.
  std::span<const Function *const> functions;
  std::span<const Function *const> taken;                 // whose address it takes
  std::span<const Variable *const> module_variables;
};

// ---- functions --------------------------------------------------------------------------------------------------

struct Performance {
  uint32_t maxntid[3] = {0, 0, 0};    // 0: not given
  uint32_t reqntid[3] = {0, 0, 0};
  uint32_t minnctapersm = 0, maxnreg = 0;
  uint32_t reqnctapercluster[3] = {0, 0, 0};
  uint32_t maxclusterrank = 0;
  bool explicitcluster = false, blocksareclusters = false;
};

struct Function {
  std::string_view name;
  bool entry = false;
  bool noreturn = false;
  bool has_body = false;              // false: a prototype that the link left open, e.g. vprintf
  Linkage linkage = Linkage::Internal;
  std::span<const Variable> results, params;
  uint64_t params_size = 0;           // of the entry's parameter buffer
  Performance performance;
  Location location;
  uint32_t number = 0;                // in the module: its address is functionAddress(base, number)
  std::string_view body_text;         // between { and }
  Location body_location;

  // The parsed body, or null while nobody has asked (Program does) or where there is none.
  const Body *body() const { return parsed.load(std::memory_order_acquire); }
  mutable std::atomic<const Body *> parsed{nullptr};
};

// ---- a linked module --------------------------------------------------------------------------------------------

struct DebugFile {
  uint32_t number;
  std::string_view name;
};

struct Unit {
  std::string name;                   // for messages
  std::string_view text;
  uint32_t version = 0;               // 90 for 9.0
  uint32_t target = 0;                // 75 for sm_75
  std::string_view target_suffix;     // "", "a" or "f"
  uint32_t address_size = 64;
  std::vector<DebugFile> files;       // .file
};

// One kernel with all that it reaches, bodies parsed: what the code generator gets.
struct Program {
  const Function *kernel = nullptr;
  std::span<const Unit> units;
  std::vector<const Function *> functions;   // the kernel first; those without a body are the device runtime's
  std::vector<const Variable *> variables;   // module scope: .global and .const in the image, .shared
  uint64_t image_size = 0, image_align = 1;
  // What a call through a pointer may reach: functions whose address the module takes anywhere and whose signature fits
  // a prototype here. In the order of their numbers; empty where nothing calls through pointers.
  std::vector<const Function *> targets;
  uint64_t function_base = 0;                // see functionAddress
};

// The address of a function is a number that no memory has: in the part of the address space that no program can map (the
// gap below the kernel's half on 64-bit machines), so reading through it faults. It is the same in all kernels of a
// module, and modules differ, so that a pointer from another module is found out and never calls the wrong function.
// Multiples of 16: C++ keeps flags in the low bits of member pointers.
inline constexpr uint64_t kFunctionSpace = 0xFFFF'8000'0000'0000;
constexpr uint64_t functionBase(uint64_t module_hash) { return kFunctionSpace | (module_hash & 0x7FFFF) << 24; }
constexpr uint64_t functionAddress(uint64_t base, uint32_t number) { return base + 16 * (uint64_t{number} + 1); }
inline constexpr uint32_t kMostFunctions = (1u << 20) - 2;

// Whether a call with this prototype may reach that function: as many results and parameters, each of the same size.
bool fits(const Prototype &prototype, const Function &function);

}  // namespace cutrans::ptx
#endif
