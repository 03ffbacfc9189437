#include "net/tls/tls_transport.h"

#include <openssl/ssl.h>

#include "net/tls/after.h"

namespace sluice::net::tls {

TlsTransport::TlsTransport(std::unique_ptr<Transport> inner, UniqueSsl ssl, Role role, BufferPool& buffers)
    : inner_(std::move(inner)), buffers_(buffers), wire_(buffers), ssl_(std::move(ssl)), role_(role) {
  auto* bio = make_bio(wire_).release();
  SSL_set_bio(ssl_.get(), bio, bio);
  if (role == Role::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

// OpenSSL resumes no session of a connection that ended without close_notify of our own; TLS since 1.1 does
// (RFC 5246 7.2.1).
TlsTransport::~TlsTransport() {
  if (role_ == Role::client) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsTransport::retire() noexcept {
  watcher_ = nullptr;
  auto& pending = reading_.size() != 0 ? reading_ : writing_;
  if (pending.size() == 0) return discard();
  pending.then(After::call([this] { retire(); }));
  inner_->abort(Fault::cancelled);
}

void TlsTransport::discard() noexcept {
  this->~TlsTransport();
  ::operator delete(this);
}

void TlsTransport::abort(Fault why, bool reset) noexcept {
  inner_->abort(why, reset);
  read_error_ = write_error_ = Error{.fault = why};
}

bool TlsTransport::peer_gone() const noexcept {
  return closed_ || read_error_.fault != Fault::none || write_error_.fault != Fault::none ||
         inner_->peer_gone();
}

}  // namespace sluice::net::tls
