#include "telemetry/missing_lines.h"

#include <string_view>

#include "telemetry/log.h"

namespace sluice::telemetry {
namespace {

constexpr Duration kInterval = std::chrono::seconds(10);

std::string_view lines(std::uint64_t count) { return count == 1 ? "line" : "lines"; }

}  // namespace

void MissingLines::report(const Counts& total, TimePoint now) {
  if (total == reported_ || now < next_) return;
  const auto lost = total.lost - reported_.lost, dropped = total.dropped - reported_.dropped;
  if (lost != 0) log::error("access log {}: {} {} lost: {}", output_, lost, lines(lost), why_);
  if (dropped != 0) {
    log::warn("access log {}: {} {} dropped, it does not take them fast enough", output_, dropped,
              lines(dropped));
  }
  reported_ = total;
  next_ = now + kInterval;
}

void MissingLines::sum_up(const Counts& total) const {
  if (total == Counts{}) return;
  const auto why = total.lost == 0 ? std::string() : " (" + why_ + ")";
  log::warn("access log {}: in all {} {} lost{}, {} dropped", output_, total.lost, lines(total.lost), why,
            total.dropped);
}

}  // namespace sluice::telemetry
