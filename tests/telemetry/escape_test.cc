#include "telemetry/escape.h"

#include <string>

#include <gtest/gtest.h>

namespace sluice::telemetry {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_text(text, out);
  return out;
}
std::string ascii(std::string_view text) {
  std::string out;
  append_ascii_text(text, out);
  return out;
}
std::string visible(std::string_view text) {
  std::string out;
  append_visible_text(text, out);
  return out;
}

using namespace std::string_view_literals;
constexpr std::string_view bad = "\xEF\xBF\xBD";

TEST(JsonText, escapes_quotes_backslashes_and_controls) {
  EXPECT_EQ(json("a\"b\\c\n\r\t\x01\x1b\x7f"), R"(a\"b\\c\n\r\t\u0001\u001b\u007f)");
  EXPECT_EQ(json("\0"sv), R"(\u0000)");
}

TEST(JsonText, escapes_the_controls_that_terminals_obey_in_utf_8) {
  EXPECT_EQ(json("\xC2\x9B"
                 "31m"),
            R"(\u009b31m)");
}

TEST(JsonText, keeps_well_formed_utf_8) {
  EXPECT_EQ(json("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"), "h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST(JsonText, replaces_what_is_not_utf_8) {
  const std::string b(bad);
  EXPECT_EQ(json("a\xFFz"), "a" + b + "z");
  EXPECT_EQ(json("\xC3"), b);
  EXPECT_EQ(json("\xE2\x82z"), b + "z");
  EXPECT_EQ(json("\xC0\xAF"), b + b);
  EXPECT_EQ(json("\xED\xA0\x80"), b + b + b);
  EXPECT_EQ(json("\xF4\x90\x80\x80"), b + b + b + b);
  EXPECT_EQ(json("\x80"), b);
}

TEST(AsciiText, escapes_all_but_printable_ascii) {
  EXPECT_EQ(ascii("GET \"x\\\" \n\xC3\xA9\xFF"), R"(GET \"x\\\" \x0a\xc3\xa9\xff)");
}

TEST(VisibleText, keeps_quotes_and_utf_8_but_no_line_end) {
  EXPECT_EQ(visible("route \"\xC3\xA9\"\n\xFF\x1b"), "route \"\xC3\xA9\"\\x0a\\xff\\x1b");
}

TEST(Escapes, of_every_byte_keep_lines_whole) {
  for (int c = 0; c < 256; ++c) {
    const std::string one(1, static_cast<char>(c));
    for (const std::string& out : {json(one), ascii(one), visible(one)})
      for (const char o : out) EXPECT_TRUE(static_cast<unsigned char>(o) >= 0x20 && o != 0x7f) << c;
  }
}

}  // namespace
}  // namespace sluice::telemetry
