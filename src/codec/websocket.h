// Between the two ways in which a WebSocket begins: an upgrade in HTTP/1.1 (RFC 6455 4), an extended CONNECT
// in HTTP/2 (RFC 8441), which has no use for the keys of the other.
#pragma once

#include <string>
#include <string_view>

namespace sluice::codec {

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2).
std::string websocket_accept(std::string_view key);

}  // namespace sluice::codec
