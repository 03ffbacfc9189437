// Access records as lines.
#pragma once

#include <string>

#include "telemetry/access_record.h"

namespace sluice::telemetry {

/// Appends one JSON object and a line end. Texts are escaped, invalid UTF-8 becomes U+FFFD; empty
/// texts, absent durations and statuses and `reason` none are left out. Durations are in milliseconds.
void append_json(const AccessRecord& record, std::string& out);

/// Appends one line: the combined format, then what a gateway adds. `-` stands for nothing; in
/// quotes, a quote, a backslash and every byte outside of printable ASCII is escaped (\", \\, \xHH).
///
///     client - consumer [time] "method path?query protocol" status bytes_out "referer" "user_agent"
///     duration_ms upstream_duration_ms route upstream endpoint attempts reason request_id grpc_status
void append_text(const AccessRecord& record, std::string& out);

/// 2026-01-31T12:00:00.123Z (RFC 3339, UTC).
void append_time(WallTime time, std::string& out);

}  // namespace sluice::telemetry
