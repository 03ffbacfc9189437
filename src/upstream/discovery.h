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
#include "net/loop.h"
#include "upstream/log.h"
#include "upstream/resolver.h"
#include "upstream/shared_upstream.h"

namespace sluice::upstream {

/// Resolves every named endpoint once and waits, at most `patience`, so that the first request finds
/// addresses. Names that fail stay unresolved; discovery goes on trying. Control thread.
void resolve_all(Resolver& resolver, std::span<const std::shared_ptr<SharedUpstream>> upstreams,
                 Duration patience);

/// Resolves again every 30 s (failed names after 5 s), on the control loop. When a name does not
/// resolve, the last known addresses stay in use; that, and a change of addresses, is logged once.
/// Destroy it on the loop's thread or when the loop has ended, then the resolver, then the loop.
class Discovery {
 public:
  static constexpr Duration refresh = std::chrono::seconds{30};
  static constexpr Duration retry = std::chrono::seconds{5};

  Discovery(net::Loop& control, Resolver& resolver, Log log);
  ~Discovery();

  /// Follows the names that the upstream has now: at the start, and after each SharedUpstream::update(). New
  /// ones are asked for at once. Loop's thread.
  void sync(const std::shared_ptr<SharedUpstream>& upstream);
  void remove(const SharedUpstream& upstream) noexcept;

 private:
  class Name;
  net::Loop& control_;
  Resolver& resolver_;
  const Log log_;
  std::vector<std::shared_ptr<Name>> names_;
};

}  // namespace sluice::upstream
