#pragma once

#include <openssl/ssl.h>

#include <memory>

namespace sluice::bench {

/// What the clients' connections over TLS share. It offers one version, cipher, group and kind of signature
/// (TLS 1.3, AES-128-GCM, X25519, ECDSA on P-256), so that every proxy does the same work, and asks for
/// http/1.1 by ALPN. Certificates are not verified: they are the proxy's own.
class Tls {
 public:
  /// `resume`: connections resume the session of the latest ticket that came. Throws std::runtime_error.
  explicit Tls(bool resume);

  /// For one new connection on this socket, as its client. Null when memory is out.
  SSL* connect(int fd);

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  using Session = std::unique_ptr<SSL_SESSION, Free>;

  static int on_ticket(SSL* ssl, SSL_SESSION* session);

  std::unique_ptr<SSL_CTX, Free> context_;
  Session session_;
};

}  // namespace sluice::bench
