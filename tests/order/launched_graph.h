// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A random graph, made node by node or by a capture of several streams, and what was seen of its launches.
#pragma once
#include <cuda_runtime_api.h>

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <random>
#include <vector>

#include "model.h"

namespace order {

class LaunchedGraph {
 public:
  static constexpr size_t kMostLaunches = 40;

  explicit LaunchedGraph(std::mt19937_64 &random);
  ~LaunchedGraph();
  LaunchedGraph(const LaunchedGraph &) = delete;

  // From any thread; one launch at a time, so that the n-th run of a node belongs to the n-th launch.
  void launch(cudaStream_t stream, int stream_index);
  // The nodes of all launches, in topological order. All work is done.
  void addCalls(std::vector<Call> &calls) const;

 private:
  struct Run {
    std::atomic<Ticket> began{0}, ended{0};
  };
  struct Node {
    Kind kind = Kind::host;
    std::vector<int> after;                // indices in nodes_, all lower
    unsigned microseconds = 0;
    std::atomic<size_t> runs{0};
    std::deque<Run> seen = std::deque<Run>(kMostLaunches);  // one for each launch
  };
  struct Launch {
    int stream;
    Ticket called, returned;
  };

  static void hostFunction(void *user);
  Node &newNode(Kind kind, std::vector<int> after, std::mt19937_64 &random);
  cudaGraph_t build(std::mt19937_64 &random);
  cudaGraph_t capture(std::mt19937_64 &random);

  cudaGraphExec_t exec_ = nullptr;
  std::deque<Node> nodes_;
  std::mutex lock_;
  std::vector<Launch> launches_;
};

}  // namespace order
