#include "http/trace.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::http {
namespace {

using namespace std::string_literals;

constexpr std::string_view valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceParent, is_read_and_written) {
  const auto parent = parse_traceparent(valid);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(parent->parent_id, "00f067aa0ba902b7");
  EXPECT_TRUE(parent->sampled());
  std::string text(traceparent_size, '?');
  EXPECT_EQ(write_traceparent(text.data(), *parent), text.data() + traceparent_size);
  EXPECT_EQ(text, valid);
}

TEST(TraceParent, of_a_later_version_is_read_as_far_as_known) {
  EXPECT_TRUE(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more"));
  EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
  EXPECT_FALSE(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00more"));
}

TEST(TraceParent, that_is_none_is_refused) {
  const std::string text(valid);
  for (const std::string& bad :
       {std::string(), text.substr(1), text + "-x", "ff" + text.substr(2), "0g" + text.substr(2),
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01"s,
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"s,
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"s, "00_" + text.substr(3),
        text.substr(0, 53) + "0G"}) {
    EXPECT_FALSE(parse_traceparent(bad)) << bad;
  }
}

TEST(Hex, is_cut_to_size) {
  std::array<char, 20> digits;
  const std::array<std::uint64_t, 2> words = {0x0123456789abcdef, 0xfedc000000000000};
  write_hex(digits, words);
  EXPECT_EQ(std::string_view(digits.data(), digits.size()), "0123456789abcdeffedc");
}

TEST(RequestId, from_outside_is_kept_where_it_is_harmless) {
  EXPECT_TRUE(is_usable_request_id("aZ09-._~+/=:@"));
  for (const std::string& bad :
       {std::string(), std::string(129, 'a'), "a b"s, "a\"b"s, "a\nb"s, "{a}"s, "\xc3\xa9"s}) {
    EXPECT_FALSE(is_usable_request_id(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::http
