// Gives a pending wait up from outside: by whoever learns that its result is wanted no more.
#pragma once

#include <utility>

namespace sluice::upstream {

class Canceller;

/// Something that can be given up while it waits. At most one at a time hangs on a Canceller.
class CancelPoint {
 public:
  CancelPoint(const CancelPoint&) = delete;
  CancelPoint& operator=(const CancelPoint&) = delete;

 protected:
  /// Null: cannot be cancelled.
  explicit CancelPoint(Canceller* canceller) noexcept;
  virtual ~CancelPoint() { detach(); }

  /// Called at most once, detached already; must not resume a coroutine.
  virtual void on_cancel() noexcept = 0;

  void detach() noexcept;

 private:
  friend class Canceller;
  Canceller* canceller_ = nullptr;
};

/// Belongs to the exchange; loop's thread only. Stays cancelled once it is.
class Canceller {
 public:
  Canceller() = default;
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;
  ~Canceller() {
    if (point_) point_->canceller_ = nullptr;
  }

  /// What is pending fails soon with Fault::cancelled, from the loop; what begins later, at once.
  void cancel() noexcept {
    cancelled_ = true;
    if (auto* point = std::exchange(point_, nullptr)) {
      point->canceller_ = nullptr;
      point->on_cancel();
    }
  }
  bool cancelled() const noexcept { return cancelled_; }

  /// Ready for the next exchange; nothing may be pending.
  void reset() noexcept { cancelled_ = false; }

 private:
  friend class CancelPoint;
  CancelPoint* point_ = nullptr;
  bool cancelled_ = false;
};

inline CancelPoint::CancelPoint(Canceller* canceller) noexcept : canceller_(canceller) {
  if (canceller_) canceller_->point_ = this;
}

inline void CancelPoint::detach() noexcept {
  if (auto* canceller = std::exchange(canceller_, nullptr)) canceller->point_ = nullptr;
}

}  // namespace sluice::upstream
