#include "http/via.h"

#include <algorithm>

#include "http/comma_list.h"

namespace sluice::http {
namespace {

// "1.1 name (comment)" or "HTTP/1.1 name": what stands behind the version.
std::string_view behind_version(std::string_view item) noexcept {
  const std::size_t space = item.find_first_of(" \t");
  return space == std::string_view::npos ? std::string_view{} : trim_ows(item.substr(space));
}

}  // namespace

void append_via(HeaderBlock& fields, std::string_view hop, Arena& arena) {
  const auto before = fields.find(FieldName::via);
  if (!before || fields.count(FieldName::via) > 1) return fields.add(FieldName::via, hop);
  fields.set(FieldName::via, arena.concat(*before, ", ", hop));
}

std::size_t via_count(const HeaderBlock& fields, std::string_view hop) noexcept {
  std::size_t count = 0;
  for_each_item(fields, FieldName::via, [&](std::string_view item) { count += behind_version(item) == hop; });
  return count;
}

std::optional<std::uint64_t> max_forwards(const HeaderBlock& fields) noexcept {
  const auto value = fields.find(FieldName::max_forwards);
  if (!value || value->empty() || !all_are(*value, digit) || fields.count(FieldName::max_forwards) > 1) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (char c : *value) number = std::min(number * 10 + hex_value(c), largest_max_forwards);
  return number;
}

}  // namespace sluice::http
