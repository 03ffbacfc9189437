#include "telemetry/process_stats.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace sluice::telemetry {
namespace {

TEST(ProcessStats, are_read_past_a_command_name_that_holds_anything) {
  const auto ticks = sysconf(_SC_CLK_TCK);
  const std::string line = "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 " + std::to_string(3 * ticks) +
                           " " + std::to_string(ticks) + " 0 0 20 0 7 0 " + std::to_string(10 * ticks) +
                           " 1000000 25 18446";
  ProcessStats stats;
  parse_stat_line(line, 1000, stats);
  EXPECT_DOUBLE_EQ(stats.cpu_seconds, 4);
  EXPECT_EQ(stats.threads, 7u);
  EXPECT_DOUBLE_EQ(stats.start_time_seconds, 1010);
  EXPECT_EQ(stats.virtual_bytes, 1'000'000u);
  EXPECT_EQ(stats.resident_bytes, 25u * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

TEST(ProcessStats, of_this_process_are_plausible) {
  const ProcessStats stats = read_process_stats();
  EXPECT_GT(stats.resident_bytes, 100'000u);
  EXPECT_GE(stats.open_fds, 3u);
  EXPECT_GT(stats.max_fds, stats.open_fds);
  EXPECT_GT(stats.start_time_seconds, 1.5e9);
}

TEST(ProcessStats, survive_a_line_that_is_cut_off) {
  ProcessStats stats;
  parse_stat_line("", 0, stats);
  parse_stat_line("1 (x) S 1", 0, stats);
  EXPECT_EQ(stats.threads, 0u);
}

}  // namespace
}  // namespace sluice::telemetry
