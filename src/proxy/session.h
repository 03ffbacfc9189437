// One HTTP/1.1 connection of a client, from its first request to its last.
#pragma once

#include <memory>
#include <string>

#include "base/frame_pool.h"
#include "base/task.h"
#include "codec/h1/server.h"
#include "proxy/client_facts.h"
#include "proxy/listener.h"
#include "proxy/serving.h"
#include "telemetry/connection_metrics.h"
#include "upstream/private_connections.h"

namespace sluice::proxy {

/// In its listener's list while it runs. Small while it waits for a request.
class Session final : public Serving {
 public:
  Session(Listener& listener, std::unique_ptr<net::Transport> transport);

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { free_frame(memory, size); }

  /// From the first request to the last. The coroutine owns its session.
  static Task<void> run(std::unique_ptr<Session> self);

  /// The response that is due says that the connection ends; if none is, the next one does.
  void announce_close() noexcept override;
  void stop() noexcept override { connection_.stop(); }
  void end_waiting() noexcept override;
  bool make_room(std::uint32_t cut) noexcept override;
  void abort() noexcept override;

 private:
  using Wait = codec::h1::ServerConnection::Wait;

  void ended(telemetry::ConnectionEnd how) noexcept;
  bool switches_to_h2(Wait found) const noexcept;
  void go_on_in_h2();
  telemetry::ConnectionEnd end_without_request(Wait found) noexcept;
  static telemetry::ConnectionEnd end_after(const H1Exchange& last, const http::Refusal& refusal) noexcept;
  static telemetry::ConnectionEnd end_after(http::Reason broken_off, http::Reason body) noexcept;
  http::Refusal begin(H1Exchange& recycled, Wait found);

  Listener& listener_;
  codec::h1::ServerConnection connection_;
  upstream::PrivateConnections private_connections_;
  H1Exchange* current_ = nullptr;  // under way
  std::uint64_t requests_ : 63 = 0;
  bool shed_ : 1 = false;  // shares the word: an idle connection holds this too
  TimePoint waits_since_;  // for a request
  ClientFacts client_;
};

}  // namespace sluice::proxy
