// Configurations of several files, in a folder of the test's own.
#include "conf/include.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "conf/faults.h"

namespace sluice::conf {
namespace {

struct Item {
  std::string to;
  Node where;
  static const ObjectSpec& spec() {
    static const ObjectSpec spec =
        object<Item>("Item", "").field("to", &Item::to, "", required()).where(&Item::where);
    return spec;
  }
};

struct Parts {
  std::vector<std::string> include;
  std::vector<Item> routes;
  NamedList<Item> upstreams;
  std::optional<Item> log;
  static const ObjectSpec& spec() {
    static const ObjectSpec spec = object<Parts>("Parts", "")
                                       .field("include", &Parts::include, "")
                                       .field("routes", &Parts::routes, "", required(), count(1))
                                       .field("upstreams", &Parts::upstreams, "")
                                       .field("log", &Parts::log, "");
    return spec;
  }
};

class Include : public testing::Test {
 protected:
  Include() {
    auto pattern = (std::filesystem::temp_directory_path() / "sluice-include-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Include() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }

  /// What is wrong, without the folder's name; empty: nothing.
  std::string read() {
    Problems problems;
    parts_ = Parts();
    sources_ = Sources();
    root_ = read_config((folder_ / "main.yaml").string(), Parts::spec(), problems, sources_);
    if (root_) bind(root_, parts_, problems);
    auto text = problems.text();
    const auto prefix = folder_.string() + "/";
    for (std::size_t at = 0; (at = text.find(prefix, at)) != std::string::npos;)
      text.erase(at, prefix.size());
    return text;
  }

  std::vector<std::string> routes() const {
    std::vector<std::string> names;
    for (const auto& route : parts_.routes) names.push_back(route.to);
    return names;
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
  Parts parts_;
  Sources sources_;
  Node root_;
};

using testing::ElementsAre;
using testing::Key;
using testing::Pair;

TEST_F(Include, appends_lists_and_merges_maps_in_the_order_of_the_names) {
  write("main.yaml", "include: conf.d/*.yaml\nroutes: [{ to: main }]\nupstreams: { a: { to: x } }\n");
  write("conf.d/20.yaml", "routes: [{ to: c }]\nlog: { to: y }\n");
  write("conf.d/10.yaml", "routes: [{ to: a }, { to: b }]\nupstreams: { b: { to: z } }\n");
  write("conf.d/other.txt", "this: is not read");
  EXPECT_EQ(read(), "");
  EXPECT_THAT(routes(), ElementsAre("main", "a", "b", "c"));
  EXPECT_THAT(parts_.upstreams.names(), ElementsAre("a", "b"));
  EXPECT_EQ(parts_.log->to, "y");
}

TEST_F(Include, locates_each_node_in_its_own_file_and_counts_there) {
  write("main.yaml", "include: [b.yaml, a.yaml]\n");
  write("b.yaml", "routes: [{ to: b }]\n");
  write("a.yaml", "# a comment\nroutes:\n  - { to: a }\n");
  EXPECT_EQ(read(), "");
  ASSERT_THAT(routes(), ElementsAre("b", "a"));
  const auto& where = parts_.routes[1].where;
  EXPECT_EQ(where.file(), path("a.yaml"));
  EXPECT_EQ(where.location(), (Location{.line = 3, .column = 5}));
  EXPECT_EQ(where.path(), "routes[0]");
}

TEST_F(Include, takes_items_that_are_written_without_their_list) {
  write("main.yaml", "include: a.yaml\nroutes: { to: main }\n");
  write("a.yaml", "routes: { to: a, from: b }\n");
  EXPECT_EQ(read(), "a.yaml:1:18: routes.from: there is no key \"from\" here; there is only to\n");
  EXPECT_THAT(routes(), ElementsAre("main", "a"));
  EXPECT_EQ(parts_.routes[0].where.path(), "routes");
}

TEST_F(Include, needs_nothing_in_the_main_file_that_an_included_one_has) {
  write("main.yaml", "include: a.yaml\n");
  write("a.yaml", "upstreams: {}\n");
  EXPECT_EQ(read(), "main.yaml:1:1: the key \"routes\" is missing\n");
  write("a.yaml", "routes: [{ to: a }]\n");
  EXPECT_EQ(read(), "");
}

TEST_F(Include, says_where_a_name_or_a_key_stands_already) {
  write("main.yaml", "include: '*.yml'\nroutes: [{ to: a }]\nupstreams: { a: { to: x } }\nlog: { to: x }\n");
  write("1.yml", "upstreams:\n  b: { to: x }\n  a: { to: y }\n");
  write("2.yml", "upstreams: { b: { to: y } }\nlog: { to: y }\n");
  EXPECT_EQ(read(),
            "1.yml:3:3: upstreams.a: the name \"a\" is in another file too, first at main.yaml:3:14\n"
            "2.yml:1:14: upstreams.b: the name \"b\" is in another file too, first at 1.yml:2:3\n"
            "2.yml:2:1: log: the key \"log\" is in another file too, first at main.yaml:4:1\n");
  EXPECT_EQ(parts_.upstreams.find("a")->to, "x");
}

TEST_F(Include, refuses_what_an_included_file_includes) {
  write("main.yaml", "include: a.yaml\nroutes: [{ to: main }]\n");
  write("a.yaml", "include: b.yaml\nroutes: [{ to: a }]\n");
  write("b.yaml", "routes: [{ to: b }]\n");
  EXPECT_EQ(
      read(),
      "a.yaml:1:10: include: an included file includes no others; name them in the main file's include\n");
  EXPECT_THAT(routes(), ElementsAre("main", "a"));
}

TEST_F(Include, is_content_with_a_pattern_that_matches_nothing_but_not_with_a_missing_file) {
  write("main.yaml", "routes: [{ to: main }]\ninclude: [conf.d/*.yaml, a.yaml]\n");
  write("conf.d/notes.txt", "");
  EXPECT_EQ(read(), "main.yaml:2:26: include[1]: \"a.yaml\": there is no such file\n");
}

TEST_F(Include, wants_the_folder_of_a_pattern_to_be_there) {
  write("main.yaml", "routes: [{ to: main }]\ninclude: conf.d/*.yaml\n");
  EXPECT_EQ(read(), "main.yaml:2:10: include: there is no folder \"conf.d\"\n");
}

TEST_F(Include, misses_nothing_that_a_file_which_it_could_not_read_may_hold) {
  write("main.yaml", "include: [a.yaml, b.yaml]\n");
  write("b.yaml", "routes: [a");
  EXPECT_EQ(read(),
            "b.yaml:1:9: the '[' here is not closed\n"
            "main.yaml:1:11: include[0]: \"a.yaml\": there is no such file\n");
  EXPECT_TRUE(root_.incomplete());
}

TEST_F(Include, says_what_a_file_is_that_is_no_map_or_no_file) {
  write("main.yaml", "include: '*.yml'\nroutes: [{ to: a }]\n");
  write("a.yml", "- to: a\n");
  write("b.yml/x", "");
  EXPECT_EQ(read(),
            "a.yml:1:1: wanted a map of the configuration's keys, found a list\n"
            "main.yaml:1:10: include: \"b.yml\": this is a folder, not a file\n");
}

TEST_F(Include, takes_empty_files) {
  write("main.yaml", "include: '*.yml'\nroutes: [{ to: a }]\n");
  write("a.yml", "");
  write("b.yml", "# nothing\n");
  EXPECT_EQ(read(), "");
}

TEST_F(Include, reads_a_file_once_and_leaves_the_main_one_out) {
  write("main.yaml", "include: ['*.yaml', 'a.*', '[a-b].yaml']\nroutes: [{ to: main }]\n");
  write("a.yaml", "routes: [{ to: a }]\n");
  write("b.yaml", "routes: [{ to: b }]\n");
  EXPECT_EQ(read(), "");
  EXPECT_THAT(routes(), ElementsAre("main", "a", "b"));
}

TEST_F(Include, takes_patterns_in_folders_and_leaves_hidden_files_out) {
  write("main.yaml", "include: 'team-?/*.yaml'\nroutes: [{ to: main }]\n");
  write("team-b/x.yaml", "routes: [{ to: b }]\n");
  write("team-a/y.yaml", "routes: [{ to: a }]\n");
  write("team-a/.y.yaml", "routes: [{ to: swap }]\n");
  EXPECT_EQ(read(), "");
  EXPECT_THAT(routes(), ElementsAre("main", "a", "b"));
}

TEST_F(Include, takes_a_folder_by_its_name_whatever_that_is) {
  folder_ = folder_ / "[x]*";
  write("main.yaml", "include: '*.yml'\nroutes: [{ to: main }]\n");
  write("a.yml", "routes: [{ to: a }]\n");
  EXPECT_EQ(read(), "");
  EXPECT_THAT(routes(), ElementsAre("main", "a"));
  folder_ = folder_.parent_path();
}

TEST_F(Include, reads_files_of_values_beside_the_file_that_names_them) {
  write("main.yaml", "include: sub/a.yaml\nroutes: [{ to: '${file:w}' }]\n");
  write("w", "outer\n");
  write("sub/a.yaml", "routes: [{ to: '${file:w}' }, { to: '${file:v}' }]\n");
  write("sub/w", "inner\n");
  EXPECT_EQ(read(), "sub/a.yaml:1:37: routes[1].to: \"sub/v\": there is no such file\n");
  EXPECT_EQ(parts_.routes[0].to, "outer");
  EXPECT_EQ(parts_.routes[1].to, "inner");
}

TEST_F(Include, holds_the_limit_of_values_over_all_files) {
  std::string many = "upstreams: {}\nroutes:\n";
  for (int i = 0; i < 300'000; ++i) many += "- to: a\n";
  write("main.yaml", "include: '*.yml'\nroutes: [{ to: main }]\n");
  write("a.yml", many);
  EXPECT_EQ(read(), "");
  write("b.yml", many);
  EXPECT_THAT(read(), testing::HasSubstr("b.yml:"));
  EXPECT_THAT(read(), testing::HasSubstr(": more than 1000000 values\n"));
}

TEST_F(Include, tells_faults_of_files_apart) {
  write("main.yaml", "include: a.yaml\nroutes: [{ to: 5 }]\n");
  write("a.yaml", "routes: [{ to: a }]\n");
  Problems problems;
  root_ = read_config(path("main.yaml"), Parts::spec(), problems, sources_);
  bind(root_, parts_, problems);
  const Faults faults(problems);
  EXPECT_TRUE(faults.within(parts_.routes[0].where));
  EXPECT_FALSE(faults.within(parts_.routes[1].where));
}

TEST_F(Include, notes_every_file_it_looked_for) {
  write("main.yaml", "include: [conf.d/*.yaml, gone.yaml]\nroutes: [{ to: '${file:secret}' }]\n");
  write("conf.d/a.yaml", "log: { to: '${file:none}' }\n");
  write("secret", "x");
  read();
  EXPECT_THAT(sources_.files(),
              ElementsAre(Key(path("conf.d/a.yaml")), Key(path("conf.d/none")), Key(path("gone.yaml")),
                          Key(path("main.yaml")), Key(path("secret"))));
  EXPECT_THAT(sources_.patterns(),
              ElementsAre(Pair(path("conf.d/*.yaml"), ElementsAre(path("conf.d/a.yaml")))));
}

TEST_F(Include, notices_changed_new_and_removed_files) {
  write("main.yaml", "include: [conf.d/*.yaml]\nroutes: [{ to: '${file:secret}' }]\n");
  write("secret", "x");
  read();
  const auto digest = content_digest(sources_);
  EXPECT_EQ(sources_.again(), sources_);
  write("secret", "xy");
  EXPECT_NE(sources_.again(), sources_);
  EXPECT_NE(content_digest(sources_), digest);
  write("secret", "x");
  EXPECT_NE(sources_.again(), sources_);
  EXPECT_EQ(content_digest(sources_), digest);
  read();
  write("conf.d/a.yaml", "");
  EXPECT_NE(sources_.again(), sources_);
  read();
  std::filesystem::remove(path("secret"));
  EXPECT_NE(sources_.again(), sources_);
}

}  // namespace
}  // namespace sluice::conf
