// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The artifact's own part of a code object: the sections with the record and, on request, the IR (amdgpu_kernel.h). Registers and
// scratch memory are known when machine code is; the record takes them from the note in which the code object says them to the loader.
#include <cstring>

#include <llvm/BinaryFormat/MsgPackDocument.h>
#include <llvm/IR/Module.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>

#include "compiler/emit/amdgcn/amdgcn.h"
#include "compiler/emit/native/native.h"
#include "compiler/simt/refusal.h"

namespace cutrans::emit::amdgcn {
namespace {

llvm::Error unreadable(const llvm::Twine &why) { return simt::refuse(Diag::codegen_link, ("the code object: " + why).str()); }

// The kernel's entry of "amdhsa.kernels" in the NT_AMDGPU_METADATA note.
llvm::Expected<llvm::msgpack::MapDocNode> kernelNotes(const llvm::object::ELF64LEFile &file, llvm::msgpack::Document &document) {
  auto headers = file.program_headers();
  if (!headers) return headers.takeError();
  for (const auto &header : *headers) {
    if (header.p_type != llvm::ELF::PT_NOTE) continue;
    llvm::Error error = llvm::Error::success();
    llvm::StringRef found;
    for (const auto &note : file.notes(header, error))
      if (note.getName() == "AMDGPU" && note.getType() == llvm::ELF::NT_AMDGPU_METADATA) found = note.getDescAsStringRef(header.p_align);
    if (error) return std::move(error);
    if (found.empty()) continue;
    if (!document.readFromBlob(found, /*Multi=*/false)) return unreadable("metadata that is no msgpack");
    llvm::msgpack::DocNode kernels = document.getRoot().getMap(true)["amdhsa.kernels"];
    if (!kernels.isArray() || kernels.getArray().size() != 1) return unreadable("not one kernel");
    return kernels.getArray()[0].getMap(true);
  }
  return unreadable("no metadata");
}

}  // namespace

llvm::Expected<std::string> finish(llvm::ArrayRef<char> object, ct_amdgpu_kernel record) {
  llvm::Expected<std::string> linked = linkShared(object, "--hash-style=both");
  if (!linked) return linked;
  auto file = llvm::object::ELF64LEFile::create(*linked);
  if (!file) return file.takeError();
  llvm::msgpack::Document document;
  auto notes = kernelNotes(*file, document);
  if (!notes) return notes.takeError();
  auto number = [&](const char *key) {
    llvm::msgpack::DocNode value = (*notes)[key];
    return value.getKind() == llvm::msgpack::Type::UInt ? uint32_t(value.getUInt()) : value.getKind() == llvm::msgpack::Type::Int ? uint32_t(value.getInt()) : 0u;
  };
  // What both sides say must agree: a loader goes by the notes, a target by the record.
  if (number(".kernarg_segment_size") != record.kernarg_bytes || number(".group_segment_fixed_size") != record.static_shared_bytes ||
      number(".wavefront_size") != record.wave_size)
    return unreadable("its metadata contradicts the record");
  record.scratch_bytes = number(".private_segment_fixed_size");
  record.vector_registers = number(".vgpr_count");
  record.scalar_registers = number(".sgpr_count");
  auto sections = file->sections();
  if (!sections) return sections.takeError();
  for (const auto &section : *sections) {
    auto name = file->getSectionName(section);
    if (!name) return name.takeError();
    if (*name != CT_AMDGPU_RECORD_SECTION || section.sh_size != sizeof record) continue;
    std::memcpy(linked->data() + section.sh_offset, &record, sizeof record);
    return linked;
  }
  return unreadable("no record");
}

void addSection(llvm::Module &module, const char *name, llvm::StringRef bytes) {
  llvm::Constant *data = llvm::ConstantDataArray::getRaw(bytes, bytes.size(), llvm::Type::getInt8Ty(module.getContext()));
  auto *variable = new llvm::GlobalVariable(module, data->getType(), true, llvm::GlobalValue::InternalLinkage, data, llvm::Twine("cutrans") + name, nullptr,
                                            llvm::GlobalValue::NotThreadLocal, 4);
  variable->setSection(name);
  variable->setAlignment(llvm::Align(8));
  llvm::appendToCompilerUsed(module, {variable});
}

}  // namespace cutrans::emit::amdgcn
