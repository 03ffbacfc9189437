// Opens connections to an endpoint: to whichever of its addresses answers first.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "base/timer_wheel.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/tls/client_context.h"
#include "net/transport.h"
#include "upstream/connect_race.h"
#include "upstream/shared_upstream.h"

namespace sluice::upstream {

/// Which address it was in the end.
struct Dialed {
  std::unique_ptr<net::Transport> transport;
  net::Address address;
  bool h2 = false;  ///< What is to be spoken on it: HTTP/2, or HTTP/1.1.
};

/// Loop's thread. Several connect() may be under way at once.
class Connector final : private Timer {
 public:
  /// How long connections to an address that is in the answer no more are still good: a name that changes to
  /// and fro does not close them.
  static constexpr Duration grace = std::chrono::seconds{10};

  /// It outlives its connections. `on_left`: there are addresses that it knows() no more.
  explicit Connector(net::Loop& loop, Opening opening = {}, std::function<void()> on_left = {})
      : loop_(loop),
        opening_(std::move(opening)),
        on_left_(std::move(on_left)),
        targets_(std::make_shared<Targets>()) {}
  ~Connector() override = default;

  void set_addresses(const Addresses& addresses);
  const Addresses& addresses() const noexcept { return targets_->addresses; }

  /// It is one of the addresses, or was within the last 10 s.
  bool knows(const net::Address& address) const noexcept;

  /// Tries the addresses as RFC 8305 says: the families take turns, beginning with that of the first address,
  /// and within a family each connect() begins with the next one. Those that failed within the last 30 s, or
  /// were overtaken by another, are tried last. When TLS or the PROXY header fails, it goes on with the
  /// others. The error is that of the last attempt, Fault::unresolved where there is no address; all carry
  /// their side and retry_safe.
  Task<Result<Dialed>> connect(DialLimits limits);

 private:
  // What connect() goes on with when the addresses change meanwhile.
  struct Targets {
    Addresses addresses;
    std::vector<TimePoint> failing_until;
    std::size_t turn = 0;
  };
  struct Leaving {
    net::Address address;
    TimePoint until;
  };
  void let_go(const Targets& before);
  void on_timer() noexcept override;

  std::vector<Contestant> line_up(Targets& targets) const;
  void learn(Targets& targets, std::vector<Contestant>& contestants) const;
  Task<Result<void>> open(ConnectRace::Winner& winner, DialLimits limits);
  Task<Result<void>> introduce(net::Transport& transport, const net::Transport* client);
  Task<Result<void>> encrypt(std::unique_ptr<net::Transport>& transport);

  net::Loop& loop_;
  const Opening opening_;
  const std::function<void()> on_left_;
  net::tls::ResumableSession session_;
  std::shared_ptr<Targets> targets_;
  std::vector<Leaving> leaving_;  // the next to go first
};

}  // namespace sluice::upstream
