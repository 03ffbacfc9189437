#include "http/token.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice::http {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return result;
}

TEST(FieldName, is_found_in_any_case) {  // RFC 9110 5.1
  for (std::size_t i = 1; i < field_name_count; ++i) {
    const auto token = static_cast<FieldName>(i);
    EXPECT_EQ(field_name(canonical(token)), token) << canonical(token);
    EXPECT_EQ(field_name(upper(canonical(token))), token) << canonical(token);
  }
}

TEST(FieldName, has_one_token_for_each_name) {
  std::set<std::string_view> names;
  for (std::size_t i = 1; i < field_name_count; ++i) {
    EXPECT_TRUE(names.insert(canonical(static_cast<FieldName>(i))).second);
    EXPECT_TRUE(is_token(canonical(static_cast<FieldName>(i))));
  }
}

TEST(FieldName, is_other_where_the_name_is_not_known) {
  for (std::string_view name : {"", "x", "Hos", "Hostt", "Host ", "content\rlength", "Content_Length",
                                "x-unknown", "Transfer-Encoding\x01", "Content-Len\0th"}) {
    EXPECT_EQ(field_name(name), FieldName::other) << name;
  }
  EXPECT_EQ(canonical(FieldName::other), "");
  EXPECT_EQ(canonical(FieldName::removed), "");
}

TEST(Method, is_case_sensitive) {  // RFC 9110 9.1
  EXPECT_EQ(method("GET"), Method::get);
  EXPECT_EQ(method("get"), Method::other);
  EXPECT_EQ(method(""), Method::other);
  EXPECT_EQ(method("DELETE"), Method::del);
  EXPECT_EQ(method("QUERY"), Method::query);
  EXPECT_EQ(name(Method::options), "OPTIONS");
}

TEST(Method, knows_what_is_safe_and_idempotent) {  // RFC 9110 9.2
  EXPECT_TRUE(is_safe(Method::get));
  EXPECT_TRUE(is_safe(Method::trace));
  EXPECT_FALSE(is_safe(Method::put));
  EXPECT_TRUE(is_idempotent(Method::put));
  EXPECT_TRUE(is_idempotent(Method::del));
  EXPECT_FALSE(is_idempotent(Method::post));
  EXPECT_FALSE(is_idempotent(Method::patch));
  EXPECT_FALSE(is_idempotent(Method::other));
}

TEST(Version, has_a_long_and_a_short_name) {
  EXPECT_EQ(name(Version::http_1_1), "HTTP/1.1");
  EXPECT_EQ(short_name(Version::http_1_0), "1.0");
  EXPECT_EQ(short_name(Version::http_2), "2");
}

TEST(CharClass, of_a_token_is_that_of_rfc_9110) {  // RFC 9110 5.6.2
  int count = 0;
  for (int c = 0; c < 256; ++c) count += is(static_cast<char>(c), tchar) ? 1 : 0;
  EXPECT_EQ(count, 77);
  for (char c : std::string_view("\"(),/:;<=>?@[\\]{} \t\x7f\x80")) EXPECT_FALSE(is(c, tchar)) << c;
}

TEST(EqualIgnoreCase, folds_letters_and_nothing_else) {
  EXPECT_TRUE(equal_ignore_case("", ""));
  EXPECT_TRUE(equal_ignore_case("Transfer-Encoding", "tRANSFER-eNCODING"));
  EXPECT_FALSE(equal_ignore_case("abcdefg@", "abcdefg`"));
  EXPECT_FALSE(equal_ignore_case("abcdefg[", "abcdefg{"));
  EXPECT_FALSE(equal_ignore_case("abcdefg\r", "abcdefg-"));
  EXPECT_FALSE(
      equal_ignore_case("\xc3\x80"
                        "aaaaaa",
                        "\xc3\xa0"
                        "aaaaaa"));
  EXPECT_FALSE(equal_ignore_case("abc", "abcd"));
}

}  // namespace
}  // namespace sluice::http
