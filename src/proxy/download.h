// The response's way to the client: from an upstream, or of our own making.
#pragma once

#include "base/task.h"
#include "proxy/live_exchange.h"

namespace sluice::proxy {

// Both leave in exchange.reason what went wrong; the status stays what was sent. False: the response broke
// before anything of it was sent; exchange.response is then a refusal in its place, which is still to be
// sent.

/// Sends the response of the leased connection, whose final head is in exchange.response, as it
/// comes in.
Task<bool> send_upstream_response(LiveExchange& live);

/// Lets go of the leased connection, whose response a hook has replaced.
Task<void> give_up_upstream(LiveExchange& live);

/// Sends exchange.response with the body that a hook has given.
Task<bool> send_reply(LiveExchange& live);

}  // namespace sluice::proxy
