// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What CUDA promises about the order of work in streams, without a word on how that is brought about. A history is what a
// program called and what was seen of it; `violations` names every promise that it breaks.
//
// Times are tickets of one counter. Calls of several threads may overlap: one call is before another only where it returned before the
// other began, and only such order is demanded. A launch of a graph is one call for each of its nodes, all with the launch's stream
// and times; a call that was captured is none.
#pragma once
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

namespace order {

using Ticket = uint64_t;  // 0: never

enum class StreamKind : uint8_t { legacy, blocking, non_blocking };

enum class Kind : uint8_t {
  host,    // a host function: began and ended are seen
  empty,   // a node of a graph
  write,   // value -> cell
  read,    // cell -> value
  record,  // event
  wait,    // event
  // Not work, but the program's own waiting:
  sync_stream, sync_event, sync_device,
  query_stream, query_event  // only those that said "done"
};
inline bool isWork(Kind kind) { return kind <= Kind::wait; }

struct Call {
  Kind kind = Kind::host;
  int stream = -1, event = -1, cell = -1;
  uint32_t value = 0;                  // written, or what was read; every write has a value of its own, 0 is what cells start with
  bool synchronous = false;            // the call returned when the work was done
  Ticket called = 0, returned = 0;
  Ticket began = 0, ended = 0;         // host functions
  int launch = -1;                     // of a graph: its nodes, side by side in `calls`, have no order but `after`
  std::vector<int> after{};            // indices of calls that stand before this one
};

struct History {
  std::vector<StreamKind> streams;
  std::vector<Call> calls;             // in any order
};

constexpr size_t kMostCalls = 512;

// The order among the calls that are work: before(a, b) by index of `calls`.
class Order {
 public:
  explicit Order(const History &history);
  bool before(size_t a, size_t b) const { return ancestors_[b][a]; }
  // The record that a call with this event (wait, sync, query) is about; -1: none, or it cannot be told.
  int recordOf(size_t call) const { return record_of_[call]; }
  // It takes part in the order.
  bool works(size_t call) const { return works_[call]; }

 private:
  std::vector<std::bitset<kMostCalls>> ancestors_;
  std::vector<int> record_of_;
  std::vector<bool> works_;
};

// One line each; empty: all promises are kept.
std::string violations(const History &history);

// All calls, in the order in which they were made.
std::string print(const History &history);

}  // namespace order
