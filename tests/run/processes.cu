// How processes begin and end: forks, exits with work under way, threads that end with work in their stream, resets and
// libraries that go while kernels run. Each case is a process of its own, started by fork and exec of this program.
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "check.h"

__global__ void add(unsigned *p, unsigned n) {
  for (unsigned i = 0; i < n; ++i) atomicAdd(p, 1u);
}
// Runs until the program says so, or a few seconds.
__global__ void hold(volatile int *go) {
  for (long long start = clock64(); !*go && clock64() - start < 20000000000ll;) __nanosleep(1000);
}

namespace {

void pass() { std::printf("CASE PASSED\n"); std::fflush(stdout); }
void sleepMs(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

unsigned *counter() {
  unsigned *p;
  CUDA(cudaMalloc(&p, sizeof *p));
  CUDA(cudaMemset(p, 0, sizeof *p));
  return p;
}
unsigned value(const unsigned *p) {
  unsigned v = ~0u;
  CUDA(cudaMemcpy(&v, p, sizeof v, cudaMemcpyDeviceToHost));
  return v;
}

// The child gets the documented error from every call, and its end waits for nothing; the parent goes on as if nothing was.
void forks() {
  unsigned *p = counter();
  int *go;
  CUDA(cudaMallocHost(&go, sizeof *go));
  *go = 0;
  hold<<<1, 1>>>(go);
  add<<<4, 64>>>(p, 10);
  pid_t child = fork();
  if (child == 0) {
    void *q;
    bool right = cudaMalloc(&q, 16) == cudaErrorInitializationError && cudaDeviceSynchronize() == cudaErrorInitializationError &&
                 cudaMemcpy(&q, p, 4, cudaMemcpyDeviceToHost) == cudaErrorInitializationError;
    add<<<1, 1>>>(p, 1);
    right = right && cudaGetLastError() == cudaErrorInitializationError;
    std::exit(right ? 7 : 8);  // with the handlers of the process' end
  }
  int status = 0;
  EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
  *reinterpret_cast<volatile int *>(go) = 1;
  add<<<4, 64>>>(p, 10);
  EXPECT(value(p) == 2 * 4 * 64 * 10);
  if (!failures) pass();
}

// A child that is forked before the first call is a program like any other; so is one that execs after it.
void forksEarly() {
  pid_t child = fork();
  if (child == 0) {
    unsigned *p = counter();
    add<<<1, 32>>>(p, 1);
    std::exit(value(p) == 32 ? 7 : 8);
  }
  int status = 0;
  EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
  unsigned *p = counter();
  add<<<1, 32>>>(p, 2);
  EXPECT(value(p) == 64);
  if (!failures) pass();
}

// main returns while kernels, copies and host functions are under way, in several streams.
void exits() {
  static char bytes[1 << 20];
  unsigned *p = counter();
  void *device;
  CUDA(cudaMalloc(&device, sizeof bytes));
  for (int i = 0; i < 4; ++i) {
    cudaStream_t stream;
    CUDA(cudaStreamCreate(&stream));
    for (int k = 0; k < 20; ++k) {
      add<<<8, 64, 0, stream>>>(p, 50);
      CUDA(cudaMemcpyAsync(device, bytes, sizeof bytes, cudaMemcpyHostToDevice, stream));
      CUDA(cudaLaunchHostFunc(stream, [](void *) { sleepMs(1); }, nullptr));
    }
  }
  pass();
}

// A kernel that would run for seconds does not keep the process, nor change its exit status.
void exitsUnderAKernel() {
  int *go;
  CUDA(cudaMallocHost(&go, sizeof *go));
  *go = 0;
  hold<<<1, 1>>>(go);
  sleepMs(5);
  pass();
  *go = 1;
}

// Threads end with work in their own default streams: it is done all the same.
void threadsEnd() {
  unsigned *p = counter();
  for (int round = 0; round < 20; ++round) {
    std::thread threads[4];
    for (std::thread &thread : threads)
      thread = std::thread([&] {
        add<<<2, 64, 0, cudaStreamPerThread>>>(p, 20);
        CUDA(cudaGetLastError());
      });
    for (std::thread &thread : threads) thread.join();
  }
  CUDA(cudaDeviceSynchronize());
  EXPECT(value(p) == 20 * 4 * 2 * 64 * 20);
  if (!failures) pass();
}

// The device is reset while work of another thread is under way; that thread lives on and uses the device again.
void resets() {
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> step{0};
    std::thread worker([&] {
      unsigned *p = counter();
      cudaStream_t stream;
      CUDA(cudaStreamCreate(&stream));
      for (int i = 0; i < 20; ++i) {
        add<<<8, 64, 0, stream>>>(p, 100);
        add<<<8, 64, 0, cudaStreamPerThread>>>(p, 100);
      }
      step = 1;
      while (step != 2) sleepMs(1);
      EXPECT(cudaStreamSynchronize(stream) != cudaSuccess);
      cudaGetLastError();
      p = counter();
      add<<<1, 32, 0, cudaStreamPerThread>>>(p, 1);
      CUDA(cudaStreamSynchronize(cudaStreamPerThread));
      EXPECT(value(p) == 32);
    });
    while (step != 1) sleepMs(0);
    CUDA(cudaDeviceReset());
    step = 2;
    unsigned *p = counter();
    add<<<1, 32>>>(p, 1);
    EXPECT(value(p) == 32);
    worker.join();
  }
  if (!failures) pass();
}

// A shared library with kernels is closed while they run, and opened again.
void closesLibrary() {
  const char *path = std::getenv("PROCESSES_LIBRARY");
  EXPECT(path != nullptr);
  unsigned *p = counter();
  for (int round = 1; round <= 3 && path; ++round) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) std::printf("%s\n", dlerror()), ++failures;
    if (!library) break;
    auto launch = reinterpret_cast<int (*)(unsigned *, unsigned)>(dlsym(library, "launch"));
    EXPECT(launch(p, 500) == cudaSuccess);
    EXPECT(dlclose(library) == 0);
    EXPECT(value(p) == unsigned(round) * 8 * 64 * 500);
  }
  if (!failures) pass();
}

struct Case {
  const char *name;
  void (*run)();
};
const Case kCases[] = {{"forks", forks},           {"forksEarly", forksEarly}, {"exits", exits},
                       {"exitsUnderAKernel", exitsUnderAKernel}, {"threadsEnd", threadsEnd}, {"resets", resets}, {"closesLibrary", closesLibrary}};

// True when the case says so and ends with 0.
bool passes(const char *self, const char *name) {
  int ends[2];
  if (pipe(ends)) return false;
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    alarm(60);
    execl(self, self, name, static_cast<char *>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  const bool right = WIFEXITED(status) && WEXITSTATUS(status) == 0 && text.find("CASE PASSED") != std::string::npos;
  if (!right) std::printf("%s: status %#x\n%s\n", name, status, text.c_str());
  return right;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc > 1) {
    for (const Case &each : kCases)
      if (!std::strcmp(each.name, argv[1])) return each.run(), failures != 0;
    return 2;
  }
  char self[4096] = {};
  if (readlink("/proc/self/exe", self, sizeof self - 1) < 0) return 2;
  for (const Case &each : kCases) EXPECT(passes(self, each.name));
  return finish("processes");
}
