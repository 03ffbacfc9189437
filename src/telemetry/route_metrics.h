// What is counted of the requests of one route on one worker.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/grpc.h"
#include "http/reason.h"
#include "http/token.h"
#include "sluice/metrics.h"
#include "telemetry/published_list.h"

namespace sluice::telemetry {

/// One finished exchange. The bytes are those on the client's connection, heads included.
struct RequestSample {
  http::Method method = http::Method::other;
  int status = 0;  ///< 0: no response was begun.
  http::Reason reason = http::Reason::none;
  bool is_grpc = false;
  std::optional<http::GrpcStatus> grpc_status{};  ///< Absent where a call ended without one.
  Duration total{};
  std::optional<Duration> upstream{};  ///< Absent where no upstream was asked.
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
};

/// Written by its worker, read by scrapes.
///
///     RouteMetrics --> Traffic (made at the first request: a route without traffic costs a pointer)
///                        |-- histograms, bytes
///                        |-- outcomes[hash] --> (method, status class, reason): count --> ...
///                        `-- calls --> grpc-status: count --> ...
class RouteMetrics {
 public:
  /// A way for a request to end.
  struct Outcome {
    http::Method method;
    std::uint8_t status_class;  ///< 1 to 5; 0 where no response was begun.
    http::Reason reason;
    Counter requests{};
  };
  /// A way for a gRPC call to end.
  struct CallOutcome {
    std::optional<http::GrpcStatus> status;
    Counter calls{};
  };
  struct alignas(64) Traffic {
    Histogram duration{duration_buckets};
    Histogram upstream_duration{duration_buckets};
    Counter request_bytes;
    Counter response_bytes;
    std::array<PublishedList<Outcome>, 8> outcomes;
    PublishedList<CallOutcome> calls;
  };

  /// The name is empty for requests that no route matched.
  explicit RouteMetrics(std::string name) : name_(std::move(name)) {}
  RouteMetrics(const RouteMetrics&) = delete;
  RouteMetrics& operator=(const RouteMetrics&) = delete;
  ~RouteMetrics() { delete traffic_.load(std::memory_order_relaxed); }

  /// Counts one exchange. Allocates only for a route's first, and for a combination of method,
  /// status class and reason, or a grpc-status, that is new.
  void record(const RequestSample& sample);

  const std::string& name() const noexcept { return name_; }

  /// Null before the first request. For any thread.
  const Traffic* traffic() const noexcept { return traffic_.load(std::memory_order_acquire); }

 private:
  Traffic& make_traffic();
  static Outcome& outcome(Traffic& traffic, const RequestSample& sample);
  static CallOutcome& call_outcome(Traffic& traffic, std::optional<http::GrpcStatus> status);

  std::string name_;
  std::atomic<Traffic*> traffic_{nullptr};  // Release when made, acquire by scrapes: a whole block.
};

}  // namespace sluice::telemetry
