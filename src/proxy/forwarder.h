// Brings a request to an upstream and its response head back.
#pragma once

#include "base/rng.h"
#include "base/task.h"
#include "proxy/live_exchange.h"

namespace sluice::proxy {

/// How this gateway shows itself in what it forwards.
struct Identity {
  std::string_view name = "sluice";  ///< In Via, Proxy-Status and request ids.
};

/// One a worker; without state of its own between exchanges.
class Forwarder {
 public:
  explicit Forwarder(Rng& rng) noexcept : rng_(rng) {}

  /// Picks, connects, sends, and reads the final response head into exchange.response, trying
  /// again where that is safe: another endpoint when none could be reached, a fresh connection
  /// once when an idle one turned out to be closed. True: the head is there and the lease holds
  /// its body. False: the exchange is refused, or not wanted any more.
  Task<bool> forward(LiveExchange& live);

 private:
  struct Attempt;
  bool choose(LiveExchange& live, Attempt& attempt);
  Task<bool> connect(LiveExchange& live, Attempt& attempt);
  Task<Result<void>> exchange_heads(LiveExchange& live);
  bool may_try_again(LiveExchange& live, Attempt& attempt, const Error& error);

  Rng& rng_;
};

}  // namespace sluice::proxy
