// The `access_log` block of the configuration.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"
#include "conf/node.h"

namespace sluice::conf {
class EnumSpec;
class ObjectSpec;
}  // namespace sluice::conf

namespace sluice::telemetry {

enum class AccessLogFormat : std::uint8_t { json, text };
const conf::EnumSpec& enum_spec(AccessLogFormat);

struct AccessLogConfig {
  AccessLogFormat format = AccessLogFormat::json;
  conf::Located<std::string> output = "stdout";  ///< stdout, stderr, none or the path of a file.
  Percent sample_success{100};  ///< Of requests that went well; the others are always written.

  static const conf::ObjectSpec& spec();
  friend bool operator==(const AccessLogConfig&, const AccessLogConfig&) = default;
};

}  // namespace sluice::telemetry
