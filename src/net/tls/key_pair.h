// A certificate with its private key, from PEM files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/file_stamp.h"
#include "net/tls/openssl.h"

namespace sluice::net::tls {

struct KeyPairFiles {
  std::string certificate;    ///< The leaf first, then the chain up to the root, which may be left out.
  std::string private_key;    ///< Without a pass phrase.
  std::string ocsp_response;  ///< DER, stapled to handshakes; empty: none.
};

/// What is wrong with one of the files, without its path: whoever speaks of it knows how it was written.
struct FileFault {
  enum class File : std::uint8_t { certificate, private_key, ocsp_response, ca };
  File file;
  std::string what;
};

/// As read; immutable. Threads may share it.
struct KeyPair {
  UniqueCertificate leaf;
  std::vector<UniqueCertificate> chain;
  UniqueKey key;
  std::string ocsp_response;
  WallTime ocsp_expires = WallTime::max();  ///< The response is not to be shown after that.
  std::vector<std::string> names;           ///< In lower case: the DNS names it is for, wildcards as written.
  WallTime expires;
};

/// How the files look.
struct KeyPairStamp {
  FileStamp certificate, private_key, ocsp_response;

  friend bool operator==(const KeyPairStamp&, const KeyPairStamp&) = default;
};
KeyPairStamp stamp_of(const KeyPairFiles& files);

/// Reads and checks the files: each by itself, that the key and the OCSP response belong to the certificate,
/// and that connections of `context` may show it (its security level). Or all that is wrong with them, at
/// most one fault a file. An OCSP response that has expired is no fault.
std::variant<KeyPair, std::vector<FileFault>> load_key_pair(const KeyPairFiles& files, ssl_ctx_st& context);

/// The certificate, its key and its chain for the connection, in place of none; or what OpenSSL has against
/// them.
std::optional<FileFault> show(ssl_st& ssl, const KeyPair& pair);

/// The certificates of a PEM file of those who vouch for others; at least one.
std::variant<std::vector<UniqueCertificate>, FileFault> load_authorities(const std::string& path);

}  // namespace sluice::net::tls
