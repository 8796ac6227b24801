// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds, checks and loads a target plug-in. A plug-in of another ABI, or one without a mandatory slot, is refused by
// name here, so that no later code has to expect it.
#include "target.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>

#include "cutrans/runtime/platform.h"
#include "cutrans/support/diagnostics.h"
#include "state.h"

namespace cutrans::runtime {
namespace {

// Copies what both sides know of a table.
template <class Ops>
bool copyTable(const Ops *from, Ops &to) {
  if (!from) return false;
  std::memcpy(&to, from, std::min<size_t>(from->struct_size, sizeof to));
  to.struct_size = sizeof to;
  return true;
}

ct_status registerDefault(ct_device *, void *address, uint64_t, uint64_t *out) {
  *out = reinterpret_cast<uint64_t>(address);
  return CT_OK;
}
ct_status unregisterDefault(ct_device *, void *) { return CT_OK; }
ct_status wordDefault(ct_queue *, const ct_word *) {
  report(Diag::target_no_words, "a stream was to wait for a word of memory, or to write one");
  return CT_ERR_UNSUPPORTED;
}

ct_status submitOne(const ct_queue_ops &ops, ct_queue *queue, const ct_operation &operation) {
  switch (operation.kind) {
    case CT_OPERATION_LAUNCH: return ops.launch(queue, operation.u.launch);
    case CT_OPERATION_COPY: return ops.copy(queue, operation.u.copy);
    case CT_OPERATION_FILL: return ops.fill(queue, operation.u.fill);
    case CT_OPERATION_HOST_CALL: return ops.host_call(queue, operation.u.host_call.fn, operation.u.host_call.user);
    case CT_OPERATION_RECORD: return ops.record(queue, operation.u.event);
    case CT_OPERATION_WAIT: return ops.wait(queue, operation.u.event);
    case CT_OPERATION_WAIT_WORD: return ops.wait_word(queue, operation.u.word);
    case CT_OPERATION_WRITE_WORD: return ops.write_word(queue, operation.u.word);
  }
  return CT_ERR_INTERNAL;
}
// There is one target for each process (state.h).
ct_status submitManyDefault(ct_queue *queue, const ct_operation *operations, size_t count, size_t *out_taken) {
  for (*out_taken = 0; *out_taken < count; ++*out_taken)
    if (ct_status status = submitOne(target().queue, queue, operations[*out_taken]); status != CT_OK) return status;
  return CT_OK;
}

// The name of a mandatory slot that is empty, or null.
const char *missingSlot(const Target &t) {
  const char *missing = nullptr;
  auto need = [&](const char *name, auto slot) {
    if (!slot && !missing) missing = name;
  };
  need("device.count", t.device.count);
  need("device.open", t.device.open);
  need("device.close", t.device.close);
  need("device.info", t.device.info);
  need("memory.alloc", t.memory.alloc);
  need("memory.free", t.memory.free);
  need("memory.info", t.memory.info);
  need("queue.create", t.queue.create);
  need("queue.destroy", t.queue.destroy);
  need("queue.launch", t.queue.launch);
  need("queue.copy", t.queue.copy);
  need("queue.fill", t.queue.fill);
  need("queue.host_call", t.queue.host_call);
  need("queue.record", t.queue.record);
  need("queue.wait", t.queue.wait);
  need("queue.query", t.queue.query);
  need("queue.synchronize", t.queue.synchronize);
  need("event.create", t.event.create);
  need("event.destroy", t.event.destroy);
  need("event.query", t.event.query);
  need("event.synchronize", t.event.synchronize);
  need("event.timestamp", t.event.timestamp);
  need("module.load", t.module.load);
  need("module.unload", t.module.unload);
  need("module.kernel", t.module.kernel);
  need("shutdown", t.shutdown);
  return missing;
}

// All or nothing.
bool hasMapping(const ct_mapping_ops &m) {
  return m.granularity && m.reserve && m.unreserve && m.create && m.release && m.export_file && m.import_file && m.map && m.unmap &&
         m.access && m.share;
}

Code refuse(Diag diag, const std::string &text) {
  report(diag, text);
  return Code::not_initialized;
}

bool isName(const std::string &text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
}


}  // namespace

std::string findTarget(const std::string &wanted, const std::string &folders) {
  if (wanted.find('/') != std::string::npos) return access(wanted.c_str(), R_OK) == 0 ? wanted : std::string();
  if (!isName(wanted)) return {};
  const std::string file = "/cutrans_target_" + wanted + ".so";
  std::string rest = folders.empty() ? libraryFolder() : folders + ":" + libraryFolder();
  while (!rest.empty()) {
    std::string folder = rest.substr(0, rest.find(':'));
    rest.erase(0, folder.size() + 1);
    if (!folder.empty() && access((folder + file).c_str(), R_OK) == 0) return folder + file;
  }
  return {};
}

Result<Target *> loadTarget(const std::string &wanted, const std::string &folders) {
  auto target = std::make_unique<Target>();
  target->path = findTarget(wanted, folders);
  if (target->path.empty()) return refuse(Diag::target_not_found, "no target plug-in " + wanted + " (searched " + (folders.empty() ? "" : folders + ":") + libraryFolder() + ")");
  target->library = dlopen(target->path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!target->library) return refuse(Diag::target_not_loadable, std::string("target plug-in ") + dlerror());
  auto query = reinterpret_cast<ct_target_query_fn>(dlsym(target->library, CT_TARGET_QUERY_SYMBOL));
  if (!query) return refuse(Diag::target_bad_abi, target->path + " exports no " CT_TARGET_QUERY_SYMBOL);
  const ct_target *table = query(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR);
  if (!table || table->magic != CT_TARGET_MAGIC || table->abi_major != CT_TARGET_ABI_MAJOR ||
      table->struct_size < offsetof(ct_target, mapping))
    return refuse(Diag::target_bad_abi, target->path + " does not serve version " + std::to_string(CT_TARGET_ABI_MAJOR) +
                                            " of the target ABI");
  bool complete = copyTable(table->device, target->device) && copyTable(table->memory, target->memory) &&
                  copyTable(table->queue, target->queue) && copyTable(table->event, target->event) &&
                  copyTable(table->module, target->module) && table->init;
  if (complete && table->struct_size > offsetof(ct_target, mapping) && table->mapping)
    complete = copyTable(table->mapping, target->mapping) && hasMapping(target->mapping);
  target->shutdown = table->shutdown;
  const char *missing = complete ? missingSlot(*target) : "a whole group";
  if (missing) return refuse(Diag::target_bad_abi, target->path + " leaves " + missing + " empty");
  target->name = table->name ? table->name : "";
  target->build = table->build ? table->build : "";
  if (!target->memory.register_host) target->memory.register_host = registerDefault;
  if (!target->memory.unregister_host) target->memory.unregister_host = unregisterDefault;
  target->words = target->queue.wait_word && target->queue.write_word;
  if (!target->words) target->queue.wait_word = target->queue.write_word = wordDefault;
  if (!target->queue.submit_many) target->queue.submit_many = submitManyDefault;
  if (ct_status status = table->init(&hostServices()); status != CT_OK)
    return refuse(Diag::target_init_failed, "target " + target->name + ": " + std::string(codeMeaning(fromTarget(status))));
  return target.release();
}

Code fromTarget(ct_status status) {
  switch (status) {
    case CT_OK: return Code::ok;
    case CT_NOT_READY: return Code::not_ready;
    case CT_ERR_INVALID: return Code::invalid_value;
    case CT_ERR_OUT_OF_MEMORY: return Code::out_of_memory;
    case CT_ERR_UNSUPPORTED: return Code::unsupported;
    case CT_ERR_ILLEGAL_ADDRESS: return Code::illegal_address;
    case CT_ERR_MISALIGNED: return Code::misaligned_address;
    case CT_ERR_ASSERT: return Code::device_assert;
    case CT_ERR_TRAP: return Code::device_trap;
    case CT_ERR_LAUNCH: return Code::launch_failure;
    case CT_ERR_BAD_ARTIFACT: return Code::invalid_image;
    case CT_ERR_TOO_LARGE: return Code::cooperative_too_large;
    case CT_ERR_DEVICE_LOST: return Code::device_lost;
    case CT_ERR_INTERNAL: return Code::internal;
  }
  return Code::internal;
}

}  // namespace cutrans::runtime
