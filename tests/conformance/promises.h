// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What target.h promises, and which case asks for it: the header's slots, enumerators and sentences, against promises.list.
#pragma once
#include <string>
#include <vector>

namespace cutrans::conformance {

struct Promise {
  std::string text;                // a sentence, an enumerator, or a slot as `ct_queue_ops.create`
  std::vector<std::string> cases;
  std::string none;                // why there is no case; empty: there are some
};

// In the order of the header.
std::vector<std::string> promisesOf(const std::string &header);
// Lines `CASE CASE... | text` or `- reason | text`.
std::vector<Promise> readPromises(const std::string &list);
// One line for each promise without a row, row without a promise, row with a case that does not exist, and case without a promise.
std::string promiseProblems(const std::string &header, const std::vector<Promise> &rows);
// As a table of Markdown.
std::string promiseTable(const std::vector<Promise> &rows);

}  // namespace cutrans::conformance
