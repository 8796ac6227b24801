// Frames that three sides work on in turns, ordered by external semaphores alone, as a renderer and CUDA do it: this program, a
// second CUDA process, and a host program that knows nothing of CUDA. The memory is external too.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cutrans/runtime/semaphore_file.h>

#include "check.h"

constexpr int kCount = 1 << 16, kFrames = 30;
constexpr size_t kBytes = kCount * sizeof(int);

__global__ void add(int *data, int by) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < kCount) data[i] += by;
}

// Each side can make one; the descriptor is passed on as descriptors are.
int make_semaphore(uint32_t kind) {
  int file = memfd_create("frames", MFD_ALLOW_SEALING);
  cutrans_semaphore_file head{};
  head.magic = CUTRANS_SEMAPHORE_MAGIC;
  head.version = CUTRANS_SEMAPHORE_VERSION;
  head.kind = kind;
  if (ftruncate(file, CUTRANS_SEMAPHORE_BYTES) || pwrite(file, &head, sizeof head, 0) != sizeof head ||
      fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)) {
    std::printf("FAILED: a semaphore\n");
    std::exit(1);
  }
  return file;
}

// One side of CUDA's.
struct Side {
  int *data;
  cudaExternalMemory_t memory;
  cudaExternalSemaphore_t timeline, finished;
  cudaStream_t stream;

  Side(int memory_file, int timeline_file, int finished_file) {
    cudaExternalMemoryHandleDesc memory_desc{};
    memory_desc.type = cudaExternalMemoryHandleTypeOpaqueFd;
    memory_desc.handle.fd = memory_file;
    memory_desc.size = kBytes;
    CUDA(cudaImportExternalMemory(&memory, &memory_desc));
    cudaExternalMemoryBufferDesc buffer{};
    buffer.size = kBytes;
    CUDA(cudaExternalMemoryGetMappedBuffer(reinterpret_cast<void **>(&data), memory, &buffer));
    timeline = import(timeline_file, cudaExternalSemaphoreHandleTypeTimelineSemaphoreFd);
    finished = import(finished_file, cudaExternalSemaphoreHandleTypeOpaqueFd);
    CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  }
  ~Side() {
    CUDA(cudaStreamDestroy(stream));
    CUDA(cudaDestroyExternalSemaphore(timeline));
    CUDA(cudaDestroyExternalSemaphore(finished));
    CUDA(cudaFree(data));
    CUDA(cudaDestroyExternalMemory(memory));
  }
  static cudaExternalSemaphore_t import(int file, cudaExternalSemaphoreHandleType type) {
    cudaExternalSemaphore_t semaphore;
    cudaExternalSemaphoreHandleDesc desc{};
    desc.type = type;
    desc.handle.fd = file;
    CUDA(cudaImportExternalSemaphore(&semaphore, &desc));
    return semaphore;
  }
  void wait(cudaExternalSemaphore_t semaphore, uint64_t value) {
    cudaExternalSemaphoreWaitParams params{};
    params.params.fence.value = value;
    CUDA(cudaWaitExternalSemaphoresAsync(&semaphore, &params, 1, stream));
  }
  void signal(cudaExternalSemaphore_t semaphore, uint64_t value) {
    cudaExternalSemaphoreSignalParams params{};
    params.params.fence.value = value;
    CUDA(cudaSignalExternalSemaphoresAsync(&semaphore, &params, 1, stream));
  }
};

// Of frame f: the host is done at 3f + 1, the first CUDA side at 3f + 2, the second at 3f + 3.
void host_side(int memory_file, int timeline_file) {
  alarm(120);
  auto *data = static_cast<int *>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_file, 0));
  auto *semaphore = static_cast<cutrans_semaphore_file *>(mmap(nullptr, CUTRANS_SEMAPHORE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, timeline_file, 0));
  for (uint64_t frame = 0; frame < kFrames; ++frame) {
    while (__atomic_load_n(&semaphore->value, __ATOMIC_ACQUIRE) < 3 * frame) sched_yield();
    for (int i = 0; i < kCount; ++i)
      if (data[i] != static_cast<int>(frame) * 6) _exit(2);
    for (int i = 0; i < kCount; ++i) data[i] += 1;
    __atomic_store_n(&semaphore->value, 3 * frame + 1, __ATOMIC_RELEASE);
  }
  _exit(0);
}

