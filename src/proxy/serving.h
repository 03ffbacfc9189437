// A connection of a client, whatever its protocol, as its listener sees it.
#pragma once

#include "base/intrusive_list.h"

namespace sluice::proxy {

class Serving : public ListHook<> {
 public:
  /// The client is told that the connection ends; what it asks meanwhile is served.
  virtual void announce_close() noexcept = 0;
  /// Nothing new is served; the connection ends with what is under way.
  virtual void stop() noexcept = 0;
  /// Breaks the connection, and what its exchanges wait for.
  virtual void abort() noexcept = 0;

 protected:
  ~Serving() = default;
};

}  // namespace sluice::proxy
