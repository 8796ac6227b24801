// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/ptx/declarations.h"

#include <bit>

#include "compiler/ptx/tables.h"
#include "cutrans/texture.h"

namespace cutrans::ptx {
namespace {

uint64_t takeCount(Lexer &lexer, const char *what, uint64_t most) {
  size_t offset = lexer.peek().offset;
  Constant value = takeNumber(lexer);
  if (value.kind != Constant::Kind::Integer)
    lexer.fail(Diag::ptx_number, offset, std::string(what) + " is no integer");
  if (value.bits > most)
    lexer.fail(Diag::ptx_limit, offset, std::string(what) + " is above " + std::to_string(most));
  return value.bits;
}

uint64_t takeAlign(Lexer &lexer) {
  size_t offset = lexer.peek().offset;
  uint64_t align = takeCount(lexer, "an alignment", kMaxAlign);
  if (!std::has_single_bit(align)) lexer.fail(Diag::ptx_variable, offset, "an alignment is no power of two");
  return align;
}

Space spaceWord(std::string_view word) {
  bool known;
  return spaceOf(findMod(word, bit(ModGroup::Space), known));
}

// .attribute(.managed), .attribute(.unified(1, 2))
void takeAttribute(Lexer &lexer, Variable *variable) {
  lexer.expect('(', "after .attribute");
  unsigned depth = 1;
  while (depth) {
    Token token = lexer.take();
    if (token.kind == TokenKind::End) lexer.fail(Diag::ptx_truncated, "an attribute is never closed");
    if (token.is('(')) ++depth;
    if (token.is(')')) --depth;
    if (token.isDotted("managed") && variable) variable->managed = true;
    else if (token.kind == TokenKind::Dotted && !token.isDotted("unified"))
      lexer.fail(Diag::ptx_syntax, token.offset, "unknown attribute " + describe(token));
  }
}

// .ptr {.space} {.align N} of a kernel's parameter.
void takePointerWords(Lexer &lexer, Variable &v) {
  v.is_pointer = true;
  if (lexer.peek().kind == TokenKind::Dotted && spaceWord(lexer.peek().word()) != Space::None)
    v.pointer_space = spaceWord(lexer.take().word());
  if (lexer.peek().isDotted("align")) {
    lexer.take();
    v.pointer_align = takeAlign(lexer);
  }
}

// The words between the space and the name.
Variable takeType(DeclarationContext &context, Space space) {
  Lexer &lexer = context.lexer;
  Variable v;
  v.space = space;
  v.align = 0;
  while (lexer.peek().kind == TokenKind::Dotted) {
    Token token = lexer.take();
    std::string_view word = token.word();
    if (word == "align") {
      v.align = takeAlign(lexer);
    } else if (word == "attribute") {
      takeAttribute(lexer, &v);
    } else if (word == "v2" || word == "v4" || word == "v8") {
      v.vector = static_cast<uint8_t>(word[1] - '0');
    } else if (word == "ptr") {
      takePointerWords(lexer, v);
    } else if (Type type = findType(word); type != Type::None && v.type == Type::None) {
      v.type = type;
    } else {
      lexer.fail(Diag::ptx_syntax, token.offset, "`." + excerpt(word) + "` does not belong into a declaration");
    }
  }
  if (v.type == Type::None)
    lexer.fail(lexer.peek().kind == TokenKind::End ? Diag::ptx_truncated : Diag::ptx_type,
               "a declaration without a type");
  bool reg = space == Space::Reg;
  if (bits(v.type) < 8 && !(reg && v.type == Type::Pred))
    lexer.fail(Diag::ptx_type, "a variable cannot have type ." + std::string(to_string(v.type)));
  return v;
}

uint64_t checkedSize(const DeclarationContext &context, uint64_t a, uint64_t b, size_t offset) {
  uint64_t product;
  if (__builtin_mul_overflow(a, b, &product) || product > kMaxVariableBytes)
    context.lexer.fail(Diag::ptx_limit, offset, "a variable is larger than 2^36 bytes");
  return product;
}

// How many elements the outermost { } of an initializer has: the size of an open dimension. Nothing is taken.
uint64_t countElements(const Lexer &outer) {
  Lexer lexer = outer;
  if (!lexer.accept('{')) return 1;
  uint64_t commas = 0;
  unsigned depth = 1;
  bool any = false;
  while (depth) {
    Token token = lexer.take();
    if (token.kind == TokenKind::End) lexer.fail(Diag::ptx_truncated, "an initial value is never closed");
    if (token.is('{') || token.is('(')) ++depth;
    if (token.is('}') || token.is(')')) --depth;
    if (depth == 1 && token.is(',')) ++commas;
    if (depth) any = true;
  }
  return any ? commas + 1 : 0;
}

// Skips an initial value and returns its text; layout.cpp reads it.
std::string_view skipInitializer(Lexer &lexer) {
  size_t begin = lexer.peek().offset;
  if (lexer.peek().is('{')) {
    size_t close = findClosingBrace(lexer.text(), begin + 1, lexer.end());
    if (close == std::string_view::npos) lexer.fail(Diag::ptx_truncated, "an initial value is never closed");
    lexer.jump(close + 1);
    return lexer.text().substr(begin, close + 1 - begin);
  }
  unsigned depth = 0;
  while (depth || !(lexer.peek().is(',') || lexer.peek().is(';'))) {
    Token token = lexer.peek();
    if (token.kind == TokenKind::End) lexer.fail(Diag::ptx_truncated, "an initial value is never closed");
    if (token.is('{') || token.is('}') || token.kind == TokenKind::Dotted) {
      if (!depth) lexer.fail(Diag::ptx_syntax, "expected `;` after an initial value, found " + describe(token));
    }
    lexer.take();
    if (token.is('(')) ++depth;
    if (token.is(')') && depth) --depth;
  }
  return lexer.text().substr(begin, lexer.lastEnd() - begin);
}

// name<12>, name[3][4], name = value
Declared takeDeclarator(DeclarationContext &context, const Variable &type, bool formal) {
  Lexer &lexer = context.lexer;
  Token name = lexer.identifier("a name");
  Declared declared{type, 0, name.offset};
  Variable &v = declared.variable;
  v.name = name.text;
  v.location = context.locate(name.offset);
  if (v.space == Space::Reg && lexer.accept('<')) {
    declared.range = takeCount(lexer, "a count of registers", UINT32_MAX);
    if (!declared.range) lexer.fail(Diag::ptx_variable, name.offset, "a family of no registers");
    lexer.expect('>', "after a count of registers");
  }
  uint64_t element = uint64_t{bytes(v.type)} * v.vector;
  uint64_t count = 1;
  bool open = false, first = true;
  std::vector<uint64_t> dimensions;
  while (lexer.accept('[')) {
    v.is_array = true;
    if (lexer.peek().is(']')) {
      if (!first) lexer.fail(Diag::ptx_variable, "only the first dimension may be open");
      open = true;
      dimensions.push_back(0);
    } else {
      size_t offset = lexer.peek().offset;
      uint64_t dimension = takeCount(lexer, "a dimension", kMaxVariableBytes);
      count = checkedSize(context, count, dimension, offset);
      dimensions.push_back(dimension);
    }
    lexer.expect(']', "after a dimension");
    first = false;
  }
  if (!formal && lexer.accept('=')) {
    if (v.space != Space::Global && v.space != Space::Const)
      lexer.fail(Diag::ptx_initializer, name.offset, "only .global and .const variables have an initial value");
    if (open) {
      dimensions[0] = countElements(lexer);
      count = checkedSize(context, count, dimensions[0], name.offset);
    }
    open = false;
    v.initializer = skipInitializer(lexer);
    if (v.initializer.empty()) lexer.fail(Diag::ptx_initializer, "an initial value is empty");
  }
  if (open) count = 0;
  if (dimensions.size() > kMaxNesting) lexer.fail(Diag::ptx_limit, name.offset, "an array has too many dimensions");
  v.dimensions = keep(context.arena, dimensions);
  // A texture or surface reference is the record that its instructions read: its address is the handle (cutrans/texture.h).
  const bool is_reference = type_class(v.type) == TypeClass::Opaque && v.space == Space::Global;
  if (is_reference) element = sizeof(ct_texture);
  v.size = checkedSize(context, count, element, name.offset);
  uint64_t natural = is_reference ? CT_TEXTURE_ALIGN : std::bit_ceil(element);
  if (!v.align) v.align = natural;
  return declared;
}

}  // namespace

std::vector<Declared> takeVariables(DeclarationContext &context, Space space, Linkage linkage) {
  Lexer &lexer = context.lexer;
  Variable type = takeType(context, space);
  type.linkage = linkage;
  std::vector<Declared> all;
  do {
    Declared declared = takeDeclarator(context, type, false);
    Variable &v = declared.variable;
    if (v.is_array && !v.size && space != Space::Reg && space != Space::Param) {
      if (linkage != Linkage::Extern)
        lexer.fail(Diag::ptx_variable, declared.offset, "`" + excerpt(v.name) + "` has no size");
      v.dynamic = space == Space::Shared;
    }
    all.push_back(declared);
  } while (lexer.accept(','));
  lexer.expect(';', "after a declaration");
  return all;
}

std::span<const Variable> takeFormals(DeclarationContext &context, bool entry) {
  Lexer &lexer = context.lexer;
  lexer.expect('(', "before parameters");
  std::vector<Variable> formals;
  if (!lexer.accept(')')) {
    do {
      Token token = lexer.take();
      Space space = token.isDotted("param") ? Space::Param : token.isDotted("reg") ? Space::Reg : Space::None;
      if (space == Space::None || (entry && space == Space::Reg))
        lexer.fail(token.kind == TokenKind::End ? Diag::ptx_truncated : Diag::ptx_syntax, token.offset,
                   "expected a parameter, found " + describe(token));
      Variable type = takeType(context, space);
      Declared declared = takeDeclarator(context, type, true);
      if (declared.range) lexer.fail(Diag::ptx_variable, declared.offset, "a parameter cannot be a family of registers");
      if (entry && type.vector > 1) lexer.fail(Diag::ptx_variable, declared.offset, "a parameter of a kernel cannot be a vector");
      formals.push_back(declared.variable);
    } while (lexer.accept(','));
    lexer.expect(')', "after parameters");
  }
  if (layOutFormals(formals) > kMaxParamBytes && entry)
    lexer.fail(Diag::ptx_limit, "a kernel has more than " + std::to_string(kMaxParamBytes) + " bytes of parameters");
  return keep(context.arena, formals);
}

uint64_t layOutFormals(std::span<Variable> formals) {
  uint64_t end = 0;
  for (Variable &v : formals) {
    if (v.space == Space::Reg) continue;
    v.offset = (end + v.align - 1) & ~(v.align - 1);
    end = v.offset + v.size;
  }
  return end;
}

void takeFunctionDirectives(DeclarationContext &context, Function &function) {
  Lexer &lexer = context.lexer;
  Performance &p = function.performance;
  auto count = [&](const char *what) { return static_cast<uint32_t>(takeCount(lexer, what, UINT32_MAX)); };
  auto triple = [&](uint32_t (&out)[3], const char *what) {
    out[0] = count(what);
    out[1] = lexer.accept(',') ? count(what) : 1;
    out[2] = lexer.accept(',') ? count(what) : 1;
  };
  while (lexer.peek().kind == TokenKind::Dotted) {
    Token token = lexer.take();
    std::string_view word = token.word();
    if (word == "maxntid") {
      triple(p.maxntid, "a block shape");
    } else if (word == "reqntid") {
      triple(p.reqntid, "a block shape");
    } else if (word == "reqnctapercluster") {
      triple(p.reqnctapercluster, "a cluster shape");
    } else if (word == "minnctapersm" || word == "maxnctapersm") {
      p.minnctapersm = count("a count of blocks");
    } else if (word == "maxnreg") {
      p.maxnreg = count("a count of registers");
    } else if (word == "maxclusterrank") {
      p.maxclusterrank = count("a cluster rank");
    } else if (word == "explicitcluster") {
      p.explicitcluster = true;
    } else if (word == "blocksareclusters") {
      p.blocksareclusters = true;
    } else if (word == "noreturn") {
      function.noreturn = true;
    } else if (word == "pragma") {
      do {
        if (lexer.take().kind != TokenKind::String) lexer.fail(Diag::ptx_syntax, "a pragma is no string");
      } while (lexer.accept(','));
      lexer.accept(';');
    } else if (word == "attribute") {
      takeAttribute(lexer, nullptr);
    } else if (word == "abi_preserve" || word == "abi_preserve_control") {
      count("a count of registers");
    } else {
      lexer.fail(Diag::ptx_unknown_instruction, token.offset, "unknown directive `." + excerpt(word) + "`");
    }
  }
  if (p.maxntid[0] && p.reqntid[0]) lexer.fail(Diag::ptx_syntax, "a function has .maxntid and .reqntid");
}

}  // namespace cutrans::ptx
