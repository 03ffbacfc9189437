#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "conf/sample_config.h"

namespace sluice::conf::sample {
namespace {

/// Compares with tests/conf/golden; with UPDATE_GOLDEN in the environment, writes it.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(SLUICE_SOURCE_DIR) + "/tests/conf/golden/" + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream in(path);
  std::ostringstream content;
  content << in.rdbuf();
  EXPECT_EQ(content.str(), text);
}

Json sample_schema() {
  return schema(Config::spec(), "sample", "https://example.org/sample.json", catalog());
}

TEST(Problems, are_kept_up_to_a_number_and_then_counted) {
  Problems problems;
  for (std::uint32_t i = 1; i <= 1000; ++i)
    problems.add({.file = "f", .line = i, .column = 1, .path = {}, .message = "m", .hint = {}});
  EXPECT_EQ(problems.size(), 1000U);
  EXPECT_TRUE(problems.full());
  EXPECT_EQ(problems.sorted().size(), 200U);
  EXPECT_TRUE(problems.text().ends_with("f:200:1: m\nand 800 more\n"));
}

TEST(Schema, is_the_golden_one) { expect_golden("schema.json", sample_schema().dump(2) + "\n"); }

TEST(Schema, refers_only_to_what_it_defines) {
  const auto all = sample_schema();
  const auto text = all.dump();
  const std::string prefix = "\"$ref\":\"#/$defs/";
  for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
    const auto begin = at + prefix.size();
    EXPECT_TRUE(all["$defs"].contains(text.substr(begin, text.find('"', begin) - begin)));
  }
}

TEST(Docs, are_the_golden_ones) { expect_golden("options.md", markdown(Config::spec(), catalog())); }

constexpr std::string_view example = R"(
workers: 2
upstreams: { app: [a:1, b:2] }
middlewares: { m: { rate_limit: { rate: 5/m, key: "hush" } }, f: { fallback: { extra: { a: [1, "1", "${WORD}", x] } } } }
routes: [{ upstream: app, middlewares: [m, { rate_limit: {} }] }]
)";

TEST(Dump, writes_the_whole_with_defaults_and_without_secrets) {
  const auto [config, problems] = load(example);
  ASSERT_EQ(problems.text(), "");
  EXPECT_EQ(to_json(config), Json::parse(R"({
    "workers": 2,
    "upstreams": {"app": {"endpoints": [{"address": "a:1", "weight": 1}, {"address": "b:2", "weight": 1}],
                          "balance": "round_robin", "timeouts": {"connect": "1s"}, "panic": "50%"}},
    "routes": [{"name": "", "path": "/*", "header": {}, "upstream": "app",
                "middlewares": ["m", {"rate_limit": {"rate": "100/s", "bandwidth": "1KiB/s", "key": ""}}],
                "log": true, "sample": 0.5}],
    "middlewares": {"m": {"rate_limit": {"rate": "5/m", "bandwidth": "1KiB/s", "key": "***"}},
                    "f": {"fallback": {"then": [], "extra": {"a": [1, "1", "${WORD}", "x"]}}}}})"));
}

