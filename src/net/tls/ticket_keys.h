// The keys that session tickets are sealed with (RFC 5077).
#pragma once

#include <array>
#include <mutex>

#include "base/clock.h"
#include "net/tls/openssl.h"

namespace sluice::net::tls {

/// Made of random bytes, used for an hour to seal and for two more to open, then gone: what was recorded
/// cannot be read with a key that is found later. Any thread.
class SharedTicketKeys {
 public:
  static constexpr Duration seals_for = std::chrono::hours(1);

  SharedTicketKeys();

  /// The context's tickets use these keys, which outlive it.
  void serve(ssl_ctx_st& context);

  /// As OpenSSL's ticket key callback: 1 done, 2 done and the key is no longer the one that seals, 0 unknown
  /// key, -1 error.
  int seal(unsigned char* name, unsigned char* iv, evp_cipher_ctx_st* cipher, evp_mac_ctx_st* mac,
           TimePoint now);
  int open(const unsigned char* name, const unsigned char* iv, evp_cipher_ctx_st* cipher, evp_mac_ctx_st* mac,
           TimePoint now);

 private:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;
    std::array<unsigned char, 32> mac;
    TimePoint made;
  };
  void rotate(TimePoint now);

  const UniqueCipher cipher_;  // fetched once: by its name alone OpenSSL would look for it at each ticket
  std::mutex mutex_;           // of handshakes only
  std::array<Key, 3> keys_;    // the newest first
  std::size_t count_ = 0;
};

}  // namespace sluice::net::tls
