// The middlewares of one route on one worker, in their order, and how an exchange passes them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/task.h"
#include "sluice/middleware.h"
#include "sluice/slots.h"

namespace sluice::proxy {

/// How far an exchange has come; belongs to the exchange.
struct ChainProgress {
  std::uint16_t seen = 0;    ///< Middlewares whose on_request was called: on_done is owed to them.
  std::uint16_t passed = 0;  ///< Of those, from the outside, the ones that said `next`: on_response is owed.
};

/// A hook that throws becomes a refusal with Reason::internal; nothing leaves the chain.
class Chain {
 public:
  Chain(std::vector<std::unique_ptr<Middleware>> middlewares, SlotLayout layout)
      : middlewares_(std::move(middlewares)), layout_(std::move(layout)) {}

  /// Makes the slots; before the first advance().
  void begin(Exchange& exchange) const;

  /// Asks on_request of those that have not been asked. `wait`: await decide(), which goes on.
  Step advance(Exchange& exchange, ChainProgress& progress) const noexcept;
  Task<Step> decide(Exchange& exchange, ChainProgress& progress) const;

  /// Shows the response head to those that passed the request on, innermost first.
  void respond(Exchange& exchange, const ChainProgress& progress) const noexcept;

  /// on_done for all that were asked, in reverse order, once; destroys the slots.
  void finish(Exchange& exchange, ChainProgress& progress) const noexcept;

 private:
  std::vector<std::unique_ptr<Middleware>> middlewares_;
  SlotLayout layout_;
};

}  // namespace sluice::proxy
