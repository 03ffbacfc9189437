#include "upstream/endpoint_file.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace sluice::upstream {
namespace {

// A file with this text for the time of a test.
class File {
 public:
  File(std::string_view name, std::string_view text)
      : directory_(::testing::TempDir() + "endpoints-" + std::to_string(::getpid())),
        path_(directory_ + "/" + std::string(name)) {
    std::filesystem::create_directories(directory_);
    std::ofstream(path_) << text;
  }
  ~File() { std::filesystem::remove_all(directory_); }
  const std::string& path() const { return path_; }

 private:
  std::string directory_, path_;
};

struct Read {
  std::optional<std::vector<EndpointConfig>> endpoints;
  std::string problems;
};

Read read(const File& file) {
  conf::Problems problems;
  Read out;
  out.endpoints = read_endpoint_file(file.path(), problems);
  out.problems = problems.text();
  return out;
}

TEST(EndpointFile, is_a_list_of_addresses_and_of_what_else_belongs_to_them) {
  const auto got =
      read({"a.yaml", "- 10.0.0.1:80\n- { address: app.internal:80, weight: 3, drain: true }\n"});
  EXPECT_EQ(got.problems, "");
  ASSERT_TRUE(got.endpoints);
  ASSERT_EQ(got.endpoints->size(), 2U);
  EXPECT_EQ(got.endpoints->at(0).address, "10.0.0.1:80");
  EXPECT_FALSE(got.endpoints->at(0).drain);
  EXPECT_EQ(got.endpoints->at(1).weight, 3U);
  EXPECT_TRUE(got.endpoints->at(1).drain);
}

TEST(EndpointFile, may_be_json) {
  const auto got =
      read({"a.json", "[\n  \"10.0.0.1:80\",\n  {\"address\": \"[::1]:80\", \"weight\": 2}\n]\n"});
  EXPECT_EQ(got.problems, "");
  ASSERT_TRUE(got.endpoints);
  EXPECT_EQ(got.endpoints->at(1).address, "[::1]:80");
  EXPECT_EQ(got.endpoints->at(1).weight, 2U);
}

TEST(EndpointFile, may_be_a_map_of_endpoints_and_may_list_none) {
  EXPECT_EQ(read({"a.yaml", "endpoints: [10.0.0.1:80]\n"}).endpoints.value().size(), 1U);
  EXPECT_TRUE(read({"a.yaml", "[]\n"}).endpoints.value().empty());
}

TEST(EndpointFile, has_its_problems_at_their_places_in_it) {
  const File file("a.yaml", "- 10.0.0.300:80\n- { address: b:80, wieght: 2 }\n");
  const auto got = read(file);
  EXPECT_FALSE(got.endpoints);
  EXPECT_NE(got.problems.find(file.path() + ":1:3:"), std::string::npos) << got.problems;
  EXPECT_NE(got.problems.find(file.path() + ":2:20:"), std::string::npos) << got.problems;
  EXPECT_NE(got.problems.find("did you mean"), std::string::npos) << got.problems;
}

TEST(EndpointFile, lists_no_endpoint_twice) {
  const File file("a.yaml", "- \"[::1]:80\"\n- \"[0::1]:80\"\n");
  const auto got = read(file);
  EXPECT_FALSE(got.endpoints);
  EXPECT_NE(got.problems.find(file.path() + ":2:3:"), std::string::npos) << got.problems;
}

TEST(EndpointFile, that_is_half_written_or_not_there_is_no_list) {
  for (const auto* text : {"", "- 10.0.0.1:80\n- { addr", "[\"10.0.0.1:80\",", "10.0.0.1:80\n"}) {
    const auto got = read({"a.yaml", text});
    EXPECT_FALSE(got.endpoints) << text;
    EXPECT_NE(got.problems, "") << text;
  }
  conf::Problems problems;
  EXPECT_FALSE(read_endpoint_file("/nowhere/endpoints.yaml", problems));
  EXPECT_NE(problems.text().find("/nowhere/endpoints.yaml"), std::string::npos);
}

}  // namespace
}  // namespace sluice::upstream
