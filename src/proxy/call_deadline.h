// The time that a gRPC call gives itself.
#pragma once

#include "base/clock.h"
#include "base/timer_wheel.h"
#include "http/header_block.h"

namespace sluice::proxy {

class LiveExchange;

/// From the head of the request to the last byte of the response, whoever is waited for: what the client says
/// in grpc-timeout. When it passes, what is under way is given up: the call is refused, or its response
/// broken off.
class CallDeadline final : public Timer {
 public:
  explicit CallDeadline(LiveExchange& live) noexcept : live_(live) {}

  /// Takes the request's grpc-timeout, if it has one. False: it is malformed.
  [[nodiscard]] bool begin() noexcept;
  void end() noexcept;

  bool passed() const noexcept;

  /// Tells the next hop what is left.
  void announce(http::HeaderBlock& request) const;

 private:
  void on_timer() noexcept override;

  LiveExchange& live_;
  TimePoint when_ = TimePoint::max();
};

}  // namespace sluice::proxy
