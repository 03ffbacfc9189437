#include "telemetry/access_log.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "telemetry/access_format.h"
#include "telemetry/access_output.h"
#include "telemetry/log.h"

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_interval = 100ms;
constexpr Duration patience_when_awaited = 1s;
constexpr std::size_t batch_bytes = 64 * 1024;

bool went_well(const AccessRecord& record) noexcept {
  return record.status >= 100 && record.status < 400 && record.reason == http::Reason::none &&
         record.grpc_status.value_or(http::GrpcStatus::ok) == http::GrpcStatus::ok;
}

}  // namespace

AccessLogPort::AccessLogPort(const AccessLogConfig& config, std::size_t ring_bytes, WriterWaker& waker)
    : waker_(waker), keep_(config.sample_success.fraction()) {
  if (config.output != "none") ring_ = std::make_unique<AccessRing>(ring_bytes);
}

void AccessLogPort::write(const AccessRecord& record) noexcept {
  if (!ring_ || sampled_out(record)) return;
  if (!ring_->push(record)) dropped_.add();
  if (ring_->half_full()) waker_.wake();
}

bool AccessLogPort::sampled_out(const AccessRecord& record) noexcept {
  if (keep_ >= 1 || !went_well(record)) return false;
  credit_ += keep_;
  // Tenths do not add up to one in binary; the last of ten is meant all the same.
  if (credit_ < 1 - 1e-9) return true;
  credit_ -= 1;
  return false;
}

AccessLog::AccessLog(AccessLogConfig config, unsigned workers, std::size_t ring_bytes)
    : config_(std::move(config)), missing_(config_.output) {
  for (unsigned i = 0; i < workers; ++i)
    ports_.push_back(std::make_unique<AccessLogPort>(config_, ring_bytes, waker_));
  if (config_.output == "none") return;
  output_ = std::make_unique<AccessOutput>(config_.output);
  writer_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() {
  if (!writer_.joinable()) return;
  stopping_.store(true, std::memory_order_relaxed);
  waker_.wake();
  writer_.join();
}

void AccessLog::reopen() {
  const std::lock_guard lock(mutex_);
  ++reopens_asked_;
  waker_.wake();
}

void AccessLog::flush() {
  if (!writer_.joinable()) return;
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = ++flushes_asked_;
  waker_.wake();
  answered_.wait(lock, [&] { return flushes_done_ >= ticket; });
}

void AccessLog::run() {
  // Signals are for the control thread; a broken pipe shall be an error of write() here.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  for (bool last = false; !last;) {
    waker_.wait(look_interval);
    last = stopping_.load(std::memory_order_relaxed);
    std::unique_lock lock(mutex_);
    const std::uint64_t flushes = flushes_asked_, reopens = reopens_asked_;
    lock.unlock();

    drain();
    if (reopens != reopens_done_) reopen_output();
    missing_.report(missing(), std::chrono::steady_clock::now());
    stands_still_since_.reset();

    lock.lock();
    flushes_done_ = flushes;
    reopens_done_ = reopens;
    answered_.notify_all();
  }
  missing_.sum_up(missing());
}

void AccessLog::drain() {
  for (const auto& port : ports_) drain(*port->ring_);
  write_batch();
}

/// Up to what is there now: a busy worker must not keep the writer from the others.
void AccessLog::drain(AccessRing& ring) {
  AccessRecord record;
  for (const std::uint64_t end = ring.end(); ring.begin() < end && ring.front(record); ring.pop()) {
    if (config_.format == AccessLogFormat::json) {
      append_json(record, batch_);
    } else {
      append_text(record, batch_);
    }
    ++batch_records_;
    if (batch_.size() >= batch_bytes) write_batch();
  }
}

void AccessLog::write_batch() {
  if (batch_.empty()) return;
  const auto taken = write_out(batch_);
  if (taken != batch_.size()) output_->break_off();
  const auto lost = static_cast<std::uint64_t>(
      std::count(batch_.begin() + static_cast<std::ptrdiff_t>(taken), batch_.end(), '\n'));
  written_.add(batch_records_ - lost);
  lost_.add(lost);
  batch_.clear();
  batch_records_ = 0;
}

/// How many bytes the output took before it failed or was given up.
std::size_t AccessLog::write_out(std::string_view lines) {
  std::size_t taken = 0;
  while (taken < lines.size()) {
    if (given_up()) {
      missing_.because("it takes nothing");
      break;
    }
    const auto some = output_->write_some(lines.substr(taken), look_interval);
    if (!some) {
      missing_.because(std::strerror(some.error().os_error));
      break;
    }
    taken += *some;
    if (*some != 0) {
      stands_still_since_.reset();
    } else {
      if (!stands_still_since_ && awaited()) stands_still_since_ = std::chrono::steady_clock::now();
      missing_.report(missing(), std::chrono::steady_clock::now());
    }
  }
  return taken;
}

bool AccessLog::given_up() {
  return stands_still_since_ &&
         std::chrono::steady_clock::now() - *stands_still_since_ >= patience_when_awaited;
}

bool AccessLog::awaited() {
  if (stopping_.load(std::memory_order_relaxed)) return true;
  const std::lock_guard lock(mutex_);
  return reopens_asked_ != reopens_done_ || flushes_asked_ != flushes_done_;
}

void AccessLog::reopen_output() {
  if (const auto problem = output_->reopen(); !problem.empty())
    log::error("access log: {}; the old file stays in use", problem);
}

MissingLines::Counts AccessLog::missing() const noexcept {
  MissingLines::Counts counts{.lost = lost_.value()};
  for (const auto& port : ports_) counts.dropped += port->dropped_.value();
  return counts;
}

}  // namespace sluice::telemetry
