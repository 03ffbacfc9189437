// A connection of a client, whatever its protocol, as its listener sees it.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/intrusive_list.h"

namespace sluice::proxy {

/// How long a slow client is waited for when others want what it holds.
inline constexpr auto kPatienceWhileOthersWait = std::chrono::seconds(1);
/// A request of a connection that has just come may be on its way.
inline constexpr auto kJustNow = std::chrono::seconds(1);

class Serving : public ListHook<> {
 public:
  /// The client is told that the connection ends; what it asks meanwhile is served.
  virtual void announce_close() noexcept = 0;
  /// Nothing new is served; the connection ends with what is under way.
  virtual void stop() noexcept = 0;
  /// For want of memory, unless a request is being served or may be on its way.
  virtual void end_waiting() noexcept = 0;
  /// Where more exchanges than `cut` wait for an upstream connection that one of this client's holds, and the
  /// client is slow: it has no more time. True then.
  virtual bool make_room(std::uint32_t cut) noexcept = 0;
  /// Breaks the connection, and what its exchanges wait for.
  virtual void abort() noexcept = 0;

 protected:
  ~Serving() = default;
};

}  // namespace sluice::proxy
