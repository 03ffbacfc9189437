#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>

#include "base/text.h"

namespace sluice {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Ascending, so that formatting finds the largest that divides from the back.
constexpr std::array<Unit, 7> duration_units{{{"ns", 1},
                                              {"us", 1'000},
                                              {"ms", 1'000'000},
                                              {"s", 1'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"h", 3'600'000'000'000},
                                              {"d", 86'400'000'000'000}}};
constexpr std::array<Unit, 5> size_units{
    {{"B", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {"TiB", 1ULL << 40}}};

constexpr std::string_view like_duration = "a duration like 250ms, 5s, 10m, 1h or 7d";
constexpr std::string_view like_bytes = "a size like 500B, 64KiB or 1MiB";
constexpr std::string_view like_rate = "a rate like 100/s, 6000/m or 1000000/d";
constexpr std::string_view like_byte_rate = "a rate of bytes like 500B/s or 1MiB/s";
constexpr std::string_view like_percent = "a percentage like 50% or 12.5%";

std::string message(std::string_view wanted, std::string_view text, std::string_view why) {
  std::string out = "wanted ";
  out.append(wanted).append(", found ").append(in_quotes(text));
  if (!why.empty()) out.append(": ").append(why);
  return out;
}

Malformed malformed(std::string_view wanted, std::string_view text, std::string_view why = {}) {
  return {message(wanted, text, why)};
}

std::string unit_names(std::span<const Unit> units) {
  std::array<std::string_view, 8> names{};
  for (std::size_t i = 0; i < units.size(); ++i) names[i] = units[i].name;
  return join({names.data(), units.size()}, "or");
}

struct Quantity {
  std::uint64_t count = 0;
  std::string_view unit;
};

/// Digits and what follows them; what is wrong with it, if anything.
Parsed<Quantity> split_quantity(std::string_view text, std::string_view wanted, std::string_view whole) {
  if (text.starts_with('-')) return malformed(wanted, whole, "it cannot be negative");
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (digits == 0) return malformed(wanted, whole);
  Quantity quantity{.count = 0, .unit = text.substr(digits)};
  if (std::from_chars(text.data(), text.data() + digits, quantity.count).ec != std::errc{})
    return malformed(wanted, whole, "the number is too large");
  if (quantity.unit.starts_with('.'))
    return malformed(wanted, whole, "fractions are not taken, use a smaller unit");
  if (quantity.unit.starts_with(' ')) return malformed(wanted, whole, "no blank before the unit");
  return quantity;
}

struct Scale {
  std::span<const Unit> units;
  std::string_view wanted;
  std::uint64_t most;
};

const Scale durations{duration_units, like_duration, std::numeric_limits<std::int64_t>::max()};
const Scale sizes{size_units, like_bytes, std::numeric_limits<std::uint64_t>::max()};

const Unit* find_unit(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

Parsed<std::uint64_t> scaled(std::string_view text, const Scale& scale, std::string_view whole) {
  const auto quantity = split_quantity(text, scale.wanted, whole);
  if (!quantity) return quantity.error();
  if (quantity->unit.empty()) return malformed(scale.wanted, whole, "the unit is missing");
  const Unit* unit = find_unit(scale.units, quantity->unit);
  if (unit == nullptr) return malformed(scale.wanted, whole, "the units are " + unit_names(scale.units));
  if (quantity->count > scale.most / unit->factor)
    return malformed(scale.wanted, whole, "the number is too large");
  return quantity->count * unit->factor;
}

std::string format_scaled(std::uint64_t value, std::span<const Unit> units, std::string_view zero_unit) {
  if (value == 0) return std::string("0").append(zero_unit);
  std::size_t best = units.size() - 1;
  while (value % units[best].factor != 0) --best;
  return std::to_string(value / units[best].factor).append(units[best].name);
}

/// The duration after the "/" of a rate.
std::optional<Duration> parse_per(std::string_view unit) {
  if (unit != "s" && unit != "m" && unit != "h" && unit != "d") return std::nullopt;
  return Duration{static_cast<std::int64_t>(find_unit(duration_units, unit)->factor)};
}

std::string format_per(Duration per) {
  for (const Unit& unit : duration_units)
    if (static_cast<std::int64_t>(unit.factor) == per.count()) return std::string("/").append(unit.name);
  return "/" + format(per);
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void throw_exception_from_error(const Malformed& error, const boost::source_location& where) {
  throw std::logic_error("value of an error: " + error.message + " at " + where.to_string());
}

double Rate::per_second() const noexcept { return static_cast<double>(count) / seconds(per); }
double ByteRate::per_second() const noexcept { return static_cast<double>(bytes.count) / seconds(per); }

Parsed<Duration> parse_duration(std::string_view text) {
  const auto value = scaled(text, durations, text);
  if (!value) return value.error();
  return Duration{static_cast<std::int64_t>(*value)};
}

Parsed<Bytes> parse_bytes(std::string_view text) {
  const auto plain = split_quantity(text, like_bytes, text);
  if (plain && plain->unit.empty()) return Bytes{plain->count};
  const auto value = scaled(text, sizes, text);
  if (!value) return value.error();
  return Bytes{*value};
}

Parsed<Rate> parse_rate(std::string_view text) {
  const auto slash = text.find('/');
  const auto quantity = split_quantity(text.substr(0, slash), like_rate, text);
  if (!quantity) return quantity.error();
  if (!quantity->unit.empty() || slash == std::string_view::npos) return malformed(like_rate, text);
  const auto per = parse_per(text.substr(slash + 1));
  if (!per) return malformed(like_rate, text, "it is per s, m, h or d");
  return Rate{.count = quantity->count, .per = *per};
}

Parsed<ByteRate> parse_byte_rate(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return malformed(like_byte_rate, text, "per what? s, m, h or d");
  const auto bytes = parse_bytes(text.substr(0, slash));
  if (!bytes) return malformed(like_byte_rate, text);
  const auto per = parse_per(text.substr(slash + 1));
  if (!per) return malformed(like_byte_rate, text, "it is per s, m, h or d");
  return ByteRate{.bytes = *bytes, .per = *per};
}

Parsed<Percent> parse_percent(std::string_view text) {
  if (text.starts_with('-')) return malformed(like_percent, text, "it cannot be negative");
  if (!text.ends_with('%'))
    return malformed(like_percent, text, is_digit(text.empty() ? 'x' : text[0]) ? "the % is missing" : "");
  const auto number = text.substr(0, text.size() - 1);
  const auto point = number.find('.');
  const auto whole = number.substr(0, point);
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!digits(whole) || (point != std::string_view::npos && !digits(number.substr(point + 1))))
    return malformed(like_percent, text);
  Percent percent;
  const auto end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, percent.value, std::chars_format::fixed);
  if (error != std::errc{} || stop != end || percent.value > 100)
    return malformed(like_percent, text, "it is at most 100%");
  return percent;
}

std::string format(Duration duration) {
  if (duration.count() < 0)
    return "-" + format_scaled(0 - static_cast<std::uint64_t>(duration.count()), duration_units, "s");
  return format_scaled(static_cast<std::uint64_t>(duration.count()), duration_units, "s");
}

std::string format(Bytes bytes) { return format_scaled(bytes.count, size_units, "B"); }
std::string format(Rate rate) { return std::to_string(rate.count) + format_per(rate.per); }
std::string format(ByteRate rate) { return format(rate.bytes) + format_per(rate.per); }

std::string format(Percent percent) {
  std::array<char, 400> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), percent.value, std::chars_format::fixed);
  return std::string(buffer.data(), error == std::errc{} ? end : buffer.data()) + "%";
}

}  // namespace sluice
