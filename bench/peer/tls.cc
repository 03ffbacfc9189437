#include "tls.h"

#include <stdexcept>

namespace sluice::bench {
namespace {

constexpr unsigned char kProtocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

}  // namespace

Tls::Tls(bool resume) : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* context = context_.get();
  const bool offered = context != nullptr && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
                       SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") == 1 &&
                       SSL_CTX_set1_groups_list(context, "X25519") == 1 &&
                       SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256") == 1 &&
                       SSL_CTX_set_alpn_protos(context, kProtocols, sizeof kProtocols) == 0;
  if (!offered) throw std::runtime_error("OpenSSL cannot offer what the load offers");
  // A record in one recv rather than two, and no memory that 10,000 resting connections do not use.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(
      context, resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  SSL_CTX_set_app_data(context, this);
  if (resume) SSL_CTX_sess_set_new_cb(context, on_ticket);
}

SSL* Tls::connect(int fd) {
  SSL* ssl = SSL_new(context_.get());
  if (ssl == nullptr || SSL_set_fd(ssl, fd) != 1) {
    SSL_free(ssl);
    return nullptr;
  }
  SSL_set_connect_state(ssl);
  if (session_) {
    // A copy, since OpenSSL invalidates a session for all who share it once one of them has got a new ticket.
    const Session own(SSL_SESSION_dup(session_.get()));
    SSL_set_session(ssl, own.get());
  }
  return ssl;
}

int Tls::on_ticket(SSL* ssl, SSL_SESSION* session) {
  static_cast<Tls*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->session_.reset(SSL_SESSION_dup(session));
  return 0;  // the original stays theirs
}

}  // namespace sluice::bench
