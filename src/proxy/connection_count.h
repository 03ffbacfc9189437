// How many connections there are, against a limit, over all workers.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::proxy {

class SharedConnectionCount {
 public:
  explicit SharedConnectionCount(std::uint64_t limit) noexcept : limit_(limit) {}

  /// What is there beyond a lower limit goes on. Any thread.
  void set_limit(std::uint64_t limit) noexcept { limit_.store(limit, std::memory_order_relaxed); }

  /// What is counted here counts there too, and is held to both limits. Before any worker counts here.
  void within(SharedConnectionCount& whole) noexcept { whole_ = &whole; }
  bool is_within(const SharedConnectionCount& whole) const noexcept { return whole_ == &whole; }

  bool take() noexcept {
    // Relaxed: a count, nothing is published by it.
    const auto limit = limit_.load(std::memory_order_relaxed);
    if (count_.fetch_add(1, std::memory_order_relaxed) < limit && (!whole_ || whole_->take())) return true;
    count_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void give() noexcept {
    if (whole_) whole_->give();
    count_.fetch_sub(1, std::memory_order_relaxed);
  }
  std::uint64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> limit_;
  std::atomic<std::uint64_t> count_{0};
  SharedConnectionCount* whole_ = nullptr;
};

}  // namespace sluice::proxy
