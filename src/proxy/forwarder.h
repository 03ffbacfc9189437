// Brings a request to an upstream and its response head back.
#pragma once

#include <string>
#include <string_view>

#include "base/rng.h"
#include "base/task.h"
#include "proxy/live_exchange.h"

namespace sluice::proxy {

class Attempts;

/// One a worker; without state of its own between exchanges.
class Forwarder {
 public:
  /// `token` tells this process from other gateways of its kind in Via.
  Forwarder(Rng& rng, std::string_view token) : rng_(rng), via_("sluice (" + std::string(token) + ")") {}

  /// Picks, connects, sends, and reads the final response head into exchange.response, trying
  /// again where that is safe or the route says so, see Attempts. True: the head is there and the lease holds
  /// its body. False: the exchange is refused, or not wanted any more.
  Task<bool> forward(LiveExchange& live);

 private:
  Task<bool> connect(LiveExchange& live, Attempts& attempts);
  Task<Result<void>> exchange_heads(LiveExchange& live);

  Rng& rng_;
  const std::string via_;  // who we are in the Via of requests
};

}  // namespace sluice::proxy
