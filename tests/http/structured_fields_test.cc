#include "http/structured_fields.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::http::sf {
namespace {

template <class Write>
std::string written(Write write) {
  std::array<char, 256> buffer;
  TextWriter out(buffer);
  write(out);
  return std::string(out.view());
}

TEST(StructuredFields, writes_items) {  // RFC 8941 4.1
  EXPECT_EQ(written([](TextWriter& out) { write_string(out, "a\"b\\c\n\xc3\xa9"); }), "\"a\\\"b\\\\c???\"");
  EXPECT_EQ(written([](TextWriter& out) { write_token_or_string(out, "a/b:*"); }), "a/b:*");
  EXPECT_EQ(written([](TextWriter& out) { write_token_or_string(out, "1a"); }), "\"1a\"");
  EXPECT_EQ(written([](TextWriter& out) { write_token_or_string(out, ""); }), "\"\"");
  EXPECT_EQ(written([](TextWriter& out) { write_integer(out, -42); }), "-42");
  EXPECT_EQ(written([](TextWriter& out) { write_integer(out, INT64_MAX); }), "999999999999999");
  EXPECT_EQ(written([](TextWriter& out) { write_integer(out, INT64_MIN); }), "-999999999999999");
}

TEST(StructuredFields, reads_items_and_parameters) {  // RFC 8941 4.2
  std::string_view text = "tok/en:1;a=1;b=\"x\\\"y\";*c;d=?0;e=-7 rest";
  EXPECT_EQ(take_bare_item(text)->text, "tok/en:1");
  const auto a = take_parameter(text);
  EXPECT_EQ(a->key, "a");
  EXPECT_EQ(a->value.integer, 1);
  EXPECT_EQ(take_parameter(text)->value.text, "x\\\"y");
  EXPECT_EQ(take_parameter(text)->value.type, BareItem::Type::boolean);
  EXPECT_EQ(take_parameter(text)->value.integer, 0);
  EXPECT_EQ(take_parameter(text)->value.integer, -7);
  EXPECT_FALSE(take_parameter(text));
  EXPECT_EQ(text, " rest");
}

TEST(StructuredFields, reads_nothing_that_is_not_valid) {
  for (std::string_view text : {"", "\"a", "\"a\\", "\"a\\b\"", "\"\x01\"", "?2", "?", "-",
                                "1234567890123456", "1.5", "(a)", ":YQ==:"}) {
    const std::string before(text);
    EXPECT_FALSE(take_bare_item(text)) << before;
  }
  for (std::string_view text : {"", "a", ";", ";A", ";1", ";a=", ";a=:"})
    EXPECT_FALSE(take_parameter(text)) << text;
}

TEST(TextWriter, notices_what_does_not_fit) {
  std::array<char, 4> buffer;
  TextWriter out(buffer);
  out.put("abc").put_number(12);
  EXPECT_FALSE(out.fits());
  EXPECT_EQ(out.size(), 0u);
}

}  // namespace
}  // namespace sluice::http::sf