TEST(Dump, shows_a_placeholder_rather_than_what_it_stands_for) {
  const auto [config, problems] = load(R"(
workers: ${NOPE:-3}
upstreams: { app: { endpoints: ["${HOST}:1", { address: "b:${PORT}", weight: "${NOPE:-2}" }], balance: "${NOPE:-random}",
                    timeouts: { connect: "${NOPE:-5s}" }, panic: 10% }, one: { endpoints: "${HOST}:1" }, two: ["${HOST}:2"] }
middlewares: { m: { rate_limit: { rate: "${NOPE:-5/m}", key: "${file:files/secret.txt}" } }, w: { rate_limit: {} } }
routes: [{ name: "${file:files/secret.txt}", upstream: "${NOPE:-app}", header: { x: "is ${WORD}" }, sample: 1,
           middlewares: ["${NOPE:-m}", { rate_limit: { rate: "${NOPE:-6/m}" } }], log: "${NOPE:-false}", body: "${NOPE:-9}" }]
)");
  ASSERT_EQ(problems.text(), "");
  const auto json = to_json(config, Disclosure::redacted, config.where);
  EXPECT_EQ(json, Json::parse(R"({
    "workers": "${NOPE:-3}",
    "upstreams": {"app": {"endpoints": [{"address": "${HOST}:1", "weight": 1},
                                        {"address": "b:${PORT}", "weight": "${NOPE:-2}"}],
                          "balance": "${NOPE:-random}", "timeouts": {"connect": "${NOPE:-5s}"}, "panic": "10%"},
                  "one": {"endpoints": [{"address": "${HOST}:1", "weight": 1}],
                          "balance": "round_robin", "timeouts": {"connect": "1s"}, "panic": "50%"},
                  "two": {"endpoints": [{"address": "${HOST}:2", "weight": 1}],
                          "balance": "round_robin", "timeouts": {"connect": "1s"}, "panic": "50%"}},
    "routes": [{"name": "${file:files/secret.txt}", "path": "/*", "header": {"x": "is ${WORD}"},
                "upstream": "${NOPE:-app}",
                "middlewares": ["${NOPE:-m}", {"rate_limit": {"rate": "${NOPE:-6/m}", "bandwidth": "1KiB/s", "key": ""}}],
                "body": "${NOPE:-9}", "log": "${NOPE:-false}", "sample": 1.0}],
    "middlewares": {"m": {"rate_limit": {"rate": "${NOPE:-5/m}", "bandwidth": "1KiB/s", "key": "***"}},
                    "w": {"rate_limit": {"rate": "100/s", "bandwidth": "1KiB/s", "key": ""}}}})"))
      << json.dump(1);
}

TEST(Dump, reads_back_as_it_was_written) {
  const auto first = load(example).config;
  auto text = to_json(first, Disclosure::revealed);
  text["routes"][0].erase("name");  // the only default that its own field would not take
  text["routes"][0]["middlewares"][1]["rate_limit"]["key"] = "";
  const auto second = load(text.dump());
  EXPECT_EQ(second.problems.text(), "");
  EXPECT_EQ(to_json(second.config, Disclosure::revealed), to_json(first, Disclosure::revealed));
  EXPECT_EQ(content_hash(second.config), content_hash(first));
}

TEST(Dump, hashes_settings_and_not_places) {
  const auto hash = [](std::string_view yaml) { return content_hash(load(yaml).config); };
  EXPECT_EQ(hash("upstreams: { a: [a:1] }"),
            hash("\n\nupstreams:\n  a:\n    endpoints: a:1\n    panic: 50%\n"));
  EXPECT_NE(hash("upstreams: { a: [a:1] }"), hash("upstreams: { a: [a:2] }"));
  EXPECT_NE(hash("middlewares: { m: { rate_limit: { key: a } } }"),
            hash("middlewares: { m: { rate_limit: { key: b } } }"));
}

TEST(Problems, are_formatted_with_what_is_known) {
  EXPECT_EQ(one_line({.file = "f", .line = 3, .column = 7, .path = "a.b", .message = "m", .hint = "h"}),
            "f:3:7: a.b: m; h");
  EXPECT_EQ(one_line({.file = "f", .path = {}, .message = "m", .hint = {}}), "f: m");
  EXPECT_EQ(one_line({.file = {}, .path = {}, .message = "m", .hint = {}}), "m");
}

TEST(Problems, are_sorted_and_written_as_json) {
  Problems problems;
  problems.add({.file = "f", .line = 2, .column = 1, .path = "b", .message = "two", .hint = {}});
  problems.add({.file = "f", .line = 1, .column = 9, .path = "a", .message = "one \xFF", .hint = "try"});
  EXPECT_EQ(Json::parse(problems.json()), Json::parse(R"([
    {"file": "f", "line": 1, "column": 9, "path": "a", "problem": "one �", "hint": "try"},
    {"file": "f", "line": 2, "column": 1, "path": "b", "problem": "two"}])"));
  EXPECT_EQ(Problems().json(), "[]");
}

}  // namespace
}  // namespace sluice::conf::sample
