// An upstream as the whole process sees it: configuration, endpoints, where their names lead.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/tls/client_context.h"
#include "telemetry/log.h"
#include "upstream/config.h"
#include "upstream/endpoint.h"

namespace sluice::upstream {

/// How connections to one endpoint begin.
struct Opening {
  std::optional<net::ProxyVersion> proxy_header;             ///< In front of everything else; unset: none.
  std::shared_ptr<const net::tls::SharedClientContext> tls;  ///< Null: in the clear.
  std::string server_name;                                   ///< For TLS.
  bool h2_only =
      false;  ///< In the clear it is spoken at once; a handshake that agrees on another has failed.
};

/// The resolved addresses of one endpoint, in the order they are tried; empty until the name resolved.
using Addresses = std::vector<net::Address>;

/// Where every endpoint of an upstream is. Immutable; indexed as the endpoints are.
struct EndpointSet {
  std::vector<Addresses> addresses;
};

/// Made on the control thread, shared by the workers' Upstreams, the health checks and the admin
/// thread; carried over a reload when its configuration is unchanged.
class SharedUpstream {
 public:
  /// Null: in the clear.
  using TlsContext = std::shared_ptr<const net::tls::SharedClientContext>;

  /// Endpoints that are addresses already are resolved at once.
  SharedUpstream(std::string name, UpstreamConfig config, TlsContext tls = nullptr);

  const std::string& name() const noexcept { return name_; }
  const UpstreamConfig& config() const noexcept { return config_; }

  Opening opening(std::size_t index) const;

  std::size_t size() const noexcept { return endpoints_.size(); }
  SharedEndpoint& endpoint(std::size_t index) noexcept { return *endpoints_[index]; }
  const SharedEndpoint& endpoint(std::size_t index) const noexcept { return *endpoints_[index]; }

  /// Changes with every publish() and set_health(). What a worker polls: one load.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  std::shared_ptr<const EndpointSet> endpoints() const;
  /// Null when somebody is publishing at this moment: a worker goes on with what it has.
  std::shared_ptr<const EndpointSet> try_endpoints() const noexcept;

  /// Replaces the addresses of one endpoint. Any thread.
  void publish(std::size_t index, Addresses addresses);

  /// Holds complaints that there was no descriptor to connect with to one every 10 s. Any thread.
  log::SharedEvery& no_descriptors() noexcept { return no_descriptors_; }

  /// Control thread.
  void set_health(std::size_t index, const Health& health);

  /// Of the active checks of one endpoint; control thread writes.
  struct CheckCounts {
    Count passed, failed, flips;
  };
  CheckCounts& checks(std::size_t index) noexcept { return checks_[index]; }
  const CheckCounts& checks(std::size_t index) const noexcept { return checks_[index]; }

 private:
  const std::string name_;
  const UpstreamConfig config_;
  const TlsContext tls_;
  std::vector<std::unique_ptr<SharedEndpoint>> endpoints_;
  std::unique_ptr<CheckCounts[]> checks_;
  log::SharedEvery no_descriptors_{std::chrono::seconds(10)};
  mutable std::mutex mutex_;  // guards set_; workers only ever try it, after the version changed
  std::shared_ptr<const EndpointSet> set_;
  std::atomic<std::uint64_t> version_{1};  // release after a change, acquire by who acts on it
};

}  // namespace sluice::upstream
