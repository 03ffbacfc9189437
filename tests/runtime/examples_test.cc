// Every configuration that is shipped loads and compiles.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "runtime/config.h"
#include "runtime/snapshot.h"
#include "support/tls_files.h"

namespace sluice::runtime {
namespace {

const std::filesystem::path root = SLUICE_SOURCE_DIR;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> yaml_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const bool is_included = entry.path().parent_path().extension() == ".d";
    if (entry.path().extension() == ".yaml" && !is_included) found.push_back(entry.path());
  }
  return found;
}

void replace(std::string& text, std::string_view word, std::string_view with) {
  auto at = text.find(word);
  ASSERT_NE(text.npos, at) << word;
  text.replace(at, word.size(), with);
}

// What is wrong with a configuration, as text; empty where nothing is.
std::string problems_of(std::optional<Config> config, conf::Problems& problems) {
  if (config && compile(std::move(*config), problems)) return {};
  return problems.text();
}

TEST(Examples, each_file_of_config_loads_and_compiles) {
  auto files = yaml_files(root / "config");
  EXPECT_GE(files.size(), 3U);
  for (const auto& file : files) {
    conf::Problems problems;
    EXPECT_EQ("", problems_of(load_config(file, problems), problems));
  }
}

TEST(Examples, the_configurations_of_the_image_load_and_compile) {
  conf::Problems problems;
  EXPECT_EQ("", problems_of(load_config(root / "docker/sluice.yaml", problems), problems));
  problems = {};
  EXPECT_EQ("", problems_of(load_config(root / "docker/compose-gateway.yaml", problems), problems));
}

TEST(Examples, the_configuration_of_the_comparison_loads_and_compiles) {
  auto text = read(root / "bench/configs/sluice.yaml");
  replace(text, "@ADMIN_PORT@", "9901");
  replace(text, "@ORIGIN_PORT@", "9000");
  replace(text, "@H2_ORIGIN_PORT@", "9001");
  replace(text, "@PORT@", "8080");
  const TlsFiles files;
  replace(text, "@TLS_PORT@", "8443");
  replace(text, "@CERTIFICATE@", files.certificate());
  replace(text, "@PRIVATE_KEY@", files.private_key());
  replace(text, "@EVENT_LOOP@", "epoll");
  replace(text, "@ACCESS_LOG@", "none");
  conf::Problems problems;
  EXPECT_EQ("", problems_of(parse_config(text, "bench/configs/sluice.yaml", problems), problems));
}

TEST(Examples, the_sidecar_example_has_one_worker_and_one_upstream) {
  conf::Problems problems;
  auto config = load_config(root / "config/examples/sidecar.yaml", problems);
  ASSERT_TRUE(config) << problems.text();
  EXPECT_EQ(1U, config->workers);
  EXPECT_EQ(1U, config->upstreams.size());
}

TEST(Examples, the_split_example_has_what_its_files_add) {
  conf::Problems problems;
  conf::Sources sources;
  auto config = load_config(root / "config/examples/split/sluice.yaml", problems, sources);
  ASSERT_TRUE(config) << problems.text();
  EXPECT_EQ(2U, config->upstreams.size());
  EXPECT_EQ(3U, config->routes.size());
  EXPECT_EQ(3U, sources.files().size());
  EXPECT_EQ(1U, sources.patterns().size());
}

TEST(Examples, the_configurations_in_the_readme_load_and_compile) {
  constexpr std::string_view fence = "```yaml\n";
  auto readme = read(root / "README.md");
  unsigned blocks = 0;
  for (auto begin = readme.find(fence); begin != readme.npos; begin = readme.find(fence, begin)) {
    begin += fence.size();
    ++blocks;
    conf::Problems problems;
    auto block = readme.substr(begin, readme.find("```", begin) - begin);
    EXPECT_EQ("", problems_of(parse_config(block, "README.md", problems), problems)) << block;
  }
  EXPECT_GE(blocks, 1U);
}

}  // namespace
}  // namespace sluice::runtime
