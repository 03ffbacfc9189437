// One normalisation of the request target before anything is matched against it (RFC 9112 3.2,
// RFC 3986 6.2.2): what was matched is what is sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/reason.h"
#include "http/token.h"

namespace sluice::http {

struct Target {
  enum class Form : std::uint8_t { origin, absolute, authority, asterisk };
  Form form = Form::origin;
  std::string_view scheme;  ///< absolute-form: "http" or "https"; else empty.
  std::string_view
      authority;  ///< absolute- and authority-form: as sent, valid by parse_authority(); wins over Host.
  std::string_view path;   ///< Normal form, begins with '/'; "*" for OPTIONS *; empty for CONNECT.
  std::string_view query;  ///< As sent, without '?'.
  bool has_query = false;  ///< Tells "/a?" from "/a".
  bool has_encoded_slash =
      false;  ///< %2F or %5C is in the path: only with TargetOptions::allow_encoded_slash.
};

struct TargetOptions {
  bool allow_encoded_slash = false;  ///< %2F and %5C stay as they are; otherwise they are refused.
};

struct TargetResult {
  Refusal refusal;  ///< invalid_target, or invalid_host for a bad authority.
  Target target;
};

/// Bytes of the path in percent-encoding that are unreserved are decoded, other ones get upper-case
/// digits, dot segments are resolved, `//` is kept, and characters that RFC 3986 does not allow but
/// browsers send (`"<>[]^`{|}`) are encoded. The query is not changed.
///
/// Refused: a form that does not fit the method; a scheme other than http and https; broken
/// percent-encoding in the path; %00 anywhere; dot segments that climb above the root, or that carry a
/// parameter ("..;") or stand beside an encoded slash, which servers read in different ways; a fragment;
/// backslashes in the path, spaces, control and non-ASCII characters.
///
/// Views of `raw`; of `arena` only where the path was not in normal form. Nothing else is allocated.
TargetResult normalise_target(std::string_view raw, Method method, Arena& arena,
                              const TargetOptions& options = {});

/// The path part alone, into `out` of at least 3 * path.size() bytes, which is used only where the path
/// is not in normal form yet. For paths from elsewhere: rewrites, configuration.
struct PathResult {
  Refusal refusal;
  std::string_view path;
  bool has_encoded_slash = false;
};
PathResult normalise_path(std::string_view path, char* out, const TargetOptions& options = {}) noexcept;

/// Some segment in front of the query or fragment is "." or "..", in percent-encoding or not.
bool has_dot_segment(std::string_view path) noexcept;

/// True for a path that normalise_path() would hand back as it is.
bool is_normal_path(std::string_view path) noexcept;

}  // namespace sluice::http
