// What is generated from the field lists is checked in, for editors and readers: it must be up to date.
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "runtime/config_page.h"

namespace sluice::runtime {
namespace {

std::string read(const std::string& path) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR "/") + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(SchemaGolden, config_schema_is_what_sluice_schema_prints) {
  EXPECT_TRUE(read("config/schema/sluice.json") == schema_text() + "\n")
      << "renew it: sluice schema > config/schema/sluice.json";
}

TEST(SchemaGolden, docs_configuration_is_what_sluice_reference_prints) {
  EXPECT_TRUE(read("docs/configuration.md") == config_page())
      << "renew it: sluice reference > docs/configuration.md";
}

}  // namespace
}  // namespace sluice::runtime
