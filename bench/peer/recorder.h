#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "clock.h"
#include "histogram.h"

namespace sluice::bench {

/// What can go wrong with a request.
enum class Fault {
  connect,  ///< the connection was refused or could not be made
  tls,      ///< the handshake failed, or was a full one for all that a ticket was shown
  closed,   ///< it ended before the response was whole
  status,   ///< another status than 200
  length,   ///< another body length than the path asked for, or none told
  timeout,  ///< not answered in time
  unsent,   ///< due in the measured span, but no connection was free until its end
  kCount
};

/// Counts what becomes of the requests. Faults count over the whole run; requests, bytes and latencies over
/// the measured span, to which a request belongs by the moment that `answered` is given for it.
class Recorder {
 public:
  void set_span(Time start, Time end) {
    start_ = start;
    end_ = end;
  }

  /// A request answered as it should be, at `moment` (a closed loop's answer, a paced request's due time).
  void answered(Time moment, nanoseconds latency, std::uint64_t body_bytes);

  /// The latency so far of a paced request, due at `moment`, that was not answered until the end.
  void gave_up(Time moment, nanoseconds latency);

  void failed(Fault fault, std::uint64_t times = 1) { faults_[static_cast<std::size_t>(fault)] += times; }
  void reconnected() { ++reconnects_; }

  std::uint64_t errors() const;

  /// The members of the JSON result that are about requests, without the braces.
  std::string to_json_members() const;

 private:
  Time start_{};
  Time end_ = Time::max();
  std::uint64_t answered_ = 0;
  std::uint64_t answered_in_all_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t reconnects_ = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(Fault::kCount)> faults_{};
  Histogram latencies_;
};

}  // namespace sluice::bench
