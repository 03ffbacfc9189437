// Keeps the addresses of endpoints that are host names current.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/rng.h"
#include "net/loop.h"
#include "upstream/dns/config.h"
#include "upstream/log.h"
#include "upstream/resolver.h"
#include "upstream/shared_upstream.h"

namespace sluice::upstream {

/// Resolves every named endpoint once and waits, at most `patience`, so that the first request finds
/// addresses. Names that fail stay unresolved; discovery goes on trying. Control thread.
void resolve_all(Resolver& resolver, std::span<const std::shared_ptr<SharedUpstream>> upstreams,
                 Duration patience);

/// Asks for every name again when its answer ends, on the control loop: after the TTL within the bounds of
/// the configuration, or that of a negative answer; where nobody answered after 1 s, then twice as long each
/// time, up to 30 s. The last known addresses stay in use for as long as `stale` says. That a name resolves
/// no more, resolves again, or leads elsewhere is logged once each.
/// Destroy it on the loop's thread or when the loop has ended, then the resolver, then the loop.
class Discovery {
 public:
  static constexpr Duration unsaid_ttl =
      std::chrono::seconds{30};  ///< Of answers without one: the hosts file.
  static constexpr Duration first_retry = std::chrono::seconds{1};
  static constexpr Duration last_retry = std::chrono::seconds{30};

  struct Parts {
    net::Loop& control;
    Resolver& resolver;
    Rng& rng;  ///< For jitter.
    DnsConfig config;
    Log log;
  };
  explicit Discovery(Parts parts);
  ~Discovery();

  /// Follows the names that the upstream has now: at the start, and after each SharedUpstream::update(). New
  /// ones are asked for at once. Loop's thread.
  void sync(const std::shared_ptr<SharedUpstream>& upstream);
  void remove(const SharedUpstream& upstream) noexcept;
  /// What is answered from now on is kept by this.
  void configure(DnsConfig config) { parts_.config = std::move(config); }

 private:
  class Name;
  Parts parts_;
  std::vector<std::shared_ptr<Name>> names_;
};

}  // namespace sluice::upstream
