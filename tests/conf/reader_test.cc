#include "conf/reader.h"

#include <gtest/gtest.h>

#include <fstream>

#include "conf/sample_config.h"

namespace sluice::conf {
namespace {

using sample::complaints;
using sample::load;

Node parse(std::string_view yaml) {
  Problems problems;
  Node root = read_text(yaml, "c.yaml", problems);
  EXPECT_EQ(problems.text(), "");
  return root;
}

TEST(Reader, counts_lines_and_columns_from_one) {
  const auto root = parse("a: 1\nb:\n  - x\n  - { c: y }\n");
  EXPECT_EQ(root.location(), (Location{.line = 1, .column = 1}));
  const auto item = root.find("b").first().next().find("c");
  EXPECT_EQ(item.location(), (Location{.line = 4, .column = 10}));
  EXPECT_EQ(item.key_location(), (Location{.line = 4, .column = 7}));
  EXPECT_EQ(item.path(), "b[1].c");
  EXPECT_EQ(item.text(), "y");
  EXPECT_EQ(item.file(), "c.yaml");
}

TEST(Reader, quotes_keys_in_paths_where_they_would_be_misread) {
  EXPECT_EQ(parse("a: { b.c: { d: 1 } }").find("a").first().first().path(), "a[\"b.c\"].d");
}

TEST(Reader, keeps_scalars_as_they_are_written) {
  const auto root = parse("a: 010\nb: \"010\"\nc: yes\nd: ~\ne: 1.20\n");
  EXPECT_EQ(root.find("a").text(), "010");
  EXPECT_EQ(root.find("a").style(), Node::Style::plain);
  EXPECT_EQ(root.find("b").style(), Node::Style::quoted);
  EXPECT_EQ(root.find("c").text(), "yes");
  EXPECT_TRUE(root.find("d").is_null());
  EXPECT_EQ(root.find("e").text(), "1.20");
}

TEST(Reader, knows_how_plain_scalars_read) {
  for (const auto* text : {"0", "-1", "+5", "010", "0x1F", "0o17"})
    EXPECT_EQ(looks_like(text), Looks::integer) << text;
  for (const auto* text : {"1.", ".5", "1e5", "1.5E-3", ".inf", "-.INF", ".nan"})
    EXPECT_EQ(looks_like(text), Looks::real) << text;
  for (const auto* text : {"true", "False"}) EXPECT_EQ(looks_like(text), Looks::boolean) << text;
  for (const auto* text : {"", "~", "null"}) EXPECT_EQ(looks_like(text), Looks::null) << text;
  for (const auto* text : {"yes", "off", "1.2.3", "5s", ".", "e5", "0x", "1_000", "2001-01-01"})
    EXPECT_EQ(looks_like(text), Looks::text) << text;
}

TEST(Reader, follows_aliases) {
  const auto root = parse("a: &t { x: [1, 2] }\nb: *t\nc: [*t, &s 5, *s]\n");
  const auto copy = root.find("b").find("x").first().next();
  EXPECT_EQ(copy.text(), "2");
  EXPECT_EQ(copy.path(), "b.x[1]");
  EXPECT_EQ(copy.location(), (Location{.line = 1, .column = 16}));
  EXPECT_EQ(root.find("c").first().find("x").size(), 2U);
  EXPECT_EQ(root.find("c").first().next().next().text(), "5");
}

TEST(Reader, finds_what_is_nearest_to_a_path) {
  const auto root = parse("tls: { certificates: [{ a: 1 }, { a: 2 }] }");
  EXPECT_EQ(root.nearest_to("tls.certificates[1].a").text(), "2");
  EXPECT_EQ(root.nearest_to("tls.certificates[1].b").path(), "tls.certificates[1]");
  EXPECT_EQ(root.nearest_to("tls.certificates[7].b").path(), "tls.certificates");
  EXPECT_EQ(root.nearest_to("nothing").path(), "");
  EXPECT_EQ(root.nearest_to("[").path(), "");
}

TEST(Reader, takes_a_byte_order_mark_and_windows_line_ends) {
  const auto root = parse(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: x\r\n");
  EXPECT_EQ(root.find("b").text(), "x");
  EXPECT_EQ(root.find("b").location(), (Location{.line = 2, .column = 4}));
}

TEST(Reader, gives_nothing_for_an_empty_file) {
  for (const auto* text : {"", "# only a comment\n", "---\n"}) {
    const auto root = parse(text);
    EXPECT_TRUE(root) << text;
    EXPECT_TRUE(root.is_null()) << text;
  }
}

TEST(Reader, keeps_a_default_constructed_node_harmless) {
  const Node none;
  EXPECT_FALSE(none);
  EXPECT_TRUE(none.is_null());
  EXPECT_EQ(none.path(), "");
  EXPECT_EQ(none.size(), 0U);
  EXPECT_FALSE(none.find("a"));
  EXPECT_EQ(none.location(), Location{});
}

struct Refusal {
  std::string_view name, yaml, complaint;
};

class ReaderRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(ReaderRefusal, names_the_place_and_says_what_is_wrong) {
  Problems problems;
  read_text(GetParam().yaml, "c.yaml", problems, {});
  EXPECT_EQ(problems.text(), GetParam().complaint);
}

using namespace std::string_view_literals;

const Refusal refusals[] = {
    {"duplicate_key", "a: 1\nb: { c: 1, c: 2 }\na: 3\na: 4",
     "c.yaml:2:12: b.c: the key \"c\" is written twice, first at 2:6\n"
     "c.yaml:3:1: a: the key \"a\" is written twice, first at 1:1\n"
     "c.yaml:4:1: a: the key \"a\" is written twice, first at 1:1\n"},
    {"merge_key", "a: &x { b: 1 }\nc:\n  <<: *x\n  d: 1",
     "c.yaml:3:3: merge keys (<<) are not taken; write the fields out, or alias the whole value\n"},
    {"second_document", "a: 1\n---\nb: 2", "c.yaml:2:1: a second document begins here, wanted one a file\n"},
    {"second_document_after_dots", "a: 1\n...\nb: 2",
     "c.yaml:3:1: a second document begins here, wanted one a file\n"},
    {"stray_line", "- a\nb: c", "c.yaml:2:1: this does not continue what stands above it\n"},
    {"tab_before_a_key", "a:\n\tb: 1", "c.yaml:2:1: a tab in the indentation; indent with spaces\n"},
    {"tab_after_spaces", "a:\n  \tb: 1", "c.yaml:2:3: a tab in the indentation; indent with spaces\n"},
    {"tab_after_a_value", "a: 1\n\tb: 2", "c.yaml:2:1: a tab in the indentation; indent with spaces\n"},
    {"tab_before_a_text", "a:\n\tb", "c.yaml:2:1: a tab in the indentation; indent with spaces\n"},
    {"bad_indentation", "a:\n  b: 1\n c: 2", "c.yaml:3:2: the indentation does not fit what stands above\n"},
    {"two_colons", "a: b: c",
     "c.yaml:1:5: a key and value cannot begin here; put a text that holds ': ' in quotes\n"},
    {"open_list", "b: 1\na: [1, 2", "c.yaml:2:4: the '[' here is not closed\n"},
    {"open_map", "a: { x: 1", "c.yaml:1:4: the '{' here is not closed\n"},
    {"open_quotes", "a: \"abc", "c.yaml:1:8: the quotes are not closed\n"},
    {"missing_comma", "a: { b: [c] d: 1 }", "c.yaml:1:13: wanted ',' or '}' here\n"},
    {"one_brace_too_many", "{ a: 1 }}", "c.yaml:1:9: a '}' or ']' that closes nothing\n"},
    {"reserved_character", "a: @x",
     "c.yaml:1:4: a text cannot begin with this character; put it in quotes\n"},
    {"unknown_alias", "a: *x",
     "c.yaml:1:4: this alias has no anchor; a text that begins with * must be in quotes\n"},
    {"alias_in_itself", "a: &x { b: *x }", "c.yaml:1:12: this alias stands inside what it refers to\n"},
    {"tag", "a: !!int 5",
     "c.yaml:1:4: wanted a value without a tag, found the tag !!int; leave the tag out, "
     "fields "
     "know their types\n"},
    {"list_as_a_key", "? [a]\n: b", "c.yaml:1:3: wanted a key of plain text, found something else\n"},
    {"key_without_colon", "a: 1\nb\n", "c.yaml:2:1: wanted a colon after the key \"b\"\n"},
    {"placeholder_in_braces", "a: { b: ${X} }",
     "c.yaml:1:10: a ${…} inside { } or [ ] must be in quotes; write \"${NAME}\"\n"},
    {"question_mark_in_braces", "a: { b: /x?y=z }",
     "c.yaml:1:11: a ? inside { } or [ ] must be in quotes; put the whole text in quotes\n"},
    {"question_mark_at_the_end_in_brackets", "a: [/x? ]",
     "c.yaml:1:7: a ? inside { } or [ ] must be in quotes; put the whole text in quotes\n"},
    {"text_after_brackets_in_braces", "a: { b: [::]:80 }",
     "c.yaml:1:13: this does not belong to the brackets before it; a text that begins with [ or { must be in "
     "quotes\n"},
    {"text_after_brackets", "a: [::]:80",
     "c.yaml:1:8: this does not belong to the value before it; put the whole text in quotes\n"},
    {"text_after_quotes", "a: \"x\" y",
     "c.yaml:1:8: this does not belong to the value before it; put the whole text in quotes\n"},
    {"bad_escape", "a: \"\\q\"", "c.yaml:1:7: broken YAML: unknown escape character: q\n"},
    {"not_utf8", "a: \xFF"sv, "c.yaml:1:4: the file is not UTF-8 text\n"},
    {"surrogate", "a: b\nc: \xED\xA0\x80"sv, "c.yaml:2:4: the file is not UTF-8 text\n"},
    {"null_byte", "a: \0b"sv, "c.yaml:1:4: a control character, which YAML does not take\n"},
};

INSTANTIATE_TEST_SUITE_P(All, ReaderRefusal, testing::ValuesIn(refusals),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Reader, ends_aliases_of_aliases_before_they_fill_the_memory) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const auto name = std::to_string(i), before = std::to_string(i - 1);
    yaml += "a" + name + ": &a" + name + " [";
    for (int n = 0; n < 10; ++n) yaml += (n > 0 ? ", *a" : "*a") + before;
    yaml += "]\n";
  }
  Problems problems;
  EXPECT_FALSE(read_text(yaml, "c.yaml", problems));
  EXPECT_NE(problems.text().find("more than 1000000 values"), std::string::npos);
}

TEST(Reader, refuses_endless_nesting) {
  Problems problems;
  EXPECT_FALSE(read_text(std::string(100'000, '['), "c.yaml", problems));
  EXPECT_EQ(problems.size(), 1U);
}

TEST(Reader, reads_as_many_levels_as_it_says) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  Problems problems;
  EXPECT_TRUE(read_text(nested(100), "c.yaml", problems));
  EXPECT_FALSE(read_text(nested(101), "c.yaml", problems));
  EXPECT_FALSE(read_text(nested(600), "c.yaml", problems));
  const std::string_view deeper = "c.yaml:1:101: lists and maps are nested deeper than 100 levels\n";
  EXPECT_EQ(problems.text(), std::string(deeper) + std::string(deeper));
}

TEST(Reader, cuts_a_long_key_in_what_it_says) {
  Problems problems;
  const std::string key(1'000'000, 'k');
  const auto root = read_text("? " + key + "\n: !tag" + key + " ${NONE}\n", "c.yaml", problems);
  EXPECT_EQ(root.first().path(), std::string(80, 'k') + "…");
  EXPECT_EQ(problems.size(), 2U);
  EXPECT_LT(problems.text().size(), 600U);
}

TEST(Reader, says_that_a_file_is_not_there) {
  Problems problems;
  EXPECT_FALSE(read_file("/nowhere/x.yaml", problems));
  EXPECT_FALSE(read_file("/", problems));
  EXPECT_EQ(problems.text(), "/: this is a folder, not a file\n/nowhere/x.yaml: there is no such file\n");
}

TEST(Reader, reads_secrets_beside_the_configuration_file) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "sluice_reader_test";
  std::filesystem::create_directories(folder / "secrets");
  std::ofstream(folder / "secrets/key") << "hush\r\n";
  std::ofstream(folder / "c.yaml") << "a: ${file:secrets/key}\nb: ${file:secrets}\n";
  Problems problems;
  const auto root = read_file((folder / "c.yaml").string(), problems);
  EXPECT_EQ(root.find("a").text(), "hush");
  EXPECT_EQ(problems.sorted().at(0).line, 2U);
  EXPECT_EQ(problems.sorted().at(0).message,
            "\"" + (folder / "secrets").string() + "\": this is a folder, not a file");
  std::filesystem::remove_all(folder);
}

// ---- hostile files: each ends soon, with its place ----

std::string what_is_wrong(const std::string& yaml) {
  Problems problems;
  EXPECT_FALSE(read_text(yaml, "c.yaml", problems));
  return problems.text();
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(HostileYaml, ends_where_aliases_multiply_values) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 8; ++i) {
    const auto alias = "*a" + std::to_string(i - 1) + ", ";
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeated(alias, 10) + "]\n";
  }
  EXPECT_EQ(what_is_wrong(yaml), "c.yaml:1:37: more than 1000000 values\n");
}

TEST(HostileYaml, ends_where_aliases_multiply_text) {
  const auto yaml = "a: &a " + std::string(1 << 20, 'x') + "\nb: [" + repeated("*a, ", 100) + "]\n";
  EXPECT_EQ(what_is_wrong(yaml), "c.yaml:2:257: more than 64MiB of text\n");
}

TEST(HostileYaml, ends_where_aliases_nest_deeper) {
  std::string yaml = "a0: &a0 x\n";
  for (int i = 1; i < 4; ++i) {
    const auto number = std::to_string(i);
    yaml += "a" + number + ": &a" + number + " " + repeated("[", 60) + "*a" + std::to_string(i - 1) +
            repeated("]", 60) + "\n";
  }
  EXPECT_EQ(what_is_wrong(yaml), "c.yaml:2:48: lists and maps are nested deeper than 100 levels\n");
}

TEST(HostileYaml, ends_where_lists_nest_too_deep) {
  EXPECT_EQ(what_is_wrong("a: " + repeated("[", 100'000) + repeated("]", 100'000)),
            "c.yaml:1:103: lists and maps are nested deeper than 100 levels\n");
  EXPECT_EQ(what_is_wrong(repeated("- ", 100'000)),
            "c.yaml:1:201: lists and maps are nested deeper than 100 levels\n");
}

TEST(HostileYaml, has_no_placeholder_that_multiplies) {
  Surroundings surroundings;
  surroundings.file = [](const std::filesystem::path&) {
    return Parsed<std::string>(std::string(600'000, 'x'));
  };
  Problems problems;
  const auto root = read_text("a: ${file:a}${file:a}", "c.yaml", problems, surroundings);
  EXPECT_EQ(problems.text(), "c.yaml:1:4: a: what this stands for is larger than 1MiB\n");
  Problems more;
  EXPECT_FALSE(read_text("[" + repeated("\"${file:a}\", ", 200) + "]", "c.yaml", more, surroundings));
  EXPECT_NE(more.text().find("more than 64MiB of text"), std::string::npos) << more.text();
}

TEST(HostileYaml, is_a_regular_file_of_16_mib_at_most) {
  const auto path = std::filesystem::path(testing::TempDir()) / "sluice_reader_big.yaml";
  std::ofstream(path) << "#" << std::string(16 << 20, 'x') << "\n";
  Problems problems;
  EXPECT_FALSE(read_file(path.string(), problems));
  EXPECT_FALSE(read_file("/dev/zero", problems));
  EXPECT_EQ(problems.text(),
            "/dev/zero: this is not a regular file\n" + path.string() + ": the file is larger than 16MiB\n");
  std::filesystem::remove(path);
}

TEST(Expansion, reads_the_environment_and_files) {
  const auto [config, problems] = load(R"(
upstreams: { a: "${HOST}:${PORT}" }
routes:
  - { upstream: "x${NOPE:-y}${EMPTY:-z}", header: { a: "$${HOST}", b: "$5", c: "${EMPTY}", d: '${NOPE:-}' } }
middlewares: { m: { rate_limit: { key: "${file:files/secret.txt}" } } }
workers: ${NOPE:-7}
)");
  EXPECT_EQ(problems.text(),
            "c.yaml:2:17: upstreams.a: wanted a list or a map of endpoints, balance, timeouts and "
            "panic, found what \"${HOST}:${PORT}\" stands for\n");
  const auto& route = config.routes.at(0);
  EXPECT_EQ(route.upstream->value, "xyz");
  EXPECT_EQ(route.header.at("a"), "${HOST}");
  EXPECT_EQ(route.header.at("b"), "$5");
  EXPECT_EQ(route.header.at("c"), "");
  EXPECT_EQ(route.header.at("d"), "");
  EXPECT_EQ(config.middlewares.find("m")->as<sample::RateLimit>().key.reveal(), "s3cret");
  EXPECT_EQ(config.workers, 7);
}

TEST(Expansion, lets_a_quoted_placeholder_be_a_number) {
  EXPECT_EQ(load("routes: { respond: \"${NOPE:-404}\" }").config.routes.at(0).respond, 404);
}

TEST(Expansion, never_shows_what_a_placeholder_stands_for) {
  EXPECT_EQ(
      complaints(
          "workers: ${WORD}\nroutes: [{ respond: 200, path: \"${WORD}X\" }, { respond: \"${PORT}\" }]"),
      "c.yaml:1:10: workers: wanted auto or a whole number, found what \"${WORD}\" stands for\n"
      "c.yaml:2:32: routes[0].path: wanted a path in small letters, found what \"${WORD}X\" stands for\n"
      "c.yaml:2:57: routes[1].respond: wanted 200 to 599, found what \"${PORT}\" stands for\n");
}

TEST(Expansion, complains_once_at_the_value_that_has_the_placeholder) {
  EXPECT_EQ(
      complaints("workers: ${NOPE}\nroutes: [{ respond: 200, path: \"a ${\" }, { respond: \"${1}\" }]\n"
                 "middlewares: { m: { rate_limit: { key: \"${file:gone}\" } } }"),
      "c.yaml:1:10: workers: the environment has no variable NOPE; a default is written ${NOPE:-default}\n"
      "c.yaml:2:32: routes[0].path: a ${ is not closed; one that means itself is written $${\n"
      "c.yaml:2:53: routes[1].respond: wanted ${NAME}, ${NAME:-default} or ${file:path}, found \"${1}\"; a "
      "${ "
      "that means itself is written $${\n"
      "c.yaml:3:40: middlewares.m.rate_limit.key: \"" +
          std::filesystem::absolute("gone").string() + "\": there is no such file\n");
}

}  // namespace
}  // namespace sluice::conf
