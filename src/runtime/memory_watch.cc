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
constexpr unsigned kReliefEvery = 10;     // looks
constexpr std::uint64_t kLeastLoad = 256;  // below it little is to be had back

std::string shown(std::uint64_t bytes) { return format(Bytes{bytes >> 20 << 20}); }

}  // namespace

MemoryWatch::MemoryWatch(net::Loop& loop, SharedMemoryPressure& pressure, std::uint64_t ceiling, Process process)
    : loop_(loop), pressure_(pressure), ceiling_(ceiling), process_(std::move(process)) {}

void MemoryWatch::on_timer() noexcept {
  look();
  loop_.timers().arm(*this, loop_.now() + kEvery);
}

void MemoryWatch::look() {
  if (std::exchange(trim_next_, false)) process_.trim();
  const auto resident = process_.resident();
  pressure_.set_resident(resident);
  if (ceiling_ == 0) return follow_load();
  if (!pressure_.high() && resident > ceiling_ / 10 * 9) enter(resident);
  if (pressure_.high() && resident < ceiling_ / 10 * 8) leave(resident);
  if (pressure_.high()) {
    relieve();
  } else {
    follow_load();
  }
}

void MemoryWatch::enter(std::uint64_t resident) {
  pressure_.set_high(true);
  looks_ = 0;
  log::warn("memory: {} resident of {} allowed; new requests are refused (memory_pressure) until it is below {}",
            shown(resident), shown(ceiling_), shown(ceiling_ / 10 * 8));
}

void MemoryWatch::leave(std::uint64_t resident) {
  pressure_.set_high(false);
  log::info("memory: {} resident, new requests are taken again", shown(resident));
}

void MemoryWatch::relieve() {
  if (looks_++ % kReliefEvery != 0) return;
  process_.shed();
  process_.release();
  trim_next_ = true;
}

void MemoryWatch::follow_load() {
  const auto load = process_.load();
  most_load_ = std::max(most_load_, load);
  if (most_load_ < kLeastLoad || load > most_load_ / 2) return;
  most_load_ = load;
  process_.release();
  trim_next_ = true;
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
