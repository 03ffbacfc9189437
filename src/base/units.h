// The units of the configuration language as types: durations, sizes, rates, percentages.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace sluice {

/// Why a text is not what it should be: a whole sentence part, "wanted a duration like 5s, found \"5\"".
struct Malformed {
  std::string message;

  Malformed() = default;
  /// Of one text, in braces: Malformed{"…"}. Not by a plain constructor from a string, which would make
  /// Parsed<std::string> ambiguous.
  Malformed(std::initializer_list<std::string> text) : message(*text.begin()) {}
};

/// What parsing a text gives. For start-up and configuration, not for the data path.
template <class T>
using Parsed = boost::system::result<T, Malformed>;

/// boost::system::result calls this when value() is asked of an error: throws std::logic_error.
[[noreturn]] void throw_exception_from_error(const Malformed& error, const boost::source_location& where);

/// Every duration of the configuration.
using Duration = std::chrono::nanoseconds;

/// A size in bytes.
struct Bytes {
  std::uint64_t count = 0;

  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

namespace literals {
constexpr Bytes operator""_B(unsigned long long n) { return {n}; }
constexpr Bytes operator""_KiB(unsigned long long n) { return {n << 10}; }
constexpr Bytes operator""_MiB(unsigned long long n) { return {n << 20}; }
constexpr Bytes operator""_GiB(unsigned long long n) { return {n << 30}; }
}  // namespace literals

/// So many a duration: 100/s, 6000/m, 1000000/d. The duration is kept as written, so that 60/m is not
/// 1/s: a limiter may care.
struct Rate {
  std::uint64_t count = 0;
  Duration per = std::chrono::seconds{1};

  double per_second() const noexcept;
  friend bool operator==(const Rate&, const Rate&) = default;
};

/// So many bytes a duration: 500B/s, 1MiB/s.
struct ByteRate {
  Bytes bytes;
  Duration per = std::chrono::seconds{1};

  double per_second() const noexcept;
  friend bool operator==(const ByteRate&, const ByteRate&) = default;
};

/// A share from 0% to 100%.
struct Percent {
  double value = 0;  ///< 50% is 50.0.

  double fraction() const noexcept { return value / 100; }
  friend auto operator<=>(const Percent&, const Percent&) = default;
};

/// Each accepts exactly one way of writing, without blanks, signs or exponents:
///   duration   digits and ns, us, ms, s, m, h or d, up to 292 years
///   bytes      digits and B, KiB, MiB, GiB or TiB; plain digits are bytes
///   rate       digits, "/" and s, m, h or d
///   byte rate  a size, "/" and s, m, h or d
///   percent    digits, at most one point with digits on both sides, "%"; at most 100
Parsed<Duration> parse_duration(std::string_view text);
Parsed<Bytes> parse_bytes(std::string_view text);
Parsed<Rate> parse_rate(std::string_view text);
Parsed<ByteRate> parse_byte_rate(std::string_view text);
Parsed<Percent> parse_percent(std::string_view text);

/// The shortest text that parses to the same value: the largest unit that divides it.
std::string format(Duration duration);
std::string format(Bytes bytes);
std::string format(Rate rate);
std::string format(ByteRate rate);
std::string format(Percent percent);

/// What is exact of a text as a regular expression (ECMA 262), for JSON Schema.
namespace patterns {
inline constexpr std::string_view duration = "^[0-9]+(ns|us|ms|s|m|h|d)$";
inline constexpr std::string_view bytes = "^[0-9]+(B|KiB|MiB|GiB|TiB)?$";
inline constexpr std::string_view rate = "^[0-9]+/(s|m|h|d)$";
inline constexpr std::string_view byte_rate = "^[0-9]+(B|KiB|MiB|GiB|TiB)?/(s|m|h|d)$";
inline constexpr std::string_view percent = "^[0-9]+(\\.[0-9]+)?%$";
}  // namespace patterns

}  // namespace sluice
