// A connection to an upstream that serves one exchange after another.
#pragma once

#include <cstdint>

#include "codec/client_stream.h"
#include "net/transport.h"

namespace sluice::codec {

/// The stream of the exchange that it serves at present.
class ClientConnection : public ClientStream {
 public:
  virtual ~ClientConnection() = default;

  virtual net::Transport& transport() noexcept = 0;
  net::Breakable& link() noexcept final { return transport(); }

  /// Between exchanges: gives back the buffer that the last piece of the body lay in.
  virtual void rest() noexcept = 0;

  /// The last exchange ended so that another one may follow on this connection.
  virtual bool reusable() const noexcept = 0;

  /// How many requests were sent on it.
  virtual std::uint64_t requests() const noexcept = 0;
};

}  // namespace sluice::codec
