// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values and their names, constants, and the frame of a function.
#include "compiler/emit/opencl/text/writer.h"

#include <cctype>

#include <llvm/IR/Constants.h>
#include <llvm/IR/DataLayout.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>

namespace cutrans::emit::text {
namespace {

constexpr size_t LongestExpression = 120;

// May be repeated: a name, a lane of one, a number.
bool isSimple(const std::string &text) {
  return text.size() < 24 && llvm::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; });
}

}  // namespace

Writer::Writer(llvm::Function &function, Prelude &prelude, const OpenclCDevice &device,
               const llvm::DenseMap<const llvm::Value *, std::string> &names)
    : function_(function), layout_(function.getDataLayout()), prelude_(prelude), device_(device), names_(names) {}

void Writer::refuse(const std::string &what) {
  if (!objection_) objection_ = Objection{what, current_};
}

Parts Writer::parts(llvm::Type *type) {
  Parts result;
  if (!partsOf(type, layout_, result)) {
    std::string text;
    llvm::raw_string_ostream(text) << *type;
    refuse("the type " + text);
    result.assign(1, Part{Base::U32, 1, 32});
  }
  for (const Part &part : result) prelude_.usesDouble |= part.base == Base::F64;
  return result;
}

Texts Writer::useAll(llvm::Value *value) {
  if (auto *constant = llvm::dyn_cast<llvm::Constant>(value)) {
    Texts texts;
    for (unsigned i = 0, n = parts(value).size(); i < n; ++i) texts.push_back(this->constant(constant, i));
    return texts;
  }
  auto found = known_.find(value);
  if (found != known_.end()) return found->second;
  refuse("a value that is used before it is computed");
  return Texts(parts(value).size(), "0");
}

std::string Writer::use(llvm::Value *value, unsigned part) {
  if (auto *constant = llvm::dyn_cast<llvm::Constant>(value)) return this->constant(constant, part);
  auto found = known_.find(value);
  if (found != known_.end() && part < found->second.size()) return found->second[part];
  refuse("a value that is used before it is computed");
  return "0";
}

void Writer::hold(llvm::Value *value) {
  if (llvm::isa<llvm::Constant>(value)) return;
  auto found = known_.find(value);
  if (found == known_.end()) return;
  Parts list = parts(value);
  for (unsigned i = 0; i < list.size(); ++i)
    if (!isSimple(found->second[i])) found->second[i] = variable(list[i], found->second[i]);
}

std::string Writer::variable(const std::string &type, const std::string &value) {
  std::string name = "v" + std::to_string(next_++);
  line(type + " " + name + "=" + value + ";");
  return name;
}

void Writer::give(llvm::Instruction &instruction, Texts texts, bool effects) {
  Parts list = parts(&instruction);
  bool simple = llvm::all_of(texts, isSimple);
  if (!simple && !effects && instruction.use_empty()) return;
  bool takenOver = !effects && instruction.hasOneUse();
  if (takenOver) {
    auto *user = llvm::cast<llvm::Instruction>(*instruction.user_begin());
    takenOver = user->getParent() == instruction.getParent() && !llvm::isa<llvm::PHINode>(user) &&
                llvm::all_of(texts, [](const std::string &text) { return text.size() <= LongestExpression; });
  }
  if (!takenOver && !simple) {
    std::string base = "v" + std::to_string(next_++);
    std::string text;
    for (unsigned i = 0; i < texts.size(); ++i) {
      if (!effects && isSimple(texts[i])) continue;
      std::string name = texts.size() == 1 ? base : i < 26 ? base + char('a' + i) : base + "_" + std::to_string(i);
      // One declaration for neighbours of one type.
      std::string type = list[i].name();
      bool joined = i && !text.empty() && list[i - 1].name() == type && text.back() != '\n';
      text += (joined ? "," : (text.empty() ? "" : ";\n") + type + " ") + name + "=" + texts[i];
      texts[i] = name;
    }
    line(text + ";");
  }
  known_[&instruction] = std::move(texts);
}

void Writer::alias(llvm::Instruction &instruction, llvm::Value *source) { give(instruction, useAll(source)); }

std::string Writer::scalarConstant(llvm::Constant *constant, const Part &part) {
  if (!constant || llvm::isa<llvm::UndefValue>(constant) || constant->isNullValue()) {
    if (!constant || !llvm::isa<llvm::ConstantFP>(constant)) {
      switch (part.base) {
        case Base::F32: return "0.0f";
        case Base::F64: return "0.0";
        case Base::U32: return "0u";
        case Base::U64: return "0ul";
        default: return "0";
      }
    }
  }
  llvm::APInt bits;
  if (auto *integer = llvm::dyn_cast<llvm::ConstantInt>(constant)) {
    bits = integer->getValue();
  } else if (auto *real = llvm::dyn_cast<llvm::ConstantFP>(constant)) {
    bits = real->getValueAPF().bitcastToAPInt();
  } else if (auto *global = llvm::dyn_cast<llvm::GlobalVariable>(constant)) {
    auto name = names_.find(global);
    if (name != names_.end()) return "(ulong)" + name->second;
    return refuse("the variable " + global->getName().str()), "0ul";
  } else {
    std::string text;
    llvm::raw_string_ostream(text) << *constant;
    return refuse("the constant " + text), "0";
  }
  if (part.base == Base::Mask) return bits.isZero() ? "0" : "-1";
  uint64_t value = bits.getZExtValue();
  auto text = [&](const char *suffix) {
    std::string result;
    llvm::raw_string_ostream out(result);
    if (value < 100000) out << value << suffix;
    else out << "0x", out.write_hex(value) << suffix;
    return result;
  };
  switch (part.base) {
    case Base::U32: return text("u");
    case Base::U64: return text("ul");
    case Base::F32:
    case Base::F64: {
      auto *real = llvm::cast<llvm::ConstantFP>(constant);
      bool single = part.base == Base::F32;
      if (!real->getValueAPF().isFinite()) return (single ? "as_float(" : "as_double(") + text(single ? "u" : "ul") + ")";
      char digits[64];
      unsigned length = real->getValueAPF().convertToHexString(digits, 0, false, llvm::APFloat::rmNearestTiesToEven);
      std::string result(digits, length);
      return (result[0] == '-' ? "(" + result : result) + (single ? "f" : "") + (result[0] == '-' ? ")" : "");
    }
    default: return text("");
  }
}

