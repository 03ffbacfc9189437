#include "codec/h2/fields.h"

#include <charconv>

#include "http/hop_by_hop.h"

namespace sluice::codec::h2 {
namespace {

// They prove nothing in HTTP/2 (RFC 8441 5).
bool is_websocket_key(std::string_view name) noexcept {
  return http::equal_ignore_case(name, "sec-websocket-key") ||
         http::equal_ignore_case(name, "sec-websocket-accept");
}

// Another one in every request, or in those of every client: in the dynamic table they would push out what
// others share, and nghttp2 looks through all values of a name that are there.
bool differs_each_time(http::FieldName token) noexcept {
  using enum http::FieldName;
  switch (token) {
    case cookie:
    case forwarded:
    case traceparent:
    case tracestate:
    case x_forwarded_for:
    case x_request_id:
      return true;
    default:
      return false;
  }
}

std::uint8_t* bytes(std::string_view text) noexcept {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

void add_field(Pairs& pairs, const http::HeaderBlock::Field& field) {
  const auto flags = differs_each_time(field.token) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
  pairs.push_back({bytes(field.name), bytes(field.value), field.name.size(), field.value.size(),
                   static_cast<std::uint8_t>(flags)});
}

}  // namespace

Pairs& new_pairs() {
  thread_local Pairs pairs;
  pairs.clear();
  return pairs;
}

void add_pair(Pairs& pairs, std::string_view name, std::string_view value) {
  pairs.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

void add_fields(Pairs& pairs, const http::HeaderBlock& fields) {
  for (const auto& field : fields) {
    if (http::is_hop_by_hop(field.token) || is_websocket_key(field.name)) continue;
    add_field(pairs, field);
  }
}

void add_request_fields(Pairs& pairs, const http::HeaderBlock& fields) {
  for (const auto& field : fields) {
    if (http::is_hop_by_hop(field.token) || field.token == http::FieldName::host) continue;
    if (is_websocket_key(field.name)) continue;
    add_field(pairs, field);
  }
  if (fields.has(http::FieldName::te)) add_pair(pairs, "te", "trailers");
}

void add_content_length(Pairs& pairs, const http::HeaderBlock& fields, const http::BodyLength& body,
                        Arena& arena) {
  if (body.kind != http::BodyLength::Kind::length || fields.has(http::FieldName::content_length)) return;
  auto* digits = static_cast<char*>(arena.allocate(20, 1));
  const auto* end = std::to_chars(digits, digits + 20, body.length).ptr;
  add_pair(pairs, "content-length", {digits, static_cast<std::size_t>(end - digits)});
}

std::size_t size_of(const Pairs& pairs) noexcept {
  std::size_t size = 0;
  for (const auto& each : pairs) size += each.namelen + each.valuelen;
  return size;
}

}  // namespace sluice::codec::h2
