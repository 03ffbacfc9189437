// The response's way to the client: from an upstream, or of our own making.
#pragma once

#include "base/task.h"
#include "proxy/live_exchange.h"

namespace sluice::proxy {

/// Sends the response of the leased connection, whose final head is in exchange.response, as it
/// comes in. What goes wrong is left in exchange.reason.
Task<void> send_upstream_response(LiveExchange& live);

/// Lets go of the leased connection, whose response a hook has replaced.
Task<void> give_up_upstream(LiveExchange& live);

/// Sends exchange.response with the body that a hook has given.
Task<void> send_reply(LiveExchange& live);

}  // namespace sluice::proxy
