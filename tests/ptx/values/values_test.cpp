// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of instruction forms against the reference: some forms to a kernel, each on all inputs, in gangs of 1, 8, 16
// and 32 lanes; with all lanes, with those that a guard leaves, and with those of a divergent branch.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/ptx/values/batch.h"
#include "tests/ptx/run/compile_ptx.h"
#include "tests/ptx/run/runner.h"
#include "tests/reference/reference.h"

namespace cutrans::test {
namespace {

// What GPUs gave, by form: lines "digest TAB title" of tests/ptx/record/*.txt.
std::map<std::string, std::string> recorded(const std::string &title) {
  static const auto all = [] {
    std::map<std::string, std::map<std::string, std::string>> found;
    for (const auto &file : std::filesystem::directory_iterator(CUTRANS_RECORDINGS)) {
      if (file.path().extension() != ".txt") continue;
      std::ifstream in(file.path());
      for (std::string line; std::getline(in, line);)
        if (size_t tab = line.find('\t'); tab != line.npos && line[0] != '#') found[line.substr(tab + 1)][file.path().stem()] = line.substr(0, tab);
    }
    return found;
  }();
  auto found = all.find(title);
  return found == all.end() ? std::map<std::string, std::string>{} : found->second;
}

void PrintTo(const Batch &batch, std::ostream *out) { *out << batch.name; }

class Values : public testing::TestWithParam<Batch> {};

TEST_P(Values, AgreeWithTheReference) {
  const std::vector<Form> &forms = GetParam().forms;
  std::string text = kernelOf(forms), problem;
  std::vector<uint64_t> in = inputsOf(forms), before(resultCount(forms), 0);
  auto parameters = [&](std::vector<uint64_t> &out) {
    uint64_t addresses[2] = {reinterpret_cast<uint64_t>(in.data()), reinterpret_cast<uint64_t>(out.data())};
    std::vector<uint8_t> bytes(16);
    std::memcpy(bytes.data(), addresses, 16);
    return bytes;
  };
  auto reference = reference::parse(text, problem);
  ASSERT_TRUE(reference) << problem << "\n" << text;
  std::vector<uint64_t> wanted = before;
  reference::Memory memory(*reference);
  memory.add(in.data(), in.size() * 8, false), memory.add(wanted.data(), wanted.size() * 8);
  auto params = parameters(wanted);
  reference::Result result = reference::run(*reference, "forms", {.grid = {Inputs / Block, 1, 1}, .block = {Block, 1, 1}, .params = params}, memory);
  ASSERT_TRUE(result.ok()) << name(result.end) << ": " << result.what;
  for (size_t f = 0; f < forms.size(); ++f)
    for (const auto &[device, theirs] : recorded(titleOf(forms[f]))) {
      char ours[20];
      std::snprintf(ours, sizeof ours, "%016llx", static_cast<unsigned long long>(digest(forms, f, wanted)));
      EXPECT_EQ(theirs, ours) << titleOf(forms[f]) << ": " << device << " gives other results than the reference";
    }
  PtxModule module(text);
  ASSERT_EQ(module.problems(), "");
  std::shared_ptr<void> image = module.image();
  std::map<std::string, int> reported;
  for (uint32_t width : {1u, 8u, 16u, 32u}) {
    PtxArtifact artifact = module.compile("forms", {.block = {Block, 1, 1}, .gangWidth = width});
    ASSERT_EQ(artifact.diagnostics, "");
    Artifact loaded(artifact.bytes);
    ASSERT_EQ(loaded.error(), "");
    std::vector<uint64_t> out = before;
    Outcome outcome = loaded.run({.grid = {Inputs / Block, 1, 1}, .block = {Block, 1, 1}, .params = parameters(out), .globals = image.get()});
    ASSERT_TRUE(outcome.ok) << outcome.problem;
    for (size_t at = 0; at < out.size(); ++at) {
      size_t r = at % Results, mask = at / Results % Masks, f = at / Results / Masks % forms.size(), i = at / Results / Masks / forms.size();
      const Form &form = forms[f];
      // Which lanes run together is only given in gangs of a whole warp: the manual lets activemask name any of them.
      if (width < 32 && form.text.find("activemask") != form.text.npos) continue;
      auto types = resultTypes(form);
      if (r >= types.size() || agree(form, types[r], out[at], wanted[at]) || reported[form.opcode + form.result]++ > 2) continue;
      std::string sources;
      for (unsigned s = 0; s < form.sources.size(); ++s) {
        char number[32];
        std::snprintf(number, sizeof number, " 0x%llx", static_cast<unsigned long long>(in[(i * forms.size() + f) * Sources + s]));
        sources += number;
      }
      ADD_FAILURE() << form.opcode << " of" << sources << ": result " << r << " is " << std::hex << "0x" << out[at] << ", the reference has 0x"
                    << wanted[at] << std::dec << " (width " << width << ", mask " << mask << ")";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ptx, Values, testing::ValuesIn(batches()), [](const auto &info) {
  return info.param.name;
});

}  // namespace

// The opcodes of the table, for docs/ptx-coverage.md.
void listForms() {
  for (const Batch &batch : batches())
    for (const Form &form : batch.forms) std::puts(titleOf(form).c_str());
}

}  // namespace cutrans::test

int main(int argc, char **argv) {
  if (argc == 2 && !std::strcmp(argv[1], "--list")) {
    cutrans::test::listForms();
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
