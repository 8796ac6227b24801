// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The choice of PTX, and the words for when there is nothing to choose.
#include "cutrans/fatbin/choose.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cutrans/fatbin/payload.h"

namespace cutrans::fatbin {
namespace {

int rank(const Entry &entry) {
  int variant = entry.arch.variant == 'a' ? 2 : entry.arch.variant == 'f' ? 1 : 0;
  return static_cast<int>(std::min<uint32_t>(entry.arch.sm, 1 << 20)) * 4 + variant;
}

std::string capabilityText(uint32_t capability) { return fmt::format("{}.{}", capability / 10, capability % 10); }

std::string subject(std::string_view kernel) {
  return kernel.empty() ? std::string("the program") : fmt::format("kernel {}: the program", kernel);
}

Error nothingToRun(const std::vector<Container> &containers, uint32_t capability, std::string_view kernel) {
  bool any_ptx = false;
  for (const Container &container : containers)
    for (const Entry &entry : container.entries) any_ptx |= entry.kind == Kind::ptx;
  std::string present = summary(containers);
  if (any_ptx) {
    std::optional<uint32_t> needed = neededCapability(containers, capability);
    return Error{Diag::fatbin_ptx_too_new,
                 fmt::format("{} has no PTX for compute capability {}, only: {}{}", subject(kernel), capabilityText(capability), present,
                             needed ? fmt::format("; CUTRANS_COMPUTE_CAPABILITY={} would do", *needed) : "")};
  }
  return Error{Diag::fatbin_no_ptx, fmt::format("{} has no PTX, only: {}", subject(kernel),
                                                present.empty() ? "nothing" : present)};
}

}  // namespace

bool runsOn(Arch arch, uint32_t capability) {
  switch (arch.variant) {
    case 'a': return arch.sm == capability;
    case 'f': return arch.sm / 10 == capability / 10 && arch.sm <= capability;
    default: return arch.sm <= capability;
  }
}

const Entry *bestPtx(const Container &container, uint32_t capability) {
  const Entry *best = nullptr;
  for (const Entry &entry : container.entries)
    if (entry.kind == Kind::ptx && runsOn(entry.arch, capability) && (!best || rank(entry) > rank(*best)))
      best = &entry;
  return best;
}

std::optional<uint32_t> neededCapability(const std::vector<Container> &containers, uint32_t capability) {
  std::set<uint32_t> candidates{capability};
  for (const Container &container : containers)
    for (const Entry &entry : container.entries)
      if (entry.kind == Kind::ptx && entry.arch.sm > capability) candidates.insert(entry.arch.sm);
  auto serves = [&](uint32_t candidate) {
    return std::ranges::all_of(containers, [&](const Container &container) {
      return bestPtx(container, candidate) ||
             std::ranges::none_of(container.entries, [](const Entry &entry) { return entry.kind == Kind::ptx; });
    });
  };
  if (std::ranges::any_of(containers, [&](const Container &container) { return bestPtx(container, capability); })) return capability;
  auto found = std::ranges::find_if(candidates, serves);
  return found == candidates.end() ? std::nullopt : std::optional(*found);
}

std::string summary(const std::vector<Container> &containers) {
  std::map<std::string, std::vector<Arch>> present;
  for (const Container &container : containers) {
    for (const Entry &entry : container.entries) {
      std::vector<Arch> &archs = present[std::string(kindName(entry.kind))];
      if (std::ranges::find(archs, entry.arch) == archs.end()) archs.push_back(entry.arch);
    }
  }
  std::string text;
  for (auto &[kind, archs] : present) {
    std::ranges::sort(archs, {}, [](Arch arch) { return std::pair(arch.sm, arch.variant); });
    text += fmt::format("{}{} for", text.empty() ? "" : "; ", kind);
    for (size_t i = 0; i < archs.size(); i++) text += fmt::format("{} {}", i ? "," : "", archs[i].text());
  }
  return text;
}

Expected<PtxChoice> choosePtx(const Image &image, uint32_t capability, std::string_view kernel) {
  PtxChoice choice;
  if (image.form == Image::Form::text) {
    choice.units.push_back({"image", std::string(image.text), Arch{}});
    return choice;
  }
  if (image.form == Image::Form::cubin)
    return Error{Diag::fatbin_no_ptx, fmt::format("{} has no PTX, only a cubin", subject(kernel))};

  std::vector<Container> containers;
  for (Bytes bytes : image.containers) {
    Expected<Container> container = readContainer(bytes);
    if (!container.ok()) return container.error();
    containers.push_back(std::move(*container));
  }
  for (size_t i = 0; i < containers.size(); i++) {
    const Entry *entry = bestPtx(containers[i], capability);
    if (!entry) {
      choice.left_out.push_back(fmt::format("unit {} ({})", i, summary({containers[i]})));
      continue;
    }
    Expected<std::string> text = unpack(*entry);
    if (!text.ok()) return text.error();
    std::string name = entry->name.empty() ? fmt::format("unit {}", i) : std::string(entry->name);
    choice.units.push_back({std::move(name), std::move(*text), entry->arch});
  }
  if (choice.units.empty()) return nothingToRun(containers, capability, kernel);
  return choice;
}

}  // namespace cutrans::fatbin
