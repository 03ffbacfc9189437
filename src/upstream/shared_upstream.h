// An upstream as the whole process sees it: configuration, endpoints, where their names lead.
//
// Who belongs to it is an EndpointSet, immutable; update() publishes another. What an endpoint is like
// (weight, health, addresses) stands in the endpoint. Workers look at one number, version(), at each request,
// and follow when it has changed.
//
//   update()  ->  another set, version + 1  ->  each worker: pools for those that came; of those that left it
//                                               lets go when their last request is over
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

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

/// Who belongs to an upstream, in the order of its configuration. Immutable.
struct EndpointSet {
  std::vector<std::shared_ptr<SharedEndpoint>> endpoints;
  std::size_t places = 0;  ///< Every place_of() their ids is below.
};

/// What update() changed: endpoints by name.
struct EndpointChanges {
  std::vector<std::string> added{};
  std::vector<std::string> removed{};
  std::vector<std::string> reweighted{};
  std::vector<std::string> drained{};  ///< They take no more requests.
  std::vector<std::string> resumed{};  ///< They take requests again.

  bool empty() const noexcept {
    return added.empty() && removed.empty() && reweighted.empty() && drained.empty() && resumed.empty();
  }
  friend bool operator==(const EndpointChanges&, const EndpointChanges&) = default;
};

/// A worker's Upstream, as the control thread knows it: somebody who may have nothing to do, and then does
/// not look at the version by himself.
class SharedFollower {
 public:
  virtual ~SharedFollower() = default;
  virtual void wake() noexcept = 0;  ///< Any thread.
};

/// Made on the control thread, shared by the workers' Upstreams, the health checks and the admin
/// thread; carried over a reload when its configuration is unchanged.
class SharedUpstream {
 public:
  /// Null: in the clear.
  using TlsContext = std::shared_ptr<const net::tls::SharedClientContext>;

  /// Endpoints that are addresses already are resolved at once. An endpoints_file is not looked at.
  SharedUpstream(std::string name, UpstreamConfig config, TlsContext tls = nullptr);

  const std::string& name() const noexcept { return name_; }
  /// As it was written. Its endpoints are those of the start: see endpoints() for those of today.
  const UpstreamConfig& config() const noexcept { return config_; }

  Opening opening(const SharedEndpoint& endpoint) const;

  /// Changes with every update(), publish() and set_health(). What a worker polls: one load.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  std::shared_ptr<const EndpointSet> endpoints() const;
  /// Null when somebody is publishing at this moment: a worker goes on with what it has.
  std::shared_ptr<const EndpointSet> try_endpoints() const noexcept;

  /// Makes these the endpoints, from now on: nobody picks another once it returns. Those that are there
  /// already, by address, keep all that they have; of two with one address the first counts. Those that left
  /// finish what they have under way; one that comes back later is a new one. There may be none. Any thread,
  /// but one at a time; on the control loop HealthChecker::sync() and Discovery::sync() follow.
  EndpointChanges update(const std::vector<EndpointConfig>& wanted);

  /// The endpoints as update() takes them.
  std::vector<EndpointConfig> written() const;

  /// Those that left and are not done yet. Any thread.
  std::vector<std::shared_ptr<SharedEndpoint>> leaving();

  /// Forgets those that left and are done, but for their counts; later, where somebody looks right now. Any
  /// thread.
  void forget_gone() noexcept;

  /// Over all endpoints, of all that ever were: what is counted never goes down. Any thread.
  PoolTotals totals();

  /// Replaces the addresses of an endpoint. Any thread.
  void publish(SharedEndpoint& endpoint, Addresses addresses);

  /// Holds complaints that there was no descriptor to connect with to one every 10 s. Any thread.
  log::SharedEvery& no_descriptors() noexcept { return no_descriptors_; }

  /// Control thread.
  void set_health(SharedEndpoint& endpoint, const Health& health);

  /// Woken after each update().
  void enroll(SharedFollower& follower);
  void dismiss(SharedFollower& follower) noexcept;

 private:
  using Endpoints = std::vector<std::shared_ptr<SharedEndpoint>>;

  std::shared_ptr<SharedEndpoint> make_endpoint(const EndpointConfig& config);
  void replace(std::shared_ptr<const EndpointSet> set, const Endpoints& removed);
  void add_gone() noexcept;
  void changed() noexcept { version_.fetch_add(1, std::memory_order_release); }

  const std::string name_;
  const UpstreamConfig config_;
  const TlsContext tls_;
  log::SharedEvery no_descriptors_{std::chrono::seconds(10)};

  // Of who updates.
  std::vector<EndpointId> free_ids_;  // of endpoints to come, at places that others have left
  std::size_t places_ = 0;

  mutable std::mutex mutex_;  // guards what follows; workers only ever try it, after the version changed
  std::shared_ptr<const EndpointSet> set_;
  Endpoints leaving_;
  PoolTotals gone_;
  std::vector<SharedFollower*> followers_;
  std::atomic<std::uint64_t> version_{1};  // release after a change, acquire by who acts on it
};

}  // namespace sluice::upstream
