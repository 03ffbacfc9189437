// A coarse hierarchical timer wheel: one a worker, for every deadline on it.
//
//   level 0: 256 slots of 1 ms     level 1: 64 slots of 256 ms
//   level 2: 64 slots of 16.4 s    level 3: 64 slots of 17.5 min (18.6 h in all; later ones wait
//                                  in the last slot and are sorted in again)
//
// Arming and disarming are constant time and never allocate: entries are linked through
// themselves. Deadlines fire up to one tick late, never early. (Varghese and Lauck, 1987.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace sluice {

class TimerWheel;

namespace detail {
// What a slot and an entry are linked by, in a ring that starts and ends at the slot.
struct TimerLink {
  TimerLink* next = nullptr;
  TimerLink* prev = nullptr;
};
}  // namespace detail

/// An entry of the wheel, a base or member of whoever waits. Destroying it disarms it.
class Timer : private detail::TimerLink {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool armed() const noexcept { return next != nullptr; }
  void disarm() noexcept;

 protected:
  virtual ~Timer() { disarm(); }

  /// The deadline has passed. The entry is disarmed already and may be armed again or destroyed.
  virtual void on_timer() noexcept = 0;

 private:
  friend class TimerWheel;
  TimerWheel* wheel_ = nullptr;
  std::uint64_t tick_ = 0;
};

class TimerWheel {
 public:
  explicit TimerWheel(TimePoint start) noexcept;
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Arms (or moves) the entry. A time that is past fires at the next advance().
  void arm(Timer& timer, TimePoint when) noexcept;

  /// Fires every entry whose time has come, in order of tick; those of one tick in the order in
  /// which they came to their slot.
  void advance(TimePoint now) noexcept;

  /// When advance() has something to do next, at the latest: TimePoint::max() when empty. May be
  /// earlier than the first deadline (a cascade), never later.
  TimePoint next() const noexcept;

  std::size_t size() const noexcept { return size_; }

 private:
  friend class Timer;
  using Link = detail::TimerLink;

  static constexpr std::size_t kSlots = 256 + 3 * 64;
  static constexpr std::size_t kDue = kSlots;  // armed when their time had come already

  void insert(Timer& timer) noexcept;
  void append(std::size_t slot, Timer& timer) noexcept;
  void unlink(Timer& timer) noexcept;
  Timer* pop(Link& list) noexcept;
  void take_all(std::size_t slot, Link& list) noexcept;
  void fire(std::size_t slot) noexcept;
  void cascade() noexcept;
  std::uint64_t next_tick() const noexcept;
  std::uint64_t ceil_tick(TimePoint when) const noexcept;

  TimePoint start_;
  std::uint64_t current_ = 0;  // every entry at or before this tick has fired, but for kDue
  std::size_t size_ = 0;
  std::uint64_t occupied0_[4] = {};  // one bit a slot of level 0
  std::uint64_t occupied_[3] = {};   // of levels 1 to 3
  Link slots_[kSlots + 1];
};

}  // namespace sluice
