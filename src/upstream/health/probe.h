// One health check of one endpoint.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/task.h"
#include "net/loop.h"
#include "upstream/config.h"
#include "upstream/connector.h"
#include "upstream/endpoint.h"
#include "upstream/pool.h"

namespace sluice::upstream {

struct ProbeResult {
  HealthReason reason = HealthReason::other;
  std::uint16_t detail = 0;  ///< As Health has it.

  bool passed() const noexcept { return reason == HealthReason::passed; }
};

/// Opens a connection of its own for each run, outside of connections.max. Loop's thread.
class Probe {
 public:
  Probe(net::Loop& loop, const HealthCheckConfig& config, const SharedEndpoint& endpoint,
        MakeClient make_client, Opening opening = {})
      : loop_(loop),
        config_(config),
        endpoint_(endpoint),
        make_client_(make_client),
        connector_(loop, std::move(opening)) {}

  /// Ends after config.timeout at the latest. When the canceller speaks the result means nothing.
  Task<ProbeResult> run(const Addresses& addresses, Canceller& canceller);

 private:
  struct Request;
  Task<ProbeResult> ask_h1(std::unique_ptr<net::Transport> transport, TimePoint deadline,
                           Canceller& canceller);
  Task<ProbeResult> ask_h2(std::unique_ptr<net::Transport> transport, TimePoint deadline,
                           Canceller& canceller);
  Task<ProbeResult> ask(codec::ClientStream& stream, const net::Deadline& limit);
  Task<Result<void>> read_response(codec::ClientStream& stream, Request& request);
  ProbeResult judge(const Request& request) const;
  ProbeResult failed(const Error& error) const noexcept;

  net::Loop& loop_;
  const HealthCheckConfig& config_;
  const SharedEndpoint& endpoint_;
  const MakeClient make_client_;
  Connector connector_;
};

}  // namespace sluice::upstream
