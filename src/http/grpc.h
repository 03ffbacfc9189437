// gRPC as it stands in the fields of HTTP (grpc/doc: PROTOCOL-HTTP2.md, PROTOCOL-WEB.md, statuscodes.md).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "http/header_block.h"
#include "http/reason.h"
#include "http/text_writer.h"

namespace sluice::http {

/// How the messages and the status of a call are framed.
enum class GrpcForm : std::uint8_t {
  none,      ///< Not gRPC.
  native,    ///< application/grpc: the status stands in the trailers.
  web,       ///< application/grpc-web: in a last frame of the body.
  web_text,  ///< application/grpc-web-text: the same in base64.
};

/// By its media type, which may have a suffix ("+proto") and parameters.
GrpcForm grpc_form(std::string_view content_type) noexcept;

/// The form in which the client of this request wants its response: that of the request, unless Accept names
/// another one of gRPC-Web.
GrpcForm grpc_response_form(const HeaderBlock& request) noexcept;

/// The media type without suffix; empty for none.
std::string_view grpc_content_type(GrpcForm form) noexcept;

/// What stands behind the form in a media type of gRPC: "+proto", ";charset=utf-8", mostly nothing.
std::string_view grpc_suffix(std::string_view content_type) noexcept;

enum class GrpcStatus : std::uint8_t {
  ok,
  cancelled,
  unknown,
  invalid_argument,
  deadline_exceeded,
  not_found,
  already_exists,
  permission_denied,
  resource_exhausted,
  failed_precondition,
  aborted,
  out_of_range,
  unimplemented,
  internal,
  unavailable,
  data_loss,
  unauthenticated,
  count_,  ///< One more than the last; never a value.
};

/// "unavailable": as gRPC names it, in lower case.
std::string_view name(GrpcStatus status) noexcept;
/// The status of that name.
std::optional<GrpcStatus> grpc_status_of(std::string_view name) noexcept;

/// What a call is told that the gateway refuses for this reason.
GrpcStatus grpc_status(Reason reason) noexcept;

/// The grpc-status of a head or trailer section; a code that is none of the above counts as unknown.
std::optional<GrpcStatus> grpc_status(const HeaderBlock& fields) noexcept;

/// The value of a grpc-message: what is not printable ASCII, and `%`, is percent-encoded.
void write_grpc_message(TextWriter& out, std::string_view message) noexcept;

/// The longest time of a grpc-timeout that is told apart from a longer one.
inline constexpr Duration longest_grpc_timeout = std::chrono::hours(24 * 365);

/// The value of a grpc-timeout: 1 to 8 digits and one of H, M, S, m, u, n. Absent where it is not that.
std::optional<Duration> parse_grpc_timeout(std::string_view text) noexcept;

/// A grpc-timeout that says this time as exactly as 8 digits can, rounded down; at least a nanosecond. `out`
/// is what it is written into.
std::string_view format_grpc_timeout(Duration time, std::span<char, 9> out) noexcept;

}  // namespace sluice::http
