// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which functions a call through a pointer may reach. Kernels are compiled one by one, and a pointer may come from any
// of them, from the host or from an initial value: so the functions whose address is taken anywhere in the module
// count. Bodies are only scanned for their names, and only when a kernel that calls through pointers is compiled.
#include <algorithm>
#include <unordered_set>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "compiler/ptx/module.h"

namespace cutrans::ptx {
namespace {

// Every name of a function in a body that is not what a call calls. A name in a list of .calltargets or one that
// is shadowed counts too: one candidate more does no harm.
template <class Found>
void scanBody(const Unit &unit, const Function &function, const UnitIndex &index, Found found) {
  size_t begin = static_cast<size_t>(function.body_text.data() - unit.text.data());
  try {
    Lexer lexer(unit.text, begin, begin + function.body_text.size());
    bool call = false;
    unsigned parentheses = 0;
    for (;;) {
      Token token = lexer.take();
      if (token.kind == TokenKind::End) return;
      if (token.is(';')) call = false;
      if (token.is('(')) ++parentheses;
      if (token.is(')') && parentheses) --parentheses;
      if (token.kind != TokenKind::Identifier || token.text[0] == '%') continue;
      if (token.text == "call") call = true;
      if (call && !parentheses) continue;  // arguments and results of a call stand in parentheses, its callee does not
      if (auto named = index.functions_by_name.find(token.text); named != index.functions_by_name.end())
        found(token.text);
    }
  } catch (const ParseError &) {
    // Damaged text: said when that body is compiled.
  }
}

}  // namespace

bool fits(const Prototype &prototype, const Function &function) {
  auto same = [](std::span<const Variable> x, std::span<const Variable> y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](const Variable &a, const Variable &b) { return a.size == b.size; });
  };
  return same(prototype.results, function.results) && same(prototype.params, function.params);
}

uint64_t Module::functionBase() const {
  std::call_once(hashed_, [&] {
    uint64_t hash = 0;
    for (const Unit &unit : units_) hash = XXH3_64bits_withSeed(unit.text.data(), unit.text.size(), hash);
    function_base_ = ptx::functionBase(hash);
  });
  return function_base_;
}

const std::vector<const Function *> &Module::takenFunctions() const {
  std::call_once(scanned_, [&] {
    std::unordered_set<const Function *> seen;
    auto add = [&](const Function *f) {
      if (f->has_body && !f->entry && seen.insert(f).second) taken_.push_back(f);
    };
    for (const auto &[variable, functions] : function_addresses_)
      for (const Function *f : functions) add(f);
    for (uint32_t u = 0; u < units_.size(); ++u)
      for (const Function &f : indexes_[u].functions)
        if (f.has_body)
          scanBody(units_[u], f, indexes_[u], [&](std::string_view name) {
            if (SymbolRef symbol = resolve(u, name); symbol.kind == SymbolKind::Function) add(symbol.function);
          });
    std::sort(taken_.begin(), taken_.end(), [](const Function *a, const Function *b) { return a->number < b->number; });
  });
  return taken_;
}

}  // namespace cutrans::ptx
