// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread ids as functions of (gang, lane); see launch_ids.h.
#include "compiler/simt/launch_ids.h"

#include <numeric>

#include <llvm/ADT/StringExtras.h>
#include <llvm/IR/Function.h>
#include <llvm/Support/MathExtras.h>

#include "compiler/simt/widened.h"

using namespace llvm;

namespace cutrans::simt {

LaunchIds LaunchIds::of(const Function &kernel) {
  unsigned width = 1;
  kernel.getFnAttribute(widened::GangWidthAttr).getValueAsString().getAsInteger(10, width);
  std::array<unsigned, 3> block{0, 0, 0};
  if (kernel.hasFnAttribute(widened::BlockShapeAttr)) {
    SmallVector<StringRef, 3> parts;
    kernel.getFnAttribute(widened::BlockShapeAttr).getValueAsString().split(parts, ',');
    for (size_t i = 0; i < 3 && i < parts.size(); ++i) parts[i].getAsInteger(10, block[i]);
  }
  return {width, block};
}

std::optional<IdForm> LaunchIds::tid(unsigned dimension) const {
  if (anyShape()) return std::nullopt;
  auto [x, y, z] = block_;
  IdForm form;
  auto lanes = [&](auto offset) {
    for (unsigned lane = 0; lane < width_; ++lane) form.offsets.push_back(offset(lane));
    return form;
  };
  if (block_[dimension] == 1) return lanes([](unsigned) { return 0; });
  if (x % width_ == 0 || (y == 1 && z == 1)) {  // a gang lies in one row
    form.multiply = width_;
    if (dimension == 0) {
      form.modulo = y * z == 1 ? 0 : x;
      return lanes([](unsigned lane) { return lane; });
    }
    form.divide = dimension == 1 ? x : x * y;
    form.modulo = dimension == 1 && z > 1 ? y : 0;
    return lanes([](unsigned) { return 0; });
  }
  if (width_ % x) return std::nullopt;
  unsigned rows = width_ / x;  // a gang is a whole number of rows
  if (dimension == 0) return lanes([&](unsigned lane) { return lane % x; });
  if (y % rows == 0 || z == 1) {
    form.multiply = rows;
    if (dimension == 1) {
      form.modulo = z > 1 ? y : 0;
      return lanes([&](unsigned lane) { return lane / x; });
    }
    form.divide = y;
    return lanes([](unsigned) { return 0; });
  }
  if (rows % y) return std::nullopt;
  if (dimension == 1) return lanes([&](unsigned lane) { return lane / x % y; });
  form.multiply = rows / y;
  return lanes([&](unsigned lane) { return lane / (x * y); });
}

std::optional<IdForm> LaunchIds::form(ir::Intrinsic id) const {
  std::optional<IdForm> found;
  switch (id) {
    case ir::Intrinsic::TidX: found = tid(0); break;
    case ir::Intrinsic::TidY: found = tid(1); break;
    case ir::Intrinsic::TidZ: found = tid(2); break;
    case ir::Intrinsic::LaneId:
      found.emplace();
      if (width_ < 32) found->multiply = width_, found->modulo = 32;
      for (unsigned lane = 0; lane < width_; ++lane) found->offsets.push_back(lane % 32);
      break;
    case ir::Intrinsic::GangThread:
      found.emplace();
      found->multiply = width_;
      for (unsigned lane = 0; lane < width_; ++lane) found->offsets.push_back(lane);
      break;
    case ir::Intrinsic::WarpId:
      found.emplace();
      found->multiply = width_, found->divide = 32;
      for (unsigned lane = 0; lane < width_; ++lane) found->offsets.push_back(lane / 32);
      break;
    default: break;
  }
  if (found) {
    // gang * m / d % n, in lowest terms.
    unsigned common = std::gcd(found->multiply, found->divide);
    if (common > 1) found->multiply /= common, found->divide /= common;
    if (found->divide == 1 && found->modulo && found->multiply % found->modulo == 0) found->multiply = 0;
    unsigned multiply = found->multiply, modulo = found->modulo;
    if (multiply == 0) found->align = 31;
    else if (found->divide == 1) found->align = modulo ? std::min(countr_zero(multiply), countr_zero(modulo)) : countr_zero(multiply);
    if (multiply == 0) found->divide = 1, found->modulo = 0;
  }
  return found;
}

}  // namespace cutrans::simt
