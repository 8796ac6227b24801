// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The image of a module's .global and .const variables: where each lies, its first bytes, and the pointers in them
// (manual sections 5.4.4, 5.4.5). Variables with initial values come first, so that what must be kept is short.
#include <algorithm>
#include <cstring>
#include <bit>
#include <functional>

#include "compiler/ptx/declarations.h"
#include "compiler/ptx/module.h"

namespace cutrans::ptx {
namespace {

constexpr uint64_t kMaxInitialBytes = uint64_t{1} << 30;
constexpr uint64_t kMaxImageBytes = uint64_t{1} << 40;

class Initializer {
 public:
  Initializer(const Unit &unit, const Variable &variable, const std::function<SymbolRef(std::string_view)> &resolve,
              Image &image, std::vector<const Function *> &functions, const Module &module)
      : variable_(variable),
        resolve_(resolve),
        image_(image),
        functions_(functions),
        module_(module),
        lexer_(unit.text, static_cast<size_t>(variable.initializer.data() - unit.text.data()),
               static_cast<size_t>(variable.initializer.data() - unit.text.data()) + variable.initializer.size()) {}

  void run() {
    takeLevel(0, variable_.offset, variable_.size);
    if (lexer_.peek().kind != TokenKind::End) lexer_.fail(Diag::ptx_initializer, "more than one value");
    if (part_.next) lexer_.fail(Diag::ptx_refused_address_parts, "a part of an address is missing");
  }

 private:
  // The dimensions of the array, then the elements of a vector, then one value.
  uint64_t extent(size_t level) const {
    if (level < variable_.dimensions.size()) return variable_.dimensions[level];
    return level == variable_.dimensions.size() && variable_.vector > 1 ? variable_.vector : 0;
  }

  void takeLevel(size_t level, uint64_t offset, uint64_t size) {
    uint64_t count = extent(level);
    if (!count) return takeValue(offset);
    lexer_.expect('{', "before the values of an array");
    uint64_t stride = size / count, given = 0;
    if (!lexer_.accept('}')) {
      do {
        if (given == count) lexer_.fail(Diag::ptx_initializer, "more values than elements");
        takeLevel(level + 1, offset + stride * given++, stride);
      } while (lexer_.accept(','));
      lexer_.expect('}', "after the values of an array");
    }
  }

  void write(uint64_t offset, uint64_t value, unsigned count) {
    uint64_t end = offset + count;
    if (image_.initial.size() < end) {
      if (end > kMaxInitialBytes) lexer_.fail(Diag::link_too_large, "initial values of more than 1 GiB");
      image_.initial.resize(end);
    }
    std::memcpy(image_.initial.data() + offset, &value, count);  // little endian, like the device
  }

  void takeValue(uint64_t offset) {
    const Token &token = lexer_.peek();
    if (token.kind == TokenKind::Identifier && !token.isWord("WARP_SZ")) return takeAddress(offset, ~uint64_t{0});
    size_t at = token.offset;
    Constant value = takeConstant(lexer_);
    if (lexer_.peek().is('(')) {  // 0xFF00(symbol)
      lexer_.take();
      takeAddress(offset, value.bits);
      return lexer_.expect(')', "after an address");
    }
    endParts(at);
    writeConstant(offset, value, at);
  }

