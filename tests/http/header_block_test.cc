#include "http/header_block.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::http {
namespace {

std::string wire(const HeaderBlock& block) {
  std::string text(block.wire_size(), '?');
  EXPECT_EQ(block.write_wire(text.data()), text.data() + text.size());
  return text;
}

TEST(HeaderBlock, keeps_the_order_and_the_spelling_of_the_sender) {
  HeaderBlock block;
  block.add("hOST", "a.example");
  block.add("X-One", "1");
  block.add(FieldName::accept, "*/*");
  EXPECT_EQ(wire(block), "hOST: a.example\r\nX-One: 1\r\nAccept: */*\r\n");
  EXPECT_EQ(block.size(), 3u);
  EXPECT_EQ(block.bytes(), 4u + 9 + 5 + 1 + 6 + 3);
}

TEST(HeaderBlock, finds_names_in_any_case) {
  HeaderBlock block;
  block.add("Content-Type", "text/plain");
  block.add("X-Thing", "one");
  block.add("x-thing", "two");
  EXPECT_EQ(block.find(FieldName::content_type), "text/plain");
  EXPECT_EQ(block.find("CONTENT-TYPE"), "text/plain");
  EXPECT_EQ(block.find("x-THING"), "one");
  EXPECT_EQ(block.find("x-thin"), std::nullopt);
  EXPECT_FALSE(block.has(FieldName::other));
  EXPECT_FALSE(block.has(FieldName::removed));
  EXPECT_FALSE(block.has(FieldName::host));
}

TEST(HeaderBlock, counts_and_visits_repeated_fields) {
  HeaderBlock block;
  block.add("Via", "1.1 a");
  block.add("Host", "x");
  block.add("via", "1.1 b");
  EXPECT_EQ(block.count(FieldName::via), 2u);
  EXPECT_EQ(block.count(FieldName::te), 0u);
  std::vector<std::string> seen;
  block.for_each(FieldName::via, [&](std::string_view value) { seen.emplace_back(value); });
  EXPECT_EQ(seen, (std::vector<std::string>{"1.1 a", "1.1 b"}));
}

TEST(HeaderBlock, forgets_a_known_name_when_its_last_field_goes) {
  HeaderBlock block;
  block.add("Via", "a");
  block.add("Via", "b");
  block.remove_at(0);
  EXPECT_TRUE(block.has(FieldName::via));
  EXPECT_EQ(block.find(FieldName::via), "b");
  block.remove_at(1);
  EXPECT_FALSE(block.has(FieldName::via));
  EXPECT_TRUE(block.empty());
  EXPECT_EQ(block.bytes(), 0u);
  EXPECT_EQ(wire(block), "");
}

TEST(HeaderBlock, sets_in_the_place_of_the_first_and_drops_the_others) {
  HeaderBlock block;
  block.add("X-A", "1");
  block.add("Via", "first");
  block.add("X-B", "2");
  block.add("Via", "second");
  block.set(FieldName::via, "a much longer value than before");
  EXPECT_EQ(wire(block), "X-A: 1\r\nVia: a much longer value than before\r\nX-B: 2\r\n");
  block.set("VIA", "short");
  EXPECT_EQ(wire(block), "X-A: 1\r\nVia: short\r\nX-B: 2\r\n");
  block.set("x-b", "");
  EXPECT_EQ(wire(block), "X-A: 1\r\nVia: short\r\nX-B: \r\n");
  block.set("X-New", "3");
  EXPECT_EQ(block.find("x-new"), "3");
  EXPECT_TRUE(block.has(FieldName::via));
}

TEST(HeaderBlock, removes_by_name_token_and_predicate) {
  HeaderBlock block;
  block.add("X-A", "1");
  block.add("x-a", "2");
  block.add("Te", "trailers");
  block.add("X-B", "3");
  EXPECT_EQ(block.remove("X-a"), 2u);
  EXPECT_EQ(block.remove("te"), 1u);
  EXPECT_EQ(block.remove(FieldName::te), 0u);
  EXPECT_EQ(block.remove_if([](const HeaderBlock::Field& f) { return f.value == "3"; }), 1u);
  EXPECT_TRUE(block.begin() == block.end());
}

TEST(HeaderBlock, cannot_be_made_to_split_a_head) {  // RFC 9110 5.5
  HeaderBlock block;
  block.add("X-A", std::string_view("a\r\nSet-Cookie: b\0c", 18));
  block.add("bad name", "x");
  block.add("", "x");
  block.add("bad\r\nname", "x");
  block.add(FieldName::other, "x");
  block.set("X-A", "a\nb");
  EXPECT_EQ(wire(block), "X-A: a b\r\n");
}

TEST(HeaderBlock, grows_past_its_inline_storage) {
  HeaderBlock block;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string name = "X-Field-" + std::to_string(i);
    const std::string value(static_cast<std::size_t>(i), 'v');
    block.add(name, value);
    expected += name + ": " + value + "\r\n";
  }
  EXPECT_EQ(wire(block), expected);
  EXPECT_EQ(block.find("x-field-499")->size(), 499u);
  block.clear();
  EXPECT_TRUE(block.empty());
  block.add("Host", "again");
  EXPECT_EQ(wire(block), "Host: again\r\n");
  block.shrink();
  block.add("Host", "and again");
  EXPECT_EQ(wire(block), "Host: and again\r\n");
}

TEST(HeaderBlock, may_be_given_its_own_values) {
  HeaderBlock block;
  block.add("X-0", std::string(1000, 'a'));
  for (int i = 0; i < 20; ++i) block.add("X-" + std::to_string(i + 1), *block.find("x-0"));
  block.add("X-Short", "s");
  block.set("X-Short", *block.find("x-0"));
  EXPECT_EQ(block.find("x-20"), std::string(1000, 'a'));
  EXPECT_EQ(block.find("x-short"), std::string(1000, 'a'));
}

TEST(HeaderBlock, adopts_lines_and_writes_them_in_one_form) {
  HeaderBlock block;
  const std::string_view lines = "Host: a\r\nX:b\r\nY: \t c \r\nZ: \r\n";
  block.note({FieldName::host, 0, 4, 6, 1, true});
  block.note({FieldName::other, 9, 1, 11, 1, false});
  block.note({FieldName::other, 14, 1, 19, 1, false});
  block.note({FieldName::other, 23, 1, 26, 0, true});
  block.adopt(lines);
  EXPECT_EQ(wire(block), "Host: a\r\nX: b\r\nY: c\r\nZ: \r\n");
}

TEST(HeaderBlock, copies_the_live_fields_of_another) {
  HeaderBlock a;
  a.add("A", "1");
  a.add("B", "2");
  a.add("Host", "h");
  a.remove("b");
  HeaderBlock b;
  b.add("Old", "x");
  b.assign(a);
  EXPECT_EQ(wire(b), "A: 1\r\nHost: h\r\n");
  EXPECT_TRUE(b.has(FieldName::host));
}

TEST(HeaderBlock, allows_removal_while_iterating) {
  HeaderBlock block;
  for (int i = 0; i < 10; ++i) block.add("X", std::to_string(i));
  for (auto it = block.begin(); it != block.end(); ++it) {
    if (((*it).value[0] - '0') % 2 == 1) block.remove_at(it.slot());
  }
  EXPECT_EQ(block.size(), 5u);
}

}  // namespace
}  // namespace sluice::http
