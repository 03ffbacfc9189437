// What is counted of connections by listener, and of attempts by upstream.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "sluice/metrics.h"
#include "telemetry/published_list.h"
#include "telemetry/retry_cause.h"

namespace sluice::telemetry {

/// Why a client's connection ended.
enum class ConnectionEnd : std::uint8_t {
  client_closed,    ///< The client closed it between requests.
  finished,         ///< Connection: close, HTTP/1.0, or the limit of requests a connection.
  idle_timeout,     ///< No next request in time.
  header_timeout,   ///< A request head did not arrive in time.
  slow_body,        ///< A body moved too slowly.
  malformed,        ///< The client broke the protocol.
  flooded,          ///< The client sent more frames, or took back more requests, than it had a use for.
  reset,            ///< The client broke the connection.
  tls_failed,       ///< Handshake or record failure.
  over_limit,       ///< Refused at once: too many connections.
  memory_pressure,  ///< Refused, or ended while it waited, for want of memory.
  upstream_failed,  ///< A response could not be completed.
  tunnel_ended,     ///< An upgraded connection came to its end.
  drained,          ///< Shutdown or a retired listener.
  count_            ///< One more than the last; never recorded.
};
inline constexpr std::size_t connection_end_count = static_cast<std::size_t>(ConnectionEnd::count_);

/// The label value.
std::string_view name(ConnectionEnd end) noexcept;

/// Client connections of one listener on one worker.
class alignas(64) ListenerMetrics {
 public:
  explicit ListenerMetrics(std::string name) : name_(std::move(name)) {}

  void opened() noexcept {
    accepted.add();
    active.add();
  }
  void ended(ConnectionEnd why) noexcept {
    active.sub();
    closed[static_cast<std::size_t>(why)].add();
  }

  /// A TLS handshake is over.
  void handshake(bool agreed, bool was_resumed) noexcept {
    if (!agreed) return handshakes_failed.add();
    (was_resumed ? handshakes_resumed : handshakes_full).add();
  }

  const std::string& name() const noexcept { return name_; }

  Counter accepted;
  Gauge active;
  std::array<Counter, connection_end_count> closed;
  Counter accept_errors;  ///< accept() failed: mostly no descriptors left.
  Counter handshakes_full, handshakes_resumed, handshakes_failed;  ///< TLS.

 private:
  std::string name_;
};

inline constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::other) + 1;

/// Attempts towards one upstream on one worker. Its connections are counted by their pools.
class alignas(64) UpstreamMetrics {
 public:
  /// What was tried again.
  struct Retries {
    RetryCause cause;
    Counter attempts{};
  };

  explicit UpstreamMetrics(std::string name) : name_(std::move(name)) {}

  /// An attempt that gave no usable response.
  void attempt_failed(Fault fault) noexcept { failed[static_cast<std::size_t>(fault)].add(); }

  /// An attempt beyond the first of its exchange begins. Allocates for a cause that is new.
  void retry(const RetryCause& cause) {
    auto* known = retries.find([&](const Retries& one) { return one.cause == cause; });
    (known ? known : &retries.emplace(cause))->attempts.add();
  }
  void retry_refused(RetryRefusal why) noexcept { retries_refused[static_cast<std::size_t>(why)].add(); }

  const std::string& name() const noexcept { return name_; }

  Counter attempts;
  PublishedList<Retries> retries;
  std::array<Counter, retry_refusal_count> retries_refused;
  std::array<Counter, fault_count> failed;

 private:
  std::string name_;
};

}  // namespace sluice::telemetry
