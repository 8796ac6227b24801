// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// compile(): the disk cache, else the code generator. Threads of one process that ask for the same artifact at the same
// time share one compile; processes may each do their own, and the last to rename its file wins with the same bytes.
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>

#include "compiler/api/codegen_door.h"
#include "compiler/api/handles.h"
#include "cutrans/support/log.h"

namespace cutrans::compiler {
namespace {

struct Said {
  std::string code, text;
};

// One compile under way. Waiters get the outcome and hear the same diagnostics.
struct Flight {
  std::mutex lock;
  std::condition_variable landed;
  bool done = false;
  ctc_status status = CTC_ERR_INTERNAL;
  ctc_artifact artifact;
  std::vector<Said> said;
};

struct KeyLess {
  bool operator()(const cache::Key &a, const cache::Key &b) const {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
  }
};
struct Flights {
  std::mutex lock;  // held for look-ups only, never while compiling
  std::map<cache::Key, std::shared_ptr<Flight>, KeyLess> by_key;
};
Flights &flights() {
  static Flights *const instance = new Flights;
  return *instance;
}

bool shapeFits(const ptx::Function &kernel, const uint32_t block[3], std::string &why) {
  if (!block[0]) return true;
  const ptx::Performance &p = kernel.performance;
  auto text = [](const uint32_t shape[3]) {
    return std::to_string(shape[0]) + "x" + std::to_string(shape[1]) + "x" + std::to_string(shape[2]);
  };
  why = "kernel " + std::string(kernel.name) + ", block " + text(block) + ": ";
  if (p.reqntid[0] && std::memcmp(p.reqntid, block, sizeof p.reqntid) != 0) {
    why += ".reqntid is " + text(p.reqntid);
    return false;
  }
  uint64_t threads = uint64_t{block[0]} * block[1] * block[2];
  uint64_t most = uint64_t{p.maxntid[0]} * p.maxntid[1] * p.maxntid[2];
  if (p.maxntid[0] && threads > most) {
    why += ".maxntid allows " + std::to_string(most) + " threads";
    return false;
  }
  return true;
}

cache::Key keyOf(const ctc_module &module, const ctc_request &request, const char *format) {
  cache::KeyBuilder key;
  key.add(buildIdentity()).add(module.texts.high).add(module.texts.low);
  key.add(std::string_view(request.kernel)).add(std::string_view(format));
  key.add(std::string_view(request.codegen ? request.codegen : ""));
  for (uint32_t extent : request.block) key.add(uint64_t{extent});
  key.add(uint64_t{request.cooperative != 0}).add(uint64_t{request.any_grid != 0});
  key.add(uint64_t{module.options.gang_width}).add(uint64_t{module.options.compute_capability});
  return key.finish();
}

bool lookUp(ctc_module &module, const ctc_request &request, ctc_artifact &out) {
  if (!module.cache || module.options.looksAt(request.kernel)) return false;
  for (const char *const *format = request.formats; *format; ++format) {
    cache::DiskCache::Hit hit;
    if (!module.cache->find(keyOf(module, request, *format), hit)) continue;
    out.format = *format;
    out.path = std::move(hit.path);
    out.size = hit.size;
    out.from_cache = true;
    logf(LogCategory::cache, LogLevel::debug, "kernel %s from %s", request.kernel, out.path.c_str());
    return true;
  }
  return false;
}

ctc_status generate(ctc_module &module, const ctc_request &request, const ptx::Function &kernel, const ctc_sink &sink,
                    ctc_artifact &out) {
  std::string why;
  ptx::Program program;
  ptx::Problems problems;
  if (!module.linked->program(kernel, program, problems)) {
    tell(&sink, problems);
    return statusOf(problems);
  }
  const codegen::Table *codegen = openCodegen(why);
  if (!codegen) {
    tell(&sink, Diag::codegen_unavailable, why);
    return CTC_ERR_INTERNAL;
  }
  auto nextFormat = [&](const char *const *format) {
    while (*format && !codegen->supports(*format)) ++format;
    return format;
  };
  const char *const *format = nextFormat(request.formats);
  if (!*format) {
    tell(&sink, Diag::artifact_format, "kernel " + std::string(kernel.name) + ": none of the target's formats");
    return CTC_ERR_UNSUPPORTED;
  }
  const Options &options = module.options;
  bool look = options.looksAt(kernel.name);
  codegen::Request door;
  door.program = &program;
  door.codegen = request.codegen ? request.codegen : "";
  std::copy(std::begin(request.block), std::end(request.block), door.block);
  door.cooperative = request.cooperative != 0;
  door.any_grid = request.any_grid != 0;
  door.compute_capability = options.compute_capability;
  door.gang_width = options.gang_width;
  door.verify = options.verify;
  door.time_passes = look && options.time_passes;
  door.print_after = look && !options.print_after.empty() ? options.print_after.c_str() : nullptr;
  door.dump_dir = look && !options.dump_dir.empty() ? options.dump_dir.c_str() : nullptr;
  if (door.dump_dir) dumpUnits(module);
  auto start = std::chrono::steady_clock::now();
  // What one format cannot hold the next one may: only a refusal by the last one is told.
  ctc_sink recorder = {nullptr, [](void *ctx, const char *code, const char *text) { static_cast<std::vector<Said> *>(ctx)->push_back({code, text}); }};
  door.sink = &recorder;
  for (;;) {
    std::vector<Said> said;
    recorder.ctx = &said;
    door.format = *format;
    ctc_status status = codegen->compile(door, out.bytes);
    const char *const *next = nextFormat(format + 1);
    const bool goOn = status == CTC_ERR_UNSUPPORTED && *next;
    for (const Said &line : said)
      if (!goOn) sink.diagnostic(sink.ctx, line.code.c_str(), line.text.c_str());
      else logf(LogCategory::compiler, LogLevel::info, "kernel %s as %s: %s: %s", request.kernel, *format, line.code.c_str(), line.text.c_str());
    if (status == CTC_OK) break;
    if (!goOn) return status;
    format = next;
  }
  out.compile_ns = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count());
  out.format = *format;
  out.size = out.bytes.size();
  logf(LogCategory::compiler, LogLevel::debug, "kernel %s compiled in %.1f ms", request.kernel, static_cast<double>(out.compile_ns) / 1e6);
  if (!module.cache) return CTC_OK;
  cache::DiskCache::Hit hit;
  bool not_private = false;
  if (module.cache->store(keyOf(module, request, *format), out.bytes, hit, why, not_private))
    out.path = std::move(hit.path);  // the bytes stay: the file may be swept before it is opened
  else if (!why.empty())
    tell(&sink, not_private ? Diag::cache_not_private : Diag::cache_unwritable, why);
  return CTC_OK;
}

}  // namespace

