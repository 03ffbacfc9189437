#include "net/tls/digest.h"

#include <openssl/evp.h>

namespace sluice::net::tls {

std::array<unsigned char, kSha1Size> sha1(std::string_view bytes) noexcept {
  std::array<unsigned char, kSha1Size> digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  return digest;
}

}  // namespace sluice::net::tls
