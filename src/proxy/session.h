// One HTTP/1.1 connection of a client, from its first request to its last.
#pragma once

#include <memory>
#include <string>

#include "base/frame_pool.h"
#include "base/intrusive_list.h"
#include "base/task.h"
#include "codec/h1/server.h"
#include "proxy/listener.h"
#include "telemetry/connection_metrics.h"
#include "upstream/private_connections.h"

namespace sluice::proxy {

/// In its listener's list while it runs. Small while it waits for a request.
class Session final : public ListHook<> {
 public:
  Session(Listener& listener, std::unique_ptr<net::Transport> transport);

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { free_frame(memory, size); }

  /// From the first request to the last. The coroutine owns its session.
  static Task<void> run(std::unique_ptr<Session> self);

  /// The response that is due says that the connection ends; if none is, the next one does.
  void announce_close() noexcept;
  void stop() noexcept { connection_.stop(); }
  /// For want of memory, unless a request is being served or may be on its way.
  void end_waiting() noexcept;
  /// Where more exchanges than `cut` wait for the upstream connection that this one holds, and its client is slow: the
  /// client has no more time. True then.
  bool make_room(std::uint32_t cut) noexcept;
  /// Breaks the connection, and what its exchange waits for.
  void abort() noexcept;

 private:
  using Wait = codec::h1::ServerConnection::Wait;

  void ended(telemetry::ConnectionEnd how) noexcept;
  telemetry::ConnectionEnd end_without_request(Wait found) noexcept;
  static telemetry::ConnectionEnd end_after(const http::Refusal& refusal) noexcept;
  http::Refusal begin(H1Exchange& recycled, Wait found);
  bool is_for_this_host(const RequestHead& request) const noexcept;
  void describe_client(Exchange& exchange);
  void believe_peer(Exchange& exchange);

  Listener& listener_;
  codec::h1::ServerConnection connection_;
  upstream::PrivateConnections private_connections_;
  H1Exchange* current_ = nullptr;  // under way
  std::uint64_t requests_ = 0;
  TimePoint waits_since_;  // for a request
  bool shed_ = false;
  std::string peer_;  // as exchanges show it, with its port: written once a connection
  std::uint8_t peer_address_size_ = 0;
};

}  // namespace sluice::proxy
