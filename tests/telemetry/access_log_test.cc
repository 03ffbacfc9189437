#include "telemetry/access_log.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "telemetry/records.h"

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

long lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() {
    char name[] = "/tmp/sluice-access-log-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/access.log";
  }
  ~AccessLogTest() override { std::filesystem::remove_all(directory_); }

  AccessLogConfig to_file() const { return {.output = path_}; }

  std::string directory_, path_;
};

TEST_F(AccessLogTest, writes_all_that_was_accepted_before_it_goes) {
  {
    AccessLog log(to_file(), 2);
    for (int i = 0; i < 100; ++i) {
      log.port(0).write(usual_record());
      log.port(1).write(usual_record());
    }
  }
  EXPECT_EQ(lines(content(path_)), 200);
}

TEST_F(AccessLogTest, has_everything_written_after_a_flush) {
  AccessLog log(to_file(), 1);
  log.port(0).write(usual_record());
  log.flush();
  EXPECT_EQ(lines(content(path_)), 1);
  EXPECT_EQ(log.written(), 1u);
}

TEST_F(AccessLogTest, writes_a_last_record_without_being_asked) {
  AccessLog log(to_file(), 1);
  log.port(0).write(usual_record());
  const auto patience = std::chrono::steady_clock::now() + 10s;
  while (log.written() == 0 && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_EQ(log.written(), 1u);
}

// What is written to a file beyond this many bytes fails, as on a full disk; lets go again.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit low{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &low);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, ignored_);
  }

 private:
  rlimit before_{};
  void (*ignored_)(int);
};

TEST_F(AccessLogTest, begins_a_line_of_its_own_after_one_that_was_cut) {
  AccessLog log(to_file(), 1);
  log.port(0).write(usual_record());
  log.flush();
  const auto whole = content(path_);
  for (const bool reopens : {false, true}) {
    const auto before = content(path_);
    {
      const FullDisk disk(before.size() + 10);
      log.port(0).write(usual_record());
      log.flush();
    }
    if (reopens) log.reopen();
    log.port(0).write(usual_record());
    log.flush();
    log.flush();
    EXPECT_EQ(content(path_), before + whole.substr(0, 10) + "\n" + whole) << reopens;
  }
  EXPECT_EQ(log.written(), 3u);
  EXPECT_EQ(log.lost(), 2u);
}

TEST_F(AccessLogTest, writes_the_text_format) {
  AccessLogConfig config = to_file();
  config.format = AccessLogFormat::text;
  AccessLog log(config, 1);
  log.port(0).write(usual_record());
  log.flush();
  EXPECT_THAT(content(path_), ::testing::StartsWith("203.0.113.7 - - ["));
}

TEST_F(AccessLogTest, appends_to_a_file_that_is_there) {
  std::ofstream(path_) << "old\n";
  { AccessLog(to_file(), 1).port(0).write(usual_record()); }
  EXPECT_EQ(lines(content(path_)), 2);
}

TEST_F(AccessLogTest, opens_the_file_anew_after_a_rotation) {
  AccessLog log(to_file(), 1);
  log.port(0).write(usual_record());
  log.flush();
  std::filesystem::rename(path_, path_ + ".1");
  log.port(0).write(usual_record());
  log.reopen();
  log.flush();
  log.port(0).write(usual_record());
  log.flush();
  EXPECT_EQ(lines(content(path_ + ".1")), 2);
  EXPECT_EQ(lines(content(path_)), 1);
}

TEST_F(AccessLogTest, keeps_the_old_file_where_the_new_one_cannot_be_opened) {
  AccessLog log(to_file(), 1);
  std::filesystem::rename(path_, path_ + ".1");
  std::filesystem::create_directory(path_);
  log.reopen();
  log.flush();
  log.port(0).write(usual_record());
  log.flush();
  EXPECT_EQ(lines(content(path_ + ".1")), 1);
}

TEST_F(AccessLogTest, names_a_file_that_cannot_be_opened) {
  AccessLogConfig config;
  config.output = directory_ + "/none/access.log";
  try {
    AccessLog log(config, 1);
    FAIL() << "the file was opened";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), config.output + ": No such file or directory");
  }
}

TEST_F(AccessLogTest, does_not_wait_for_the_reader_of_a_fifo) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  try {
    AccessLog log(to_file(), 1);
    FAIL() << "the FIFO was opened";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), path_ + " is a FIFO that nobody reads");
  }
}

TEST_F(AccessLogTest, keeps_the_old_file_where_the_new_one_is_a_fifo_that_nobody_reads) {
  AccessLog log(to_file(), 1);
  std::filesystem::rename(path_, path_ + ".1");
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  ::testing::internal::CaptureStderr();
  log.reopen();
  log.flush();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::HasSubstr("error access log: " + path_ +
                                   " is a FIFO that nobody reads; the old file stays in use"));
  log.port(0).write(usual_record());
  log.flush();
  EXPECT_EQ(lines(content(path_ + ".1")), 1);
}

TEST_F(AccessLogTest, says_at_once_why_lines_are_lost_and_at_the_end_how_many) {
  ::testing::internal::CaptureStderr();
  {
    AccessLog log({.output = "/dev/full"}, 1);
    log.port(0).write(usual_record());
    log.flush();
    for (int i = 0; i < 4; ++i) log.port(0).write(usual_record());
    log.flush();
    EXPECT_EQ(log.lost(), 5u);
    EXPECT_EQ(log.written(), 0u);
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::MatchesRegex(".* error access log /dev/full: 1 line lost: No space left on device\n"
                                      ".* warn access log /dev/full: in all 5 lines lost "
                                      "\\(No space left on device\\), 0 dropped\n"));
}

