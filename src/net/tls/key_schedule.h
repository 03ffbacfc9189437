// TLS 1.3's key schedule (RFC 8446 7.1) as an OpenSSL provider of our own.
#pragma once

namespace sluice::net::tls {

/// A handshake derives some twenty keys, and for each OpenSSL 3 looks up, builds and drops a chain of objects
/// that cost eight times what the derivation does. Ours calls its SHA-2 directly, and gives the same keys.
///
/// Makes it known to OpenSSL and returns the property query for contexts that shall use it; where OpenSSL did
/// not take it, they use OpenSSL's own. Any thread.
const char* own_key_schedule() noexcept;

}  // namespace sluice::net::tls
