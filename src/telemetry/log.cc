#include "telemetry/log.h"

#include <atomic>
#include <memory>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "telemetry/escape.h"

namespace sluice::log {
namespace {

spdlog::level::level_enum shown(Level level) noexcept {
  switch (level) {
    case Level::trace:
      return spdlog::level::trace;
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      break;
  }
  return spdlog::level::off;
}

/// As the configuration writes it.
std::string_view name(Level level) noexcept {
  constexpr std::string_view names[] = {"trace", "debug", "info", "warn", "error", "off"};
  return names[static_cast<std::size_t>(level)];
}

/// A process has one stderr, and so one of these. Never destroyed: whatever runs last may still log.
struct ProcessLog {
  spdlog::logger logger{"sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  std::atomic<bool> json{false};  // Relaxed: a line on the border of a change may be in either format.

  ProcessLog() { use(Config{}); }

  void use(const Config& config) {
    json.store(config.format == Format::json, std::memory_order_relaxed);
    logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        config.format == Format::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %v",
        spdlog::pattern_time_type::utc));
    logger.set_level(shown(config.level));
    logger.flush_on(spdlog::level::trace);
  }
};

ProcessLog& process_log() {
  static ProcessLog& log = *new ProcessLog;
  return log;
}

}  // namespace

void configure(const Config& config) { process_log().use(config); }

bool enabled(Level level) noexcept {
  return level != Level::off && process_log().logger.should_log(shown(level));
}

void write(Level level, std::string_view message) noexcept {
  if (!enabled(level)) return;
  ProcessLog& log = process_log();
  std::string safe;
  if (log.json.load(std::memory_order_relaxed)) {
    safe.append(R"("level":")").append(name(level)).append(R"(","message":")");
    telemetry::append_json_text(message, safe);
    safe += '"';
  } else {
    safe.append(name(level)).append(" ");
    telemetry::append_visible_text(message, safe);
  }
  log.logger.log(shown(level), spdlog::string_view_t(safe.data(), safe.size()));
}

}  // namespace sluice::log
