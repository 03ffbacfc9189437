#include "conf/binder.h"
#include "telemetry/log.h"

namespace sluice::log {

const conf::EnumSpec& enum_spec(Level) {
  static const auto spec =
      conf::enumeration<Level>("log_level", {{"trace", Level::trace, "Every step of the loop."},
                                             {"debug", Level::debug, "Every decision."},
                                             {"info", Level::info, "What an operator did or should know."},
                                             {"warn", Level::warn, "What works worse than it should."},
                                             {"error", Level::error, "What failed."},
                                             {"off", Level::off, "Nothing."}});
  return spec;
}

const conf::EnumSpec& enum_spec(Format) {
  static const auto spec = conf::enumeration<Format>(
      "log_format",
      {{"text", Format::text, "Time, level, message."}, {"json", Format::json, "One JSON object a line."}});
  return spec;
}

const conf::ObjectSpec& Config::spec() {
  static const conf::ObjectSpec spec =
      conf::object<Config>("Log", "The log of the process itself, on stderr.")
          .field("level", &Config::level, "The least severe that is written.")
          .field("format", &Config::format, "How a line looks.");
  return spec;
}

}  // namespace sluice::log
