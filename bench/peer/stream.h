#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>

#include "tls.h"

namespace sluice::bench {

/// The bytes of one connection, as they are or through TLS. Owns the socket.
class Stream {
 public:
  Stream() = default;
  ~Stream() { close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Takes a socket that is being connected; `tls` may be null. False when memory is out.
  bool open(int fd, Tls* tls);
  void close();

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }

  /// As send(2) and recv(2): -1 with EAGAIN means later, 0 received is the end of the TCP connection. Under
  /// TLS the first of them shakes hands, and a fault of TLS is EPROTO.
  ssize_t send(std::string_view bytes);
  ssize_t receive(char* buffer, std::size_t size);

  /// Drops up to `size` bytes unseen, as receive() does; not under TLS.
  ssize_t drop(std::size_t size);
  bool can_drop() const { return ssl_ == nullptr; }

  /// What send() waits for is not room in the socket but the peer's part of the handshake.
  bool shakes_hands() const { return ssl_ != nullptr && SSL_in_init(ssl_) == 1; }

  /// Bytes wait inside: receive() once more, since the socket need not become readable for them.
  bool has_pending() const { return ssl_ != nullptr && SSL_has_pending(ssl_) == 1; }

  /// A ticket was shown, and the proxy did not take it.
  bool resumed_in_vain() const { return offered_session_ && SSL_session_reused(ssl_) == 0; }

 private:
  ssize_t failure(int status) const;

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  bool offered_session_ = false;
};

}  // namespace sluice::bench
