// One request of a client and the way its response goes back, whatever the protocol.
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "base/clock.h"
#include "codec/body_sink.h"
#include "http/reason.h"
#include "net/transport.h"
#include "sluice/body.h"
#include "sluice/head.h"

namespace sluice::codec {

/// The request's body is read from it; the response is written to it: write_interim() any number
/// of times, start() once, then write() up to the last piece. Errors carry Side::client.
class ServerStream : public BodySource, public BodySink {
 public:
  /// A 1xx response other than 101; sent at once.
  virtual Task<Result<void>> write_interim(const ResponseHead& head) = 0;

  /// Takes the final head (or a 101). Nothing is sent before the first write() or flush(). The
  /// framing on the wire follows from head.body, the request's method and the client's version.
  virtual void start(const ResponseHead& head) = 0;

  /// Sends a head that waits for its first piece.
  virtual Task<Result<void>> flush() = 0;

  /// Some byte of the final response may have left.
  virtual bool started() const noexcept = 0;

  /// The whole response has been written.
  virtual bool finished() const noexcept = 0;

  /// The whole body of the request has been read.
  virtual bool request_complete() const noexcept = 0;

  /// The client has asked to be told before it sends its body (RFC 9110 10.1.1): it has not been, nor begun.
  virtual bool awaits_continue() const noexcept = 0;

  /// A final response of success would tell the client that the tunnel stands which it has asked for (RFC
  /// 8441 5).
  virtual bool success_is_switch() const noexcept { return false; }

  /// After a 101: how long both directions may be silent.
  virtual Duration tunnel_timeout() const noexcept = 0;

  /// What was wrong with the request's body, after Fault::malformed.
  virtual http::Refusal refusal() const noexcept = 0;

  /// The next request may not follow on this connection; said to the client if the head is not
  /// out yet.
  virtual void close_after() noexcept = 0;

  virtual std::uint64_t bytes_written() const noexcept = 0;

  /// Null where the client's bytes are not encrypted.
  virtual const net::TlsFacts* tls() const noexcept = 0;

  /// Asks to be told when the client leaves, or speaks, while nobody reads from it; see
  /// net::Transport::watch().
  virtual void watch(net::Watcher* watcher) noexcept = 0;

  /// What is known without a system call: the client has left.
  virtual bool gone() const noexcept = 0;

  /// Gives a pending read up: it completes soon with Fault::cancelled.
  virtual void cancel_read() noexcept = 0;

  /// Ends this stream in the middle so that the client cannot take it for whole.
  virtual void abort(Fault why) noexcept = 0;
};

}  // namespace sluice::codec
