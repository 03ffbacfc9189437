// Connects to whichever of several addresses answers first (Happy Eyeballs, RFC 8305 5).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "base/timer_wheel.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/transport.h"
#include "upstream/canceller.h"

namespace sluice::upstream {

struct DialLimits {
  Duration timeout;                       ///< For one address.
  TimePoint deadline = TimePoint::max();  ///< For all.
  Canceller* canceller = nullptr;
  const net::Transport* client = nullptr;  ///< Whom a PROXY header names; null: ourselves.
};

/// An address that may win, and what became of it.
struct Contestant {
  enum class State : std::uint8_t { waiting, running, failed, overtaken, won };

  std::size_t index = 0;  ///< Of the address in its endpoint.
  State state = State::waiting;
};

/// Begins with the first; the next begins when one has failed, or 250 ms after the last began. The first that
/// stands wins, and what is still under way is given up. Loop's thread; lives in the frame of who awaits
/// run().
class ConnectRace final : private Timer, private CancelPoint {
 public:
  static constexpr Duration attempt_delay = std::chrono::milliseconds{250};

  struct Winner {
    std::unique_ptr<net::Transport> transport;
    std::size_t index = 0;  ///< Of its address.
    TimePoint began;
  };

  /// All of it outlives the race; `contestants` are to be waiting, and say afterwards how they fared.
  ConnectRace(net::Loop& loop, const std::vector<net::Address>& addresses,
              std::vector<Contestant>& contestants, const DialLimits& limits);

  /// Once. The error is that of the attempt that failed last; Fault::cancelled by the canceller.
  Task<Result<Winner>> run();

 private:
  struct Attempt {
    Contestant& contestant;
    std::unique_ptr<net::Transport> transport;
    TimePoint began;
  };
  void begin_next();
  Task<void> attempt(Contestant& contestant);
  void win(Attempt& attempt);
  void fail(Contestant& contestant, Error error);
  void give_up_rest() noexcept;
  void on_timer() noexcept override { begin_next(); }
  void on_cancel() noexcept override;

  net::Loop& loop_;
  const std::vector<net::Address>& addresses_;
  std::vector<Contestant>& contestants_;
  const DialLimits& limits_;
  std::size_t next_ = 0;
  std::vector<Attempt*> under_way_;  // in the frames of attempt()
  std::optional<Winner> winner_;
  Error error_{Fault::unresolved};
  bool over_ = false;
  TaskGroup attempts_;
};

}  // namespace sluice::upstream
