#include "http/via.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(Via, is_appended_to_what_is_there) {  // RFC 9110 7.6.3
  HeaderBlock block;
  Arena arena;
  append_via(block, "1.0 sluice", arena);
  EXPECT_EQ(block.find(FieldName::via), "1.0 sluice");
  append_via(block, "2 other", arena);
  EXPECT_EQ(block.find(FieldName::via), "1.0 sluice, 2 other");
  block.add("Via", "1.1 third");
  append_via(block, "1.1 fourth", arena);
  EXPECT_EQ(block.count(FieldName::via), 3u);
}

TEST(Via, shows_that_a_message_went_round) {
  HeaderBlock block;
  block.add("Via", "1.1 a, HTTP/1.1 sluice (4f2a91c3), 1.0 sluice (00000001)");
  block.add("Via", "2  sluice (4f2a91c3)");
  EXPECT_EQ(via_count(block, "sluice (4f2a91c3)"), 2u);
  EXPECT_EQ(via_count(block, "sluice (00000001)"), 1u);
  EXPECT_EQ(via_count(block, "sluice"), 0u);
  EXPECT_EQ(via_count(block, "(4f2a91c3)"), 0u);
}

TEST(MaxForwards, is_a_decimal_number) {  // RFC 9110 7.6.2
  HeaderBlock block;
  EXPECT_EQ(max_forwards(block), std::nullopt);
  block.set("Max-Forwards", "10");
  EXPECT_EQ(max_forwards(block), 10u);
  for (const char* text : {"", "-1", "x", "1 1"}) {
    block.set("Max-Forwards", text);
    EXPECT_EQ(max_forwards(block), std::nullopt) << text;
  }
  block.set("Max-Forwards", "99999999999999999999");
  EXPECT_EQ(max_forwards(block), largest_max_forwards);
  block.add("Max-Forwards", "1");
  EXPECT_EQ(max_forwards(block), std::nullopt) << "one too many";
}

}  // namespace
}  // namespace sluice::http
