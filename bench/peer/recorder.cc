#include "recorder.h"

#include <fmt/format.h>

#include <numeric>
#include <string_view>

namespace sluice::bench {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Fault::kCount)> kFaultNames{
    "connect", "tls", "closed", "status", "length", "timeout", "unsent"};

double microseconds(nanoseconds time) { return static_cast<double>(time.count()) / 1e3; }

}  // namespace

void Recorder::answered(Time moment, nanoseconds latency, std::uint64_t body_bytes) {
  ++answered_in_all_;
  if (moment < start_ || moment >= end_) return;
  ++answered_;
  bytes_ += body_bytes;
  latencies_.record(latency);
}

void Recorder::gave_up(Time moment, nanoseconds latency) {
  if (moment >= start_ && moment < end_) latencies_.record(latency);
}

std::uint64_t Recorder::errors() const {
  return std::accumulate(faults_.begin(), faults_.end(), std::uint64_t{0});
}

std::string Recorder::to_json_members() const {
  std::string faults;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    faults += fmt::format("{}\"{}\": {}", i == 0 ? "" : ", ", kFaultNames[i], faults_[i]);
  }
  const double span = std::chrono::duration<double>(end_ - start_).count();
  return fmt::format(
      "\"requests\": {}, \"requests_in_all\": {}, \"errors\": {}, \"faults\": {{{}}}, \"reconnects\": {}, "
      "\"rps\": {:.1f}, \"p50_us\": {:.1f}, \"p90_us\": {:.1f}, \"p99_us\": {:.1f}, \"max_us\": {:.1f}, "
      "\"bytes\": {}",
      answered_, answered_in_all_, errors(), faults, reconnects_, static_cast<double>(answered_) / span,
      microseconds(latencies_.quantile(0.5)), microseconds(latencies_.quantile(0.9)),
      microseconds(latencies_.quantile(0.99)), microseconds(latencies_.max()), bytes_);
}

}  // namespace sluice::bench
