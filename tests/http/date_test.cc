#include "http/date.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

constexpr UnixSeconds example = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr UnixSeconds now = 1767225600;     // 1 January 2026

std::string written(UnixSeconds time) {
  std::string text(date_size, '?');
  EXPECT_EQ(write_date(text.data(), time), text.data() + date_size);
  return text;
}

TEST(Date, is_written_as_imf_fixdate) {  // RFC 9110 5.6.7
  EXPECT_EQ(written(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(written(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(written(951782399), "Mon, 28 Feb 2000 23:59:59 GMT");
  EXPECT_EQ(written(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(written(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(Date, is_read_in_three_forms) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", now), example);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", now), example);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", now), example);
  EXPECT_EQ(parse_date("Sun Nov 16 08:49:37 1994", now), example + 10 * 86400);
}

TEST(Date, with_two_digits_of_a_year_is_at_most_50_years_ahead) {
  EXPECT_EQ(parse_date("Friday, 01-Jan-77 00:00:00 GMT", now), 220924800);
  EXPECT_EQ(parse_date("Wednesday, 01-Jan-76 00:00:00 GMT", now), 3345062400);
}

TEST(Date, that_is_none_is_refused) {
  for (const char* text :
       {"", "0", "Sun", "Sun, ", "Sun, 06 Nov 1994 08:49:37", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 29 Feb 1995 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun Nov 6 08:49:37 1994", "1994-11-06T08:49:37Z"}) {
    EXPECT_EQ(parse_date(text, now), std::nullopt) << text;
  }
}

TEST(Date, survives_a_round_trip) {
  for (UnixSeconds time = -5'000'000'000; time < 10'000'000'000; time += 12'345'679)
    EXPECT_EQ(parse_date(written(time), now), time);
}

TEST(DateCache, is_the_date_of_the_second_asked_for) {
  DateCache cache;
  EXPECT_EQ(cache.at(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.at(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace sluice::http
