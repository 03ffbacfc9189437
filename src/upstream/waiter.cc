#include "upstream/waiter.h"

#include <utility>

namespace sluice::upstream {

Waiter::Waiter(Place place, const LeaseOptions& options) noexcept
    : CancelPoint(options.canceller), place_(place), fresh_(options.fresh), outcome_(Error{}) {
  place_.counts.pending.add();
  if (options.deadline != TimePoint::max()) place_.loop.timers().arm(*this, options.deadline);
}

Waiter::~Waiter() = default;

void Waiter::await_suspend(std::coroutine_handle<> handle) noexcept { handle_ = handle; }

void Waiter::finish(Result<Grant> outcome) noexcept {
  unlink();
  detach();
  disarm();
  place_.endpoint.end_wait();
  place_.counts.pending.remove();
  outcome_ = std::move(outcome);
  done_ = true;
  if (handle_) place_.loop.defer(handle_);
}

void Waiter::on_cancel() noexcept { finish(Error{Fault::cancelled, Side::us}); }

void Waiter::on_timer() noexcept {
  place_.counts.pending_timeout.add();
  finish(Error{Fault::timed_out, Side::us, true});
}

}  // namespace sluice::upstream
