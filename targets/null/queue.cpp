// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Queues, and what can be submitted to them.
#include "queue.h"

#include <cutrans/targets/boxes.h>
#include <cutrans/targets/words.h>

#include <chrono>
#include <new>
#include <system_error>

#include "device.h"
#include "event.h"
#include "host.h"

ct_queue::ct_queue(ct_device *on) : device(on), thread_([this] { run(); }) {}

ct_queue::~ct_queue() {
  {
    std::lock_guard hold(lock_);
    ending_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void ct_queue::run() {
  std::unique_lock hold(lock_);
  for (;;) {
    changed_.wait(hold, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto operation = std::move(waiting_.front());
    waiting_.pop_front();
    running_ = true;
    hold.unlock();
    operation();
    hold.lock();
    running_ = false;
    changed_.notify_all();
  }
}

void ct_queue::submit(std::function<void()> operation) {
  std::lock_guard hold(lock_);
  waiting_.push_back(std::move(operation));
  changed_.notify_all();
}

bool ct_queue::idle() {
  std::lock_guard hold(lock_);
  return waiting_.empty() && !running_;
}

void ct_queue::wait() {
  std::unique_lock hold(lock_);
  changed_.wait(hold, [this] { return waiting_.empty() && !running_; });
}

namespace cutrans::null {
namespace {

ct_status create(ct_device *device, uint32_t, int32_t, ct_queue **out) {
  try {
    *out = new ct_queue(device);
    return CT_OK;
  } catch (const std::bad_alloc &) {
  } catch (const std::system_error &) {
  }
  return CT_ERR_OUT_OF_MEMORY;  // also: no more threads
}

void destroy(ct_queue *queue) { delete queue; }

ct_status launch(ct_queue *, const ct_launch *) { return refuse("a kernel launch: the null target runs no kernels"); }

// A device address is as good as its place; host addresses stay.
uint64_t place(const ct_queue &queue, ct_side side, uint64_t address) {
  return side == CT_SIDE_DEVICE ? queue.device->translate(address) : address;
}

ct_status copy(ct_queue *queue, const ct_copy *request) {
  ct_copy box = *request;
  box.dst = place(*queue, box.dst_side, box.dst);
  box.src = place(*queue, box.src_side, box.src);
  queue->submit([box] { ct_copy_box(&box); });
  return CT_OK;
}

ct_status fill(ct_queue *queue, const ct_fill *request) {
  ct_fill box = *request;
  box.dst = queue->device->translate(box.dst);
  queue->submit([box] { ct_fill_box(&box); });
  return CT_OK;
}

ct_status hostCall(ct_queue *queue, void (*fn)(void *, ct_status), void *user) {
  queue->submit([fn, user] { fn(user, CT_OK); });
  return CT_OK;
}

ct_status record(ct_queue *queue, ct_event *event) {
  auto mark = std::make_shared<Mark>(event->time);
  {
    std::lock_guard hold(event->lock);
    event->newest = mark;
  }
  queue->submit([mark] { mark->pass(); });
  return CT_OK;
}

ct_status wait(ct_queue *queue, ct_event *event) {
  if (auto mark = event->get()) queue->submit([mark] { mark->wait(); });
  return CT_OK;
}

ct_word placed(const ct_queue &queue, const ct_word &request) {
  ct_word word = request;
  word.address = queue.device->translate(word.address);
  return word;
}

// Each queue has a thread of its own, which may as well look again and again.
ct_status waitWord(ct_queue *queue, const ct_word *request) {
  queue->submit([word = placed(*queue, *request)] {
    while (!ct_word_compares(&word)) std::this_thread::sleep_for(std::chrono::microseconds(50));
  });
  return CT_OK;
}

ct_status writeWord(ct_queue *queue, const ct_word *request) {
  queue->submit([word = placed(*queue, *request)] { ct_word_write(&word); });
  return CT_OK;
}

ct_status query(ct_queue *queue) { return queue->idle() ? CT_OK : CT_NOT_READY; }

ct_status synchronize(ct_queue *queue) {
  queue->wait();
  return CT_OK;
}

}  // namespace

// No submit_many: the runtime's own is used and tested with this target.
const ct_queue_ops queue_ops = {sizeof(ct_queue_ops), create, destroy, launch, copy,  fill,
                                hostCall,             record, wait,    query,  synchronize, waitWord, writeWord, nullptr};

}  // namespace cutrans::null
