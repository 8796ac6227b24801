// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Slots from several threads at a time: each thread has queues and events of its own, the device is shared.
#include <thread>

#include "session.h"

namespace cutrans::conformance {
namespace {

constexpr int kThreads = 4;

// Runs `body` in four threads; ends the case with the first failure of any. Nothing may throw through a thread.
template <class Body>
void inThreads(Session &s, Body body) {
  std::vector<std::string> said(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      try {
        body(t);
      } catch (const Failed &failed) {
        said[t] = failed.text;
      } catch (const Unsupported &refused) {
        said[t] = "refused: " + refused.text;
      }
    });
  for (std::thread &thread : threads) thread.join();
  for (const std::string &text : said) s.check(text.empty(), text);
}

void memory(Session &s) {
  inThreads(s, [&](int t) {
    for (int i = 0; i < 200; ++i) {
      const ct_memory_kind kind = i % 3 ? CT_MEMORY_DEVICE : CT_MEMORY_HOST;
      uint64_t at = 0, left = 0, total = 0;
      s.ok(s.memory().alloc(s.device(), kind, static_cast<uint64_t>(1 + i * 257 + t), 256, &at), "alloc");
      s.ok(s.memory().info(s.device(), &left, &total), "info");
      s.ok(s.memory().free(s.device(), kind, at), "free");
    }
  });
}

void queuesAndEvents(Session &s) {
  inThreads(s, [&](int t) {
    uint64_t at = 0;
    s.ok(s.memory().alloc(s.device(), CT_MEMORY_DEVICE, 4096, 256, &at), "alloc");
    for (uint32_t i = 0; i < 40; ++i) {
      ct_queue *queue = nullptr;
      ct_event *event = nullptr;
      uint32_t seen = 0;
      const uint32_t value = i * 100 + static_cast<uint32_t>(t);
      s.ok(s.queues().create(s.device(), 0, 0, &queue), "create");
      s.ok(s.events().create(s.device(), 0, &event), "create");
      const ct_fill fill{sizeof(ct_fill), 4, at, value, 1024, 1, 4096};
      const ct_copy copy = linearCopy(CT_SIDE_HOST, address(&seen), CT_SIDE_DEVICE, at + 4092, 4);
      s.ok(s.queues().fill(queue, &fill), "fill");
      s.ok(s.queues().copy(queue, &copy), "copy");
      s.ok(s.queues().record(queue, event), "record");
      s.ok(s.events().synchronize(event), "synchronize");
      s.check(seen == value, "each thread finds what it wrote");
      s.events().destroy(event);
      s.queues().destroy(queue);
    }
    s.ok(s.memory().free(s.device(), CT_MEMORY_DEVICE, at), "free");
  });
}

void modules(Session &s) {
  const KernelArtifact artifact = s.artifact("ids");
  inThreads(s, [&](int) {
    for (int i = 0; i < 10; ++i) {
      ct_artifact from{sizeof(ct_artifact), artifact.format.c_str(), artifact.bytes.data(), artifact.bytes.size(),
                       artifact.path.empty() ? nullptr : artifact.path.c_str(), "ids"};
      ct_module *module = nullptr;
      ct_kernel *kernel = nullptr;
      s.ok(s.modules().load(s.device(), &from, &module), "load");
      s.ok(s.modules().kernel(module, &kernel), "kernel");
      s.modules().unload(module);
    }
  });
}

void oneEvent(Session &s) {
  // Records on four queues, waits and questions: which record an event follows is open, that it follows one is not.
  ct_event *event = s.event(CT_EVENT_NO_TIMING);
  std::vector<ct_queue *> queues;
  for (int t = 0; t < kThreads; ++t) queues.push_back(s.queue());
  inThreads(s, [&](int t) {
    for (int i = 0; i < 300; ++i) {
      s.ok(s.queues().record(queues[t], event), "record");
      s.ok(s.queues().wait(queues[t], event), "wait");
      const ct_status status = s.events().query(event);
      s.check(status == CT_OK || status == CT_NOT_READY, "query");
      if (i % 50 == 0) s.ok(s.events().synchronize(event), "synchronize");
    }
    s.ok(s.queues().synchronize(queues[t]), "synchronize");
  });
  s.is(CT_OK, s.events().query(event), "query at the end");
}

constexpr Case kCases[] = {
    {"thread.memory", "Threads allocate and release at the same time.", memory},
    {"thread.queues-and-events", "Threads make, use and destroy queues and events at the same time.", queuesAndEvents},
    {"thread.modules", "Threads load and unload at the same time.", modules},
    {"thread.one-event", "Threads record, wait for and ask one event at the same time.", oneEvent},
};

}  // namespace
std::span<const Case> threadCases() { return kCases; }
}  // namespace cutrans::conformance
