#include "proxy/client_facts.h"

#include "http/forwarded.h"
#include "http/host.h"

namespace sluice::proxy {
namespace {

// RFC 9110 7.4: an https URI asked for in the clear, and not by way of a proxy whose word for it is trusted.
bool wants_another_scheme(const RequestHead& request) noexcept {
  constexpr std::string_view https = "https://";
  return request.scheme != "https" && http::equal_ignore_case(request.target.substr(0, https.size()), https);
}

}  // namespace

ClientFacts::ClientFacts(const net::Transport& transport, const ListenerPlan& plan)
    : transport_(transport), plan_(plan) {
  const auto& peer = transport.peer();
  char text[72];
  peer_.append(peer.host_text(text)).append(":").append(std::to_string(peer.port()));
}

void ClientFacts::describe(Exchange& exchange) const {
  auto& client = exchange.client;
  const auto& peer = transport_.peer();
  client.peer = peer_;
  client.peer_address = client.peer.substr(0, client.peer.rfind(':'));
  client.peer_port = peer.port();
  client.address = client.peer_address;
  client.tls = transport_.tls() != nullptr;
  if (client.tls) exchange.request.scheme = "https";
  client.trusted_peer = !transport_.hides_client() && plan_.trusts && plan_.trusts(peer);
  if (client.trusted_peer) believe_peer(exchange);
}

bool ClientFacts::may_ask(const RequestHead& request) const noexcept {
  return !wants_another_scheme(request) && is_for_this_host(request);
}

// Under mutual TLS a certificate was asked for by the name in the handshake: a request for another host must
// not profit from it (RFC 9110 7.4). An address has no name there (RFC 6066 3).
bool ClientFacts::is_for_this_host(const RequestHead& request) const noexcept {
  if (!plan_.tls || !plan_.tls->binds_host) return true;
  const auto name = transport_.tls()->server_name;
  if (name.empty()) return request.host.starts_with('[') || http::is_ipv4(request.host);
  return http::equal_ignore_case(name, request.host);
}

// What a trusted proxy says of the client: its address, and how it came.
void ClientFacts::believe_peer(Exchange& exchange) const {
  const auto& fields = exchange.request.fields;
  const auto& trusts = plan_.trusts;
  const auto& peer = exchange.client.peer_address;
  exchange.client.address =
      exchange.arena().copy(http::client_address(fields, peer, [&](std::string_view text) {
        if (text == peer) return true;
        std::string with_port =
            text.find(':') == text.npos ? std::string(text) + ":0" : "[" + std::string(text) + "]:0";
        auto address = net::Address::parse(with_port);
        return address && trusts(*address);
      }));
  if (http::equal_ignore_case(fields.find(http::FieldName::x_forwarded_proto).value_or(""), "https")) {
    exchange.request.scheme = "https";
  }
}

}  // namespace sluice::proxy
