#include "proxy/message.h"

#include <array>
#include <charconv>
#include <string>

#include "base/base64.h"
#include "codec/websocket.h"
#include "http/comma_list.h"
#include "http/forwarded.h"
#include "http/framing.h"
#include "http/hop_by_hop.h"
#include "http/trace.h"
#include "http/via.h"

namespace sluice::proxy {
namespace {

using http::FieldName;
using Kind = http::BodyLength::Kind;

// A way through this process and back to it may be meant, a circle is not.
constexpr std::size_t kMaxRounds = 3;

// What the Via of a response says of us, by the version that it came with.
std::string_view via_hop(http::Version received) noexcept {
  switch (received) {
    case http::Version::http_1_0:
      return "1.0 sluice";
    case http::Version::http_2:
      return "2 sluice";
    default:
      return "1.1 sluice";
  }
}

// Another HTTP or TLS is between two hops only, and an upstream that took it up would be out of our sight.
bool is_of_this_hop(std::string_view protocol) noexcept {
  auto begins = [&](std::string_view with) {
    return http::equal_ignore_case(protocol.substr(0, with.size()), with);
  };
  return begins("h2c") || begins("HTTP/") || begins("TLS/");
}

// protocol-name ["/" protocol-version] (RFC 9110 7.8)
bool is_protocol(std::string_view text) noexcept {
  const auto slash = text.find('/');
  const bool has_version = slash != std::string_view::npos;
  return http::is_token(text.substr(0, slash)) && (!has_version || http::is_token(text.substr(slash + 1)));
}

// An upgrade is for this hop to pass on or not: remembered before Connection goes.
std::string_view wanted_upgrade(const RequestHead& request, Arena& arena) {
  if (request.version == http::Version::http_1_0 || request.body.kind != Kind::none) return {};
  auto upgrade = request.fields.find(FieldName::upgrade);
  if (!upgrade || !http::list_has(request.fields, FieldName::connection, "upgrade")) return {};
  bool named = false;
  bool fit = true;
  http::for_each_item(request.fields, FieldName::upgrade, [&](std::string_view protocol) {
    named = true;
    fit = fit && is_protocol(protocol) && !is_of_this_hop(protocol);
  });
  return named && fit ? arena.copy(*upgrade) : std::string_view{};
}

// One that comes by HTTP/2 has none (RFC 8441 5), and HTTP/1.1 wants one (RFC 6455 4.1).
void ensure_websocket_key(http::HeaderBlock& fields, Rng& rng) {
  constexpr std::string_view kName = "Sec-WebSocket-Key";
  if (fields.has(kName)) return;
  const std::array<std::uint64_t, 2> nonce{rng.next(), rng.next()};
  std::string key;
  Base64Encoder encoder;
  encoder.encode({reinterpret_cast<const char*>(nonce.data()), sizeof nonce}, key);
  encoder.finish(key);
  fields.add(kName, key);
}

// RFC 9110 10.1.1: HTTP/1.0 knows no expectations, and without a body nothing is waited for.
bool waits_for_100(const RequestHead& request) noexcept {
  if (request.version == http::Version::http_1_0) return false;
  return request.body.kind == Kind::chunked || request.body.length != 0;
}

// 0 is for the gateway itself, and does not come here.
void count_forward(const RequestHead& request, http::HeaderBlock& fields) {
  if (request.method != http::Method::trace && request.method != http::Method::options) return;
  auto left = http::max_forwards(fields);
  if (!left) return;
  char digits[20];
  auto* end = std::to_chars(digits, digits + sizeof digits, *left - 1).ptr;
  fields.set(FieldName::max_forwards, {digits, static_cast<std::size_t>(end - digits)});
}

// A body whose length filters change has no length that could be announced.
void forget_length(http::HeaderBlock& fields, http::BodyLength& body) {
  if (body.kind == Kind::none) return;
  fields.remove(FieldName::content_length);
  body = {.kind = Kind::chunked};
}

}  // namespace

void identify(Exchange& exchange, Rng& rng) {
  auto& fields = exchange.request.fields;
  auto& arena = exchange.arena();
  auto given = fields.find(FieldName::x_request_id);
  if (given && http::is_usable_request_id(*given)) {
    exchange.request_id = arena.copy(*given);
  } else {
    auto* digits = static_cast<char*>(arena.allocate(32, 1));
    std::array<std::uint64_t, 2> words{rng.next(), rng.next()};
    http::write_hex({digits, 32}, words);
    exchange.request_id = {digits, 32};
  }
  if (auto text = fields.find(FieldName::traceparent)) {
    if (auto parent = http::parse_traceparent(*text)) exchange.trace_id = arena.copy(parent->trace_id);
  }
}

void end_hop(LiveExchange& live, Rng& rng) {
  auto& request = live.exchange.request;
  auto& fields = request.fields;
  auto upgrade = wanted_upgrade(request, live.exchange.arena());
  auto hop = http::remove_hop_by_hop(fields, http::Direction::request);
  live.expects_tunnel = !upgrade.empty();
  if (live.expects_tunnel) {
    fields.add(FieldName::connection, "upgrade");
    fields.add(FieldName::upgrade, upgrade);
    const bool by_h2 = request.version == http::Version::http_2;
    if (by_h2 && http::equal_ignore_case(upgrade, "websocket")) ensure_websocket_key(fields, rng);
  } else if (hop.te_trailers) {
    fields.add(FieldName::connection, "TE");
    fields.add(FieldName::te, "trailers");
  }
}

http::Refusal prepare_request(LiveExchange& live, std::string_view via) {
  auto& exchange = live.exchange;
  auto& request = exchange.request;
  auto& fields = request.fields;
  if (http::via_count(fields, via) > kMaxRounds) return {http::Reason::loop_detected, {}};
  // A hook may have asked for trailers.
  if (fields.has(FieldName::te) && !fields.has(FieldName::connection))
    fields.add(FieldName::connection, "TE");
  if (!waits_for_100(request)) fields.remove(FieldName::expect);
  count_forward(request, fields);
  bool unix_peer = exchange.client.peer_port == 0;
  http::set_forwarded(fields,
                      {.peer = unix_peer ? std::string_view{} : exchange.client.peer_address,
                       .scheme = exchange.client.tls ? "https" : "http",
                       .host = request.authority,
                       .trusted = exchange.client.trusted_peer},
                      exchange.arena());
  http::append_via(fields, exchange.arena().concat(http::short_name(request.version), " ", via),
                   exchange.arena());
  fields.set(FieldName::x_request_id, exchange.request_id);
  if (exchange.request_filters().changes_length) forget_length(fields, request.body);
  const auto& rewrite = live.route->settings.rewrite;
  return rewrite ? rewrite->apply(exchange) : http::Refusal{};
}

void prepare_for_endpoint(LiveExchange& live) {
  const auto& host = live.target->host;
  auto& fields = live.exchange.request.fields;
  live.call_deadline.announce(fields);
  auto asked = live.exchange.request.authority;
  switch (host.kind) {
    case upstream::HostChoice::Kind::preserve:
      // A client of HTTP/1.0 may name none, which HTTP/1.1 does not allow.
      return fields.set(FieldName::host, asked.empty() ? live.lease->endpoint_host() : asked);
    case upstream::HostChoice::Kind::endpoint:
      return fields.set(FieldName::host, live.lease->endpoint_host());
    case upstream::HostChoice::Kind::fixed:
      return fields.set(FieldName::host, host.name);
  }
}

bool is_wanted_switch(const LiveExchange& live) {
  const auto& asked = live.exchange.request.fields;
  const auto& given = live.exchange.response.fields;
  bool named = false;
  bool all_asked = true;
  http::for_each_item(given, FieldName::upgrade, [&](std::string_view protocol) {
    named = true;
    all_asked = all_asked && http::list_has(asked, FieldName::upgrade, protocol);
  });
  return live.expects_tunnel && named && all_asked && http::list_has(given, FieldName::connection, "upgrade");
}

bool proves_switch(const LiveExchange& live) {
  const auto& request = live.exchange.request;
  if (request.version != http::Version::http_2) return true;
  const auto key = request.fields.find("Sec-WebSocket-Key");
  return !key || live.exchange.response.fields.find("Sec-WebSocket-Accept") == codec::websocket_accept(*key);
}

void prepare_interim(ResponseHead& head) {
  http::remove_hop_by_hop(head.fields, http::Direction::response);
  head.fields.remove(FieldName::content_length);  // RFC 9110 8.6
}

void prepare_response(LiveExchange& live) {
  auto& exchange = live.exchange;
  auto& fields = exchange.response.fields;
  live.tunnel = exchange.response.status == 101;
  std::string_view upgrade;
  if (live.tunnel) upgrade = exchange.arena().copy(fields.find(FieldName::upgrade).value_or(""));
  http::remove_hop_by_hop(fields, http::Direction::response);
  if (live.tunnel) {
    fields.add(FieldName::upgrade, upgrade);
    fields.remove(FieldName::content_length);  // RFC 9110 8.6
  }
  http::append_via(fields, via_hop(exchange.response.version), exchange.arena());
}

void complete_response(Exchange& exchange, http::DateCache& dates) {
  auto& response = exchange.response;
  auto& fields = response.fields;
  if (response.status == 204) fields.remove(FieldName::content_length);  // RFC 9110 8.6
  if (!fields.has(FieldName::date)) {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(exchange.wall().time_since_epoch());
    fields.add(FieldName::date, dates.at(seconds.count()));
  }
  if (!fields.has(FieldName::x_request_id)) fields.add(FieldName::x_request_id, exchange.request_id);
  if (exchange.response_filters().changes_length) forget_length(fields, response.body);
  note_grpc_status(exchange, fields);
}

void note_grpc_status(Exchange& exchange, const http::HeaderBlock& fields) {
  if (exchange.grpc == http::GrpcForm::none) return;
  if (auto status = http::grpc_status(fields)) exchange.grpc_status = status;
}

}  // namespace sluice::proxy
