#include "runtime/memory_watch.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "base/units.h"
#include "telemetry/log.h"

namespace sluice::runtime {
namespace {

constexpr auto kEvery = std::chrono::milliseconds(100);
constexpr auto kEveryWhenFull =
    std::chrono::milliseconds(10);  // from half the ceiling on: a burst fills the rest quickly
constexpr auto kReliefEvery = std::chrono::seconds(1);
constexpr auto kSettled = std::chrono::seconds(1);  // those that leave together are gone by then
constexpr std::uint64_t kLeastLoad = 256;           // below it little is to be had back
constexpr std::uint64_t kLeastGrowth = 4 << 20;  // the trace of a load that came and went between two looks

std::string shown(std::uint64_t bytes) { return format(Bytes{bytes >> 20 << 20}); }

}  // namespace

MemoryWatch::MemoryWatch(net::Loop& loop, SharedMemoryPressure& pressure, std::uint64_t ceiling,
                         Process process)
    : loop_(loop), pressure_(pressure), ceiling_(ceiling), process_(std::move(process)) {}

void MemoryWatch::on_timer() noexcept {
  look();
  const bool full = ceiling_ != 0 && pressure_.resident() > ceiling_ / 2;
  loop_.timers().arm(*this, loop_.now() + (full ? kEveryWhenFull : kEvery));
}

void MemoryWatch::look() {
  if (trim_at_ <= loop_.now()) {
    trim_at_ = TimePoint::max();
    process_.trim();
    rests_at_ = process_.resident();
  }
  const auto resident = process_.resident();
  pressure_.set_resident(resident);
  if (ceiling_ == 0) return follow_load(resident);
  if (!pressure_.high() && resident > ceiling_ / 10 * 9) enter(resident);
  if (pressure_.high() && resident < ceiling_ / 10 * 8) leave(resident);
  if (pressure_.high()) {
    relieve();
  } else {
    follow_load(resident);
  }
}

void MemoryWatch::enter(std::uint64_t resident) {
  pressure_.set_high(true);
  relieved_ = {};
  log::warn(
      "memory: {} resident of {} allowed; new requests are refused (memory_pressure) until it is below {}",
      shown(resident), shown(ceiling_), shown(ceiling_ / 10 * 8));
}

void MemoryWatch::leave(std::uint64_t resident) {
  pressure_.set_high(false);
  log::info("memory: {} resident, new requests are taken again", shown(resident));
}

// Workers need a moment for it.
void MemoryWatch::release(Duration moment) {
  process_.release();
  trim_at_ = loop_.now() + moment;
}

void MemoryWatch::relieve() {
  if (loop_.now() - relieved_ < kReliefEvery) return;
  relieved_ = loop_.now();
  process_.shed();
  release(kEvery);
}

void MemoryWatch::follow_load(std::uint64_t resident) {
  const auto load = process_.load();
  most_load_ = std::max(most_load_, load);
  rests_at_ = std::min(rests_at_, resident);
  const bool halved = most_load_ >= kLeastLoad && load <= most_load_ / 2;
  const bool left_a_trace = load < kLeastLoad && resident >= rests_at_ + kLeastGrowth;
  if ((!halved && !left_a_trace) || trim_at_ != TimePoint::max()) {
    halved_at_ = TimePoint::max();
    return;
  }
  halved_at_ = std::min(halved_at_, loop_.now());
  if (loop_.now() - halved_at_ < kSettled) return;
  halved_at_ = TimePoint::max();
  most_load_ = load;
  release(kSettled);
}

namespace {

// proc(5), statm: the second number is resident pages.
class Statm {
 public:
  Statm() : descriptor_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {}
  ~Statm() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Statm(const Statm&) = delete;
  Statm& operator=(const Statm&) = delete;

  std::uint64_t resident() const {
    char text[128];
    const auto size = ::pread(descriptor_, text, sizeof(text), 0);
    if (size <= 0) return 0;
    const char* end = text + size;
    const auto* blank = static_cast<const char*>(std::memchr(text, ' ', static_cast<std::size_t>(size)));
    std::uint64_t pages = 0;
    if (blank) std::from_chars(blank + 1, end, pages);
    return pages * page_size_;
  }

 private:
  const int descriptor_;
  const std::uint64_t page_size_ = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
};

}  // namespace

MemoryWatch::Process this_process() {
  auto statm = std::make_shared<const Statm>();
  return {.resident = [statm] { return statm->resident(); },
          .load = {},
          .shed = {},
          .release = {},
          .trim = [] { malloc_trim(0); }};
}

}  // namespace sluice::runtime
