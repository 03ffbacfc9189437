#include "net/tls/ticket_keys.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

namespace sluice::net::tls {
namespace {

int index_of_keys() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int sealing) {
  auto& keys = *static_cast<SharedTicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), index_of_keys()));
  const auto now = std::chrono::steady_clock::now();
  if (sealing) return keys.seal(name, iv, cipher, mac, now);
  const int opened = keys.open(name, iv, cipher, mac, now);
  // A ticket of TLS 1.3 is to be used once (RFC 8446 C.4): whoever shows one is given the next.
  return opened == 1 && SSL_version(ssl) >= TLS1_3_VERSION ? 2 : opened;
}

template <std::size_t N>
bool set_mac_key(EVP_MAC_CTX* mac, std::array<unsigned char, N>& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.data(), key.size()),
                               OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

}  // namespace

SharedTicketKeys::SharedTicketKeys() : cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)) {
  if (!cipher_) throw std::bad_alloc();
}

void SharedTicketKeys::serve(SSL_CTX& context) {
  SSL_CTX_set_ex_data(&context, index_of_keys(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, on_ticket);
}

void SharedTicketKeys::rotate(TimePoint now) {
  if (count_ != 0 && now - keys_[0].made < seals_for) return;
  std::move_backward(keys_.begin(), keys_.end() - 1, keys_.end());
  auto& key = keys_[0];
  if (RAND_bytes(key.name.data(), key.name.size()) != 1 ||
      RAND_priv_bytes(key.cipher.data(), key.cipher.size()) != 1 ||
      RAND_priv_bytes(key.mac.data(), key.mac.size()) != 1) {
    throw std::runtime_error("no random bytes for ticket keys");
  }
  key.made = now;
  count_ = std::min(count_ + 1, keys_.size());
}

int SharedTicketKeys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                           TimePoint now) try {
  std::lock_guard lock(mutex_);
  rotate(now);
  auto& key = keys_[0];
  std::memcpy(name, key.name.data(), key.name.size());
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(cipher_.get())) != 1) return -1;
  if (EVP_EncryptInit_ex2(cipher, cipher_.get(), key.cipher.data(), iv, nullptr) != 1) return -1;
  return set_mac_key(mac, key.mac) ? 1 : -1;
} catch (const std::exception&) {
  return -1;
}

int SharedTicketKeys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                           EVP_MAC_CTX* mac, TimePoint now) {
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < count_; ++i) {
    auto& key = keys_[i];
    if (std::memcmp(name, key.name.data(), key.name.size()) != 0) continue;
    if (now - key.made > 3 * seals_for) return 0;
    if (EVP_DecryptInit_ex2(cipher, cipher_.get(), key.cipher.data(), iv, nullptr) != 1) return -1;
    if (!set_mac_key(mac, key.mac)) return -1;
    return now - key.made < seals_for ? 1 : 2;
  }
  return 0;
}

}  // namespace sluice::net::tls
