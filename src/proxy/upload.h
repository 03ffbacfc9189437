// The request's body on its way to the upstream, beside the response.
#pragma once

#include "base/task.h"
#include "proxy/live_exchange.h"

namespace sluice::proxy {

/// Takes the first piece if it is there already, so that it can travel with the head; waits for it where the
/// route buffers requests. False: the client failed, see upload_error.
Task<bool> take_first_piece(LiveExchange& live);

/// Moves the remaining pieces until the last; a child of the exchange. What ends it early is in
/// upload_error: a fault of the client breaks the upstream connection too, one of the upstream
/// leaves its response to be read.
Task<void> upload(LiveExchange& live);

/// Ends an upload that another attempt is to begin again: what was sent becomes the first piece. False: the
/// client failed meanwhile, see upload_error. The exchange is replayable().
Task<bool> pause_upload(LiveExchange& live);

/// Ends an upload whose outcome matters no more, and waits for it.
Task<void> stop_upload(LiveExchange& live);

}  // namespace sluice::proxy
