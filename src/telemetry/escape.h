// Text that anybody may have sent, made safe for a line of a log.
#pragma once

#include <string>
#include <string_view>

namespace sluice::telemetry {

/// Appends what stands between the quotes of a JSON string: quotes, backslashes, C0 and C1 controls
/// and DEL are escaped, what is not well-formed UTF-8 becomes U+FFFD (one for each maximal bad part).
void append_json_text(std::string_view text, std::string& out);

/// Appends printable ASCII as it is; `"` and `\` get a backslash, every other byte becomes \xHH.
void append_ascii_text(std::string_view text, std::string& out);

/// Appends well-formed UTF-8 as it is, but controls and bytes that are not UTF-8 as \xHH: one line for
/// people to read.
void append_visible_text(std::string_view text, std::string& out);

}  // namespace sluice::telemetry
