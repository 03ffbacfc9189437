// What the gateway changes in the heads that it forwards (RFC 9110 section 7.6).
#pragma once

#include "proxy/live_exchange.h"

namespace sluice::proxy {

/// Once an exchange, before its first attempt: hop-by-hop fields go, X-Forwarded-*, Forwarded, Via,
/// X-Request-Id are set, the route's rewrite is applied.
void prepare_request(LiveExchange& live);

/// Before each attempt: the Host that this endpoint is to see.
void prepare_for_endpoint(LiveExchange& live);

/// Hop-by-hop fields of an interim response go.
void prepare_interim(LiveExchange& live);

/// The final response of an upstream: hop-by-hop fields go, Via and X-Request-Id are set, Date is
/// added where it is missing.
void prepare_response(LiveExchange& live);

}  // namespace sluice::proxy
