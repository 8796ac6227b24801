// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/ptx/module.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "compiler/ptx/body_parser.h"

namespace cutrans::ptx {

std::unique_ptr<Module> Module::create(std::span<const UnitText> units, uint32_t compute_capability,
                                       Problems &problems, std::span<const UnitText> library) {
  std::unique_ptr<Module> module(new Module);
  bool ok = true;
  for (const UnitText &unit : units) ok &= module->addUnit(unit, compute_capability, problems);
  module->own_units_ = units.size();
  if (!ok || !module->addLibrary(library, compute_capability, problems)) return nullptr;
  if (!module->link(problems) || !module->layOut(problems)) return nullptr;
  return module;
}

bool Module::addUnit(const UnitText &given, uint32_t compute_capability, Problems &problems) {
  const auto number = static_cast<uint32_t>(units_.size());
  Unit &unit = units_.emplace_back();
  auto &text = texts_.emplace_back(new char[given.text.size() + 1]);
  std::memcpy(text.get(), given.text.data(), given.text.size());
  unit.name = given.name;
  unit.text = {text.get(), given.text.size()};
  if (!indexUnit(unit, number, index_arena_, indexes_.emplace_back(), problems)) return false;
  if (unit.target <= compute_capability) return true;
  problems.push_back({Diag::ptx_target, unit.name + ": it is for sm_" + std::to_string(unit.target) +
                                            std::string(unit.target_suffix) + ", the device claims " +
                                            std::to_string(compute_capability / 10) + "." +
                                            std::to_string(compute_capability % 10)});
  return false;
}

bool Module::addLibrary(std::span<const UnitText> library, uint32_t compute_capability, Problems &problems) {
  std::unordered_set<std::string_view> wanted;
  if (library.empty()) return true;
  for (const UnitIndex &index : indexes_)
    for (const Function &f : index.functions)
      if (!f.has_body) wanted.insert(f.name);
  for (const UnitIndex &index : indexes_)
    for (const Function &f : index.functions)
      if (f.has_body) wanted.erase(f.name);
  if (wanted.empty()) return true;
  for (const UnitText &unit : library) {
    if (!addUnit(unit, compute_capability, problems)) return false;
    auto defines = [&](const Function &f) { return f.has_body && wanted.contains(f.name); };
    if (std::ranges::any_of(indexes_.back().functions, defines)) continue;
    units_.pop_back();
    texts_.pop_back();
    indexes_.pop_back();
  }
  return true;
}

size_t Module::findKernel(std::string_view name) const {
  auto found = kernels_by_name_.find(name);
  return found == kernels_by_name_.end() ? kNone : found->second;
}

const Body *Module::body(const Function &function, Problems &problems) const {
  if (const Body *done = function.body()) return done;
  if (!function.has_body) return nullptr;
  std::lock_guard hold(parse_lock_);
  if (const Body *done = function.body()) return done;
  uint32_t unit = function.location.unit;
  const Body *body = parseBody(
      units_[unit], unit, function, [&](std::string_view name) { return resolve(unit, name); }, body_arena_, problems);
  if (body) function.parsed.store(body, std::memory_order_release);
  return body;
}

bool isDeviceRuntime(std::string_view name) {
#define CT_PTX_RUNTIME_FUNCTION(known, ...) if (name == known) return true;
#include "compiler/ptx/runtime_functions.def"
  // Families of which the lowering says which function is missing.
  return name.starts_with("__cudaCDP") || name.starts_with("cuda") || name.starts_with("__nv");
}

bool Module::program(const Function &kernel, Program &out, Problems &problems) const {
  out = {};
  out.kernel = &kernel;
  out.units = units_;
  out.image_size = image_.size;
  out.image_align = image_.align;
  std::unordered_set<const void *> seen;
  auto missing = [&](const Function &user, std::string_view what, std::string_view name) {
    problems.push_back(makeProblem(units_[user.location.unit], Diag::link_missing, user.location,
                                   "function " + excerpt(user.name) + " uses the " + std::string(what) + " `" +
                                       excerpt(name) + "`, which no unit defines"));
    return false;
  };
  out.functions.push_back(&kernel);
  seen.insert(&kernel);
  auto reach = [&](const Function *f) {
    if (seen.insert(f).second) out.functions.push_back(f);
  };
  std::unordered_set<const Function *> targets;
  auto reachAll = [&](const Prototype &prototype) {
    for (const Function *f : takenFunctions()) {
      if (!fits(prototype, *f)) continue;
      if (targets.insert(f).second) out.targets.push_back(f);
      reach(f);
    }
  };
  out.function_base = functionBase();
  for (size_t i = 0; i < out.functions.size(); ++i) {
    const Function &f = *out.functions[i];
    if (!f.has_body) continue;
    const Body *body = this->body(f, problems);
    if (!body) return false;
    for (const Function *callee : body->functions) {
      if (!callee->has_body && !isDeviceRuntime(callee->name)) return missing(f, "function", callee->name);
      reach(callee);
    }
    for (const Function *taken : body->taken)
      if (!taken->has_body && !isDeviceRuntime(taken->name)) return missing(f, "function", taken->name);
    for (const Prototype &prototype : body->prototypes) reachAll(prototype);
    for (const Variable *v : body->module_variables) {
      if (v->linkage == Linkage::Extern && !v->dynamic) return missing(f, "variable", v->name);
      if (!isUsable(*v)) {
        problems.push_back(makeProblem(units_[v->location.unit], Diag::ptx_refused_references, v->location,
                                       "kernel " + excerpt(kernel.name) + " uses `" + excerpt(v->name) + "`, a ." +
                                           std::string(to_string(v->type)) + (v->initializer.empty() ? "" : " with initial values")));
        return false;
      }
      if (seen.insert(v).second) out.variables.push_back(v);
    }
  }
  std::sort(out.targets.begin(), out.targets.end(),
            [](const Function *a, const Function *b) { return a->number < b->number; });
  return true;
}

bool Module::check(Problems &problems) const {
  constexpr size_t kEnough = 4;
  for (const UnitIndex &index : indexes_)
    for (const Function &f : index.functions) {
      if (problems.size() >= kEnough) return false;
      const Body *body = this->body(f, problems);
      if (!body) continue;
      for (std::span<const Function *const> named : {body->functions, body->taken})
        for (const Function *callee : named) {
          if (callee->has_body || isDeviceRuntime(callee->name)) continue;
          problems.push_back(makeProblem(units_[f.location.unit], Diag::link_missing, f.location,
                                         "function " + excerpt(f.name) + " uses the function `" + excerpt(callee->name) +
                                             "`, which no unit defines"));
        }
      for (const Variable *v : body->module_variables)
        if (v->linkage == Linkage::Extern && !v->dynamic)
          problems.push_back(makeProblem(units_[f.location.unit], Diag::link_missing, f.location,
                                         "function " + excerpt(f.name) + " uses the variable `" + excerpt(v->name) +
                                             "`, which no unit defines"));
    }
  return problems.empty();
}

}  // namespace cutrans::ptx