std::shared_ptr<cache::DiskCache> cacheOf(const std::string &folder, uint64_t max_bytes) {
  static std::mutex *const lock = new std::mutex;
  static auto *const caches = new std::map<std::pair<std::string, uint64_t>, std::shared_ptr<cache::DiskCache>>;
  std::lock_guard hold(*lock);
  auto &cache = (*caches)[{folder, max_bytes}];
  if (!cache) cache = std::make_shared<cache::DiskCache>(folder, max_bytes);
  return cache;
}

ctc_status compile(ctc_module &module, const ctc_request &request, const ctc_sink *sink, ctc_artifact **out) {
  size_t index = module.linked->findKernel(request.kernel);
  if (index == ptx::Module::kNone) return CTC_ERR_NOT_FOUND;
  const ptx::Function *kernel = module.linked->kernels()[index];
  std::string why;
  if (!shapeFits(*kernel, request.block, why)) {
    tell(sink, Diag::kernel_block_shape, why);
    return CTC_ERR_LAUNCH_SHAPE;
  }
  auto artifact = std::make_unique<ctc_artifact>();
  if (lookUp(module, request, *artifact)) {
    *out = artifact.release();
    return CTC_OK;
  }

  cache::Key key = keyOf(module, request, "");
  std::shared_ptr<Flight> flight;
  bool pilot;
  {
    Flights &all = flights();
    std::lock_guard hold(all.lock);
    auto [place, fresh] = all.by_key.try_emplace(key);
    if (fresh) place->second = std::make_shared<Flight>();
    flight = place->second;
    pilot = fresh;
  }
  if (pilot) {
    // Whatever happens, the flight lands and leaves the map: nobody waits for ever.
    struct Landing {
      const cache::Key &key;
      Flight &flight;
      ~Landing() {
        {
          std::lock_guard hold(flights().lock);
          flights().by_key.erase(key);
        }
        std::lock_guard hold(flight.lock);
        flight.done = true;
        flight.landed.notify_all();
      }
    } landing{key, *flight};
    ctc_sink recorder = {flight.get(), [](void *ctx, const char *code, const char *text) {
                           auto *into = static_cast<Flight *>(ctx);
                           std::lock_guard hold(into->lock);
                           into->said.push_back({code, text});
                         }};
    flight->status = generate(module, request, *kernel, recorder, flight->artifact);
  } else {
    std::unique_lock hold(flight->lock);
    flight->landed.wait(hold, [&] { return flight->done; });
  }
  if (sink && sink->diagnostic)
    for (const Said &said : flight->said) sink->diagnostic(sink->ctx, said.code.c_str(), said.text.c_str());
  if (flight->status != CTC_OK) return flight->status;
  *artifact = flight->artifact;
  *out = artifact.release();
  return CTC_OK;
}

}  // namespace cutrans::compiler
