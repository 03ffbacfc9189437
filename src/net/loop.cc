#include "net/loop.h"

#include <algorithm>

#include "net/buffer_pool.h"

namespace sluice::net {

std::string_view name(Backend backend) noexcept {
  switch (backend) {
    case Backend::uring:
      return "uring";
    case Backend::epoll:
      return "epoll";
    case Backend::asio:
      return "asio";
  }
  return "epoll";
}

Loop::Loop(Clock& clock)
    : clock_(clock),
      now_(clock.now()),
      wait_began_(now_),
      wall_(clock.wall()),
      timers_(now_),
      tls_buffers_(std::make_unique<BufferPool>(LoopOptions{})) {}

Loop::~Loop() = default;

void Loop::release_unused() noexcept { tls_buffers_->release_unused(); }

void Loop::run() {
  while (!stopped_.exchange(false, std::memory_order_relaxed)) turn(TimePoint::max());
}

void Loop::turn(TimePoint until) {
  run_posted();
  run_ready();
  bool more = !nothing_ready() || stopped_.load(std::memory_order_relaxed);
  wait_began_ = clock_.now();
  auto busy = std::max(wait_began_ - now_, Duration::zero());
  auto busy_ns = static_cast<std::uint64_t>(busy.count());
  // One writer: a plain load and store would do but for `longest`, which a reader swaps to 0. A
  // swap lost between the two shows the same lag once more, which is harmless.
  stats_.busy_ns.store(stats_.busy_ns.load(std::memory_order_relaxed) + busy_ns, std::memory_order_relaxed);
  if (busy_ns > stats_.longest_ns.load(std::memory_order_relaxed)) {
    stats_.longest_ns.store(busy_ns, std::memory_order_relaxed);
  }
  wait(more ? TimePoint::min() : std::min(until, timers_.next()));
  timers_.advance(now_);
}

void Loop::post(std::function<void()> function) {
  bool first;
  {
    std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(function));
    has_posted_.store(true, std::memory_order_relaxed);
  }
  // The loop that misses the hint is woken by this, and sees it then.
  if (first) wake();
}

void Loop::stop() {
  stopped_.store(true, std::memory_order_relaxed);
  wake();
}

bool Loop::nothing_ready() const noexcept {
  return ready_.empty() && !has_posted_.load(std::memory_order_relaxed);
}

void Loop::refresh_time() noexcept {
  now_ = clock_.now();
  wall_ = clock_.wall();
  stats_.turns.store(stats_.turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// What is deferred meanwhile runs in the next turn, after the sockets had theirs.
void Loop::run_ready() {
  std::swap(ready_, resuming_);
  for (auto handle : resuming_) handle.resume();
  resuming_.clear();
}

void Loop::run_posted() {
  if (!has_posted_.load(std::memory_order_relaxed)) return;
  {
    std::lock_guard lock(posted_mutex_);
    std::swap(posted_, running_);
    has_posted_.store(false, std::memory_order_relaxed);
  }
  for (auto& function : running_) function();
  running_.clear();
}

void Deadline::set(Breakable& target, TimePoint when, Expiry expiry) noexcept {
  target_ = &target;
  expiry_ = expiry;
  when_ = when;
  passed_ = false;
  if (when != TimePoint::max() && (!armed() || when < armed_for_)) arm(when);
}

void Deadline::arm(TimePoint when) noexcept {
  armed_for_ = when;
  loop_.timers().arm(*this, when);
}

void Deadline::on_timer() noexcept {
  if (when_ == TimePoint::max()) return;
  if (when_ <= loop_.now()) when_ = std::max(when_, postponed());
  if (when_ > loop_.now()) return arm(when_);
  passed_ = true;
  when_ = TimePoint::max();
  if (expiry_ == Expiry::cancel_read) return target_->cancel_read();
  target_->abort(Fault::timed_out, expiry_ == Expiry::reset);
}

}  // namespace sluice::net
