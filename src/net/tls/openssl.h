// OpenSSL's objects with owners, and its errors in words. Its own headers stay in the sources that use them.
#pragma once

#include <memory>
#include <string>

struct bio_st;
struct evp_cipher_ctx_st;
struct evp_cipher_st;
struct evp_mac_ctx_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;
struct x509_st;

namespace sluice::net::tls {

struct Free {
  void operator()(bio_st* bio) const noexcept;
  void operator()(evp_cipher_st* cipher) const noexcept;
  void operator()(evp_pkey_st* key) const noexcept;
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_session_st* session) const noexcept;
  void operator()(ssl_st* ssl) const noexcept;
  void operator()(x509_st* certificate) const noexcept;
};

using UniqueBio = std::unique_ptr<bio_st, Free>;
using UniqueCipher = std::unique_ptr<evp_cipher_st, Free>;
using UniqueKey = std::unique_ptr<evp_pkey_st, Free>;
using UniqueContext = std::unique_ptr<ssl_ctx_st, Free>;
using UniqueSession = std::unique_ptr<ssl_session_st, Free>;
using UniqueSsl = std::unique_ptr<ssl_st, Free>;
using UniqueCertificate = std::unique_ptr<x509_st, Free>;

/// With OpenSSL's defaults, for trying what connections will show. Throws std::bad_alloc.
UniqueContext make_plain_context();

/// The first error of this thread's queue in words, which empties it: "no start line".
std::string take_error();

/// Empties this thread's queue, as SSL_get_error() wants it before a call; almost free where it is empty.
void clear_errors() noexcept;

}  // namespace sluice::net::tls
