// One HTTP/2 connection of a client, from its preface to its GOAWAY.
#pragma once

#include <memory>
#include <string>

#include "base/frame_pool.h"
#include "base/task.h"
#include "codec/h2/server.h"
#include "proxy/client_facts.h"
#include "proxy/listener.h"
#include "proxy/serving.h"
#include "telemetry/connection_metrics.h"
#include "upstream/private_connections.h"

namespace sluice::proxy {

class H2Session final : public Serving, private codec::h2::StreamHandler {
 public:
  H2Session(Listener& listener, std::unique_ptr<net::Transport> transport);

  /// `first`: what was read of the connection already. The coroutine owns its session.
  static Task<void> run(std::unique_ptr<H2Session> self, std::string first);

  void announce_close() noexcept override { connection_.announce_stop(); }
  void stop() noexcept override { connection_.stop(); }
  void end_waiting() noexcept override;
  bool make_room(std::uint32_t cut) noexcept override;
  void abort() noexcept override;

 private:
  using Lease = RecyclingPool<H2Exchange>::Lease;

  codec::h2::ServerStream* on_stream(std::int32_t id) override;
  void on_request(codec::h2::ServerStream& stream, const http::Refusal& refusal) override;
  void on_dropped(codec::h2::ServerStream& stream) noexcept override;

  Lease lease_of(codec::h2::ServerStream& stream) noexcept;
  Task<void> serve(Lease lease, http::Refusal refusal);
  telemetry::ConnectionEnd name_of(codec::h2::ServerConnection::End end) const noexcept;

  Listener& listener_;
  codec::h2::ServerConnection connection_;
  ClientFacts client_;
  upstream::PrivateConnections private_connections_;
  TaskGroup tasks_;
  IntrusiveList<H2Exchange> exchanges_;  // under way
  std::uint64_t requests_ = 0;
  bool shed_ = false;
};

}  // namespace sluice::proxy
