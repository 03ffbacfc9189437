#include "telemetry/access_log_config.h"

#include "conf/binder.h"

namespace sluice::telemetry {

const conf::EnumSpec& enum_spec(AccessLogFormat) {
  static const auto spec = conf::enumeration<AccessLogFormat>(
      "access_log_format", {{"json", AccessLogFormat::json, "One JSON object a line."},
                            {"text", AccessLogFormat::text,
                             "The combined format, with durations, route, upstream and reason after it."}});
  return spec;
}

const conf::ObjectSpec& AccessLogConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<AccessLogConfig>("AccessLog", "One line a request.")
          .field("format", &AccessLogConfig::format, "How a line looks.")
          .field(
              "output", &AccessLogConfig::output,
              "`stdout`, `stderr`, `none`, or the path of a file, which SIGUSR1 opens anew after a rotation.",
              conf::path())
          .field("sample_success", &AccessLogConfig::sample_success,
                 "How many of the requests with a 1xx, 2xx or 3xx status (and, of gRPC calls, grpc-status 0) "
                 "are written; "
                 "the others always are.");
  return spec;
}

}  // namespace sluice::telemetry
