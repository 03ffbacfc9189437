#include "base/units.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::chrono_literals;
using namespace literals;

template <class T>
std::string complaint(const Parsed<T>& parsed) {
  return parsed ? "" : parsed.error().message;
}

TEST(Durations, are_digits_and_a_unit) {
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("5s").value(), 5s);
  EXPECT_EQ(parse_duration("10m").value(), 10min);
  EXPECT_EQ(parse_duration("1h").value(), 1h);
  EXPECT_EQ(parse_duration("7d").value(), 168h);
  EXPECT_EQ(parse_duration("3us").value(), 3us);
  EXPECT_EQ(parse_duration("0ns").value(), 0ns);
}

TEST(Durations, say_what_is_wrong_with_a_text) {
  const std::string wanted = "wanted a duration like 250ms, 5s, 10m, 1h or 7d, found ";
  EXPECT_EQ(complaint(parse_duration("")), wanted + "\"\"");
  EXPECT_EQ(complaint(parse_duration("fast")), wanted + "\"fast\"");
  EXPECT_EQ(complaint(parse_duration("5")), wanted + "\"5\": the unit is missing");
  EXPECT_EQ(complaint(parse_duration("-5s")), wanted + "\"-5s\": it cannot be negative");
  EXPECT_EQ(complaint(parse_duration("1.5s")),
            wanted + "\"1.5s\": fractions are not taken, use a smaller unit");
  EXPECT_EQ(complaint(parse_duration("5 s")), wanted + "\"5 s\": no blank before the unit");
  EXPECT_EQ(complaint(parse_duration("5sec")), wanted + "\"5sec\": the units are ns, us, ms, s, m, h or d");
  EXPECT_EQ(complaint(parse_duration("106752d")), wanted + "\"106752d\": the number is too large");
  EXPECT_EQ(complaint(parse_duration("99999999999999999999s")),
            wanted + "\"99999999999999999999s\": the number is too large");
}

TEST(Durations, reach_to_the_end_of_their_type) {
  EXPECT_EQ(parse_duration("9223372036854775807ns").value(), Duration::max());
  EXPECT_FALSE(parse_duration("9223372036854775808ns"));
  EXPECT_TRUE(parse_duration("106751d"));
}

TEST(Sizes, are_digits_and_a_binary_unit_or_none) {
  EXPECT_EQ(parse_bytes("500B").value(), 500_B);
  EXPECT_EQ(parse_bytes("64KiB").value(), 64_KiB);
  EXPECT_EQ(parse_bytes("1MiB").value(), 1_MiB);
  EXPECT_EQ(parse_bytes("2GiB").value(), 2_GiB);
  EXPECT_EQ(parse_bytes("4096").value(), 4_KiB);
  EXPECT_EQ(parse_bytes("18446744073709551615").value().count, ~0ULL);
}

TEST(Sizes, say_what_is_wrong_with_a_text) {
  const std::string wanted = "wanted a size like 500B, 64KiB or 1MiB, found ";
  EXPECT_EQ(complaint(parse_bytes("1MB")), wanted + "\"1MB\": the units are B, KiB, MiB, GiB or TiB");
  EXPECT_EQ(complaint(parse_bytes("16777216TiB")), wanted + "\"16777216TiB\": the number is too large");
  EXPECT_EQ(complaint(parse_bytes("-1")), wanted + "\"-1\": it cannot be negative");
  EXPECT_EQ(complaint(parse_bytes("KiB")), wanted + "\"KiB\"");
  EXPECT_EQ(complaint(parse_bytes("0x10")), wanted + "\"0x10\": the units are B, KiB, MiB, GiB or TiB");
}

TEST(Rates, keep_what_they_are_counted_by) {
  EXPECT_EQ(parse_rate("100/s").value(), (Rate{.count = 100, .per = 1s}));
  EXPECT_EQ(parse_rate("6000/m").value(), (Rate{.count = 6000, .per = 1min}));
  EXPECT_EQ(parse_rate("1000000/d").value(), (Rate{.count = 1'000'000, .per = 24h}));
  EXPECT_DOUBLE_EQ(parse_rate("6000/m").value().per_second(), 100);
  EXPECT_EQ(parse_byte_rate("500B/s").value(), (ByteRate{.bytes = 500_B, .per = 1s}));
  EXPECT_EQ(parse_byte_rate("1MiB/h").value(), (ByteRate{.bytes = 1_MiB, .per = 1h}));
}

TEST(Rates, refuse_anything_else) {
  for (const auto* text :
       {"", "/", "100", "100/", "/s", "100/x", "100/ms", "100s/s", "-1/s", "1/s/s", "1.5/s"})
    EXPECT_FALSE(parse_rate(text)) << text;
  for (const auto* text : {"", "500B", "500/x", "1MB/s", "B/s", "-1B/s"})
    EXPECT_FALSE(parse_byte_rate(text)) << text;
}

TEST(Percentages, run_from_nothing_to_all) {
  EXPECT_DOUBLE_EQ(parse_percent("50%").value().fraction(), 0.5);
  EXPECT_DOUBLE_EQ(parse_percent("12.5%").value().value, 12.5);
  EXPECT_DOUBLE_EQ(parse_percent("0%").value().value, 0);
  EXPECT_DOUBLE_EQ(parse_percent("100%").value().value, 100);
  for (const auto* text : {"", "%", "50", "100.1%", "-1%", ".5%", "5.%", "1e1%", "5 %", "nan%", "inf%"})
    EXPECT_FALSE(parse_percent(text)) << text;
}

TEST(Units, are_written_as_they_are_read) {
  for (const auto* text : {"0s", "1ns", "250ms", "90s", "61m", "25h", "7d"})
    EXPECT_EQ(format(parse_duration(text).value()), text);
  for (const auto* text : {"0B", "500B", "64KiB", "1025KiB", "3TiB"})
    EXPECT_EQ(format(parse_bytes(text).value()), text);
  for (const auto* text : {"0/s", "100/s", "60/m", "5/h", "1000000/d"})
    EXPECT_EQ(format(parse_rate(text).value()), text);
  for (const auto* text : {"500B/s", "1MiB/m"}) EXPECT_EQ(format(parse_byte_rate(text).value()), text);
  for (const auto* text : {"0%", "50%", "12.5%", "0.001%", "100%"})
    EXPECT_EQ(format(parse_percent(text).value()), text);
}

TEST(Units, are_written_in_the_largest_unit_that_divides) {
  EXPECT_EQ(format(Duration(120s)), "2m");
  EXPECT_EQ(format(Duration(-5s)), "-5s");
  EXPECT_EQ(format(Duration::min()), "-9223372036854775808ns");
  EXPECT_EQ(format(Bytes{1024}), "1KiB");
}

}  // namespace
}  // namespace sluice
