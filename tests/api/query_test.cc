#include "sluice/query.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Query, finds_the_first_value_of_a_name) {
  EXPECT_EQ(query_value("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_value("a=1&b=2", "b"), "2");
  EXPECT_EQ(query_value("a=1&&b", "b"), "");
  EXPECT_EQ(query_value("a=b=c", "a"), "b=c");
  EXPECT_EQ(query_value("ab=1", "a"), std::nullopt);
  EXPECT_EQ(query_value("", "a"), std::nullopt);
}

TEST(Query, compares_names_decoded_and_gives_values_as_sent) {
  EXPECT_EQ(query_value("%61=x%20y", "a"), "x%20y");
  EXPECT_EQ(query_value("a+b=1", "a b"), "1");
}

TEST(Query, decodes_what_is_encoded_and_nothing_else) {
  EXPECT_TRUE(decodes_to("a%2fb+c", "a/b c"));
  EXPECT_TRUE(decodes_to("100%", "100%"));
  EXPECT_TRUE(decodes_to("%zz", "%zz"));
  EXPECT_FALSE(decodes_to("ab", "a"));
  EXPECT_FALSE(decodes_to("a", "ab"));
  char out[8];
  EXPECT_EQ(std::string_view(out, decode_query("%41+%4", out)), "A %4");
}

TEST(Query, finds_cookies_across_fields) {
  http::HeaderBlock fields;
  fields.add("Cookie", "a=1; bb=2");
  fields.add("Cookie", "c=\"q\";d=");
  EXPECT_EQ(cookie_value(fields, "a"), "1");
  EXPECT_EQ(cookie_value(fields, "bb"), "2");
  EXPECT_EQ(cookie_value(fields, "c"), "q");
  EXPECT_EQ(cookie_value(fields, "d"), "");
  EXPECT_EQ(cookie_value(fields, "b"), std::nullopt);
}

}  // namespace
}  // namespace sluice
