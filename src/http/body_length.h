// How the body of a message is delimited (RFC 9112 section 6.3).
#pragma once

#include <cstdint>

namespace sluice::http {

struct BodyLength {
  enum class Kind : std::uint8_t {
    none,         ///< There is no body.
    length,       ///< Exactly `length` bytes.
    chunked,      ///< Chunked transfer coding, possibly with trailers.
    until_close,  ///< A response that ends with the connection.
    tunnel,       ///< Not HTTP any more (101, or 2xx to CONNECT): raw bytes both ways until their ends.
  };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  ///< Meaningful with Kind::length.

  friend bool operator==(const BodyLength&, const BodyLength&) = default;
};

}  // namespace sluice::http