  void writeConstant(uint64_t offset, Constant value, size_t at) {
    Type type = variable_.type;
    unsigned count = bytes(type);
    if (count == 16 && value.kind == Constant::Kind::Integer) {
      write(offset, value.bits, 8);
      return write(offset + 8, !value.is_unsigned && value.bits >> 63 ? ~uint64_t{0} : 0, 8);
    }
    if (count > 8) lexer_.fail(Diag::ptx_initializer, at, "a variable of this type has no initial value");
    bool is_float = type_class(type) == TypeClass::Float;
    if (is_float && value.kind == Constant::Kind::Integer)
      lexer_.fail(Diag::ptx_initializer, at, "an integer for a floating-point variable");
    if (value.kind != Constant::Kind::Integer) {
      if (!(type == Type::F32 || type == Type::F64 || type == Type::B32 || type == Type::B64))
        lexer_.fail(Diag::ptx_initializer, at, "a floating-point number for a variable of another type");
      if (count == 4 && value.kind == Constant::Kind::Float64)
        value.bits = std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(value.bits)));
      else if (count == 8 && value.kind == Constant::Kind::Float32)
        value.bits = std::bit_cast<uint64_t>(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(value.bits))));
    }
    write(offset, value.bits, count);
  }

  // symbol, symbol + 8, generic(symbol) + 8; `mask` chooses a byte of it.
  void takeAddress(uint64_t offset, uint64_t mask) {
    Token name = lexer_.identifier("a symbol");
    bool generic = name.text == "generic" && lexer_.peek().is('(');
    if (generic) {
      lexer_.take();
      name = lexer_.identifier("a symbol");
      lexer_.expect(')', "after a symbol");
    }
    int64_t addend = 0;
    if (lexer_.accept('+')) {
      Constant constant = takeConstant(lexer_);
      if (constant.kind != Constant::Kind::Integer)
        lexer_.fail(Diag::ptx_initializer, name.offset, "an offset is no integer");
      addend = static_cast<int64_t>(constant.bits);
    }
    SymbolRef symbol = resolve_(name.text);
    if (symbol.kind == SymbolKind::None)
      lexer_.fail(Diag::ptx_undeclared, name.offset, "nothing declares " + describe(name));
    if (symbol.kind == SymbolKind::Function) {
      const Function &f = *symbol.function;
      if (!f.has_body)
        lexer_.fail(Diag::link_missing, name.offset, "the address of `" + excerpt(f.name) + "`, which is defined nowhere");
      if (generic || addend) lexer_.fail(Diag::ptx_initializer, name.offset, "the address of a function stands alone");
      functions_.push_back(&f);
      return putFunction(offset, functionAddress(module_.functionBase(), f.number), mask, name.offset);
    }
    const Variable &v = *symbol.variable;
    if (!v.in_image)
      lexer_.fail(v.linkage == Linkage::Extern ? Diag::link_missing : Diag::ptx_initializer, name.offset,
                  "the address of `" + excerpt(v.name) + "`, which is " +
                      (v.linkage == Linkage::Extern ? "defined nowhere" : "no .global or .const variable"));
    uint64_t address = v.offset + static_cast<uint64_t>(addend);
    unsigned count = bytes(variable_.type);
    if (mask != ~uint64_t{0}) return takePart(offset, address, mask, name.offset);
    endParts(name.offset);
    if (count != 4 && count != 8) lexer_.fail(Diag::ptx_initializer, name.offset, "an address does not fit the variable");
    write(offset, address, count);
    image_.relocations.push_back({offset, count});
  }

  // A number like any other, so that its bytes may stand anywhere.
  void putFunction(uint64_t offset, uint64_t address, uint64_t mask, size_t at) {
    endParts(at);
    unsigned count = bytes(variable_.type);
    if (mask == ~uint64_t{0}) {
      if (count != 8) lexer_.fail(Diag::ptx_initializer, at, "the address of a function does not fit the variable");
      return write(offset, address, 8);
    }
    int shift = std::countr_zero(mask);
    if (mask != uint64_t{0xFF} << (shift & 56) || count != 1)
      lexer_.fail(Diag::ptx_initializer, at, "the mask of an address is not one byte of it");
    write(offset, address >> shift, 1);
  }

  // Bytes of packed structures: 0xFF(s), 0xFF00(s), ... eight in a row make one address.
  void takePart(uint64_t offset, uint64_t address, uint64_t mask, size_t at) {
    if (bytes(variable_.type) != 1) lexer_.fail(Diag::ptx_initializer, at, "a mask in a variable that is not of bytes");
    if (mask != uint64_t{0xFF} << (8 * part_.next) || (part_.next && (address != part_.address || offset != part_.start + part_.next)))
      lexer_.fail(Diag::ptx_refused_address_parts, at, "parts of an address out of order");
    if (!part_.next) part_ = {offset, address, 0};
    if (++part_.next < 8) return;
    write(part_.start, address, 8);
    image_.relocations.push_back({part_.start, 8});
    part_ = {};
  }
  void endParts(size_t at) {
    if (part_.next) lexer_.fail(Diag::ptx_refused_address_parts, at, "a part of an address is missing");
  }

  struct Parts {
    uint64_t start = 0, address = 0;
    unsigned next = 0;
  };

  const Variable &variable_;
  const std::function<SymbolRef(std::string_view)> &resolve_;
  Image &image_;
  std::vector<const Function *> &functions_;
  const Module &module_;
  Lexer lexer_;
  Parts part_;
};

}  // namespace

bool Module::layOut(Problems &problems) {
  std::vector<Variable *> order;
  for (bool initialized : {true, false})
    for (const Variable *v : image_variables_)
      if (!v->initializer.empty() == initialized) order.push_back(const_cast<Variable *>(v));  // of our own indexes
  // What is refused where it is used (Module::program) has no bytes.
  auto refused = [](const Variable *v) { return !isUsable(*v); };
  std::erase_if(order, refused);
  std::erase_if(image_variables_, refused);
  for (Variable *v : order) {
    v->offset = (image_.size + v->align - 1) & ~(v->align - 1);
    image_.size = v->offset + v->size;
    image_.align = std::max(image_.align, v->align);
    if (image_.size > kMaxImageBytes) {
      problems.push_back(makeProblem(units_[v->location.unit], Diag::link_too_large, v->location,
                                     "the variables up to `" + excerpt(v->name) + "` need more than 2^40 bytes"));
      return false;
    }
  }
  for (const Variable *v : order) {
    if (v->initializer.empty()) continue;
    uint32_t unit = v->location.unit;
    std::vector<const Function *> functions;
    try {
      std::function<SymbolRef(std::string_view)> resolver = [&](std::string_view name) { return resolve(unit, name); };
      Initializer(units_[unit], *v, resolver, image_, functions, *this).run();
    } catch (const ParseError &error) {
      problems.push_back(makeProblem(units_[unit], error));
      return false;
    }
    if (!functions.empty()) function_addresses_.emplace(v, std::move(functions));
  }
  std::sort(image_.relocations.begin(), image_.relocations.end(),
            [](const Relocation &a, const Relocation &b) { return a.offset < b.offset; });
  return true;
}

}  // namespace cutrans::ptx
