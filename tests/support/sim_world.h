// The simulated world: a manual clock, a loop that jumps to the next deadline, links in memory with
// faults drawn from a seed. A 30-second test waits for nothing, and a seed replays exactly.
//
//   sim::World world(seed);
//   world.spawn(server(world.loop()));
//   auto reply = world.exchange(address, "GET / HTTP/1.1\r\n...");
//   world.run_for(30s);
//   EXPECT_TRUE(world.at_rest());
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/rng.h"
#include "base/task.h"
#include "net/loop.h"
#include "net/memory/memory_network.h"

namespace sluice::sim {

using net::Address;
using net::MemoryStep;

/// Stands still until it is moved. Starts at noon of 2026-01-01, UTC.
class Clock final : public sluice::Clock {
 public:
  TimePoint now() noexcept override { return now_; }
  WallTime wall() noexcept override;
  void move_to(TimePoint when) noexcept { now_ = std::max(now_, when); }

 private:
  TimePoint now_{std::chrono::hours(1)};
};

/// How bad the network is: probabilities for each event of its kind.
struct Weather {
  double split = 0;        ///< A write travels in pieces.
  double short_read = 0;   ///< A read sees only some of what is there.
  double postpone = 0;     ///< What could complete at once waits for the next turn.
  double reset = 0;        ///< A write breaks the connection.
  double drop = 0;         ///< A write is the last that anyone hears of the connection.
  double refuse = 0;       ///< A connect is refused.
  double hang = 0;         ///< A connect never ends.
  Duration least_delay{};  ///< Of a delivery, evenly between the two.
  Duration most_delay{};

  /// All of it, mildly: what a random schedule test wants.
  static Weather rough();
};

/// Decides from a seed what befalls each operation; counts them, and can fail the n-th.
class Faults final : public net::MemoryFaults {
 public:
  explicit Faults(std::uint64_t seed) : rng_(seed) {}

  Weather weather;

  /// The n-th operation from now (the first is 1) fails with this.
  void fail_operation(std::uint64_t n, Fault fault);
  std::uint64_t operations() const noexcept { return operations_; }
  bool has_failed_it() const noexcept { return failed_it_; }  ///< The n-th operation has come.

  /// How connects to this address end from now on: refused, unreachable, timed_out (never); none.
  void connects_to(const Address& address, Fault fault);

  Fault before(MemoryStep step) noexcept override;
  Fault on_connect(const Address& to) noexcept override;
  Delivery deliver(std::size_t offered) noexcept override;
  std::size_t read_size(std::size_t there) noexcept override;
  bool postpone() noexcept override;

 private:
  Rng rng_;
  std::uint64_t operations_ = 0;
  std::uint64_t fail_at_ = 0;
  Fault fail_with_ = Fault::none;
  bool failed_it_ = false;
  std::map<std::string, Fault> by_address_;
};

/// Runs on the manual clock, on the thread that turns it.
class Loop final : public net::Loop {
 public:
  Loop(Clock& clock, const net::LoopOptions& options, net::MemoryFaults& faults);

  net::MemoryNetwork& network() noexcept override { return network_; }

  /// Nothing is ready and no deadline is armed: without outside help nothing ever happens again.
  bool idle() const noexcept { return nothing_ready() && next_deadline() == TimePoint::max(); }
  bool ready() const noexcept { return !nothing_ready(); }

 private:
  void wait(TimePoint until) override;
  void wake() noexcept override {}

  Clock& clock_;
  net::MemoryNetwork network_;
};

class World {
 public:
  explicit World(std::uint64_t seed = 0, const net::LoopOptions& options = {});
  ~World();

  Loop& loop() noexcept { return loop_; }
  net::MemoryNetwork& network() noexcept { return loop_.network(); }
  Faults& faults() noexcept { return faults_; }
  Rng& rng() noexcept { return rng_; }
  TimePoint now() const noexcept { return loop_.now(); }

  /// Starts a task that runs beside the test; it must have ended when the world does.
  void spawn(Task<void> task) { tasks_.spawn(std::move(task)); }
  std::size_t running() const noexcept { return tasks_.size(); }

  /// Turns until nothing is left to happen; every deadline that is armed has passed by then. False:
  /// it would never end (100,000 turns at one time, or a simulated week).
  bool run_until_idle();

  /// Turns until the condition holds. False: nothing is left to happen and it does not (a hang).
  template <class Condition>
  bool run_until(Condition holds) {
    Limit limit{*this};
    while (!holds()) {
      if (loop_.idle() || !limit.turn(TimePoint::max())) return false;
    }
    return true;
  }

  /// Lets this much time pass.
  void run_for(Duration duration);

  /// Runs the task to its end; nothing when it hangs (it is then leaked, with what it holds).
  template <class T>
  std::optional<T> run(Task<T> task) {
    auto result = std::make_shared<std::optional<T>>();
    spawn(store(std::move(task), result));
    run_until([&] { return result->has_value(); });
    return std::move(*result);
  }
  /// False when it hangs.
  bool run(Task<void> task);

  /// Connects, sends the text, and reads until `bytes` are there or the stream ends; what was read
  /// so far where it fails or hangs for a simulated minute.
  std::string exchange(const Address& to, std::string_view text, std::size_t bytes = SIZE_MAX);

  /// No transport is alive and no buffer is leased.
  bool at_rest() noexcept { return network().live_transports() == 0 && network().leased_buffers() == 0; }

 private:
  // Finds out that time stands still while things go on happening.
  struct Limit {
    World& world;
    TimePoint end = world.now() + std::chrono::hours(24 * 7);
    TimePoint last = world.now();
    int turns = 0;
    bool turn(TimePoint until);
  };

  template <class T>
  static Task<void> store(Task<T> task, std::shared_ptr<std::optional<T>> result) {
    result->emplace(co_await std::move(task));
  }
  static Task<void> store(Task<void> task, std::shared_ptr<bool> done);

  Clock clock_;
  Faults faults_;
  Rng rng_;
  Loop loop_;
  TaskGroup tasks_;
};

/// One end of a connection, as a test speaks through it.
class Peer {
 public:
  explicit Peer(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {}

  Task<bool> send(std::string_view text);  ///< False when the connection broke.

  /// Until this many bytes are there, or the end, or a fault.
  Task<std::string> receive(std::size_t bytes = SIZE_MAX);

  /// Until the text has come, which is included; or the end, or a fault. What came behind it is
  /// kept for the next call.
  Task<std::string> receive_until(std::string_view end);

  net::Transport& transport() { return *transport_; }
  Fault fault() const noexcept { return fault_; }  ///< Of the last operation that failed.
  bool at_end() const noexcept { return at_end_; }
  void close() { transport_.reset(); }

 private:
  Task<bool> read_more();

  std::unique_ptr<net::Transport> transport_;
  std::string kept_;
  Fault fault_ = Fault::none;
  bool at_end_ = false;
};

/// Opens a connection; nothing when that fails.
Task<std::optional<Peer>> connect(net::Network& network, Address to);

/// Port `port` of loopback.
inline Address at(std::uint16_t port) { return Address::ipv4_loopback(port); }

/// Listens there.
std::unique_ptr<net::Acceptor> listen(net::Network& network, const Address& address);

}  // namespace sluice::sim