// Members of structures one behind the other, as partsOf has them.
static llvm::Constant *memberAt(llvm::Constant *constant, unsigned &part, const llvm::DataLayout &layout) {
  llvm::Type *type = constant->getType();
  if (!type->isStructTy() && !type->isArrayTy()) return constant;
  unsigned count = type->isStructTy() ? type->getStructNumElements() : unsigned(type->getArrayNumElements());
  for (unsigned i = 0; i < count; ++i) {
    llvm::Constant *member = constant->getAggregateElement(i);
    Parts own;
    partsOf(member->getType(), layout, own);
    if (part < own.size()) return memberAt(member, part, layout);
    part -= unsigned(own.size());
  }
  return constant;
}

std::string Writer::constant(llvm::Constant *whole, unsigned index) {
  llvm::Constant *constant = memberAt(whole, index, layout_);
  Parts list = parts(constant);
  const Part &part = list[index];
  auto *vector = llvm::dyn_cast<llvm::FixedVectorType>(constant->getType());
  if (!vector) return scalarConstant(constant, part);
  unsigned first = 0;
  for (unsigned i = 0; i < index; ++i) first += list[i].lanes;
  Texts lanes;
  std::string other;  // what stands for lanes without a value
  for (unsigned i = 0; i < part.lanes; ++i) {
    llvm::Constant *element = constant->getAggregateElement(first + i);
    lanes.push_back(llvm::isa_and_nonnull<llvm::UndefValue>(element) ? "" : scalarConstant(element, part));
    if (other.empty()) other = lanes.back();
  }
  if (other.empty()) other = scalarConstant(nullptr, part);
  bool equal = true;
  for (std::string &lane : lanes) {
    if (lane.empty()) lane = other;
    equal &= lane == lanes[0];
  }
  if (part.lanes == 1) return lanes[0];
  if (equal) return "(" + part.name() + ")(" + lanes[0] + ")";
  std::string text = "(" + part.name() + ")(" + llvm::join(lanes, ",") + ")";
  return namedConstant(part.name(), text);
}

std::string Writer::namedConstant(const std::string &type, const std::string &text) {
  auto [place, isNew] = constants_.try_emplace(text, "");
  if (isNew) {
    place->second = "k" + std::to_string(constants_.size() - 1);
    top_ += "const " + type + " " + place->second + "=" + text + ";\n";
  }
  return place->second;
}

std::string Writer::resultType(llvm::Type *type) {
  Parts list = parts(type);
  if (list.empty()) return "void";
  if (list.size() == 1) return list[0].name();
  std::string name = "r", members;
  for (unsigned i = 0; i < list.size(); ++i) {
    name += "_" + list[i].name();
    members += list[i].name() + " m" + std::to_string(i) + ";";
  }
  return prelude_.add(name, "typedef struct{" + members + "}" + name + ";\n");
}

std::string Writer::prototype() {
  bool kernel = !function_.hasLocalLinkage();
  std::string text = kernel ? "__kernel __attribute__((reqd_work_group_size(1,1,1))) void " : "static " + resultType(function_.getReturnType()) + " ";
  text += names_.lookup(&function_) + "(";
  bool first = true;
  for (llvm::Argument &argument : function_.args()) {
    Parts list = parts(&argument);
    for (unsigned i = 0; i < list.size(); ++i) {
      std::string name = "a" + std::to_string(argument.getArgNo()) + (list.size() > 1 ? "_" + std::to_string(i) : "");
      bool pointer = kernel && argument.getType()->isPointerTy();
      bool local = pointer && argument.getType()->getPointerAddressSpace() == 3;
      std::string type = local ? "__local uchar*" : pointer ? "__global uchar*" : list[i].base == Base::Bool ? "uchar" : list[i].name();
      text += (first ? "" : ",") + type + (type.back() == '*' ? "" : " ") + name + (pointer ? "_" : "");
      first = false;
    }
  }
  return text + ")";
}

std::string Writer::write() {
  for (llvm::Argument &argument : function_.args()) {
    Texts &texts = known_[&argument];
    unsigned count = parts(&argument).size();
    for (unsigned i = 0; i < count; ++i) texts.push_back("a" + std::to_string(argument.getArgNo()) + (count > 1 ? "_" + std::to_string(i) : ""));
    if (!function_.hasLocalLinkage() && argument.getType()->isPointerTy()) top_ += "ulong " + texts[0] + "=(ulong)" + texts[0] + "_;\n";
  }
  if (!function_.hasLocalLinkage() && !function_.getReturnType()->isVoidTy()) refuse("a kernel with a result");
  std::string head = prototype();
  writeBlocks();
  for (const auto &[type, variables] : declared_) top_ += type + " " + variables + ";\n";
  return head + "{\n" + top_ + body_ + "}\n";
}

}  // namespace cutrans::emit::text
