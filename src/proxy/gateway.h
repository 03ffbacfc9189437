// What one worker serves with: routes, chains, upstreams. The straight path of an exchange.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/memory_pressure.h"
#include "base/rng.h"
#include "base/task.h"
#include "codec/server_stream.h"
#include "http/date.h"
#include "http/reason.h"
#include "proxy/forwarder.h"
#include "proxy/live_exchange.h"
#include "proxy/route.h"
#include "proxy/route_table.h"
#include "telemetry/access_log.h"
#include "telemetry/shard.h"

namespace sluice::proxy {

/// What a listener says about the exchanges that come in by it; outlives them.
struct ListenerSettings {
  std::string name;
  std::uint64_t max_body = 0;  ///< Bytes; 0: no limit.
};

/// What a worker brings along; outlives its gateways.
struct WorkerParts {
  net::Loop& loop;
  Rng& rng;
  telemetry::Shard& shard;
  telemetry::AccessLogPort& access_log;
  std::string_view via_token{};  ///< Tells this process from other gateways in Via; outlives them.
  const SharedMemoryPressure* memory = nullptr;  ///< Null: without a ceiling.
};

/// Immutable but for what routes count and balance; loop's thread only, once built.
class Gateway {
 public:
  /// `routes[i]` is where entry i of the table leads. `refusal`, which may be null and has no slots, is shown
  /// every response before the chain of its route, if it has one.
  Gateway(WorkerParts parts, std::shared_ptr<const RouteTable> table,
          std::vector<std::unique_ptr<Route>> routes, std::unique_ptr<Middleware> refusal = nullptr);

  /// Serves the request in live.exchange.request, whose client facts are set, up to its on_done.
  /// `refusal`: what the codec found wrong with it, if anything; such a request passes no chain.
  Task<void> serve(LiveExchange& live, codec::ServerStream& client, const ListenerSettings& listener,
                   http::Refusal refusal);

  /// Makes exchange.response the refusal of a connection of which no request is read.
  void refuse_connection(Exchange& exchange, http::Reason why);

  /// New connections are to be refused.
  bool memory_is_short() const noexcept { return parts_.memory && parts_.memory->high(); }

 private:
  Step find_route(LiveExchange& live);
  Step begin(LiveExchange& live, const http::Refusal& refusal);
  void respond(LiveExchange& live, bool upstream);
  void respond_with_refusal(Exchange& exchange);
  void finish(LiveExchange& live);
  void log(const LiveExchange& live, std::optional<Duration> upstream_time);

  WorkerParts parts_;
  std::shared_ptr<const RouteTable> table_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::unique_ptr<Middleware> refusal_;
  Forwarder forwarder_;
  http::DateCache dates_;
};

}  // namespace sluice::proxy
