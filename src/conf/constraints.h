// What a field demands of its value beyond the type.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/units.h"

namespace sluice::conf {

/// One end of a range: compared as a number, shown as it would be written.
struct Bound {
  double value = 0;
  std::string text;
};

template <class T>
requires std::is_arithmetic_v<T> Bound bound(T number) {
  if constexpr (std::is_integral_v<T>) return {static_cast<double>(number), std::to_string(number)};
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return {static_cast<double>(number), text};
}
template <class Rep, class Period>
Bound bound(std::chrono::duration<Rep, Period> duration) {
  const auto exact = std::chrono::duration_cast<Duration>(duration);
  return {static_cast<double>(exact.count()), sluice::format(exact)};
}
inline Bound bound(Bytes bytes) { return {static_cast<double>(bytes.count), sluice::format(bytes)}; }
inline Bound bound(Rate rate) { return {rate.per_second(), sluice::format(rate)}; }
inline Bound bound(ByteRate rate) { return {rate.per_second(), sluice::format(rate)}; }
inline Bound bound(Percent percent) { return {percent.value, sluice::format(percent)}; }

/// Ranges reach through optional, list and map to the scalars in them.
struct Constraints {
  std::optional<Bound> low, high;
  std::optional<std::uint32_t> fewest, most;  ///< Items of a list or map.
  std::string word;                           ///< Stands for an empty optional scalar: `auto`.
  std::string category;                       ///< Of a Definition or Tagged: which table of kinds.
  std::function<bool(std::string_view)> accepts;
  std::string wanted;   ///< What `accepts` takes: "a header name".
  std::string pattern;  ///< The same for JSON Schema; empty: not expressed there.
  std::function<std::string(std::string_view)> advice;  ///< The way out for what it does not take.
  std::function<std::string(std::string_view)> fault;   ///< What is wrong with a text; empty: nothing.
  std::string sound;                                    ///< What a text without fault is: "a host name".
  std::function<bool(std::string_view)> hidden_key;     ///< Of a map: whose values dumps do not show.

  /// "1 to 16 items", "at least 1 item"; empty without.
  std::string items() const;
  /// "1ms to 5m", "at least 1", "at most 10"; empty without a range.
  std::string range() const;
};

/// One demand on a field, as the functions below make them.
struct Option {
  bool required = false;
  std::function<void(Constraints&)> apply;
};

template <class L, class H>
Option between(L low, H high) {
  return {.required = false,
          .apply = [low = bound(low), high = bound(high)](Constraints& c) { c.low = low, c.high = high; }};
}
template <class T>
Option at_least(T low) {
  return {.required = false, .apply = [low = bound(low)](Constraints& c) { c.low = low; }};
}
template <class T>
Option at_most(T high) {
  return {.required = false, .apply = [high = bound(high)](Constraints& c) { c.high = high; }};
}

/// The key must be written.
Option required();
/// The text must not be empty.
Option not_empty();
/// So many items of a list or map.
Option count(std::uint32_t fewest, std::optional<std::uint32_t> most = std::nullopt);
/// An empty std::optional of a scalar may be written as this word: `workers: auto`.
Option or_word(std::string word);
/// A text that `accepts` takes; `wanted` says what that is ("a header name"), `pattern` says it to JSON
/// Schema as an anchored ECMA 262 regular expression; `advice` says what to write in place of one that it
/// does not take ("write unix:/run/a.sock").
Option matching(std::string wanted, std::string pattern, std::function<bool(std::string_view)> accepts,
                std::function<std::string(std::string_view)> advice = {});
/// A text in which `fault` finds nothing; what it finds is the end of the problem's sentence. `what` stands
/// for it where the text is not shown, because a ${…} stands for it.
Option sound(std::string what, std::function<std::string(std::string_view)> fault);
/// The text is the path of a file: not empty, and without NUL.
Option path();
/// Of a map: what stands under such keys is shown by dumps as "***".
Option hidden_keys(std::function<bool(std::string_view)> hidden);
/// For Definition and Tagged: the kinds of this category of the catalog ("middleware").
Option kinds(std::string category);

}  // namespace sluice::conf
