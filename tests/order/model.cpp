// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model.h"

#include <algorithm>
#include <numeric>

namespace order {
namespace {

bool usesEvent(Kind kind) { return kind == Kind::wait || kind == Kind::sync_event || kind == Kind::query_event; }

// The legacy stream waits for blocking streams and they for it; the others mind only themselves.
bool ordered(const History &history, int a, int b) {
  if (a == b) return true;
  StreamKind first = history.streams[static_cast<size_t>(a)], second = history.streams[static_cast<size_t>(b)];
  return (first == StreamKind::legacy && second == StreamKind::blocking) || (first == StreamKind::blocking && second == StreamKind::legacy);
}

// The last record before the call, if there is no doubt which one that is.
int findRecord(const History &history, size_t call) {
  const Call &asks = history.calls[call];
  int last = -1;
  auto at = [&](int i) -> const Call & { return history.calls[static_cast<size_t>(i)]; };
  for (size_t i = 0; i < history.calls.size(); ++i) {
    const Call &record = history.calls[i];
    if (record.kind != Kind::record || record.event != asks.event || record.called > asks.returned) continue;
    if (last < 0 || record.returned > at(last).returned) last = static_cast<int>(i);
  }
  if (last < 0 || at(last).returned > asks.called) return -1;
  for (size_t i = 0; i < history.calls.size(); ++i) {
    const Call &record = history.calls[i];
    if (record.kind != Kind::record || record.event != asks.event || static_cast<int>(i) == last) continue;
    if (record.called < asks.returned && record.returned > at(last).called) return -1;
  }
  return last;
}

const char *name(Kind kind) {
  constexpr const char *kNames[] = {"host function", "empty node", "write", "read", "record", "wait", "cudaStreamSynchronize", "cudaEventSynchronize",
                                    "cudaDeviceSynchronize", "cudaStreamQuery", "cudaEventQuery"};
  return kNames[static_cast<size_t>(kind)];
}

std::string describe(const History &history, size_t i) {
  const Call &call = history.calls[i];
  std::string text = "#" + std::to_string(call.called) + " " + name(call.kind);
  if (call.stream >= 0) text += " in stream " + std::to_string(call.stream);
  if (call.event >= 0) text += " of event " + std::to_string(call.event);
  if (call.cell >= 0) text += ", cell " + std::to_string(call.cell) + ", value " + std::to_string(call.value);
  return text;
}

}  // namespace

Order::Order(const History &history) : ancestors_(history.calls.size()), record_of_(history.calls.size(), -1), works_(history.calls.size()) {
  const auto &calls = history.calls;
  // By the time of the return: whatever precedes a call returned before it began.
  std::vector<size_t> sorted(calls.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::ranges::sort(sorted, {}, [&](size_t i) { return std::pair(calls[i].returned, i); });
  for (size_t at = 0; at < sorted.size(); ++at) {
    const size_t b = sorted[at];
    if (usesEvent(calls[b].kind)) record_of_[b] = findRecord(history, b);
    // A wait for an event that was never recorded is nothing; which record it is for may also be in doubt.
    works_[b] = isWork(calls[b].kind) && (calls[b].kind != Kind::wait || record_of_[b] >= 0);
    if (!works_[b]) continue;
    auto precedes = [&](size_t a) {
      ancestors_[b] |= ancestors_[a];
      ancestors_[b].set(a);
    };
    if (record_of_[b] >= 0) precedes(static_cast<size_t>(record_of_[b]));
    for (int a : calls[b].after) precedes(static_cast<size_t>(a));
    for (size_t i = 0; i < at; ++i) {
      const size_t a = sorted[i];
      if (works_[a] && calls[a].returned < calls[b].called && ordered(history, calls[a].stream, calls[b].stream)) precedes(a);
    }
  }
}

std::string violations(const History &history) {
  const auto &calls = history.calls;
  const Order order(history);
  std::string wrong;
  auto say = [&](size_t a, size_t b, const char *what) { wrong += describe(history, a) + " | " + describe(history, b) + ": " + what + "\n"; };
  for (size_t b = 0; b < calls.size(); ++b) {
    // Host functions: what comes before has ended when it begins.
    if (calls[b].kind == Kind::host) {
      if (!calls[b].ended) say(b, b, "never ran");
      for (size_t a = 0; a < calls.size(); ++a)
        if (calls[a].kind == Kind::host && order.before(a, b) && !(calls[a].ended < calls[b].began)) say(a, b, "began too early");
    }
    // Reads: the value is of a write that may be the last one.
    if (calls[b].kind == Kind::read) {
      auto hidden = [&](size_t a) {  // a's value was certainly replaced before b, or comes after it
        if (order.before(b, a)) return true;
        for (size_t c = 0; c < calls.size(); ++c)
          if (c != a && calls[c].kind == Kind::write && calls[c].cell == calls[b].cell && order.before(a, c) && order.before(c, b)) return true;
        return false;
      };
      bool found = calls[b].value == 0, any_before = false;
      for (size_t a = 0; a < calls.size(); ++a) {
        if (calls[a].kind != Kind::write || calls[a].cell != calls[b].cell) continue;
        any_before = any_before || order.before(a, b);
        if (calls[a].value != calls[b].value) continue;
        found = true;
        if (hidden(a)) say(a, b, "read a value that must be gone, or not be there yet");
      }
      if (!found) say(b, b, "read what nobody wrote");
      if (calls[b].value == 0 && any_before) say(b, b, "read too early");
    }
    // The program waited: what it waited for has ended.
    auto waited = [&](size_t a) {
      if (calls[a].kind == Kind::host && !(calls[a].ended && calls[a].ended < calls[b].returned)) say(a, b, "returned too early");
    };
    const bool stream = calls[b].kind == Kind::sync_stream || calls[b].kind == Kind::query_stream;
    const bool device = calls[b].kind == Kind::sync_device;
    for (size_t a = 0; a < calls.size(); ++a) {
      if (calls[b].synchronous && order.before(a, b)) waited(a);
      if (!order.works(a)) continue;
      if ((device || (stream && calls[a].stream == calls[b].stream)) && calls[a].returned < calls[b].called) {
        waited(a);
        for (size_t c = 0; c < calls.size(); ++c)
          if (order.before(c, a)) waited(c);
      }
      if (calls[b].kind != Kind::wait && order.recordOf(b) >= 0 && order.before(a, static_cast<size_t>(order.recordOf(b)))) waited(a);
    }
  }
  return wrong;
}

std::string print(const History &history) {
  constexpr const char *kKinds[] = {"legacy", "blocking", "non-blocking"};
  std::string text;
  for (size_t i = 0; i < history.streams.size(); ++i) text += "stream " + std::to_string(i) + ": " + kKinds[static_cast<size_t>(history.streams[i])] + "\n";
  std::vector<size_t> sorted(history.calls.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::ranges::sort(sorted, {}, [&](size_t i) { return history.calls[i].called; });
  for (size_t i : sorted) {
    const Call &call = history.calls[i];
    text += describe(history, i) + ", returned " + std::to_string(call.returned);
    if (call.began) text += ", ran " + std::to_string(call.began) + " to " + std::to_string(call.ended);
    text += "\n";
  }
  return text;
}

}  // namespace order
