// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Work of the host inside queues: functions of the program, and waits for words of memory.
//
// HIP calls all host functions on one thread, which none may block and from which HIP must not be called; the program's may do both.
// So HIP's host function only hands over what is to be done, and the stream then waits for a word of pinned memory, the
// queue's ticket, which is written when it is done. Streams that cannot wait for words run functions on HIP's thread.
#pragma once

#include <cutrans/target.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cutrans::hip {

class HostThreads {
 public:
  // On any thread; one is added when all are busy. False: no thread could be had, and there is none.
  bool run(std::function<void()> work);
  // Asks `done` again and again, rarer the longer it takes, on one thread for all of them; then calls `then`.
  bool poll(std::function<bool()> done, std::function<void()> then);
  void stop();  // everything is done

 private:
  struct Wait {
    std::function<bool()> done;
    std::function<void()> then;
    uint64_t since, next;  // ns
  };
  void work();
  void watch();
  std::mutex lock_;  // everything below
  std::condition_variable changed_, watched_;
  std::deque<std::function<void()>> waiting_;
  std::vector<Wait> waits_;
  std::vector<std::thread> threads_;
  std::thread watcher_;
  unsigned idle_ = 0;
  bool ending_ = false;
};
extern HostThreads *host_threads;  // from init to shutdown

}  // namespace cutrans::hip
