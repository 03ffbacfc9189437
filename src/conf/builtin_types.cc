// The scalar types that every config may use.
#include <charconv>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "conf/scalar.h"
#include "conf/secret.h"

namespace sluice::conf {
namespace {

using Written = ScalarForm::Written;

Malformed not_a(std::string_view wanted, std::string_view text, std::string_view why = {}) {
  std::string message = "wanted ";
  message.append(wanted).append(", found ").append(in_quotes(text));
  if (!why.empty()) message.append(": ").append(why);
  return {std::move(message)};
}

constexpr std::string_view whole_number = "a whole number";

template <class T>
Parsed<T> parse_integer(std::string_view text) {
  const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return not_a(whole_number, text);
  if (digits.size() > 1 && digits[0] == '0')
    return not_a(whole_number, text, "leave the leading zero out");  // octal to some, decimal to others
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  return Malformed{"wanted a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                   std::to_string(std::numeric_limits<T>::max()) + ", found " + shortened(text)};
}

template <class T>
ScalarType integer() {
  ScalarForm form{.title = "whole number", .wanted = std::string(whole_number)};
  form.written = Written::bare;
  form.json_type = "integer";
  form.low = bound(std::numeric_limits<T>::min());
  if constexpr (sizeof(T) < 8) {
    form.high = bound(std::numeric_limits<T>::max());
  } else if constexpr (std::is_signed_v<T>) {
    form.low.reset();
  }
  return scalar<T>(
      std::move(form), &parse_integer<T>, [](const T& value) { return std::to_string(value); },
      [](const T& value) { return static_cast<double>(value); });
}

Parsed<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return not_a("true or false", text);
}

Parsed<double> parse_real(std::string_view text) {
  const auto looks = looks_like(text);
  const bool number = looks == Looks::integer || looks == Looks::real;
  const auto unsigned_text = text.substr(text.starts_with('+') ? 1 : 0);
  double value = 0;
  const auto last = unsigned_text.data() + unsigned_text.size();
  const auto [end, error] = std::from_chars(unsigned_text.data(), last, value);
  if (!number || error != std::errc{} || end != last) return not_a("a number like 0.5", text);
  return value;
}

std::string show_real(const double& value) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

Parsed<std::string> parse_text(std::string_view text) { return std::string(text); }
Parsed<Secret> parse_secret(std::string_view text) { return Secret(std::string(text)); }

template <class T>
ScalarType unit(ScalarForm form, Parsed<T> (*parse)(std::string_view)) {
  return scalar<T>(
      std::move(form), parse, [](const T& value) { return sluice::format(value); },
      [](const T& value) { return bound(value).value; });
}

}  // namespace

const TypeSpec& Type<bool>::spec() {
  static const auto type = [] {
    ScalarForm form{.title = "true or false", .wanted = "true or false"};
    form.written = Written::bare;
    form.json_type = "boolean";
    return scalar<bool>(std::move(form), &parse_bool,
                        [](const bool& value) { return std::string(value ? "true" : "false"); });
  }();
  return type;
}

const TypeSpec& Type<int>::spec() {
  static const auto type = integer<int>();
  return type;
}
const TypeSpec& Type<unsigned>::spec() {
  static const auto type = integer<unsigned>();
  return type;
}
const TypeSpec& Type<long>::spec() {
  static const auto type = integer<long>();
  return type;
}
const TypeSpec& Type<unsigned long>::spec() {
  static const auto type = integer<unsigned long>();
  return type;
}
const TypeSpec& Type<short>::spec() {
  static const auto type = integer<short>();
  return type;
}
const TypeSpec& Type<unsigned short>::spec() {
  static const auto type = integer<unsigned short>();
  return type;
}

const TypeSpec& Type<double>::spec() {
  static const auto type = [] {
    ScalarForm form{.title = "number", .wanted = "a number like 0.5"};
    form.written = Written::bare;
    form.json_type = "number";
    return scalar<double>(std::move(form), &parse_real, &show_real,
                          [](const double& value) { return value; });
  }();
  return type;
}

const TypeSpec& Type<std::string>::spec() {
  static const auto type = [] {
    ScalarForm form{.title = "text", .wanted = "a text"};
    form.written = Written::as_text;
    return scalar<std::string>(std::move(form), &parse_text, [](const std::string& value) { return value; });
  }();
  return type;
}

const TypeSpec& Type<Secret>::spec() {
  static const auto type = [] {
    ScalarForm form{.title = "secret text", .wanted = "a secret text"};
    form.written = Written::as_text;
    form.secret = true;
    return scalar<Secret>(std::move(form), &parse_secret,
                          [](const Secret& value) { return std::string(value.reveal()); });
  }();
  return type;
}

const TypeSpec& Type<Duration>::spec() {
  static const auto type = unit<Duration>(
      {.title = "duration", .wanted = "a duration like 5s", .pattern = std::string(patterns::duration)},
      &parse_duration);
  return type;
}

const TypeSpec& Type<Bytes>::spec() {
  static const auto type = unit<Bytes>({.title = "size",
                                        .wanted = "a size like 64KiB",
                                        .pattern = std::string(patterns::bytes),
                                        .integers = true},
                                       &parse_bytes);
  return type;
}

const TypeSpec& Type<Rate>::spec() {
  static const auto type = unit<Rate>(
      {.title = "rate", .wanted = "a rate like 100/s", .pattern = std::string(patterns::rate)}, &parse_rate);
  return type;
}

const TypeSpec& Type<ByteRate>::spec() {
  static const auto type = unit<ByteRate>({.title = "rate of bytes",
                                           .wanted = "a rate of bytes like 1MiB/s",
                                           .pattern = std::string(patterns::byte_rate)},
                                          &parse_byte_rate);
  return type;
}

const TypeSpec& Type<Percent>::spec() {
  static const auto type = unit<Percent>(
      {.title = "percentage", .wanted = "a percentage like 50%", .pattern = std::string(patterns::percent)},
      &parse_percent);
  return type;
}

}  // namespace sluice::conf
