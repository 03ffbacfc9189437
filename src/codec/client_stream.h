// One request to an upstream and the way its response comes back, whatever the protocol.
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "base/error.h"
#include "base/task.h"
#include "codec/body_sink.h"
#include "http/reason.h"
#include "net/transport.h"
#include "sluice/body.h"
#include "sluice/head.h"

namespace sluice::codec {

/// Order of calls: send(), then write() until the last piece unless send() had it, and beside it
/// read_head() until a final response, then body().read() until its last. After a 101 both
/// directions are raw until they end. Errors carry Side::upstream; retry_safe says that the
/// upstream has not acted on the request.
class ClientStream : public BodySink {
 public:
  /// What a deadline breaks, or whoever gives the exchange up: the connection where it serves this exchange
  /// alone.
  virtual net::Breakable& link() noexcept = 0;

  /// Sends the head, gathered with the first piece of the body (an empty last piece: no body).
  /// The head's framing (head.body) says how the body is sent. `scratch` holds the serialised head
  /// until the exchange ends.
  virtual Task<Result<void>> send(const RequestHead& head, const BodyPiece& first,
                                  const http::HeaderBlock* trailers, Arena& scratch) = 0;

  /// Reads the next response head: an interim one (1xx) or the final one. Framing is in
  /// `head.body`. An end before the first byte is Fault::closed, or reset, with bytes_received() 0.
  virtual Task<Result<void>> read_head(ResponseHead& head, Arena& scratch) = 0;

  /// What was wrong with the response, after Fault::malformed or too_large.
  virtual http::Refusal refusal() const noexcept = 0;

  /// The body of the final response.
  virtual BodySource& body() noexcept = 0;

  /// Of this exchange, on the wire; both start from 0 with send().
  virtual std::uint64_t bytes_sent() const noexcept = 0;
  virtual std::uint64_t bytes_received() const noexcept = 0;

 protected:
  ~ClientStream() = default;
};

}  // namespace sluice::codec
