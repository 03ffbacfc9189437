// The right to use an upstream connection, or a stream of one, for the time of one exchange.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "codec/client_stream.h"
#include "upstream/canceller.h"
#include "upstream/endpoint_id.h"
#include "upstream/multiplexed_connection.h"

namespace sluice::upstream {

class EndpointPool;
class PooledConnection;
class PrivateConnections;
class SharedEndpoint;

struct LeaseOptions {
  bool fresh = false;                     ///< A new connection, not an idle one.
  TimePoint deadline = TimePoint::max();  ///< Until when waiting and dialing may last, at most.
  Canceller* canceller = nullptr;         ///< Outlives the call.
  /// Of the client who asks; outlives the lease. An upstream with proxy_protocol is told of it.
  PrivateConnections* client = nullptr;
};

/// A request that is under way to an endpoint, counted for as long as this lives.
class ActiveRequest {
 public:
  explicit ActiveRequest(SharedEndpoint& endpoint) noexcept;
  ActiveRequest(ActiveRequest&& other) noexcept : endpoint_(std::exchange(other.endpoint_, nullptr)) {}
  ActiveRequest& operator=(ActiveRequest&& other) noexcept {
    end();
    endpoint_ = std::exchange(other.endpoint_, nullptr);
    return *this;
  }
  ~ActiveRequest() { end(); }

 private:
  void end() noexcept;

  SharedEndpoint* endpoint_;
};

/// Move-only. Gives the connection back to its pool when it ends, if the codec says that it is
/// reusable and nobody discarded it; closes it otherwise. A stream it ends. Loop's thread; the Upstream
/// outlives it, the endpoint may leave meanwhile. No operation may be pending on the stream when the lease
/// ends.
class Lease {
 public:
  Lease(EndpointPool& pool, std::unique_ptr<PooledConnection> connection, bool reused,
        ActiveRequest active) noexcept;
  Lease(EndpointPool& pool, LentStream stream, ActiveRequest active) noexcept;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  codec::ClientStream& stream() const noexcept { return *stream_; }

  /// It served an exchange before, so the endpoint may just have closed it.
  bool reused() const noexcept { return reused_; }

  EndpointId endpoint() const noexcept;

  /// As Address::to_string() gives it; lives as long as the lease.
  std::string_view endpoint_address() const noexcept;
  /// What `host: endpoint` sends; lives as long as the lease.
  std::string_view endpoint_host() const noexcept;

  /// Exchanges that wait for a connection to the same endpoint.
  std::uint32_t wanted_by() const noexcept;

  /// Never to be reused: closed when the lease ends.
  void discard() noexcept { discarded_ = true; }

 private:
  void end() noexcept;

  EndpointPool* pool_;
  std::unique_ptr<PooledConnection> connection_;
  LentStream lent_;              // in place of a connection
  codec::ClientStream* stream_;  // of the one or the other
  ActiveRequest active_;
  bool reused_ = false;
  bool discarded_ = false;
};

}  // namespace sluice::upstream
