// One worker's event loop: waits, reads the time once a turn, fires deadlines, resumes coroutines.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/timer_wheel.h"
#include "net/address.h"
#include "net/transport.h"

namespace sluice::net {

struct ConnectOptions {
  bool tcp_nodelay = true;
  bool keepalive = true;  ///< SO_KEEPALIVE.
};

/// A socket that is bound and listening, made on the control thread so that every error shows
/// before a worker starts. In the memory network only the address counts.
struct ListenSocket {
  int descriptor = -1;
  Address address;
};

/// The way from a loop to the outside; the simulated world has its own.
class Network {
 public:
  virtual ~Network() = default;

  /// Begins to connect; await connected() on what comes back, abort() it to give up.
  virtual Result<std::unique_ptr<Transport>> connect(const Address& to, const ConnectOptions& options) = 0;

  /// Takes the socket over and accepts on it.
  virtual Result<std::unique_ptr<Acceptor>> listen(ListenSocket socket) = 0;
};

enum class Backend : std::uint8_t { uring, epoll, asio };
std::string_view name(Backend backend) noexcept;

/// Sizes and limits of a loop's buffers, in bytes.
struct LoopOptions {
  unsigned read_buffer = 16 * 1024;                     ///< What an ordinary read leases.
  unsigned bulk_buffer = 256 * 1024;                    ///< What a read leases that expects 64 KiB or more.
  std::size_t max_read_memory = std::size_t{64} << 20;  ///< Of ordinary buffers; readers wait beyond it.
  std::size_t max_bulk_memory = std::size_t{64} << 20;  ///< Of bulk buffers; ordinary ones serve beyond it.
};

struct LoopStats {
  std::atomic<std::uint64_t> turns{0};  ///< Waits that returned. Written by the loop's thread only (relaxed).
  std::atomic<std::uint64_t> busy_ns{0};     ///< Time spent outside the wait.
  std::atomic<std::uint64_t> longest_ns{0};  ///< Longest turn since the reader last swapped in 0: the lag.
};

class BufferPool;

class Loop {
 public:
  explicit Loop(Clock& clock);
  virtual ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  virtual Network& network() noexcept = 0;

  /// Runs until stop(), on the thread that calls it.
  void run();

  /// One turn: run what is ready, wait (not past `until`), take completions, fire deadlines.
  void turn(TimePoint until);

  const TimePoint& now() const noexcept { return now_; }   ///< As read at the start of this turn.
  const WallTime& wall() const noexcept { return wall_; }  ///< The same moment in UTC.
  TimerWheel& timers() noexcept { return timers_; }
  TimePoint next_deadline() const noexcept { return timers_.next(); }
  const LoopStats& stats() const noexcept { return stats_; }
  LoopStats& stats() noexcept { return stats_; }

  /// For plaintext and records of TLS; outlives every transport of the loop.
  BufferPool& tls_buffers() noexcept { return *tls_buffers_; }

  /// Gives the memory of buffers that nobody has leased back to the system. Loop's thread only.
  virtual void release_unused() noexcept;

  /// Resumes the coroutine later in this turn or in the next, from the loop. Loop's thread only.
  void defer(std::coroutine_handle<> handle) { ready_.push_back(handle); }

  /// Runs the function on the loop's thread, soon. Any thread.
  void post(std::function<void()> function);

  /// Makes run() return after the current turn. Any thread.
  void stop();

  /// co_await loop.sleep(5ms)
  auto sleep(Duration duration) noexcept;

 protected:
  /// Waits for completions, not past `until` (time_point::min(): do not wait), and hands them out.
  /// Calls refresh_time() when it comes back from waiting and before it hands anything out.
  virtual void wait(TimePoint until) = 0;

  /// Ends a wait() of the loop's thread. Any thread.
  virtual void wake() noexcept = 0;

  void refresh_time() noexcept;

  /// The time as read just before wait() was called: what a relative timeout counts from.
  TimePoint wait_began() const noexcept { return wait_began_; }

  /// Nothing is waiting to be resumed or to run (what the simulated world calls idle).
  bool nothing_ready() const noexcept;

 private:
  void run_ready();
  void run_posted();

  Clock& clock_;
  TimePoint now_;
  TimePoint wait_began_;
  WallTime wall_;
  TimerWheel timers_;
  std::unique_ptr<BufferPool> tls_buffers_;
  LoopStats stats_;
  std::vector<std::coroutine_handle<>> ready_, resuming_;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_, running_;
  std::atomic<bool> has_posted_{false};  // relaxed hint; posted_mutex_ orders what it stands for
  std::atomic<bool> stopped_{false};
};

struct SleepAwaiter final : Timer {
  Loop& loop;
  Duration duration;
  std::coroutine_handle<> waiter;
  SleepAwaiter(Loop& l, Duration d) noexcept : loop(l), duration(d) {}
  bool await_ready() noexcept { return duration <= Duration::zero(); }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    waiter = handle;
    loop.timers().arm(*this, loop.now() + duration);
  }
  void await_resume() noexcept {}
  void on_timer() noexcept override { waiter.resume(); }
};
inline auto Loop::sleep(Duration duration) noexcept { return SleepAwaiter{*this, duration}; }

/// A deadline on a connection or a stream: aborts it with Fault::timed_out, or only gives its read up.
/// Setting it to a later time costs a store; it is moved in the wheel only when it would fire.
class Deadline : public Timer {
 public:
  explicit Deadline(Loop& loop) noexcept : loop_(loop) {}

  /// What passing it does to the transport: FIN, RST, or no more than an end to its read.
  enum class Expiry : std::uint8_t { abort, reset, cancel_read };

  void set(Breakable& target, TimePoint when, Expiry expiry = Expiry::abort) noexcept;
  void clear() noexcept { when_ = TimePoint::max(); }
  bool passed() const noexcept { return passed_; }

 protected:
  /// Asked once the time has come: a time that is still to come moves the deadline there.
  virtual TimePoint postponed() noexcept { return TimePoint::min(); }

  Loop& loop() const noexcept { return loop_; }
  Expiry expiry() const noexcept { return expiry_; }  ///< As it was set last.

 private:
  void on_timer() noexcept final;
  void arm(TimePoint when) noexcept;

  Loop& loop_;
  Breakable* target_ = nullptr;
  TimePoint when_ = TimePoint::max();  // max(): cleared
  TimePoint armed_for_{};              // where it stands in the wheel, at or before when_
  Expiry expiry_ = Expiry::abort;
  bool passed_ = false;
};

}  // namespace sluice::net
