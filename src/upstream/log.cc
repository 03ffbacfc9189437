#include "upstream/log.h"

#include "telemetry/log.h"

namespace sluice::upstream {

Log or_process_log(Log log) {
  if (log) return log;
  return [](bool warning, std::string_view line) {
    log::write(warning ? log::Level::warn : log::Level::info, line);
  };
}

}  // namespace sluice::upstream
