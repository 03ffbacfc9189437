// Of a TlsTransport: the handshake.
#include "net/tls/tls_transport.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace sluice::net::tls {

Task<Result<void>> TlsTransport::handshake() {
  if (role_ == Role::server) {
    // Which has nothing to say first, and OpenSSL takes 30 KiB as soon as it is asked.
    const auto begun = co_await receive_handshake();
    if (!begun) co_return begun.error();
  }
  for (;;) {
    clear_errors();
    const int status = SSL_do_handshake(ssl_.get());
    const int verdict = SSL_get_error(ssl_.get(), status);
    std::string failure;
    if (status != 1 && verdict != SSL_ERROR_WANT_READ) failure = take_error();
    if (status == 1 && role_ == Role::server) break;  // a ticket goes with the first response
    const auto flushed = co_await flush_handshake();  // an alert says why, too
    if (!failure.empty()) {
      failure_ = failure;
      const bool certificate = SSL_get_verify_result(ssl_.get()) != X509_V_OK;
      co_return Error{.fault = certificate ? Fault::certificate : Fault::tls};
    }
    if (!flushed) co_return flushed.error();
    if (status == 1) break;
    const auto received = co_await receive_handshake();
    if (!received) co_return received.error();
  }
  wire_.out.wait();
  note_facts();
  co_return Result<void>{};
}

Task<Result<void>> TlsTransport::receive_handshake() {
  auto chunk = co_await inner_->read();
  if (!chunk) co_return chunk.error();
  if (chunk->empty()) {
    failure_ = "closed during the handshake";
    co_return Error{.fault = Fault::closed};
  }
  wire_.in = std::move(*chunk);
  co_return Result<void>{};
}

Task<Result<void>> TlsTransport::flush_handshake() {
  if (wire_.out.empty()) co_return Result<void>{};
  const auto sent = co_await inner_->write(wire_.out.take());
  wire_.out.sent();
  co_return sent;
}

void TlsTransport::note_facts() noexcept {
  auto* ssl = ssl_.get();
  facts_.version = SSL_get_version(ssl);
  facts_.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl));
  const unsigned char* protocol = nullptr;
  unsigned int protocol_size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &protocol_size);
  facts_.protocol = {reinterpret_cast<const char*>(protocol), protocol_size};
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  facts_.server_name = name ? name : "";
  facts_.resumed = SSL_session_reused(ssl) == 1;
  facts_.client_verified =
      SSL_get0_peer_certificate(ssl) != nullptr && SSL_get_verify_result(ssl) == X509_V_OK;
}

}  // namespace sluice::net::tls
