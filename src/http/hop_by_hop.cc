#include "http/hop_by_hop.h"

#include <algorithm>
#include <array>

#include "http/comma_list.h"

namespace sluice::http {
namespace {

bool is_x_forwarded(FieldName name) noexcept {
  return name == FieldName::x_forwarded_for || name == FieldName::x_forwarded_host ||
         name == FieldName::x_forwarded_port || name == FieldName::x_forwarded_proto ||
         name == FieldName::x_real_ip || name == FieldName::forwarded;
}

void remove_nominated_field(HeaderBlock& fields, std::string_view item) noexcept {
  const FieldName token = field_name(item);
  if (is_protected_from_connection(token)) return;
  token == FieldName::other ? fields.remove(item) : fields.remove(token);
}

bool accepts_trailers(const HeaderBlock& fields) noexcept {
  return fields.has(FieldName::te) && list_has(fields, FieldName::te, "trailers");
}

}  // namespace

bool is_hop_by_hop(FieldName name) noexcept {
  switch (name) {
    case FieldName::connection:
    case FieldName::keep_alive:
    case FieldName::proxy_connection:
    case FieldName::te:
    case FieldName::transfer_encoding:
    case FieldName::upgrade:
    case FieldName::http2_settings:
      return true;
    default:
      return false;
  }
}

bool is_forbidden_in_trailer(FieldName name) noexcept {
  if (is_hop_by_hop(name) || is_x_forwarded(name)) return true;
  switch (name) {
    case FieldName::age:
    case FieldName::authorization:
    case FieldName::cache_control:
    case FieldName::content_encoding:
    case FieldName::content_length:
    case FieldName::content_range:
    case FieldName::content_type:
    case FieldName::cookie:
    case FieldName::date:
    case FieldName::expect:
    case FieldName::expires:
    case FieldName::host:
    case FieldName::if_match:
    case FieldName::if_modified_since:
    case FieldName::if_none_match:
    case FieldName::if_range:
    case FieldName::if_unmodified_since:
    case FieldName::location:
    case FieldName::max_forwards:
    case FieldName::pragma:
    case FieldName::proxy_authenticate:
    case FieldName::proxy_authorization:
    case FieldName::range:
    case FieldName::retry_after:
    case FieldName::set_cookie:
    case FieldName::trailer:
    case FieldName::vary:
    case FieldName::via:
    case FieldName::warning:
    case FieldName::www_authenticate:
      return true;
    default:
      return false;
  }
}

bool is_protected_from_connection(FieldName name) noexcept {
  if (is_x_forwarded(name)) return true;
  switch (name) {
    case FieldName::authorization:
    case FieldName::connection:  // removed in any case, but only after it was read
    case FieldName::content_length:
    case FieldName::cookie:
    case FieldName::expect:
    case FieldName::host:
    case FieldName::origin:
    case FieldName::proxy_status:
    case FieldName::te:
    case FieldName::trailer:
    case FieldName::transfer_encoding:
    case FieldName::upgrade:
    case FieldName::via:
    case FieldName::x_request_id:
      return true;
    default:
      return false;
  }
}

bool imitates_asserted(std::string_view name) noexcept {
  std::array<char, 24> dashed;
  if (name.size() > dashed.size() || name.find('_') == std::string_view::npos) return false;
  std::replace_copy(name.begin(), name.end(), dashed.begin(), '_', '-');
  const FieldName token = field_name({dashed.data(), name.size()});
  return token == FieldName::content_length || token == FieldName::x_request_id || is_hop_by_hop(token) ||
         is_x_forwarded(token);
}

void note_nominated_trailers(const HeaderBlock& fields, std::string& list) {
  for_each_item(fields, FieldName::connection, [&](std::string_view item) {
    if (is_forbidden_in_trailer(field_name(item)) || equal_ignore_case(item, "close")) return;
    list.append(item).append(",");
  });
}

void remove_nominated(HeaderBlock& trailers, std::string_view list) noexcept {
  for_each_item(list, [&](std::string_view item) { remove_nominated_field(trailers, item); });
}

HopByHopResult remove_hop_by_hop(HeaderBlock& fields, Direction direction) noexcept {
  const bool te_trailers = direction == Direction::request && accepts_trailers(fields);
  for_each_item(fields, FieldName::connection,
                [&](std::string_view item) { remove_nominated_field(fields, item); });
  fields.remove(FieldName::connection);
  fields.remove(FieldName::keep_alive);
  fields.remove(FieldName::proxy_connection);
  fields.remove(FieldName::transfer_encoding);
  fields.remove(FieldName::upgrade);
  fields.remove(FieldName::http2_settings);
  fields.remove(FieldName::te);
  if (direction == Direction::request) {
    fields.remove_if([](const HeaderBlock::Field& field) {
      return field.token == FieldName::other && imitates_asserted(field.name);
    });
  }
  return {te_trailers};
}

}  // namespace sluice::http
