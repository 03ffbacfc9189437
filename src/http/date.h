// HTTP dates (RFC 9110 5.6.7).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::http {

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
using UnixSeconds = std::int64_t;

inline constexpr std::size_t date_size = 29;  ///< "Sun, 06 Nov 1994 08:49:37 GMT"

/// Writes an IMF-fixdate of date_size bytes and returns its end; years 0 to 9999.
char* write_date(char* out, UnixSeconds time) noexcept;

/// IMF-fixdate, RFC 850 and asctime dates, the name of the day not compared. A two-digit year is the one
/// of those that is at most 50 years after `now`.
std::optional<UnixSeconds> parse_date(std::string_view text, UnixSeconds now) noexcept;

/// The date of the current second, formatted once a second.
class DateCache {
 public:
  std::string_view at(UnixSeconds time) noexcept {
    if (time != time_) {
      write_date(text_.data(), time);
      time_ = time;
    }
    return {text_.data(), text_.size()};
  }

 private:
  UnixSeconds time_ = INT64_MIN;
  std::array<char, date_size> text_{};
};

}  // namespace sluice::http
