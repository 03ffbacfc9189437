// Who the client is behind the proxies in front of us, and what we tell the upstream of it:
// X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239). Addresses are texts without ports here.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/arena.h"
#include "http/header_block.h"

namespace sluice::http {

/// What is known of this hop.
struct Hop {
  std::string_view peer;    ///< Address of who holds the connection; empty for a unix socket.
  std::string_view scheme;  ///< "http" or "https".
  std::string_view host;    ///< Authority of the request, as sent.
  bool trusted = false;     ///< The peer is one of the trusted proxies: what it says is believed.
};

/// Removes all that a request claims of where it comes from: X-Forwarded and X-Forwarded-*, Forwarded, and
/// the other names by which proxies pass a client's address or the host it asked for, each also with `_` for
/// `-`.
void remove_claims(HeaderBlock& fields) noexcept;

/// From an untrusted peer X-Forwarded-For, -Proto and -Host are what is known of this hop; remove_claims() is
/// for the rest of what it said. From a trusted one this hop is appended to X-Forwarded-For
/// and to Forwarded where it sent them, and its X-Forwarded-Proto and -Host are kept. Where it sent
/// Forwarded alone no X-Forwarded-For is begun, nor the other way round, so that neither chain ever lacks
/// the client that the other one names.
void set_forwarded(HeaderBlock& fields, const Hop& hop, Arena& arena);

/// The addresses that X-Forwarded-For names, or Forwarded where there is none of it; the last 32.
class ForwardedChain {
 public:
  explicit ForwardedChain(const HeaderBlock& fields) noexcept;

  std::size_t size() const noexcept { return count_ < last_.size() ? count_ : last_.size(); }
  /// From the nearest, 0, to the farthest. Empty where the element is not an address.
  std::string_view from_end(std::size_t i) const noexcept { return last_[(count_ - 1 - i) % last_.size()]; }

 private:
  void push(std::string_view node) noexcept;

  std::array<std::string_view, 32> last_;
  std::size_t count_ = 0;
};

/// The address of a node: "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1", each also
/// in quotes; empty for what is none ("unknown", "_hidden", junk).
std::string_view node_address(std::string_view node) noexcept;

/// The nearest address that is not a trusted proxy's, walking back from the peer; the farthest one that
/// is known where all are. Views of `fields` or `peer`. `is_trusted(std::string_view address)`.
template <class IsTrusted>
std::string_view client_address(const HeaderBlock& fields, std::string_view peer, IsTrusted is_trusted) {
  std::string_view client = peer;
  if (!is_trusted(client)) return client;
  const ForwardedChain chain(fields);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const std::string_view next = chain.from_end(i);
    if (next.empty()) break;
    client = next;
    if (!is_trusted(client)) break;
  }
  return client;
}

}  // namespace sluice::http
