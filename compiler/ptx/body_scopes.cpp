// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/ptx/body_scopes.h"

#include <charconv>
#include <cstring>

namespace cutrans::ptx {

void BodyScopes::enter() { scopes_.emplace_back(); }

void BodyScopes::leave() {
  Scope &scope = scopes_.back();
  for (auto it = scope.names.rbegin(); it != scope.names.rend(); ++it) {
    if (it->second)
      names_[it->first] = *it->second;
    else
      names_.erase(it->first);
  }
  for (auto it = scope.families.rbegin(); it != scope.families.rend(); ++it) {
    if (it->second)
      families_by_prefix_[it->first] = *it->second;
    else
      families_by_prefix_.erase(it->first);
  }
  scopes_.pop_back();
}

bool BodyScopes::declare(std::string_view name, BodyName what) {
  auto depth = static_cast<uint32_t>(scopes_.size());
  auto [place, fresh] = names_.try_emplace(name, Entry{what, depth});
  if (!fresh && place->second.depth == depth) return false;
  scopes_.back().names.emplace_back(name, fresh ? std::nullopt : std::optional(place->second));
  place->second = {what, depth};
  return true;
}

bool BodyScopes::declareFamily(std::string_view prefix, uint64_t count, Type type, uint8_t width) {
  auto depth = static_cast<uint32_t>(scopes_.size());
  auto index = static_cast<uint32_t>(families_.size());
  auto [place, fresh] = families_by_prefix_.try_emplace(prefix, index);
  if (!fresh && families_[place->second].depth == depth) return false;
  scopes_.back().families.emplace_back(prefix, fresh ? std::nullopt : std::optional(place->second));
  place->second = index;
  families_.push_back({count, type, width, depth});
  return true;
}

uint32_t BodyScopes::addRegister(std::string_view name, Type type) {
  registers_.push_back({type, name});
  return static_cast<uint32_t>(registers_.size() - 1);
}

std::optional<BodyName> BodyScopes::find(std::string_view name) {
  auto exact = names_.find(name);
  uint32_t exact_depth = exact == names_.end() ? 0 : exact->second.depth;
  // %r12 may be the 12th of %r or the 2nd of %r1: every split into prefix and number, at most as long as a number is.
  size_t digits = 0;
  while (digits < name.size() && digits < 10 && name[name.size() - 1 - digits] >= '0' &&
         name[name.size() - 1 - digits] <= '9')
    ++digits;
  for (; digits > 0; --digits) {
    std::string_view number_text = name.substr(name.size() - digits);
    if (digits > 1 && number_text[0] == '0') continue;
    auto found = families_by_prefix_.find(name.substr(0, name.size() - digits));
    if (found == families_by_prefix_.end()) continue;
    const Family &family = families_[found->second];
    uint64_t number = 0;
    std::from_chars(number_text.data(), number_text.data() + digits, number);
    if (number >= family.count || family.depth < exact_depth) continue;
    auto [member, fresh] = members_.try_emplace((uint64_t{found->second} << 32) | number, 0);
    if (fresh) {
      member->second = static_cast<uint32_t>(registers_.size());
      for (unsigned i = 0; i < family.width; ++i) addRegister(name, family.type);
    }
    return BodyName{BodyName::Kind::Register, member->second, family.width};
  }
  if (!exact_depth) return std::nullopt;
  return exact->second.name;
}

bool BodyScopes::declareLabel(std::string_view name, LabelKind kind, uint32_t index) {
  return scopes_.back().labels.try_emplace(name, LabelEntry{kind, index}).second;
}

void BodyScopes::useLabel(std::string_view name, size_t offset, uint32_t *slot, LabelKind *kind) {
  scopes_.back().uses.push_back({name, offset, slot, kind});
}

std::optional<BodyScopes::LabelUse> BodyScopes::settleLabels() {
  Scope &scope = scopes_.back();
  std::vector<LabelUse> open;
  for (const LabelUse &use : scope.uses) {
    auto found = scope.labels.find(use.name);
    if (found == scope.labels.end()) {
      open.push_back(use);
      continue;
    }
    *use.slot = found->second.index;
    if (use.kind) *use.kind = found->second.kind;
  }
  if (open.empty()) return std::nullopt;
  if (scopes_.size() == 1) return open.front();
  std::vector<LabelUse> &outer = scopes_[scopes_.size() - 2].uses;
  outer.insert(outer.end(), open.begin(), open.end());
  return std::nullopt;
}

}  // namespace cutrans::ptx
