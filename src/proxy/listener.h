// A listener on one worker: serves the connections that come in by it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/intrusive_list.h"
#include "base/task.h"
#include "codec/h1/server.h"
#include "codec/h2/server.h"
#include "http/forwarded.h"
#include "http/reason.h"
#include "net/loop.h"
#include "net/tls/server_context.h"
#include "net/transport.h"
#include "proxy/client_counts.h"
#include "proxy/connection_count.h"
#include "proxy/exchange_pool.h"
#include "proxy/gateway.h"
#include "telemetry/connection_metrics.h"
#include "telemetry/log.h"

namespace sluice::proxy {

struct TlsPlan {
  std::shared_ptr<const net::tls::SharedServerContext> context;
  Duration handshake_timeout;
  std::unique_ptr<SharedConnectionCount> handshakes;
  bool binds_host = false;  ///< Requests must name the host that the handshake was made for.
};

/// What a listener's configuration becomes; shared by workers, immutable.
struct ListenerPlan {
  ListenerSettings settings;
  codec::h1::ServerLimits limits;
  std::optional<codec::h2::ServerLimits> h2;  ///< Unset: HTTP/2 is not spoken.
  bool h1 = true;                             ///< HTTP/1.1 and 1.0 are.
  std::uint64_t requests_per_connection = 10'000;
  std::function<bool(const net::Address&)>
      trusts;  ///< Whose forwarding fields are believed; empty: nobody's.
  /// What is counted of the listener's connections; a plan that replaces another goes on with its counts.
  struct Counts {
    explicit Counts(std::uint64_t limit) : connections(limit) {}
    SharedConnectionCount connections;
    /// Those over a limit that are being told so; more are closed without a word.
    SharedConnectionCount refusals{1000};
    /// The same for want of memory, where there are descriptors enough.
    SharedConnectionCount shed{1000};
    log::SharedEvery no_descriptors{std::chrono::seconds(10)};
  };
  std::uint64_t max_connections = 0;  ///< The limit of counts->connections once this is in force.
  std::shared_ptr<Counts> counts;
  std::uint64_t max_connections_of_client = 0;  ///< The same of `clients`.
  std::shared_ptr<SharedClientCounts> clients;  ///< Null: no limit for one client.
  bool proxy_protocol = false;  ///< Every connection begins with a PROXY header, from a trusted peer.
  std::optional<TlsPlan> tls;   ///< Unset: in the clear.
};

class Serving;

class Listener {
 public:
  Listener(net::Loop& loop, std::shared_ptr<const ListenerPlan> plan, telemetry::ListenerMetrics& metrics,
           ExchangePool& exchanges, Gateway& gateway);
  ~Listener();

  /// Serves a connection that was accepted.
  void take(std::unique_ptr<net::Transport> transport);
  /// One could not be accepted.
  void not_accepted(const Error& error);

  const ListenerPlan& plan() const noexcept { return *plan_; }

  /// Takes connections on, but every response from now on says that its connection ends.
  void announce_close() noexcept;
  /// Connections that have waited for a request, or for the rest of its head, for a second or more end.
  void end_waiting() noexcept;
  /// Others wait for upstream connections: clients who are too slow for theirs lose them.
  void make_room() noexcept;
  /// No connection is taken after this; idle ones end, others after their exchange.
  void stop() noexcept;
  /// Breaks what is left.
  void abort() noexcept;
  bool stopping() const noexcept { return stopping_; }
  std::size_t connections() const noexcept { return tasks_.size(); }
  auto drained() noexcept { return tasks_.join(); }

 private:
  friend class Session;
  friend class H2Session;
  class Opening;

  Task<void> take_proxy_header(std::unique_ptr<net::Transport> transport);
  void welcome(std::unique_ptr<net::Transport> transport);
  void refuse(std::unique_ptr<net::Transport> transport, http::Reason why);
  void begin_session(std::unique_ptr<net::Transport> transport);
  void begin_h2(std::unique_ptr<net::Transport> transport, std::string first);
  Task<void> encrypt(std::unique_ptr<net::Transport> transport);
  bool counts_client(const net::Transport& transport) const;
  void ended(const net::Transport& transport, telemetry::ConnectionEnd how) noexcept;
  void closed(telemetry::ConnectionEnd how) noexcept;
  std::string connection_refusal(http::Reason why);
  void report_no_descriptors();
  Task<void> turn_away(std::unique_ptr<net::Transport> transport, http::Reason why);

  net::Loop& loop_;
  std::shared_ptr<const ListenerPlan> plan_;
  telemetry::ListenerMetrics& metrics_;
  ExchangePool& exchanges_;
  Gateway& gateway_;
  IntrusiveList<Serving> sessions_;
  IntrusiveList<Opening> openings_;
  TaskGroup tasks_;
  bool closing_ = false;  // connections end with the next response
  bool stopping_ = false;
};

}  // namespace sluice::proxy
