#include "telemetry/process_stats.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace sluice::telemetry {
namespace {

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size()));
  const std::string_view word = rest.substr(0, rest.find_first_of(" \n"));
  rest.remove_prefix(word.size());
  return word;
}

std::string first_line(const char* path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("btime ")) return static_cast<double>(number(std::string_view(line).substr(6)));
  return 0;
}

std::uint64_t count_open_fds() {
  std::error_code failed;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", failed), end; !failed && it != end;
       it.increment(failed))
    ++count;
  return count == 0 ? 0 : count - 1;  // The listing itself holds one open.
}

}  // namespace

void parse_stat_line(std::string_view line, double boot_seconds, ProcessStats& into) {
  // proc(5): the name in parentheses is field 2 and may hold blanks and parentheses.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string_view::npos) return;
  std::string_view rest = line.substr(name_end + 1);
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  for (int field = 3; field <= 24; ++field) {
    const std::string_view word = next_word(rest);
    switch (field) {
      case 14:
      case 15:
        into.cpu_seconds += static_cast<double>(number(word)) / ticks;
        break;
      case 20:
        into.threads = number(word);
        break;
      case 22:
        into.start_time_seconds = boot_seconds + static_cast<double>(number(word)) / ticks;
        break;
      case 23:
        into.virtual_bytes = number(word);
        break;
      case 24:
        into.resident_bytes = number(word) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
        break;
      default:
        break;
    }
  }
}

ProcessStats read_process_stats() {
  ProcessStats stats;
  parse_stat_line(first_line("/proc/self/stat"), boot_time(), stats);
  stats.open_fds = count_open_fds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
  return stats;
}

}  // namespace sluice::telemetry
