#include "proxy/message.h"

#include <array>

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

// What Via says of us, by the version that a message came with.
std::string_view via_hop(http::Version received) noexcept {
  switch (received) {
    case http::Version::http_1_0: return "1.0 sluice";
    case http::Version::http_2: return "2 sluice";
    default: return "1.1 sluice";
  }
}

// An upgrade is for this hop to pass on or not: remembered before Connection goes.
std::string_view wanted_upgrade(const RequestHead& request, Arena& arena) {
  if (request.version != http::Version::http_1_1 || request.body.kind != Kind::none) return {};
  auto upgrade = request.fields.find(FieldName::upgrade);
  if (!upgrade || !http::list_has(request.fields, FieldName::connection, "upgrade")) return {};
  if (http::list_has(request.fields, FieldName::upgrade, "h2c")) return {};
  return arena.copy(*upgrade);
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

http::Refusal prepare_request(LiveExchange& live) {
  auto& exchange = live.exchange;
  auto& request = exchange.request;
  auto& fields = request.fields;
  auto upgrade = wanted_upgrade(request, exchange.arena());
  auto hop = http::remove_hop_by_hop(fields, http::Direction::request);
  live.te_trailers = hop.te_trailers;
  live.expects_tunnel = !upgrade.empty();
  if (live.expects_tunnel) {
    fields.add(FieldName::connection, "upgrade");
    fields.add(FieldName::upgrade, upgrade);
  } else if (hop.te_trailers) {
    fields.add(FieldName::connection, "TE");
    fields.add(FieldName::te, "trailers");
  }
  bool unix_peer = exchange.client.peer_port == 0;
  http::set_forwarded(fields,
                      {.peer = unix_peer ? std::string_view{} : exchange.client.peer_address,
                       .scheme = exchange.client.tls ? "https" : "http",
                       .host = request.authority,
                       .trusted = exchange.client.trusted_peer},
                      exchange.arena());
  http::append_via(fields, via_hop(request.version), exchange.arena());
  fields.set(FieldName::x_request_id, exchange.request_id);
  if (exchange.request_filters().changes_length) forget_length(fields, request.body);
  const auto& rewrite = live.route->settings.rewrite;
  return rewrite ? rewrite->apply(exchange) : http::Refusal{};
}

void prepare_for_endpoint(LiveExchange& live) {
  const auto& host = live.target->host;
  auto& fields = live.exchange.request.fields;
  switch (host.kind) {
    case upstream::HostChoice::Kind::preserve: return fields.set(FieldName::host, live.exchange.request.authority);
    case upstream::HostChoice::Kind::endpoint: return fields.set(FieldName::host, live.lease->endpoint_host());
    case upstream::HostChoice::Kind::fixed: return fields.set(FieldName::host, host.name);
  }
}

void prepare_interim(ResponseHead& head) { http::remove_hop_by_hop(head.fields, http::Direction::response); }

void prepare_response(LiveExchange& live) {
  auto& exchange = live.exchange;
  auto& fields = exchange.response.fields;
  live.tunnel = exchange.response.status == 101;
  std::string_view upgrade;
  if (live.tunnel) upgrade = exchange.arena().copy(fields.find(FieldName::upgrade).value_or(""));
  http::remove_hop_by_hop(fields, http::Direction::response);
  if (!upgrade.empty()) fields.add(FieldName::upgrade, upgrade);
  http::append_via(fields, via_hop(exchange.response.version), exchange.arena());
}

void complete_response(Exchange& exchange, http::DateCache& dates) {
  auto& response = exchange.response;
  auto& fields = response.fields;
  if (!fields.has(FieldName::date)) {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(exchange.wall().time_since_epoch());
    fields.add(FieldName::date, dates.at(seconds.count()));
  }
  if (!fields.has(FieldName::x_request_id)) fields.add(FieldName::x_request_id, exchange.request_id);
  if (exchange.response_filters().changes_length) forget_length(fields, response.body);
}

}  // namespace sluice::proxy
