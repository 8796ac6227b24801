// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The HIP target through its table, over the double: every call of HIP is made to fail, one after the other, with several errors.
// Each time the slot says what that error means, nothing crashes, and nothing is left in HIP when the device is closed.
#include <cutrans/target.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "cutrans/amdgpu_kernel.h"
#include "double/control.h"
#include "targets/hip/hip_api.h"
#include "tests/ptx/run/compile_ptx.h"

namespace {

using cutrans::hip_double::Control;

std::vector<std::string> reports;
std::string settings_library = HIP_DOUBLE;

const ct_target *target() {
  static const ct_target *const table = [] {
    void *plugin = dlopen(HIP_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    return plugin ? reinterpret_cast<ct_target_query_fn>(dlsym(plugin, CT_TARGET_QUERY_SYMBOL))(CT_TARGET_ABI_MAJOR, CT_TARGET_ABI_MINOR) : nullptr;
  }();
  return table;
}

const Control &control() {
  static const Control *const found = static_cast<const Control *>(dlsym(dlopen(HIP_DOUBLE, RTLD_NOW | RTLD_LOCAL), cutrans::hip_double::kControlSymbol));
  return *found;
}

const ct_host services = {sizeof(ct_host), CT_TARGET_ABI_MINOR, nullptr, [](void *, ct_log_level, const char *) {},
                          [](void *, const char *code, const char *text) { reports.push_back(std::string(code) + ": " + text); },
                          [](void *, const char *name) -> const char * { return std::strcmp(name, "HIP_LIBRARY") == 0 ? settings_library.c_str() : nullptr; },
                          [](void *, const char *, size_t) {}};

// Whatever is not OK ends the script; all that was made is released.
struct Script {
  ct_status status = CT_OK;
  const char *where = "";
  ct_device *device = nullptr;
  std::vector<ct_queue *> queues;
  std::vector<ct_event *> events;
  std::vector<std::pair<ct_memory_kind, uint64_t>> memory;
  std::vector<ct_module *> modules;
  void *registered = nullptr;

  bool ok(ct_status said, const char *slot) {
    status = said;
    where = slot;
    return said == CT_OK;
  }
  void finish() {
    for (ct_queue *queue : queues) (void)target()->queue->synchronize(queue);
    for (ct_module *module : modules) target()->module->unload(module);
    for (ct_queue *queue : queues) target()->queue->destroy(queue);
    for (ct_event *event : events) target()->event->destroy(event);
    for (auto [kind, at] : memory) (void)target()->memory->free(device, kind, at);
    // Tried again: the same memory is registered in the next turn.
    if (registered && target()->memory->unregister_host(device, registered) != CT_OK) (void)target()->memory->unregister_host(device, registered);
    if (device) target()->device->close(device);
  }
};

ct_copy box(ct_side dst_side, uint64_t dst, ct_side src_side, uint64_t src, uint64_t w, uint64_t h, uint64_t d, uint64_t pitch, uint64_t slice) {
  return {sizeof(ct_copy), dst_side, src_side, dst, src, w, h, d, pitch, slice, pitch, slice};
}

// Every slot but modules and launches, in every form of it.
void everything(Script &s) {
#define STEP(slot, ...) \
  if (!s.ok(target()->slot(__VA_ARGS__), #slot)) return
  STEP(device->open, 0, &s.device);
  uint64_t free_bytes = 0, total = 0;
  STEP(memory->info, s.device, &free_bytes, &total);
  uint64_t at[3] = {};
  for (ct_memory_kind kind : {CT_MEMORY_DEVICE, CT_MEMORY_HOST, CT_MEMORY_MANAGED}) {
    STEP(memory->alloc, s.device, kind, 1 << 16, 4096, &at[kind]);
    s.memory.emplace_back(kind, at[kind]);
  }
  static std::vector<unsigned char> own(8192, 1);
  uint64_t seen = 0;
  STEP(memory->register_host, s.device, own.data(), own.size(), &seen);
  s.registered = own.data();
  ct_queue *queue = nullptr, *other = nullptr;
  STEP(queue->create, s.device, CT_QUEUE_NON_BLOCKING, -5, &queue);
  s.queues.push_back(queue);
  STEP(queue->create, s.device, 0, 0, &other);
  s.queues.push_back(other);
  ct_event *timed = nullptr, *plain = nullptr;
  STEP(event->create, s.device, 0, &timed);
  s.events.push_back(timed);
  STEP(event->create, s.device, CT_EVENT_NO_TIMING | CT_EVENT_BLOCKING_WAIT, &plain);
  s.events.push_back(plain);
  const uint64_t d = at[CT_MEMORY_DEVICE], h = at[CT_MEMORY_HOST];
  std::memset(reinterpret_cast<void *>(h), 3, 1 << 16);
  for (const ct_copy &copy : {box(CT_SIDE_DEVICE, d, CT_SIDE_HOST, h, 4096, 1, 1, 4096, 4096), box(CT_SIDE_DEVICE, d, CT_SIDE_HOST, h, 10, 5, 1, 16, 80),
                              box(CT_SIDE_DEVICE, d + 1024, CT_SIDE_DEVICE, d, 10, 3, 2, 16, 64), box(CT_SIDE_HOST, h, CT_SIDE_DEVICE, d, 10, 3, 2, 16, 50)})
    STEP(queue->copy, queue, &copy);
  for (const ct_fill &fill : {ct_fill{sizeof(ct_fill), 1, d, 7, 100, 1, 100}, ct_fill{sizeof(ct_fill), 2, d, 0x1234, 50, 1, 100},
                              ct_fill{sizeof(ct_fill), 4, d, 0x12345678, 25, 1, 100}, ct_fill{sizeof(ct_fill), 4, d, 0x07070707, 5, 4, 100},
                              ct_fill{sizeof(ct_fill), 2, d, 0x1234, 5, 4, 100}})
    STEP(queue->fill, queue, &fill);
  STEP(queue->record, queue, timed);
  STEP(queue->record, queue, plain);
  STEP(queue->wait, other, plain);
  STEP(queue->host_call, other, [](void *, ct_status) {}, nullptr);
  auto *word = reinterpret_cast<uint32_t *>(h + 4096);
  *word = 0;
  const ct_word wait = {sizeof(ct_word), 4, h + 4096, 9, CT_COMPARE_GEQ}, device_wait = {sizeof(ct_word), 4, d + 8192, 5, CT_COMPARE_EQ};
  const ct_word wide = {sizeof(ct_word), 8, d + 8192, 5, CT_COMPARE_EQ};
  STEP(queue->write_word, queue, &wait);
  STEP(queue->write_word, queue, &wide);
  STEP(queue->wait_word, other, &wait);
  STEP(queue->wait_word, other, &device_wait);
  STEP(queue->synchronize, queue);
  STEP(queue->synchronize, other);
  STEP(queue->query, queue);
  STEP(event->synchronize, timed);
  STEP(event->query, timed);
  uint64_t ns = 0;
  STEP(event->timestamp, timed, &ns);
}

// A kernel that needs nothing besides its arguments, and one that needs all that a launch can bring.
const std::string &codeObject(bool needy) {
  static const std::array<std::string, 2> made = [] {
    const cutrans::test::PtxModule module(R"(.version 8.0
.target sm_80
.address_size 64
.extern .func (.param .b64 r) malloc (.param .b64 n);
.extern .func free (.param .b64 p);
.visible .entry plain(.param .u64 out) { .reg .u64 %a; ld.param.u64 %a, [out]; st.global.u32 [%a], 7; ret; }
.visible .entry needy(.param .u64 out)
{ .reg .u64 %a, %b; .reg .pred %p; .reg .u32 %x;
  ld.param.u64 %a, [out]; setp.eq.u64 %p, %a, 0; @%p trap;
  { .param .b64 n; .param .b64 r; st.param.b64 [n], 100; call.uni (r), malloc, (n); ld.param.b64 %b, [r]; }
  st.u32 [%b], 3; { .param .b64 p; st.param.b64 [p], %b; call.uni free, (p); }
  alloca.u64 %b, 64; cvta.local.u64 %b, %b; st.u32 [%b], 5; mov.u64 %a, %globaltimer; ld.u32 %x, [%b]; ld.param.u64 %a, [out]; st.global.u32 [%a], %x; ret; }
)");
    ct_device_info info{};
    info.struct_size = sizeof info;
    (void)target()->device->info(0, &info);
    cutrans::test::CompileOptions options;
    options.format = CT_AMDGPU_FORMAT;
    options.codegen = std::string(info.codegen) + ";embed-ir=1";
    return std::array{module.compile("plain", options).bytes, module.compile("needy", options).bytes};
  }();
  return made[needy];
}

// Modules and launches. What kernels write is looked at where all went well.
void launches(Script &s) {
  STEP(device->open, 0, &s.device);
  uint64_t out = 0;
  STEP(memory->alloc, s.device, CT_MEMORY_HOST, 4096, 4096, &out);
  s.memory.emplace_back(CT_MEMORY_HOST, out);
  ct_queue *queue = nullptr;
  STEP(queue->create, s.device, CT_QUEUE_NON_BLOCKING, 0, &queue);
  s.queues.push_back(queue);
  for (bool needy : {false, true}) {
    ct_artifact artifact{};
    artifact.struct_size = sizeof artifact;
    artifact.format = CT_AMDGPU_FORMAT;
    artifact.bytes = codeObject(needy).data();
    artifact.size = codeObject(needy).size();
    artifact.kernel = needy ? "needy" : "plain";
    ct_module *module = nullptr;
    STEP(module->load, s.device, &artifact, &module);
    s.modules.push_back(module);
    ct_launch launch{};
    launch.struct_size = sizeof launch;
    STEP(module->kernel, module, &launch.kernel);
    for (int i = 0; i < 3; ++i) launch.grid[i] = launch.block[i] = launch.cluster[i] = 1;
    launch.params_size = sizeof out;
    launch.params = &out;
    for (uint32_t flags : {0u, uint32_t(CT_LAUNCH_COOPERATIVE)})
      for (uint64_t stack : {1024, 2048}) {
        launch.flags = flags;
        launch.stack_bytes = stack;
        *reinterpret_cast<uint32_t *>(out) = 0;
        STEP(queue->launch, queue, &launch);
        STEP(queue->synchronize, queue);
        EXPECT_EQ(*reinterpret_cast<uint32_t *>(out), needy ? 5u : 7u);
      }
  }
#undef STEP
}

class HipTarget : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_NE(target(), nullptr);
    ASSERT_EQ(target()->init(&services), CT_OK);
  }
  static void TearDownTestSuite() { target()->shutdown(); }
};

TEST_F(HipTarget, SaysWhatTheDeviceIs) {
  ASSERT_EQ(target()->device->count(), 2u);
  ct_device_info info{};
  info.struct_size = sizeof info;
  ASSERT_EQ(target()->device->info(1, &info), CT_OK);
  EXPECT_STREQ(info.codegen, "gpu=gfx90a:sramecc+:xnack-;wave=64");
  EXPECT_STREQ(info.formats[0], "amdgpu-elf");
  EXPECT_EQ(info.flags, CT_DEVICE_COOPERATIVE | CT_DEVICE_RUNS_KERNELS | CT_DEVICE_TEXTURES);
  EXPECT_EQ(info.uuid[15], 1);
  EXPECT_EQ(info.constant_bytes, 64u << 10);
  EXPECT_EQ(info.shared_bytes_per_block_max, 64u << 10);
  EXPECT_EQ(info.max_blocks_per_unit, 32u);
}

// Of HIP for older versions.
constexpr const char *kOlder = "hipGetDeviceProperties";

TEST_F(HipTarget, EveryFunctionIsUsedAndNothingIsLeft) {
  for (auto *body : {everything, launches}) {
    Script script;
    body(script);
    EXPECT_EQ(script.status, CT_OK) << script.where;
    script.finish();
    EXPECT_STREQ(control().left(), "");
  }
  // Resets are below.
  const std::set<std::string> elsewhere = {"hipDeviceReset", kOlder};
  for (unsigned i = 0; const char *name = control().function(i); ++i) EXPECT_EQ(control().calls(name) > 0, !elsewhere.contains(name)) << name;
}

struct Asked {
  int error;
  ct_status status;
  const char *code;   // of the report; null: none
};
class HipErrors : public HipTarget, public testing::WithParamInterface<Asked> {};

std::set<std::string> failed;  // functions that have

// Either the call that failed says so, or the target has another way (peers), or the caller could do nothing (destroying).
void checkReport(const Asked &asked, ct_status status, const char *fired) {
  if (status == CT_OK) return;
  EXPECT_EQ(status, asked.status);
  if (asked.code) {
    ASSERT_FALSE(reports.empty());
    EXPECT_NE(reports[0].find(asked.code), std::string::npos) << reports[0];
    EXPECT_NE(reports[0].find(std::to_string(asked.error)), std::string::npos) << reports[0];
    EXPECT_NE(reports[0].find(fired), std::string::npos) << reports[0];
  } else {
    EXPECT_TRUE(reports.empty()) << reports[0];
  }
}

void failAtEveryCall(const Asked &asked, void (*body)(Script &), uint64_t least) {
  uint64_t n = 1;
  for (bool more = true; more && !testing::Test::HasFailure(); ++n) {
    reports.clear();
    const std::string before = control().left();  // what could not be released in earlier turns
    Script script;
    control().arm(nullptr, n, asked.error);
    body(script);
    script.finish();
    const char *fired = control().fired();
    control().arm(nullptr, 0, 0);
    more = fired != nullptr;
    if (!more) break;
    failed.insert(fired);
    SCOPED_TRACE(std::string(fired) + ", call " + std::to_string(n) + ", in " + script.where);
    checkReport(asked, script.status, fired);
    // A release that failed has not happened; everything else is gone.
    const bool release = std::strstr(fired, "Free") || std::strstr(fired, "Destroy") || std::strstr(fired, "Unregister") || std::strstr(fired, "Unload") ||
                         std::strstr(fired, "SetDevice");
    if (!release) EXPECT_EQ(control().left(), before);
  }
  EXPECT_GT(n, least);
}

// At the start the target is refused with one error of those, and has another way for attributes that an older HIP does not know.
void failAtEveryCallOfTheStart(const Asked &asked) {
  target()->shutdown();
  for (uint64_t n = 1;; ++n) {
    reports.clear();
    control().arm(nullptr, n, asked.error);
    const ct_status status = target()->init(&services);
    const char *fired = control().fired();
    control().arm(nullptr, 0, 0);
    if (!fired) {
      EXPECT_EQ(status, CT_OK);
      return;
    }
    failed.insert(fired);
    SCOPED_TRACE(std::string(fired) + ", call " + std::to_string(n));
    if (status == CT_OK) target()->shutdown();
    else checkReport(asked, asked.status, fired);
  }
}

TEST_P(HipErrors, AtEveryCall) {
  failAtEveryCall(GetParam(), everything, 30);
  failAtEveryCall(GetParam(), launches, 30);
  failAtEveryCallOfTheStart(GetParam());
  for (unsigned i = 0; const char *name = control().function(i); ++i)
    if (std::string(name) != kOlder && std::string(name) != "hipDeviceReset") EXPECT_TRUE(failed.contains(name)) << name;
}

INSTANTIATE_TEST_SUITE_P(Errors, HipErrors,
                         testing::Values(Asked{hipErrorOutOfMemory, CT_ERR_OUT_OF_MEMORY, nullptr}, Asked{hipErrorInvalidValue, CT_ERR_INVALID, "CT3301"},
                                         Asked{4711, CT_ERR_INTERNAL, "CT3301"}),
                         [](const auto &info) { return "hip" + std::to_string(info.param.error); });

TEST_F(HipTarget, AFaultStaysUntilTheDeviceIsReset) {
  reports.clear();
  Script script;
  everything(script);
  control().arm("hipStreamSynchronize", 1, hipErrorIllegalAddress);
  ASSERT_EQ(target()->queue->synchronize(script.queues[0]), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(target()->queue->query(script.queues[1]), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(target()->event->query(script.events[0]), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(target()->queue->synchronize(script.queues[1]), CT_ERR_ILLEGAL_ADDRESS);
  static ct_status told = CT_OK;
  ASSERT_EQ(target()->queue->host_call(script.queues[0], [](void *, ct_status status) { told = status; }, nullptr), CT_OK);
  EXPECT_EQ(target()->queue->synchronize(script.queues[0]), CT_ERR_ILLEGAL_ADDRESS);
  EXPECT_EQ(told, CT_ERR_ILLEGAL_ADDRESS);
  script.finish();
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0], "CT3302: hipStreamSynchronize: hipErrorIllegalAddress (700)");
  EXPECT_EQ(control().calls("hipDeviceReset"), 1u);
  // A reset that fails is the next fault, if anything is.
  Script lost;
  everything(lost);
  control().arm("hipStreamSynchronize", 1, hipErrorIllegalAddress);
  EXPECT_EQ(target()->queue->synchronize(lost.queues[0]), CT_ERR_ILLEGAL_ADDRESS);
  control().arm("hipDeviceReset", 1, hipErrorUnknown);
  lost.finish();
  EXPECT_STREQ(control().fired(), "hipDeviceReset");
  control().arm(nullptr, 0, 0);
  Script again;
  everything(again);
  EXPECT_EQ(again.status, CT_OK) << again.where;
  again.finish();
  EXPECT_STREQ(control().left(), "");
}

// In children, for the library is opened and asked once.
TEST(HipLibraryDeathTest, IsNamedWhereItCannotBeOpened) {
  EXPECT_EXIT(
      {
        settings_library = "/nowhere/libhip.so";
        const bool refused = target()->init(&services) != CT_OK && reports.size() == 1 && reports[0].rfind("CT3300: the HIP library /nowhere/libhip.so", 0) == 0;
        settings_library = HIP_PLUGIN;  // a library, and not HIP's
        const bool again = target()->init(&services) != CT_OK && reports.size() == 2 && reports[1].find("has no hipInit") != std::string::npos;
        _exit(refused && again ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(HipLibraryDeathTest, WithoutWaitsForWords) {
  EXPECT_EXIT(
      {
        setenv("HIP_DOUBLE_NO_WAIT_VALUE", "1", 1);
        bool right = target()->init(&services) == CT_OK;
        Script script;
        everything(script);
        right = right && script.status == CT_ERR_UNSUPPORTED && std::string(script.where) == "queue->wait_word" && reports.back().rfind("CT3304", 0) == 0;
        script.finish();
        _exit(right && !*control().left() ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
