// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "promises.h"

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "cutrans/conformance.h"

namespace cutrans::conformance {
namespace {

std::string squeezed(std::string text) {
  text = std::regex_replace(text, std::regex("\n\\s*\\*"), "\n");
  text = std::regex_replace(text, std::regex("\\s+"), " ");
  const size_t first = text.find_first_not_of(" -"), last = text.find_last_not_of(" .");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

void addSentences(const std::string &comment, std::vector<std::string> &out) {
  static const std::regex banner("^\\s*-{4,}.*?(-{4,}|$)"), item("\n \\* +- "), stop("\\. (?=[A-Z`*-])");
  // Items of a list end as sentences do.
  std::string text = std::regex_replace(std::regex_replace(comment, banner, ""), item, ". ");
  text = squeezed(text);
  for (std::sregex_token_iterator at(text.begin(), text.end(), stop, -1), end; at != end; ++at)
    if (const std::string sentence = squeezed(*at); !sentence.empty() && !sentence.starts_with("SPDX")) out.push_back(sentence);
}

}  // namespace

std::vector<std::string> promisesOf(const std::string &header) {
  // A comment; the start of a structure; a slot; an enumerator.
  static const std::regex token("/\\*([^*]*(?:\\*(?!/)[^*]*)*)\\*/|typedef struct (\\w+) \\{|\\(\\*(\\w+)\\)\\(|\\b(CT_[A-Z0-9_]+) ?(?:=|,|\\n|\\}| +/\\*)");
  std::vector<std::string> out;
  std::string group;
  std::string rest = header;
  std::smatch found;
  // One token after the other: an enumerator's match must not take the beginning of a comment with it.
  while (std::regex_search(rest, found, token)) {
    size_t taken = static_cast<size_t>(found.position(0) + found.length(0));
    if (found[1].matched) addSentences(found[1], out);
    if (found[2].matched) group = found[2];
    if (found[3].matched && found[3] != "fn") out.push_back(group + "." + found[3].str());
    if (found[4].matched) {
      out.push_back(found[4]);
      taken = static_cast<size_t>(found.position(4) + found.length(4));
    }
    rest = rest.substr(taken);
  }
  return out;
}

std::vector<Promise> readPromises(const std::string &list) {
  std::vector<Promise> rows;
  std::istringstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    const size_t bar = line.find(" | ");
    if (line.starts_with("#") || bar == std::string::npos) continue;
    Promise row;
    row.text = line.substr(bar + 3);
    const std::string before = line.substr(0, bar);
    if (before.starts_with("- ")) {
      row.none = before.substr(2);
    } else {
      std::istringstream words(before);
      for (std::string word; words >> word;) row.cases.push_back(word);
    }
    rows.push_back(row);
  }
  return rows;
}

std::string promiseProblems(const std::string &header, const std::vector<Promise> &rows) {
  std::string problems;
  const std::vector<std::string> promises = promisesOf(header);
  std::set<std::string> listed, cases, asked;
  for (const CaseInfo &one : caseList()) cases.insert(one.name);
  for (const Promise &row : rows) {
    listed.insert(row.text);
    if (std::ranges::find(promises, row.text) == promises.end()) problems += "target.h does not say: " + row.text + "\n";
    if (row.cases.empty() && row.none.empty()) problems += "neither a case nor a reason: " + row.text + "\n";
    for (const std::string &name : row.cases) {
      asked.insert(name);
      if (!cases.contains(name)) problems += "no such case: " + name + "\n";
    }
  }
  for (const std::string &promise : promises)
    if (!listed.contains(promise)) problems += "no row: " + promise + "\n";
  for (const std::string &name : cases)
    if (!asked.contains(name)) problems += "asks for no promise: " + name + "\n";
  return problems;
}

std::string promiseTable(const std::vector<Promise> &rows) {
  std::string text = "| target.h says | cases |\n|---|---|\n";
  for (const Promise &row : rows) {
    if (row.cases.empty()) continue;
    std::string cases;
    for (const std::string &name : row.cases) cases += (cases.empty() ? "" : " ") + name;
    text += "| " + std::regex_replace(row.text, std::regex("[|]"), "\\|") + " | " + cases + " |\n";
  }
  return text;
}

}  // namespace cutrans::conformance