TEST_F(AccessLogTest, keeps_the_asked_share_of_successes_and_every_failure) {
  AccessLogConfig config = to_file();
  config.sample_success = {10};
  AccessLog log(config, 1);
  AccessRecord record = usual_record();
  for (int i = 0; i < 100; ++i) log.port(0).write(record);
  log.flush();
  EXPECT_EQ(log.written(), 10u);
  for (const int status : {404, 503, 499, 0}) {
    record.status = status;
    log.port(0).write(record);
  }
  record.status = 200;
  record.reason = http::Reason{1};
  log.port(0).write(record);
  log.flush();
  EXPECT_EQ(log.written(), 15u);
  EXPECT_EQ(log.dropped(0), 0u);
}

TEST_F(AccessLogTest, keeps_every_grpc_call_that_fails) {
  AccessLogConfig config = to_file();
  config.sample_success = {0};
  AccessLog log(config, 1);
  AccessRecord record = usual_record();
  record.grpc_status = http::GrpcStatus::ok;
  log.port(0).write(record);
  record.grpc_status = http::GrpcStatus::not_found;
  log.port(0).write(record);
  log.flush();
  EXPECT_EQ(log.written(), 1u);
}

TEST_F(AccessLogTest, keeps_no_success_at_zero_percent) {
  AccessLogConfig config = to_file();
  config.sample_success = {0};
  AccessLog log(config, 1);
  for (int i = 0; i < 100; ++i) log.port(0).write(usual_record());
  log.flush();
  EXPECT_EQ(log.written(), 0u);
}

TEST_F(AccessLogTest, does_nothing_where_the_output_is_none) {
  AccessLog log({.output = "none"}, 1);
  EXPECT_FALSE(log.port(0).enabled());
  log.port(0).write(usual_record());
  log.flush();
  log.reopen();
  EXPECT_EQ(log.written(), 0u);
}

/// A pipe with nobody reading it, until read_all().
class StuckPipe {
 public:
  explicit StuckPipe(const std::string& path) : path_(path) {
    ::mkfifo(path.c_str(), 0600);
    reader_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  }
  ~StuckPipe() { close(); }
  void close() {
    if (reader_ >= 0) ::close(reader_);
    reader_ = -1;
  }
  /// It takes nothing from here on.
  void fill() {
    const int writer = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK);
    const std::string page(4096, 'x');
    while (::write(writer, page.data(), page.size()) > 0) {
    }
    ::close(writer);
  }
  std::string read_some() {
    char buffer[4096];
    const ssize_t n = ::read(reader_, buffer, sizeof buffer);
    return std::string(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
  }

 private:
  std::string path_;
  int reader_ = -1;
};

TEST_F(AccessLogTest, drops_and_counts_what_a_stuck_output_does_not_take_and_never_waits) {
  StuckPipe pipe(path_);
  std::uint64_t pushed = 0;
  std::string taken;
  std::uint64_t dropped = 0;
  {
    AccessLog log(to_file(), 1, 16 * 1024);
    while (log.dropped(0) < 100) {
      log.port(0).write(usual_record());
      ++pushed;
    }
    dropped = log.dropped(0);
    while (log.written() + dropped < pushed) taken += pipe.read_some();
    log.flush();
    EXPECT_EQ(log.lost(), 0u);
  }
  for (std::string more; !(more = pipe.read_some()).empty();) taken += more;
  EXPECT_EQ(static_cast<std::uint64_t>(lines(taken)), pushed - dropped);
}

TEST_F(AccessLogTest, gives_up_a_stuck_output_when_it_goes) {
  StuckPipe pipe(path_);
  AccessLog log(to_file(), 1, 16 * 1024);
  while (log.dropped(0) == 0) log.port(0).write(usual_record());
}

TEST_F(AccessLogTest, leaves_a_stuck_output_for_a_new_one) {
  StuckPipe pipe(path_);
  AccessLog log(to_file(), 1);
  pipe.fill();
  log.port(0).write(usual_record());
  std::filesystem::remove(path_);
  log.reopen();
  log.flush();
  log.port(0).write(usual_record());
  log.flush();
  EXPECT_EQ(lines(content(path_)), 1);
  EXPECT_EQ(log.lost(), 1u);
}

TEST_F(AccessLogTest, says_that_lines_are_dropped_while_it_is_stuck) {
  StuckPipe pipe(path_);
  ::testing::internal::CaptureStderr();
  {
    AccessLog log(to_file(), 1, 16 * 1024);
    while (log.dropped(0) == 0) log.port(0).write(usual_record());
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ::testing::HasSubstr(" dropped, it does not take them fast enough\n"));
}

TEST_F(AccessLogTest, counts_as_lost_what_a_broken_pipe_refuses) {
  StuckPipe pipe(path_);
  AccessLog log(to_file(), 1);
  pipe.close();
  log.port(0).write(usual_record());
  log.flush();
  EXPECT_EQ(log.lost(), 1u);
}

TEST_F(AccessLogTest, takes_records_from_all_workers_at_once) {
  constexpr unsigned workers = 3, each = 2000;
  AccessLog log(to_file(), workers, 64 * 1024);
  std::vector<std::thread> threads;
  for (unsigned w = 0; w < workers; ++w)
    threads.emplace_back([&log, w] {
      for (unsigned i = 0; i < each; ++i) log.port(w).write(usual_record());
    });
  for (int i = 0; i < 5; ++i) log.flush();
  for (auto& thread : threads) thread.join();
  log.flush();
  std::uint64_t dropped = 0;
  for (unsigned w = 0; w < workers; ++w) dropped += log.dropped(w);
  EXPECT_EQ(log.written() + dropped, workers * each);
  EXPECT_EQ(static_cast<std::uint64_t>(lines(content(path_))), log.written());
}

}  // namespace
}  // namespace sluice::telemetry
