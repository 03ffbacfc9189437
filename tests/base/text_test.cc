#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice {
namespace {

TEST(Text, is_lowered_and_compared_in_ascii_only) {
  EXPECT_EQ(ascii_lower("Content-TYPE Ä"), "content-type Ä");
  EXPECT_TRUE(equals_ignoring_case("HoSt", "hOsT"));
  EXPECT_FALSE(equals_ignoring_case("host", "hosts"));
}

TEST(Text, is_trimmed_at_both_ends) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, is_joined_as_one_would_say_it) {
  constexpr std::array<std::string_view, 3> three{"a", "b", "c"};
  EXPECT_EQ(join(three), "a, b and c");
  EXPECT_EQ(join(std::span(three).first(2), "or"), "a or b");
  EXPECT_EQ(join(std::span(three).first(1)), "a");
  EXPECT_EQ(join({}), "");
}

TEST(Text, is_quoted_and_cut_between_characters) {
  EXPECT_EQ(in_quotes("a\"b\n\x01"), "\"a\\\"b\\n\\x01\"");
  EXPECT_EQ(in_quotes("abcdef", 3), "\"abc…\"");
  EXPECT_EQ(in_quotes("aäb", 2), "\"a…\"");
}

TEST(EditDistance, counts_changes_and_swaps) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("wrokers", "workers"), 1U);
  EXPECT_EQ(edit_distance("same", "same"), 0U);
}

TEST(Nearest, finds_what_was_meant_if_anything_is_near) {
  constexpr std::array<std::string_view, 3> names{"orders", "users", "app"};
  EXPECT_EQ(nearest("ordrs", names), "orders");
  EXPECT_EQ(nearest("ORDERS", names), "orders");
  EXPECT_EQ(nearest("apq", names), "app");
  EXPECT_EQ(nearest("nonsense", names), std::nullopt);
  EXPECT_EQ(nearest("", names), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'a'), names), std::nullopt);
}

}  // namespace
}  // namespace sluice
