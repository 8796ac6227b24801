// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a fuzz target once over every file of a folder, and over each file cut short and with single bytes changed.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
  size_t files = 0;
  if (argc != 2) return 2;
  for (const auto &file : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream in(file.path(), std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    auto run = [](const std::vector<char> &input) {
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(input.data()), input.size());
    };
    run(bytes);
    size_t step = bytes.size() / 64 + 1;
    for (size_t at = 0; at < bytes.size(); at += step) {
      run({bytes.begin(), bytes.begin() + static_cast<long>(at)});
      std::vector<char> changed = bytes;
      changed[at] = static_cast<char>(~changed[at]);
      run(changed);
    }
    files++;
  }
  std::printf("%zu seeds\n", files);
  return files ? 0 : 1;
}
