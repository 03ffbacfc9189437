#include "net/tls/openssl.h"

#include <cstring>
#include <new>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace sluice::net::tls {

void Free::operator()(bio_st* bio) const noexcept { BIO_free_all(bio); }
void Free::operator()(evp_cipher_st* cipher) const noexcept { EVP_CIPHER_free(cipher); }
void Free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }
void Free::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void Free::operator()(ssl_session_st* session) const noexcept { SSL_SESSION_free(session); }
void Free::operator()(ssl_st* ssl) const noexcept { SSL_free(ssl); }
void Free::operator()(x509_st* certificate) const noexcept { X509_free(certificate); }

UniqueContext make_plain_context() {
  UniqueContext context(SSL_CTX_new(TLS_method()));
  if (!context) throw std::bad_alloc();
  return context;
}

std::string take_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

void clear_errors() noexcept {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace sluice::net::tls
