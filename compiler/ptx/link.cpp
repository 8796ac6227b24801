// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Joins the units of a module (-rdc=true leaves one for each source file, unlinked): which definition each name means,
// in each unit. Strong definitions come before weak and common ones, those before declarations; private names stay in
// their unit, and get a suffix where two units have the same.
#include <cstring>

#include "compiler/ptx/module.h"

namespace cutrans::ptx {
namespace {

// How good a symbol is as the meaning of its name; higher wins, equal strong ones clash.
enum class Rank { Declared, Common, Weak, Strong };

Rank rank(const Function &f) {
  if (!f.has_body) return Rank::Declared;
  return f.linkage == Linkage::Weak ? Rank::Weak : Rank::Strong;
}
Rank rank(const Variable &v) {
  switch (v.linkage) {
    case Linkage::Extern: return Rank::Declared;
    case Linkage::Common: return Rank::Common;
    case Linkage::Weak: return Rank::Weak;
    default: return Rank::Strong;
  }
}
bool isPrivate(const Function &f) { return f.linkage == Linkage::Internal && f.has_body; }
bool isPrivate(const Variable &v) { return v.linkage == Linkage::Internal; }

SymbolRef refer(const Function &f) {
  SymbolRef symbol;
  symbol.kind = SymbolKind::Function;
  symbol.function = &f;
  return symbol;
}
SymbolRef refer(const Variable &v) {
  SymbolRef symbol;
  symbol.kind = SymbolKind::Variable;
  symbol.variable = &v;
  return symbol;
}

bool sameSignature(const Function &a, const Function &b) {
  auto same = [](std::span<const Variable> x, std::span<const Variable> y) {
    if (x.size() != y.size()) return false;
    for (size_t i = 0; i < x.size(); ++i)
      if (x[i].size != y[i].size) return false;
    return true;
  };
  return a.entry == b.entry && same(a.params, b.params) && same(a.results, b.results);
}
bool sameSignature(const Variable &a, const Variable &b) {
  return a.space == b.space && (!a.size || !b.size || a.size == b.size);
}

template <class Symbol>
struct Table {
  NameMap<Symbol *> best;

  void add(Symbol &symbol, std::span<const Unit> units, Problems &problems) {
    auto [place, fresh] = best.try_emplace(symbol.name, &symbol);
    if (fresh) return;
    Symbol &other = *place->second;
    Rank mine = rank(symbol), theirs = rank(other);
    auto place_of = [&](const Symbol &s) { return units[s.location.unit].name; };
    if (mine == Rank::Strong && theirs == Rank::Strong) {
      problems.push_back(makeProblem(units[symbol.location.unit], Diag::link_duplicate, symbol.location,
                                     "`" + excerpt(symbol.name) + "` is defined in " + place_of(other) + " too"));
      return;
    }
    bool grows = mine == Rank::Common && theirs == Rank::Common;
    if (!grows && !(mine == Rank::Weak && theirs == Rank::Weak) && !sameSignature(symbol, other)) {
      problems.push_back(makeProblem(units[symbol.location.unit], Diag::link_mismatch, symbol.location,
                                     "`" + excerpt(symbol.name) + "` is declared differently in " + place_of(other)));
      return;
    }
    if (mine > theirs || (grows && sizeOf(symbol) > sizeOf(other))) place->second = &symbol;
  }

  static uint64_t sizeOf(const Variable &v) { return v.size; }
  static uint64_t sizeOf(const Function &) { return 0; }
};

}  // namespace

bool Module::link(Problems &problems) {
  Table<Function> functions;
  Table<Variable> variables;
  NameMap<uint32_t> taken;  // private names
  scopes_.resize(units_.size());

  uint32_t number = 0;
  for (UnitIndex &index : indexes_)
    for (Function &f : index.functions) f.number = number++;
  if (number > kMostFunctions) {
    problems.push_back({Diag::link_too_large, "a module of " + std::to_string(number) + " functions"});
    return false;
  }
  auto rename = [&](std::string_view name, uint32_t unit) -> std::string_view {
    std::string text = std::string(name) + "$u" + std::to_string(unit);
    char *copy = static_cast<char *>(index_arena_.allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  };
  auto enter = [&](auto &symbol, auto &table, uint32_t unit) {
    if (!isPrivate(symbol)) return table.add(symbol, units_, problems);
    scopes_[unit].emplace(symbol.name, refer(symbol));
    if (!taken.try_emplace(symbol.name, unit).second) symbol.name = rename(symbol.name, unit);
  };
  for (uint32_t u = 0; u < units_.size(); ++u) {
    for (Function &f : indexes_[u].functions) enter(f, functions, u);
    for (Variable &v : indexes_[u].variables) enter(v, variables, u);
  }
  // An alias makes its name mean the aliased function, for this unit and, where it is not private, for all.
  NameMap<const Function *> aliased;
  for (uint32_t u = 0; u < units_.size(); ++u) {
    UnitIndex &index = indexes_[u];
    for (const AliasDirective &alias : index.aliases) {
      auto name = index.functions_by_name.find(alias.name);
      auto target = index.functions_by_name.find(alias.aliasee);
      if (name == index.functions_by_name.end() || target == index.functions_by_name.end() ||
          !target->second->has_body || name->second->has_body || target->second->entry) {
        problems.push_back(makeProblem(units_[u], Diag::link_alias, alias.location,
                                       ".alias `" + excerpt(alias.name) + "`, `" + excerpt(alias.aliasee) + "`"));
        continue;
      }
      scopes_[u][alias.name] = refer(*target->second);
      aliased.emplace(alias.name, target->second);
    }
  }
  if (!problems.empty()) return false;

  for (uint32_t u = 0; u < units_.size(); ++u) {
    auto settle = [&](std::string_view name, const SymbolRef &meaning) { scopes_[u].try_emplace(name, meaning); };
    for (const Function &f : indexes_[u].functions) {
      if (isPrivate(f)) continue;
      const Function *best = functions.best.at(f.name);
      if (auto alias = aliased.find(f.name); !best->has_body && alias != aliased.end()) best = alias->second;
      settle(f.name, refer(*best));
    }
    for (const Variable &v : indexes_[u].variables)
      if (!isPrivate(v)) settle(v.name, refer(*variables.best.at(v.name)));
  }

  for (UnitIndex &index : indexes_) {
    for (const Function &f : index.functions) {
      if (!f.entry || !f.has_body || (!isPrivate(f) && functions.best.at(f.name) != &f)) continue;
      if (kernels_by_name_.emplace(f.name, kernels_.size()).second) kernels_.push_back(&f);
    }
    for (Variable &v : index.variables) {
      bool chosen = isPrivate(v) || variables.best.at(v.name) == &v;
      v.in_image = chosen && v.linkage != Linkage::Extern && (v.space == Space::Global || v.space == Space::Const);
      if (v.in_image) image_variables_.push_back(&v);
    }
  }
  return true;
}

SymbolRef Module::resolve(uint32_t unit, std::string_view name) const {
  auto found = scopes_[unit].find(name);
  return found == scopes_[unit].end() ? SymbolRef{} : found->second;
}

}  // namespace cutrans::ptx
