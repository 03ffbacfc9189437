#include "runtime/descriptors.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

namespace sluice::runtime {
namespace {

Config config(const char* text) {
  conf::Problems problems;
  auto parsed = parse_config(text, "test.yaml", problems);
  EXPECT_TRUE(problems.empty()) << problems.text();
  return parsed.value_or(Config{});
}

TEST(Descriptors, are_needed_by_connections_of_listeners_and_of_endpoints) {
  const auto needs = descriptor_needs(config(R"(
listeners: [{ address: "127.0.0.1:1", limits: { connections: 100 } }, { address: "127.0.0.1:2", limits: { connections: 20 } }]
upstreams:
  a: { endpoints: ["127.0.0.1:3", "127.0.0.1:4"], connections: { max: 30 } }
  b: { endpoints: ["127.0.0.1:5"], connections: { max: 5 } }
routes: [{ upstream: a }]
)"),
                                      2);
  EXPECT_EQ(needs.clients, 120u);
  EXPECT_EQ(needs.upstreams, 65u);
  EXPECT_EQ(needs.process, 64u + 2 * (2 + 4 + 2 * 32));
  EXPECT_EQ(needs.least, 20u + 2 * (2 + 3));
  EXPECT_EQ(needs.sum(), 120u + 65u + needs.process);
}

TEST(Descriptors, are_shared_evenly_between_clients_and_upstreams) {
  const DescriptorNeeds needs{.process = 70, .clients = 20'000, .upstreams = 1'024};
  EXPECT_EQ(share_descriptors(1'070, needs).clients, 500u);
  EXPECT_EQ(share_descriptors(1'070, needs).refusals, 17u);
}

TEST(Descriptors, that_no_upstream_needs_are_for_clients) {
  EXPECT_EQ(share_descriptors(1'070, {.process = 70, .clients = 20'000, .upstreams = 100}).clients, 900u);
  EXPECT_EQ(share_descriptors(1'070, {.process = 70, .clients = 20'000}).clients, 1'000u);
}

TEST(Descriptors, that_are_few_leave_half_to_the_process) {
  const DescriptorNeeds needs{.process = 70, .clients = 20'000, .upstreams = 1'024};
  EXPECT_EQ(share_descriptors(64, needs).clients, 16u);
  EXPECT_EQ(share_descriptors(64, needs).refusals, 8u);
}

TEST(Descriptors, that_are_very_few_leave_the_process_what_it_cannot_do_without) {
  const DescriptorNeeds needs{.process = 200, .least = 28, .clients = 20'000, .upstreams = 1'024};
  EXPECT_EQ(least_descriptor_limit(needs), 30u);
  EXPECT_EQ(share_descriptors(30, needs).clients, 1u);
  EXPECT_EQ(share_descriptors(40, needs).clients, 6u);
  EXPECT_EQ(share_descriptors(40, needs).refusals, 1u);
  EXPECT_EQ(share_descriptors(64, needs).clients, 16u);
}

TEST(Descriptors, may_be_as_many_as_the_hard_limit_says) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 200;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace sluice::runtime
