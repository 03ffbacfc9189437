// The part of structured fields (RFC 8941) that the gateway reads and writes: items and parameters.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/text_writer.h"

namespace sluice::http::sf {

/// RFC 8941 3.3.4: a letter or '*', then tchar, ':' and '/'.
bool is_token(std::string_view text) noexcept;

/// A quoted string (RFC 8941 4.1.6). Bytes that a string may not hold become '?'.
void write_string(TextWriter& out, std::string_view text) noexcept;

/// A token where the text is one, else a string.
void write_token_or_string(TextWriter& out, std::string_view text) noexcept;

/// An integer (RFC 8941 4.1.4), cut to 15 digits.
void write_integer(TextWriter& out, std::int64_t number) noexcept;

struct BareItem {
  enum class Type : std::uint8_t { integer, string, token, boolean };
  Type type = Type::boolean;
  std::int64_t integer = 0;  ///< Also 0 or 1 of a boolean.
  std::string_view text;     ///< Of a token; of a string what is between the quotes, escapes as sent.
};

/// Takes a bare item (RFC 8941 4.2.3.1) off the front of `text`; none where there is no valid one of
/// these types (decimals and byte sequences are not read).
std::optional<BareItem> take_bare_item(std::string_view& text) noexcept;

struct Parameter {
  std::string_view key;
  BareItem value;
};

/// Takes `;key` or `;key=value` (RFC 8941 4.2.3.2) off the front; none, with `text` as it was, where there
/// is no valid one.
std::optional<Parameter> take_parameter(std::string_view& text) noexcept;

}  // namespace sluice::http::sf
