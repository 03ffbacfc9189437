// Opens connections to an endpoint: its addresses in turn, each with a time limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/transport.h"
#include "upstream/canceller.h"
#include "upstream/shared_upstream.h"

namespace sluice::upstream {

struct DialLimits {
  Duration timeout;                       ///< For one address.
  TimePoint deadline = TimePoint::max();  ///< For all.
  Canceller* canceller = nullptr;
};

/// One attempt. Errors carry the side and retry_safe.
Task<Result<std::unique_ptr<net::Transport>>> dial(net::Loop& loop, const net::Address& address,
                                                   DialLimits limits);

/// Loop's thread.
class Connector {
 public:
  explicit Connector(net::Loop& loop) noexcept : loop_(loop) {}

  void set_addresses(const Addresses& addresses);
  const Addresses& addresses() const noexcept { return *addresses_; }

  /// Begins with the next address in turn; those that failed within the last 30 s are tried last.
  /// The error is that of the last attempt; Fault::unresolved where there is no address.
  Task<Result<std::unique_ptr<net::Transport>>> connect(DialLimits limits);

 private:
  net::Loop& loop_;
  std::shared_ptr<const Addresses> addresses_ = std::make_shared<const Addresses>();
  std::vector<TimePoint> failing_until_;
  std::size_t next_ = 0;
};

}  // namespace sluice::upstream
