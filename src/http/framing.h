// Where a message's body ends, and whether its connection goes on (RFC 9112 6 and 9).
#pragma once

#include "http/body_length.h"
#include "http/header_block.h"
#include "http/reason.h"
#include "http/token.h"

namespace sluice::http {

struct BodyLengthResult {
  Refusal refusal;
  BodyLength body;
  bool may_reuse = true;  ///< False: what the head says of its body is so odd that the connection should end.
};

/// RFC 9112 6.3 for a request, and stricter: whatever two readers could take in different ways is
/// refused. Content-Length beside Transfer-Encoding; more than one Content-Length, equal ones and lists
/// too; anything in it but decimal digits below 2^63; Transfer-Encoding in HTTP/1.0; any coding but one
/// `chunked`, the last and only one (501 where the last is chunked and those before are just not known).
BodyLengthResult request_body_length(Version version, const HeaderBlock& fields) noexcept;

/// The same for a response to a request of `method`. 101 is a tunnel: the caller has checked that it was
/// asked for. Never a body: to HEAD, with 1xx, 204 and 304.
BodyLengthResult response_body_length(Method method, int status, Version version,
                                      const HeaderBlock& fields) noexcept;

/// Writes a valid Content-Length without its leading zeros: "0042" is one number to us, and the next reader
/// gets no chance to see another.
void trim_content_length(HeaderBlock& fields);

/// True where the sender of this head lets the connection go on after the message (RFC 9112 9.3).
bool keeps_alive(Version version, const HeaderBlock& fields) noexcept;

enum class Expectation : std::uint8_t { none, continue_100, unknown };

/// RFC 9110 10.1.1; in HTTP/1.0 there is none.
Expectation expectation(Version version, const HeaderBlock& fields) noexcept;

}  // namespace sluice::http
