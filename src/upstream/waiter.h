// Requests that wait for a connection, first come first served.
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>

#include "base/error.h"
#include "base/intrusive_list.h"
#include "base/timer_wheel.h"
#include "net/loop.h"
#include "upstream/canceller.h"
#include "upstream/lease.h"
#include "upstream/pooled_connection.h"

namespace sluice::upstream {

/// Awaited: suspends until a connection, a stream or a slot is granted, the deadline passes or the canceller
/// speaks. Lives in the frame of the coroutine that waits, which is resumed from the loop only.
class Waiter final : public ListHook<>, private CancelPoint, private Timer {
 public:
  /// One of the three.
  struct Grant {
    std::unique_ptr<PooledConnection> connection;
    Slot slot;
    LentStream stream;
  };

  /// Where the wait is counted; SharedEndpoint::begin_wait() has been called, and this ends it.
  struct Place {
    net::Loop& loop;
    SharedEndpoint& endpoint;
    PoolCounts& counts;
  };

  explicit Waiter(Place place, const LeaseOptions& options) noexcept;
  ~Waiter() override;

  /// Takes a slot only.
  bool fresh() const noexcept { return fresh_; }

  /// What it waited for, or why it waits no more. Takes it out of the queue.
  void finish(Result<Grant> outcome) noexcept;

  bool await_ready() const noexcept { return done_; }
  void await_suspend(std::coroutine_handle<> handle) noexcept;
  Result<Grant> await_resume() noexcept { return std::move(outcome_); }

 private:
  void on_cancel() noexcept override;
  void on_timer() noexcept override;

  Place place_;
  const bool fresh_;
  bool done_ = false;
  std::coroutine_handle<> handle_;
  Result<Grant> outcome_;
};

using WaitQueue = IntrusiveList<Waiter>;  // owns nothing

}  // namespace sluice::upstream
