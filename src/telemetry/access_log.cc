#include "telemetry/access_log.h"

#include <csignal>
#include <utility>

#include "telemetry/access_format.h"
#include "telemetry/access_output.h"
#include "telemetry/log.h"

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_interval = 100ms;
constexpr Duration report_interval = 10s;
constexpr std::size_t batch_bytes = 64 * 1024;

bool went_well(const AccessRecord& record) noexcept {
  return record.status >= 100 && record.status < 400 && record.reason == http::Reason::none;
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
    : config_(std::move(config)) {
  for (unsigned i = 0; i < workers; ++i)
    ports_.push_back(std::make_unique<AccessLogPort>(config_, ring_bytes, waker_));
  if (config_.output == "none") return;
  output_ = std::make_unique<AccessOutput>(config_.output, stopping_);
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
  reopen_asked_ = true;
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
    const std::uint64_t flushes = flushes_asked_;
    const bool reopen = std::exchange(reopen_asked_, false);
    lock.unlock();

    drain();
    if (reopen) reopen_output();
    report_drops();

    lock.lock();
    flushes_done_ = flushes;
    answered_.notify_all();
  }
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
  (output_->write(batch_) ? written_ : lost_).add(batch_records_);
  batch_.clear();
  batch_records_ = 0;
}

void AccessLog::reopen_output() {
  if (!output_->reopen())
    log::error("the access log {} cannot be opened again; the old file stays in use", config_.output);
}

void AccessLog::report_drops() {
  std::uint64_t total = lost_.value();
  for (const auto& port : ports_) total += port->dropped_.value();
  const TimePoint now = std::chrono::steady_clock::now();
  if (total == reported_ || now < next_report_) return;
  log::warn("{} access log lines were dropped: {} does not take them fast enough or fails", total - reported_,
            config_.output);
  reported_ = total;
  next_report_ = now + report_interval;
}

}  // namespace sluice::telemetry
