// A fuzzer's main without libFuzzer: goes through the corpora in the folders that are named. Each seed is
// tried whole, cut off at every place, and with each byte in turn changed.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;
using Input = std::vector<std::uint8_t>;

std::vector<fs::path> seeds_of(const fs::path& folder) {
  std::vector<fs::path> seeds;
  for (const auto& entry : fs::directory_iterator(folder)) seeds.push_back(entry.path());
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

Input content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A copy of its own size, so that a sanitizer sees what is read beyond it.
void try_input(const Input& input) { LLVMFuzzerTestOneInput(Input(input).data(), input.size()); }

std::size_t try_around(const Input& seed) {
  constexpr std::uint8_t changes[] = {'\r', '\n', '\0', ' ', ':', '0', 0xff};
  std::size_t inputs = 1;
  try_input(seed);
  for (std::size_t at = 0; at < seed.size(); ++at, inputs += 1 + std::size(changes)) {
    try_input(Input(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(at)));
    for (const auto byte : changes) {
      auto changed = seed;
      changed[at] = byte;
      try_input(changed);
    }
  }
  return inputs;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t inputs = 0;
  for (int i = 1; i < count; ++i)
    for (const auto& seed : seeds_of(arguments[i])) inputs += try_around(content_of(seed));
  std::printf("%zu inputs\n", inputs);
  return inputs == 0;
}
