// A gateway in the simulated world, built from a configuration as the program builds it, with
// origins and clients that a test scripts.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/exchange_pool.h"
#include "proxy/listener.h"
#include "runtime/snapshot.h"
#include "support/sim_world.h"
#include "telemetry/access_log.h"
#include "telemetry/shard.h"

namespace sluice::runtime::testing {

using namespace std::chrono_literals;

/// Counts the hooks of every exchange that passes a chain.
struct HookCounts {
  int requests = 0, responses = 0, done = 0;
  int status = 0;  ///< Of the last that was done.
  http::Reason reason = http::Reason::none;
};

class GatewayWorld {
 public:
  /// Speaks with one connection of the gateway until it returns.
  using Origin = std::function<Task<void>(sim::Peer&)>;

  /// The configuration's first listener is served; upstreams are at addresses of origin().
  explicit GatewayWorld(std::string_view config, std::uint64_t seed = 0);
  ~GatewayWorld();

  sim::World& world() noexcept { return world_; }
  const HookCounts& hooks() const noexcept { return hooks_; }
  telemetry::Shard& shard() noexcept { return shard_; }
  net::Address address() const noexcept { return address_; }
  /// By its position in the configuration.
  upstream::SharedUpstream& upstream(std::size_t index = 0) noexcept { return *snapshot_->upstreams[index]; }

  /// Somebody listens at 127.0.0.1:port.
  void origin(std::uint16_t port, Origin origin);

  /// One connection: sends the text, reads to the end of the stream.
  std::string exchange(std::string_view text) { return world_.exchange(address_, text); }

  /// How the process stands with its memory, for the test to say.
  SharedMemoryPressure& memory() noexcept { return memory_; }
  /// What want of memory does to connections without a request.
  void end_waiting() { listener_->end_waiting(); }

  /// What exchanges that wait for an upstream connection do to slow clients.
  void make_room() { listener_->make_room(); }

  /// What a shutdown begins with, and what it goes on with.
  void announce_close() { listener_->announce_close(); }
  void stop() { listener_->stop(); }

  /// Breaks every connection, as the end of a drain does.
  void cut() { listener_->abort(); }
  std::size_t connections() const noexcept { return listener_->connections(); }

  /// Ends everything; true when nothing is left: no connection, no buffer, no exchange under way,
  /// and every exchange that a chain saw has had its on_done.
  bool wind_up();

 private:
  Task<void> accept(net::Acceptor& acceptor, Origin origin);
  Task<void> drain();
  Task<void> speak(Origin origin, std::unique_ptr<net::Transport> transport);

  sim::World world_;
  HookCounts hooks_;
  net::Address address_;
  telemetry::Shard shard_{0};
  SharedMemoryPressure memory_;
  telemetry::AccessLog log_;
  std::shared_ptr<const Snapshot> snapshot_;
  proxy::ExchangePool exchanges_;
  WorkerGateway gateway_;
  std::unique_ptr<proxy::Listener> listener_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  bool wound_up_ = false;
};

/// An origin that answers each request on a connection with the same bytes.
GatewayWorld::Origin answering(std::string response);

}  // namespace sluice::runtime::testing
