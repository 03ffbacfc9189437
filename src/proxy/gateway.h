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
#include "proxy/generation.h"
#include "proxy/live_exchange.h"
#include "telemetry/access_log.h"
#include "telemetry/shard.h"

namespace sluice::proxy {

/// What a listener says about the exchanges that come in by it; outlives them.
struct ListenerSettings {
  std::string name;
  std::uint64_t max_body = 0;  ///< Bytes; 0: no limit.
};

/// What a worker brings along; outlives its gateway.
struct WorkerParts {
  net::Loop& loop;
  Rng& rng;
  telemetry::Shard& shard;
  telemetry::AccessLogPort& access_log;
  std::string_view via_token{};  ///< Tells this process from other gateways in Via; outlives them.
  const SharedMemoryPressure* memory = nullptr;  ///< Null: without a ceiling.
};

/// One a worker; loop's thread only, once built.
class Gateway {
 public:
  /// Of no routes before use().
  explicit Gateway(WorkerParts parts) : parts_(parts), forwarder_(parts.rng, parts.via_token) {}

  /// Exchanges that begin from now on are served by this generation; those under way go on as they are.
  void use(std::shared_ptr<const Generation> generation) noexcept { generation_ = std::move(generation); }

  /// Serves the request in live.exchange.request, whose client facts are set, up to its on_done.
  /// `refusal`: what the codec found wrong with it, if anything; such a request passes no chain.
  Task<void> serve(LiveExchange& live, codec::ServerStream& client, const ListenerSettings& listener,
                   http::Refusal refusal);

  /// Makes exchange.response the refusal of a connection of which no request is read.
  void refuse_connection(Exchange& exchange, http::Reason why);

  /// New connections are to be refused.
  bool memory_is_short() const noexcept { return parts_.memory && parts_.memory->high(); }

 private:
  static std::shared_ptr<const Generation> nothing();
  Step find_route(LiveExchange& live);
  Step begin(LiveExchange& live, const http::Refusal& refusal);
  void respond(LiveExchange& live, bool upstream);
  void respond_with_refusal(LiveExchange& live);
  void finish(LiveExchange& live);
  void log(const LiveExchange& live, std::optional<Duration> upstream_time);

  WorkerParts parts_;
  std::shared_ptr<const Generation> generation_ = nothing();
  Forwarder forwarder_;
  http::DateCache dates_;
};

}  // namespace sluice::proxy