// Everything is submitted at once; the other sides set the pace.
int second_side(int memory_file, int timeline_file, int finished_file) {
  Side side(memory_file, timeline_file, finished_file);
  for (uint64_t frame = 0; frame < kFrames; ++frame) {
    side.wait(side.timeline, 3 * frame + 2);
    add<<<kCount / 256, 256, 0, side.stream>>>(side.data, 3);
    side.signal(side.timeline, 3 * frame + 3);
  }
  side.signal(side.finished, 0);
  CUDA(cudaStreamSynchronize(side.stream));
  return failures != 0;
}

// A frame is a graph, whose semaphores get new values each time.
void first_side(Side &side) {
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaGraphNode_t nodes[3];
  size_t count = 3;
  CUDA(cudaStreamBeginCapture(side.stream, cudaStreamCaptureModeGlobal));
  side.wait(side.timeline, 1);
  add<<<kCount / 256, 256, 0, side.stream>>>(side.data, 2);
  side.signal(side.timeline, 2);
  CUDA(cudaStreamEndCapture(side.stream, &graph));
  CUDA(cudaGraphGetNodes(graph, nodes, &count));
  CUDA(cudaGraphInstantiate(&exec, graph, 0));
  for (uint64_t frame = 0; frame < kFrames; ++frame) {
    cudaExternalSemaphoreWaitParams from{};
    cudaExternalSemaphoreSignalParams to{};
    from.params.fence.value = 3 * frame + 1;
    to.params.fence.value = 3 * frame + 2;
    cudaExternalSemaphoreWaitNodeParams wait{&side.timeline, &from, 1};
    cudaExternalSemaphoreSignalNodeParams signal{&side.timeline, &to, 1};
    CUDA(cudaGraphExecExternalSemaphoresWaitNodeSetParams(exec, nodes[0], &wait));
    CUDA(cudaGraphExecExternalSemaphoresSignalNodeSetParams(exec, nodes[2], &signal));
    CUDA(cudaGraphLaunch(exec, side.stream));
  }
  CUDA(cudaGraphExecDestroy(exec));
  CUDA(cudaGraphDestroy(graph));
}

int main(int argc, char **argv) {
  alarm(120);  // nobody waits for ever where another side has failed
  if (argc == 4) return second_side(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3]));
  int memory_file = memfd_create("frame", 0), status;
  int timeline_file = make_semaphore(CUTRANS_SEMAPHORE_TIMELINE), finished_file = make_semaphore(CUTRANS_SEMAPHORE_BINARY);
  if (ftruncate(memory_file, kBytes)) return 1;
  pid_t host = fork();
  if (host == 0) host_side(memory_file, timeline_file);
  pid_t second = fork();
  if (second == 0) {
    char files[3][16];
    std::snprintf(files[0], sizeof files[0], "%d", memory_file);
    std::snprintf(files[1], sizeof files[1], "%d", timeline_file);
    std::snprintf(files[2], sizeof files[2], "%d", finished_file);
    execl("/proc/self/exe", argv[0], files[0], files[1], files[2], nullptr);
    _exit(127);
  }
  {
    Side side(memory_file, timeline_file, finished_file);
    first_side(side);
    side.wait(side.finished, 0);
    CUDA(cudaStreamSynchronize(side.stream));
    std::vector<int> result(kCount);
    CUDA(cudaMemcpy(result.data(), side.data, kBytes, cudaMemcpyDeviceToHost));
    expect_same("frames", result, std::vector<int>(kCount, kFrames * 6), kCount);
  }
  for (pid_t each : {host, second}) {
    waitpid(each, &status, 0);
    EXPECT(status == 0);
  }
  return finish("external_semaphores");
}
