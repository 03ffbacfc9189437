// Which fields end at this hop, and which may not travel in a trailer section.
#pragma once

#include <string>
#include <string_view>

#include "http/header_block.h"
#include "http/token.h"

namespace sluice::http {

/// Fields that are about one connection, whoever nominates them (RFC 9110 7.6.1).
bool is_hop_by_hop(FieldName name) noexcept;

/// Fields that a trailer section may not carry (RFC 9110 6.5.1): framing, routing, authentication,
/// request modifiers, response control data, content format, and what the gateway itself asserts.
bool is_forbidden_in_trailer(FieldName name) noexcept;

/// A field that goes no further in a trailer section: the gateway asserts it in the head.
constexpr bool ends_in_trailer(FieldName name) noexcept { return name == FieldName::x_request_id; }

/// Fields that Connection may not nominate away, against the letter of RFC 9110 7.6.1: those that route,
/// frame or authenticate a message (Host; Content-Length and Expect; Authorization, Cookie and Origin), and
/// those that gateways assert. Such a nomination is ignored.
bool is_protected_from_connection(FieldName name) noexcept;

/// A name that is, with `_` for `-`, one by which this gateway frames a message or asserts something: what
/// makes variables of names (CGI, WSGI) takes one for the other. Such a field goes no further.
bool imitates_asserted(std::string_view name) noexcept;

/// Appends what Connection nominates and a trailer section may carry to `list`, as a comma-separated list.
void note_nominated_trailers(const HeaderBlock& fields, std::string& list);

/// Removes the fields of a trailer section that such a list nominates (RFC 9110 7.6.1).
void remove_nominated(HeaderBlock& trailers, std::string_view list) noexcept;

enum class Direction : std::uint8_t { request, response };

struct HopByHopResult {
  bool te_trailers = false;  ///< The sender takes trailers (`TE: trailers`, RFC 9110 10.1.4).
};

/// Removes the hop-by-hop fields, those that Connection nominates and, of requests, those that imitate
/// others. Upgrade is removed too: a caller that upgrades has looked before. So are TE and Transfer-Encoding:
/// the codec frames anew, and adds `TE: trailers` with its nomination where te_trailers says so. Trailer
/// stays.
HopByHopResult remove_hop_by_hop(HeaderBlock& fields, Direction direction) noexcept;

}  // namespace sluice::http
