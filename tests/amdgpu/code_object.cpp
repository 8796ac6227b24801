// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/amdgpu/code_object.h"

#include <cstring>

#include <llvm/BinaryFormat/MsgPackDocument.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>

namespace cutrans::test {

void CodeObject::read(const std::string &bytes) {
  auto fail = [&](llvm::Error reason) { error = llvm::toString(std::move(reason)); };
  auto object = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(bytes, "artifact"));
  if (!object) return fail(object.takeError());
  auto *elf = llvm::dyn_cast<llvm::object::ELF64LEObjectFile>(object->get());
  if (!elf || elf->getELFFile().getHeader().e_machine != llvm::ELF::EM_AMDGPU) return void(error = "no AMDGPU code object");
  const auto &file = elf->getELFFile();
  abi = file.getHeader().e_ident[llvm::ELF::EI_ABIVERSION];
  for (const llvm::object::SectionRef &section : elf->sections()) {
    auto title = section.getName();
    auto contents = section.getContents();
    if (!title || !contents) return void(error = "a section that cannot be read");
    if (*title == CT_AMDGPU_RECORD_SECTION && contents->size() == sizeof record) std::memcpy(&record, contents->data(), sizeof record);
    if (*title == CT_AMDGPU_IR_SECTION) ir = contents->str();
    if (*title == CT_AMDGPU_LOWERED_SECTION) lowered = contents->str();
  }
  for (const auto &symbol : elf->getDynamicSymbolIterators()) {
    auto title = symbol.getName();
    if (!title) return fail(title.takeError());
    if (title->empty()) continue;
    auto flags = symbol.getFlags();
    bool undefined = flags && (*flags & llvm::object::SymbolRef::SF_Undefined);
    (undefined ? imports : symbols).push_back(title->str());
    if (undefined || !title->ends_with(".kd")) continue;
    auto address = symbol.getAddress();
    if (!address) return fail(address.takeError());
    auto place = file.toMappedAddr(*address);
    if (!place) return fail(place.takeError());
    std::memcpy(descriptor, *place, sizeof descriptor);
  }
  auto headers = file.program_headers();
  if (!headers) return fail(headers.takeError());
  for (const auto &header : *headers) {
    if (header.p_type != llvm::ELF::PT_NOTE) continue;
    llvm::Error broken = llvm::Error::success();
    for (const auto &note : file.notes(header, broken)) {
      if (note.getName() != "AMDGPU" || note.getType() != llvm::ELF::NT_AMDGPU_METADATA) continue;
      llvm::msgpack::Document document;
      if (!document.readFromBlob(note.getDescAsStringRef(header.p_align), false)) return void(error = "metadata that is no msgpack");
      auto &root = document.getRoot().getMap();
      target = root["amdhsa.target"].toString();
      auto &kernels = root["amdhsa.kernels"].getArray();
      if (kernels.size() != 1) return void(error = "not one kernel");
      auto &kernel = kernels[0].getMap();
      name = kernel[".name"].toString();
      symbol = kernel[".symbol"].toString();
      for (auto &[key, value] : kernel)
        if (value.getKind() == llvm::msgpack::Type::UInt) numbers[key.getString().drop_front().str()] = value.getUInt();
        else if (value.getKind() == llvm::msgpack::Type::Int) numbers[key.getString().drop_front().str()] = uint64_t(value.getInt());
      for (auto &argument : kernel[".args"].getArray(true)) {
        auto &map = argument.getMap();
        arguments.push_back({map[".offset"].getUInt(), map[".size"].getUInt(), map[".value_kind"].toString()});
      }
    }
    if (broken) return fail(std::move(broken));
  }
  if (record.magic != CT_AMDGPU_MAGIC) error = "no record";
  else if (name.empty()) error = "no metadata";
}

}  // namespace cutrans::test
