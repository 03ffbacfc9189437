// OpenSSL's objects with owners, and its errors in words.
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace sluice::net::tls {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using UniqueSsl = std::unique_ptr<SSL, FreeWith<SSL_free>>;
using UniqueContext = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;
using UniqueSession = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;
using UniqueCertificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using UniqueKey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using UniqueBio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;

/// The first error of this thread's queue in words, which empties it: "no start line".
std::string take_error();

}  // namespace sluice::net::tls
