// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams, events, host functions: order, state, wrong handles.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "api_test.h"

namespace {

class Streams : public RuntimeApi {};

// Holds a stream until it is opened; a stream can so be busy for as long as a test wants.
class Gate {
 public:
  void put(cudaStream_t stream) { ASSERT_CUDA(cudaLaunchHostFunc(stream, wait, this)); }
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  static void wait(void *user) {
    auto *gate = static_cast<Gate *>(user);
    std::unique_lock lock(gate->mutex_);
    gate->changed_.wait(lock, [&] { return gate->open_; });
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

struct Stream {
  explicit Stream(unsigned flags = cudaStreamDefault) { EXPECT_CUDA(cudaStreamCreateWithFlags(&handle, flags)); }
  ~Stream() { EXPECT_CUDA(cudaStreamDestroy(handle)); }
  operator cudaStream_t() const { return handle; }  // NOLINT
  cudaStream_t handle = nullptr;
};

TEST_F(Streams, AnswerQuestionsAboutThemselves) {
  cudaStream_t stream;
  unsigned flags = 9;
  int priority = 9, least = 9, greatest = 9, device = 9;
  unsigned long long id = 0, other_id = 0;
  ASSERT_CUDA(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  EXPECT_LT(greatest, least);
  ASSERT_CUDA(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest - 10));
  EXPECT_CUDA(cudaStreamGetFlags(stream, &flags));
  EXPECT_EQ(flags, unsigned{cudaStreamNonBlocking});
  EXPECT_CUDA(cudaStreamGetPriority(stream, &priority));
  EXPECT_EQ(priority, greatest);  // clamped
  EXPECT_CUDA(cudaStreamGetId(stream, &id));
  EXPECT_CUDA(cudaStreamGetId(nullptr, &other_id));
  EXPECT_NE(id, other_id);
  EXPECT_CUDA(cudaStreamGetDevice(stream, &device));
  EXPECT_EQ(device, 0);
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusActive;
  EXPECT_CUDA(cudaStreamIsCapturing(stream, &capture));
  EXPECT_EQ(capture, cudaStreamCaptureStatusNone);
  EXPECT_CUDA(cudaStreamDestroy(stream));
}

TEST_F(Streams, WrongOnesAreErrors) {
  cudaStream_t stream;
  EXPECT_CUDA_ERROR(cudaStreamCreate(nullptr), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamCreateWithFlags(&stream, 0x40), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaStreamCreate(&stream));
  EXPECT_CUDA(cudaStreamDestroy(stream));
  EXPECT_CUDA_ERROR(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaStreamQuery(reinterpret_cast<cudaStream_t>(0xdeadbeef)), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA_ERROR(cudaStreamDestroy(nullptr), cudaErrorInvalidResourceHandle);
}

TEST_F(Streams, QuerySaysNotReadyWhileWorkRuns) {
  Stream stream;
  Gate gate;
  EXPECT_CUDA(cudaStreamQuery(stream));
  gate.put(stream);
  EXPECT_CUDA_ERROR(cudaStreamQuery(stream), cudaErrorNotReady);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaStreamQuery(stream));
}

TEST_F(Streams, TheLegacyStreamWaitsForBlockingOnesOnly) {
  Stream blocking, free(cudaStreamNonBlocking);
  Gate gate, free_gate;
  free_gate.put(free);
  EXPECT_CUDA(cudaStreamSynchronize(cudaStreamLegacy));  // does not wait for `free`
  gate.put(blocking);
  std::atomic<bool> ran{false};
  ASSERT_CUDA(cudaLaunchHostFunc(cudaStreamLegacy, [](void *p) { *static_cast<std::atomic<bool> *>(p) = true; }, &ran));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(ran);
  gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(cudaStreamLegacy));
  EXPECT_TRUE(ran);
  free_gate.open();
  EXPECT_CUDA(cudaStreamSynchronize(free));
}

TEST_F(Streams, TheThreadsOwnDefaultStreamIsAnother) {
  unsigned long long legacy = 0, own = 0, others = 0;
  ASSERT_CUDA(cudaStreamGetId(cudaStreamLegacy, &legacy));
  ASSERT_CUDA(cudaStreamGetId(cudaStreamPerThread, &own));
  EXPECT_NE(legacy, own);
  std::thread([&] { EXPECT_CUDA(cudaStreamGetId(cudaStreamPerThread, &others)); }).join();
  EXPECT_NE(own, others);
}

TEST_F(Streams, WaitingForAnEventOrdersTwoStreams) {
  Stream first(cudaStreamNonBlocking), second(cudaStreamNonBlocking);
  Gate gate;
  cudaEvent_t event;
  std::atomic<int> order{0};
  int at_first = -1, at_second = -1;
  struct Mark {
    std::atomic<int> *order;
    int *at;
  } first_mark{&order, &at_first}, second_mark{&order, &at_second};
  auto note = [](void *p) { *static_cast<Mark *>(p)->at = (*static_cast<Mark *>(p)->order)++; };
  ASSERT_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  gate.put(first);
  ASSERT_CUDA(cudaLaunchHostFunc(first, note, &first_mark));
  ASSERT_CUDA(cudaEventRecord(event, first));
  ASSERT_CUDA(cudaStreamWaitEvent(second, event, 0));
  ASSERT_CUDA(cudaLaunchHostFunc(second, note, &second_mark));
  gate.open();
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(at_first, 0);
  EXPECT_EQ(at_second, 1);
  EXPECT_CUDA(cudaEventDestroy(event));
}

TEST_F(Streams, EventsTakeTheTime) {
  Stream stream;
  cudaEvent_t start, end;
  float ms = -1;
  ASSERT_CUDA(cudaEventCreate(&start));
  ASSERT_CUDA(cudaEventCreate(&end));
  EXPECT_CUDA(cudaEventQuery(start));  // never recorded counts as done
  EXPECT_CUDA_ERROR(cudaEventElapsedTime(&ms, start, end), cudaErrorInvalidResourceHandle);
  ASSERT_CUDA(cudaEventRecord(start, stream));
  Gate gate;
  gate.put(stream);
  ASSERT_CUDA(cudaEventRecord(end, stream));
  EXPECT_CUDA_ERROR(cudaEventQuery(end), cudaErrorNotReady);
  EXPECT_CUDA_ERROR(cudaEventElapsedTime(&ms, start, end), cudaErrorNotReady);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  gate.open();
  EXPECT_CUDA(cudaEventSynchronize(end));
  EXPECT_CUDA(cudaEventElapsedTime(&ms, start, end));
  EXPECT_GE(ms, 4.0f);
  EXPECT_CUDA(cudaEventDestroy(start));
  EXPECT_CUDA(cudaEventDestroy(end));
  EXPECT_CUDA_ERROR(cudaEventQuery(end), cudaErrorInvalidResourceHandle);
}

TEST_F(Streams, EventsWithoutTimingHaveNone) {
  cudaEvent_t start, end;
  float ms = 0;
  ASSERT_CUDA(cudaEventCreateWithFlags(&start, cudaEventDisableTiming));
  ASSERT_CUDA(cudaEventCreate(&end));
  ASSERT_CUDA(cudaEventRecord(start, nullptr));
  ASSERT_CUDA(cudaEventRecord(end, nullptr));
  ASSERT_CUDA(cudaEventSynchronize(end));
  EXPECT_CUDA_ERROR(cudaEventElapsedTime(&ms, start, end), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaEventDestroy(start));
  EXPECT_CUDA(cudaEventDestroy(end));
  EXPECT_CUDA_ERROR(cudaEventCreateWithFlags(&start, 0x100), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaEventCreateWithFlags(&start, cudaEventInterprocess), cudaErrorInvalidValue);
}

TEST_F(Streams, CallbacksRunInOrderWithTheirStreamAndStatus) {
  Stream stream;
  struct Seen {
    std::vector<int> values;
    cudaStream_t stream = nullptr;
    cudaError_t status = cudaErrorUnknown;
  } seen;
  ASSERT_CUDA(cudaLaunchHostFunc(stream, [](void *p) { static_cast<Seen *>(p)->values.push_back(1); }, &seen));
  auto callback = [](cudaStream_t s, cudaError_t status, void *p) {
    auto *to = static_cast<Seen *>(p);
    to->values.push_back(2);
    to->stream = s;
    to->status = status;
  };
  ASSERT_CUDA(cudaStreamAddCallback(stream, callback, &seen, 0));
  ASSERT_CUDA(cudaLaunchHostFunc(stream, [](void *p) { static_cast<Seen *>(p)->values.push_back(3); }, &seen));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(seen.values, (std::vector{1, 2, 3}));
  EXPECT_EQ(seen.stream, stream.handle);
  EXPECT_EQ(seen.status, cudaSuccess);
  EXPECT_CUDA_ERROR(cudaStreamAddCallback(stream, nullptr, nullptr, 0), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaStreamAddCallback(stream, callback, nullptr, 1), cudaErrorInvalidValue);
  EXPECT_CUDA_ERROR(cudaLaunchHostFunc(stream, nullptr, nullptr), cudaErrorInvalidValue);
}

TEST_F(Streams, HostFunctionsMayNotCallTheApi) {
  Stream stream;
  struct Tried {
    cudaError_t synchronize = cudaSuccess, malloc = cudaSuccess;
  } tried;
  auto try_it = [](void *p) {
    void *memory = nullptr;
    static_cast<Tried *>(p)->synchronize = cudaDeviceSynchronize();
    static_cast<Tried *>(p)->malloc = cudaMalloc(&memory, 16);
  };
  ASSERT_CUDA(cudaLaunchHostFunc(stream, try_it, &tried));
  ASSERT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_EQ(tried.synchronize, cudaErrorNotPermitted);
  EXPECT_EQ(tried.malloc, cudaErrorNotPermitted);
}

TEST_F(Streams, DestroyedWhileBusyTheyFinishTheirWork) {
  cudaStream_t stream;
  Gate gate;
  std::atomic<bool> ran{false};
  ASSERT_CUDA(cudaStreamCreate(&stream));
  gate.put(stream);
  ASSERT_CUDA(cudaLaunchHostFunc(stream, [](void *p) { *static_cast<std::atomic<bool> *>(p) = true; }, &ran));
  EXPECT_CUDA(cudaStreamDestroy(stream));
  gate.open();
  EXPECT_CUDA(cudaDeviceSynchronize());
  for (int i = 0; i < 1000 && !ran; i++) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(ran);
}

}  // namespace
