#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conf/binder.h"
#include "telemetry/access_log_config.h"
#include "telemetry/log.h"

namespace sluice::telemetry {
namespace {

template <class T>
T bound(std::string_view yaml) {
  conf::Problems problems;
  const conf::Node root = conf::read_text(yaml, "test.yaml", problems);
  T config;
  conf::bind(root, config, problems);
  EXPECT_TRUE(problems.empty()) << problems.text();
  return config;
}

TEST(AccessLogConfig, defaults_to_json_on_stdout_with_every_request) {
  EXPECT_EQ(bound<AccessLogConfig>("{}"),
            (AccessLogConfig{.format = AccessLogFormat::json, .output = "stdout", .sample_success = {100}}));
}

TEST(AccessLogConfig, is_read) {
  EXPECT_EQ(bound<AccessLogConfig>("{ format: text, output: /var/log/access.log, sample_success: 2.5% }"),
            (AccessLogConfig{
                .format = AccessLogFormat::text, .output = "/var/log/access.log", .sample_success = {2.5}}));
}

TEST(LogConfig, is_read) {
  EXPECT_EQ(bound<log::Config>("{ level: debug, format: json }"),
            (log::Config{.level = log::Level::debug, .format = log::Format::json}));
}

}  // namespace
}  // namespace sluice::telemetry
