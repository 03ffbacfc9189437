// Opens connections to an endpoint: its addresses in turn, each with a time limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/tls/client_context.h"
#include "net/transport.h"
#include "upstream/canceller.h"
#include "upstream/shared_upstream.h"

namespace sluice::upstream {

struct DialLimits {
  Duration timeout;                       ///< For one address.
  TimePoint deadline = TimePoint::max();  ///< For all.
  Canceller* canceller = nullptr;
  const net::Transport* client = nullptr;  ///< Whom a PROXY header names; null: ourselves.
};

/// Which address it was in the end.
struct Dialed {
  std::unique_ptr<net::Transport> transport;
  net::Address address;
  bool h2 = false;  ///< What is to be spoken on it: HTTP/2, or HTTP/1.1.
};

/// Loop's thread. Several connect() may be under way at once.
class Connector {
 public:
  /// It outlives its connections.
  explicit Connector(net::Loop& loop, Opening opening = {})
      : loop_(loop), opening_(std::move(opening)), targets_(std::make_shared<Targets>()) {}

  void set_addresses(const Addresses& addresses);
  const Addresses& addresses() const noexcept { return targets_->addresses; }

  /// Begins with the next address in turn; those that failed within the last 30 s are tried last.
  /// The error is that of the last attempt, Fault::unresolved where there is no address; all carry
  /// their side and retry_safe.
  Task<Result<Dialed>> connect(DialLimits limits);

 private:
  // What connect() goes on with when the addresses change meanwhile.
  struct Targets {
    Addresses addresses;
    std::vector<TimePoint> failing_until;
    std::size_t turn = 0;
  };
  Task<Result<std::unique_ptr<net::Transport>>> dial(const net::Address& address, DialLimits limits);
  Task<Result<void>> introduce(net::Transport& transport, const net::Transport* client);
  Task<Result<void>> encrypt(std::unique_ptr<net::Transport>& transport);
  static std::size_t next(const Targets& targets, const std::vector<char>& tried, std::size_t first,
                          TimePoint now);

  net::Loop& loop_;
  const Opening opening_;
  net::tls::ResumableSession session_;
  std::shared_ptr<Targets> targets_;
};

}  // namespace sluice::upstream
