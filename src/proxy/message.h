// What the gateway changes in the heads that it forwards (RFC 9110 section 7.6).
#pragma once

#include "base/rng.h"
#include "http/date.h"
#include "proxy/live_exchange.h"

namespace sluice::proxy {

/// Before any hook: the request id (the client's where it is usable, else a new one) and the trace
/// id of a valid traceparent.
void identify(Exchange& exchange, Rng& rng);

/// Before a route's hooks, so that Connection cannot nominate what they set: hop-by-hop fields go, but for an
/// upgrade that may go on and `TE: trailers`.
void end_hop(LiveExchange& live, Rng& rng);

/// Once an exchange, before its first attempt: Max-Forwards counts down, X-Forwarded-*,
/// Forwarded, Via and X-Request-Id are set, the route's rewrite is applied. Refused where the request has
/// made its rounds, or where the new path is unfit. `via` is who this process is in Via.
http::Refusal prepare_request(LiveExchange& live, std::string_view via);

/// Before each attempt: the Host that this endpoint is to see, its own where the client has named none.
void prepare_for_endpoint(LiveExchange& live);

/// Whether a 101 switches to what the client asked for, and nothing else, and says so in Upgrade and in
/// Connection (RFC 9110 7.8).
bool is_wanted_switch(const LiveExchange& live);

/// Whether the upstream of a WebSocket has shown that it has read the key (RFC 6455 4.1), where the client
/// cannot ask for that: the key is ours where it speaks HTTP/2.
bool proves_switch(const LiveExchange& live);

/// An interim response: hop-by-hop fields go, and a Content-Length.
void prepare_interim(ResponseHead& head);

/// The final response of an upstream: hop-by-hop fields go, Via is set. A 101 keeps its Upgrade
/// and loses a Content-Length.
void prepare_response(LiveExchange& live);

/// Every final response, behind the hooks: Date where it is missing, X-Request-Id, and no
/// Content-Length that filters make wrong.
void complete_response(Exchange& exchange, http::DateCache& dates);

/// Takes the grpc-status of the head or the trailers of a response, where it answers a call.
void note_grpc_status(Exchange& exchange, const http::HeaderBlock& fields);

}  // namespace sluice::proxy
