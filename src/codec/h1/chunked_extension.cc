#include "codec/h1/chunked_extension.h"

#include "http/chars.h"

namespace sluice::codec::h1 {
namespace {

using Place = ExtensionPlace;

// What an item's end, with or without whitespace behind it, may be followed by.
Place after_item(char c) noexcept {
  if (c == ';') return Place::start;
  if (c == ' ' || c == '\t') return Place::item_blank;
  return Place::invalid;
}

Place after_name(char c) noexcept {
  if (c == '=') return Place::value_start;
  if (c == ';') return Place::start;
  if (c == ' ' || c == '\t') return Place::name_blank;
  return Place::invalid;
}

}  // namespace

ExtensionPlace next_place(ExtensionPlace place, char c) noexcept {
  const bool blank = c == ' ' || c == '\t';
  const bool token = http::is(c, http::tchar);
  switch (place) {
    case Place::item_end:
    case Place::item_blank:
      return after_item(c);
    case Place::start:
      return blank ? Place::start : token ? Place::name : Place::invalid;
    case Place::name:
      return token ? Place::name : after_name(c);
    case Place::name_blank:
      return after_name(c);
    case Place::value_start:
      if (blank) return Place::value_start;
      if (c == '"') return Place::quoted_value;
      return token ? Place::token_value : Place::invalid;
    case Place::token_value:
      return token ? Place::token_value : after_item(c);
    case Place::quoted_value:
      if (c == '"') return Place::item_end;
      if (c == '\\') return Place::quoted_pair;
      return http::is(c, http::field_vchar) ? Place::quoted_value : Place::invalid;
    case Place::quoted_pair:
      return http::is(c, http::field_vchar) ? Place::quoted_value : Place::invalid;
    case Place::invalid:
      break;
  }
  return Place::invalid;
}

}  // namespace sluice::codec::h1
