// Comma-separated lists of field values (RFC 9110 5.6.1), walked without copying.
#pragma once

#include <string_view>

#include "http/chars.h"
#include "http/header_block.h"

namespace sluice::http {

/// Takes the next element, trimmed, off the front of a list and leaves the rest in `list`. Commas in
/// quoted strings (RFC 9110 5.6.4) do not separate. May be empty where the list has empty elements.
constexpr std::string_view take_list_item(std::string_view& list) noexcept {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < list.size(); ++i) {
    if (quoted && list[i] == '\\') {
      ++i;
      continue;
    }
    if (list[i] == '"') quoted = !quoted;
    if (list[i] == ',' && !quoted) break;
  }
  const std::string_view item = trim_ows(list.substr(0, i < list.size() ? i : list.size()));
  list = i < list.size() ? list.substr(i + 1) : std::string_view{};
  return item;
}

/// Calls `each(std::string_view item)` for every element that is not empty.
template <class Each>
constexpr void for_each_item(std::string_view list, Each each) {
  while (!list.empty()) {
    const std::string_view item = take_list_item(list);
    if (!item.empty()) each(item);
  }
}

/// The same over every field of a name: several fields are one list (RFC 9110 5.3).
template <class Each>
void for_each_item(const HeaderBlock& fields, FieldName name, Each each) {
  fields.for_each(name, [&](std::string_view value) { for_each_item(value, each); });
}

/// True where a list has that token, in any case.
inline bool list_has(const HeaderBlock& fields, FieldName name, std::string_view token) {
  bool found = false;
  for_each_item(fields, name,
                [&](std::string_view item) { found = found || equal_ignore_case(item, token); });
  return found;
}

}  // namespace sluice::http
