// Small text utilities: ASCII case, trimming, and "did you mean".
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

/// ASCII only; other bytes pass unchanged.
constexpr char ascii_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string ascii_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Without the spaces, tabs and line ends at both ends; a view into `text`.
std::string_view trim(std::string_view text) noexcept;

/// `a, b and c` with the given last word; the items as they are.
std::string join(std::span<const std::string_view> items, std::string_view last_word = "and");

/// Cut after `limit` bytes with an ellipsis, never inside a UTF-8 sequence: for messages.
std::string shortened(std::string_view text, std::size_t limit = 80);

/// In double quotes, control characters escaped, cut after `limit` bytes with an ellipsis (never inside
/// a UTF-8 sequence): for messages.
std::string in_quotes(std::string_view text, std::size_t limit = 60);

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that a typing error most likely meant, if any is near enough: a distance of at most a
/// third of the longer text, case ignored. Of equals, the first.
std::optional<std::string_view> nearest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace sluice
