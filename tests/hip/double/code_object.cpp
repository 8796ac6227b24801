// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading code objects back: the ELF, the metadata note of the HSA ABI (msgpack), and the section of the target's own.
#include "targets/hip/code_object.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kernel.h"

namespace cutrans::hip_double {
namespace {

using hip::findSection;
using hip::readAt;
using hip::readHeader;

constexpr uint32_t kMetadataNote = 32;  // NT_AMDGPU_METADATA

// The description of the note, empty: there is none.
std::string_view metadata(std::string_view file) {
  std::string_view notes = findSection(file, ".note");
  while (!notes.empty()) {
    Elf64_Nhdr head;
    if (!readAt(notes, 0, head)) return {};
    const uint64_t name = sizeof head, description = name + (uint64_t{head.n_namesz} + 3) / 4 * 4;
    const uint64_t end = description + (uint64_t{head.n_descsz} + 3) / 4 * 4;
    if (description + head.n_descsz > notes.size()) return {};
    if (head.n_type == kMetadataNote && notes.substr(name, 6) == "AMDGPU") return notes.substr(description, head.n_descsz);
    notes.remove_prefix(std::min<uint64_t>(end, notes.size()));
  }
  return {};
}

}  // namespace

std::string_view sizedImage(const void *image) {
  const char *start = static_cast<const char *>(image);
  Elf64_Ehdr header;
  if (!readHeader({start, sizeof header}, header)) return {};
  uint64_t end = header.e_shoff + uint64_t{header.e_shnum} * sizeof(Elf64_Shdr);
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, start + header.e_shoff + i * sizeof section, sizeof section);
    if (section.sh_type != SHT_NOBITS) end = std::max(end, section.sh_offset + section.sh_size);
  }
  return {start, end};
}

std::string readCodeObject(std::string_view file, CodeObject &out) {
  Elf64_Ehdr header;
  if (!readHeader(file, header)) return "not an AMDGPU ELF";
  if (header.e_ident[EI_OSABI] != 64 || header.e_type != ET_DYN) return "not an HSA code object";
  const std::string_view packed = metadata(file);
  const auto all = nlohmann::json::from_msgpack(packed, true, false);
  if (!all.is_object() || !all.contains("amdhsa.kernels") || all["amdhsa.kernels"].size() != 1) return "no metadata, or not of one kernel";
  out.target = all.value("amdhsa.target", "");
  const auto &kernel = all["amdhsa.kernels"][0];
  if (kernel.value(".name", "") != CT_AMDGPU_KERNEL_NAME || kernel.value(".symbol", "") != CT_AMDGPU_KERNEL_NAME ".kd") return "another kernel's name";
  out.kernarg_bytes = kernel.value(".kernarg_segment_size", 0u);
  out.kernarg_align = kernel.value(".kernarg_segment_align", 0u);
  out.most_threads = kernel.value(".max_flat_workgroup_size", 0u);
  out.wave_size = kernel.value(".wavefront_size", 0u);
  out.shared_bytes = kernel.value(".group_segment_fixed_size", 0u);
  if (kernel.contains(".reqd_workgroup_size"))
    for (int i = 0; i < 3; ++i) out.required[i] = kernel[".reqd_workgroup_size"][i];
  for (const auto &argument : kernel.value(".args", nlohmann::json::array())) {
    const std::string kind = argument.value(".value_kind", "");
    if (kind != "by_value") return "an argument that is not by value: " + kind;
    out.arguments.push_back({argument.value(".offset", 0u), argument.value(".size", 0u)});
  }
  if (!readAt(findSection(file, CT_AMDGPU_RECORD_SECTION), 0, out.record) || out.record.magic != CT_AMDGPU_MAGIC) return "no record of its needs";
  out.ir = findSection(file, CT_AMDGPU_IR_SECTION);
  out.lowered = findSection(file, CT_AMDGPU_LOWERED_SECTION);
  const ct_amdgpu_kernel &r = out.record;
  auto must = [](bool holds, const char *what) {
    if (!holds) violation("hipModuleLoadData", std::string("record and metadata differ: ") + what);
  };
  must(r.kernarg_bytes == out.kernarg_bytes, "size of the arguments");
  must(r.launch_offset + sizeof(ct_amdgpu_launch) <= out.kernarg_bytes, "the launch record is beyond the arguments");
  must(r.wave_size == out.wave_size, "wave size");
  must(r.static_shared_bytes == out.shared_bytes, "shared memory");
  must(r.max_threads <= out.most_threads, "threads of a block");
  must(out.arguments.size() == (r.params_bytes ? 2u : 1u), "number of arguments");
  must(out.arguments.back().offset == r.launch_offset && out.arguments.back().size == sizeof(ct_amdgpu_launch), "place of the launch record");
  must(!r.params_bytes || (out.arguments[0].offset == 0 && out.arguments[0].size == r.params_bytes), "place of the parameters");
  return {};
}

}  // namespace cutrans::hip_double
