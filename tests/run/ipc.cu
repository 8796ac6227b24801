// Two processes, as ranks of one program: device memory by IPC handle, their kernels ordered by interprocess events, and a partner that
// dies while its memory is open here.
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "check.h"

__global__ void add(const int *in, int *out, int n, int by) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = in[i] + by;
}

constexpr int kCount = 1 << 18, kRounds = 20;

template <class T>
void put(int to, const T &value) {
  if (write(to, &value, sizeof value) != sizeof value) { std::printf("FAILED: write\n"); std::exit(1); }
}
template <class T>
T get(int from) {
  T value;
  if (read(from, &value, sizeof value) != sizeof value) { std::printf("FAILED: read\n"); std::exit(1); }
  return value;
}

struct Partner {
  cudaIpcMemHandle_t memory;
  cudaIpcEventHandle_t event;
};

// Each rank adds its number + 1 to what the other has, in turns.
int rank_main(int rank, int other) {
  int *mine, *theirs;
  cudaEvent_t done, theirs_done;
  cudaStream_t stream;
  CUDA(cudaMalloc(&mine, kCount * sizeof(int)));
  CUDA(cudaMemset(mine, 0, kCount * sizeof(int)));
  CUDA(cudaStreamCreate(&stream));
  CUDA(cudaEventCreateWithFlags(&done, cudaEventDisableTiming | cudaEventInterprocess));
  Partner me;
  CUDA(cudaIpcGetMemHandle(&me.memory, mine));
  CUDA(cudaIpcGetEventHandle(&me.event, done));
  CUDA(cudaDeviceSynchronize());
  put(other, me);
  Partner them = get<Partner>(other);
  CUDA(cudaIpcOpenMemHandle(reinterpret_cast<void **>(&theirs), them.memory, cudaIpcMemLazyEnablePeerAccess));
  CUDA(cudaIpcOpenEventHandle(&theirs_done, them.event));
  for (int round = 0; round < kRounds; ++round) {
    if (round % 2 == rank) {
      if (round > 0) {
        get<int>(other);  // the record was made; the kernel may still run
        CUDA(cudaStreamWaitEvent(stream, theirs_done, 0));
      }
      add<<<kCount / 256, 256, 0, stream>>>(theirs, mine, kCount, rank + 1);
      CUDA(cudaEventRecord(done, stream));
      put(other, round);
    }
  }
  if (rank == 0) get<int>(other);
  CUDA(cudaEventSynchronize(rank == 0 ? theirs_done : done));
  std::vector<int> result(kCount);
  CUDA(cudaMemcpy(result.data(), rank == 0 ? theirs : mine, kCount * sizeof(int), cudaMemcpyDeviceToHost));
  expect_same("ranks", result, std::vector<int>(kCount, kRounds / 2 * 3), kCount);
  put(other, 0);
  get<int>(other);
  CUDA(cudaIpcCloseMemHandle(theirs));
  CUDA(cudaEventDestroy(theirs_done));
  CUDA(cudaEventDestroy(done));
  CUDA(cudaStreamDestroy(stream));
  CUDA(cudaFree(mine));
  return failures != 0;
}

// Gives memory away and waits to be killed.
int victim_main(int other) {
  int *mine;
  CUDA(cudaMalloc(&mine, kCount * sizeof(int)));
  std::vector<int> values(kCount, 7);
  CUDA(cudaMemcpy(mine, values.data(), kCount * sizeof(int), cudaMemcpyHostToDevice));
  cudaIpcMemHandle_t handle;
  CUDA(cudaIpcGetMemHandle(&handle, mine));
  put(other, handle);
  for (;;) pause();
}

pid_t start(const char *program, const char *part, int socket) {
  char number[16];
  std::snprintf(number, sizeof number, "%d", socket);
  pid_t child = fork();
  if (child) return child;
  execl(program, program, part, number, nullptr);
  _exit(127);
}

int main(int argc, char **argv) {
  if (argc == 3) {
    int socket = std::atoi(argv[2]);
    return std::strcmp(argv[1], "victim") == 0 ? victim_main(socket) : rank_main(argv[1][0] - '0', socket);
  }
  int ends[2], status;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return 1;
  pid_t ranks[2] = {start("/proc/self/exe", "0", ends[0]), start("/proc/self/exe", "1", ends[1])};
  for (pid_t each : ranks) {
    waitpid(each, &status, 0);
    EXPECT(status == 0);
  }
  // Now with this process as one side.
  pid_t victim = start("/proc/self/exe", "victim", ends[1]);
  auto handle = get<cudaIpcMemHandle_t>(ends[0]);
  int *theirs, *mine;
  CUDA(cudaIpcOpenMemHandle(reinterpret_cast<void **>(&theirs), handle, cudaIpcMemLazyEnablePeerAccess));
  CUDA(cudaMalloc(&mine, kCount * sizeof(int)));
  kill(victim, SIGKILL);
  waitpid(victim, &status, 0);
  add<<<kCount / 256, 256>>>(theirs, mine, kCount, 1);
  std::vector<int> result(kCount);
  CUDA(cudaMemcpy(result.data(), mine, kCount * sizeof(int), cudaMemcpyDeviceToHost));
  expect_same("after its death", result, std::vector<int>(kCount, 8), kCount);
  CUDA(cudaIpcCloseMemHandle(theirs));
  EXPECT(cudaIpcOpenMemHandle(reinterpret_cast<void **>(&theirs), handle, cudaIpcMemLazyEnablePeerAccess) == cudaErrorInvalidValue);
  CUDA(cudaFree(mine));
  return finish("ipc");
}
