// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/api/codegen_door.h"

#include <dlfcn.h>

#include <cstring>

#include "compiler/cache/disk_cache.h"

namespace cutrans::compiler {
namespace {

constexpr char kLibrary[] = "libcutrans_codegen.so";

std::string ownPath() {
  Dl_info info;
  return ::dladdr(reinterpret_cast<const void *>(&ownPath), &info) && info.dli_fname ? info.dli_fname : "";
}

std::string codegenPath() {
  std::string own = ownPath();
  size_t slash = own.rfind('/');
  return slash == std::string::npos ? kLibrary : own.substr(0, slash + 1) + kLibrary;
}

struct Opened {
  const codegen::Table *table = nullptr;
  std::string why;
};

Opened open() {
  std::string path = codegenPath();
  // Local: LLVM's symbols must not meet those of a program that has an LLVM of its own.
  void *library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return {nullptr, ::dlerror()};
  auto query = reinterpret_cast<codegen::QueryFn>(::dlsym(library, codegen::kQuerySymbol));
  if (!query) return {nullptr, path + " has no " + codegen::kQuerySymbol};
  const codegen::Table *table = query();
  if (!table || table->struct_size < sizeof(codegen::Table) || std::strcmp(table->build_id, CUTRANS_BUILD_ID) != 0)
    return {nullptr, path + " was built from other sources than " + ownPath()};
  return {table, ""};
}

}  // namespace

const codegen::Table *openCodegen(std::string &why) {
  static const Opened *const opened = new Opened(open());
  why = opened->why;
  return opened->table;
}

const std::string &buildIdentity() {
  static const std::string *const identity =
      new std::string(cache::libraryIdentity(ownPath()) + "|" + cache::libraryIdentity(codegenPath()));
  return *identity;
}

}  // namespace cutrans::compiler
