// TRACE and OPTIONS that may go no further (RFC 9110 7.6.2): the gateway is their final recipient.
#pragma once

#include "sluice/exchange.h"

namespace sluice::proxy {

/// True for a TRACE or OPTIONS with `Max-Forwards: 0`.
bool is_last_hop(const RequestHead& request) noexcept;

/// Answers such a request: TRACE with the head as it came, without fields that may be secret (RFC
/// 9110 9.3.8), OPTIONS with an empty 200.
Step answer_as_last_hop(Exchange& exchange);

}  // namespace sluice::proxy
