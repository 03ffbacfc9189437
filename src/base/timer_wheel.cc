#include "base/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace sluice {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(1);
constexpr unsigned kLevels = 4;
constexpr unsigned kShift[kLevels] = {0, 8, 14, 20};
constexpr std::uint64_t kSpan[kLevels] = {1u << 8, 1u << 14, 1u << 20, 1u << 26};
constexpr std::size_t kFirstSlot[kLevels] = {0, 256, 320, 384};
constexpr std::uint64_t kNever = UINT64_MAX;

// How far after `from` the next set bit is, going round: 1 to 64; 0 when no bit is set.
unsigned distance(std::uint64_t bits, unsigned from) noexcept {
  if (!bits) return 0;
  return 1 + static_cast<unsigned>(std::countr_zero(std::rotr(bits, static_cast<int>((from + 1) & 63))));
}

// The same over the 256 slots of level 0: 1 to 256.
unsigned distance256(const std::uint64_t (&bits)[4], unsigned from) noexcept {
  unsigned first = (from + 1) & 255;
  for (unsigned step = 0; step <= 4; ++step) {
    unsigned word = (first / 64 + step) & 3;
    std::uint64_t here = bits[word];
    if (step == 0) here &= ~std::uint64_t{0} << (first % 64);
    if (step == 4) here &= ~(~std::uint64_t{0} << (first % 64));
    if (here) {
      unsigned slot = word * 64 + static_cast<unsigned>(std::countr_zero(here));
      return 1 + ((slot - first) & 255);
    }
  }
  return 0;
}

}  // namespace

void Timer::disarm() noexcept {
  if (armed()) wheel_->unlink(*this);
}

TimerWheel::TimerWheel(TimePoint start) noexcept : start_(start) {
  for (auto& slot : slots_) slot.next = slot.prev = &slot;
}

TimerWheel::~TimerWheel() {
  for (auto& slot : slots_) {
    while (pop(slot)) {
    }
  }
}

void TimerWheel::arm(Timer& timer, TimePoint when) noexcept {
  timer.disarm();
  timer.wheel_ = this;
  timer.tick_ = ceil_tick(when);
  ++size_;
  if (timer.tick_ <= current_) return append(kDue, timer);
  insert(timer);
}

void TimerWheel::advance(TimePoint now) noexcept {
  if (now < start_) return;
  std::uint64_t target = static_cast<std::uint64_t>((now - start_) / kTick);
  fire(kDue);
  while (size_ != 0) {
    std::uint64_t tick = next_tick();
    if (tick > target) break;
    current_ = tick;
    cascade();
    fire(current_ & 255);
  }
  current_ = std::max(current_, target);
}

TimePoint TimerWheel::next() const noexcept {
  if (size_ == 0) return TimePoint::max();
  std::uint64_t tick = slots_[kDue].next != &slots_[kDue] ? current_ : next_tick();
  if (tick >= static_cast<std::uint64_t>((TimePoint::max() - start_) / kTick)) return TimePoint::max();
  return start_ + tick * kTick;
}

void TimerWheel::insert(Timer& timer) noexcept {
  // Beyond the last level's reach: it waits in the farthest slot and is sorted in again there.
  std::uint64_t tick = std::min(timer.tick_, current_ + kSpan[kLevels - 1] - 1);
  unsigned level = 0;
  while (tick - current_ >= kSpan[level]) ++level;
  std::size_t index = (tick >> kShift[level]) & (level == 0 ? 255 : 63);
  append(kFirstSlot[level] + index, timer);
}

void TimerWheel::append(std::size_t slot, Timer& timer) noexcept {
  Link& head = slots_[slot];
  timer.next = &head;
  timer.prev = head.prev;
  head.prev->next = &timer;
  head.prev = &timer;
  if (slot < 256) {
    occupied0_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  } else if (slot < kSlots) {
    occupied_[slot / 64 - 4] |= std::uint64_t{1} << (slot % 64);
  }
}

void TimerWheel::unlink(Timer& timer) noexcept {
  timer.prev->next = timer.next;
  timer.next->prev = timer.prev;
  Link* head = timer.next == timer.prev ? timer.next : nullptr;
  timer.next = timer.prev = nullptr;
  --size_;
  // The ring's last entry: its head is a slot, or the local list of a fire() that goes on.
  if (!head || head < slots_ || head >= slots_ + kSlots) return;
  auto slot = static_cast<std::size_t>(head - slots_);
  auto& word = slot < 256 ? occupied0_[slot / 64] : occupied_[slot / 64 - 4];
  word &= ~(std::uint64_t{1} << (slot % 64));
}

Timer* TimerWheel::pop(Link& list) noexcept {
  if (list.next == &list) return nullptr;
  auto* timer = static_cast<Timer*>(list.next);
  unlink(*timer);
  return timer;
}

// Moves the slot's ring to `list`, so that what is armed meanwhile does not join it.
void TimerWheel::take_all(std::size_t slot, Link& list) noexcept {
  Link& head = slots_[slot];
  if (head.next == &head) {
    list.next = list.prev = &list;
    return;
  }
  list = head;
  list.next->prev = list.prev->next = &list;
  head.next = head.prev = &head;
  if (slot == kDue) return;
  auto& word = slot < 256 ? occupied0_[slot / 64] : occupied_[slot / 64 - 4];
  word &= ~(std::uint64_t{1} << (slot % 64));
}

void TimerWheel::fire(std::size_t slot) noexcept {
  Link list;
  take_all(slot, list);
  while (Timer* timer = pop(list)) timer->on_timer();
}

// Sorts in again what waits in the slots that begin at this tick, the coarsest first.
void TimerWheel::cascade() noexcept {
  for (unsigned level = kLevels - 1; level > 0; --level) {
    if (current_ & ((std::uint64_t{1} << kShift[level]) - 1)) continue;
    Link list;
    take_all(kFirstSlot[level] + ((current_ >> kShift[level]) & 63), list);
    while (Timer* timer = pop(list)) {
      ++size_;
      insert(*timer);
    }
  }
}

std::uint64_t TimerWheel::next_tick() const noexcept {
  std::uint64_t first = kNever;
  if (unsigned ahead = distance256(occupied0_, current_ & 255)) first = current_ + ahead;
  for (unsigned level = 1; level < kLevels; ++level) {
    std::uint64_t here = current_ >> kShift[level];
    unsigned ahead = distance(occupied_[level - 1], here & 63);
    if (ahead) first = std::min(first, (here + ahead) << kShift[level]);
  }
  return first;
}

std::uint64_t TimerWheel::ceil_tick(TimePoint when) const noexcept {
  if (when <= start_) return 0;
  auto span = static_cast<std::uint64_t>((when - start_).count());
  auto tick = static_cast<std::uint64_t>(kTick.count());
  return span / tick + (span % tick != 0);
}

}  // namespace sluice
