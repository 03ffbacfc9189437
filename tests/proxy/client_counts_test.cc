#include "proxy/client_counts.h"

#include <gtest/gtest.h>

namespace sluice::proxy {
namespace {

net::Address at(const char* text) { return *net::Address::parse(text); }

TEST(SharedClientCounts, gives_each_client_its_own_places) {
  SharedClientCounts counts(2);
  EXPECT_TRUE(counts.take(at("10.0.0.1:1000")));
  EXPECT_TRUE(counts.take(at("10.0.0.1:1001")));
  EXPECT_FALSE(counts.take(at("10.0.0.1:1002")));
  EXPECT_TRUE(counts.take(at("10.0.0.2:1000")));
  counts.give(at("10.0.0.1:1000"));
  EXPECT_TRUE(counts.take(at("10.0.0.1:1003")));
  EXPECT_FALSE(counts.take(at("10.0.0.1:1004")));
}

TEST(SharedClientCounts, takes_an_ipv6_network_for_one_client) {
  SharedClientCounts counts(1);
  EXPECT_TRUE(counts.take(at("[2001:db8:1:2::1]:1")));
  EXPECT_FALSE(counts.take(at("[2001:db8:1:2:ffff::2]:1")));
  EXPECT_TRUE(counts.take(at("[2001:db8:1:3::1]:1")));
}

TEST(SharedClientCounts, takes_an_ipv4_address_for_the_same_in_both_families) {
  SharedClientCounts counts(1);
  EXPECT_TRUE(counts.take(at("192.0.2.1:1")));
  EXPECT_FALSE(counts.take(at("[::ffff:192.0.2.1]:2")));
  EXPECT_TRUE(counts.take(at("[::ffff:192.0.2.2]:2")));
}

TEST(SharedClientCounts, does_not_count_unix_sockets) {
  SharedClientCounts counts(1);
  EXPECT_TRUE(counts.take(at("unix:/run/a.sock")));
  EXPECT_TRUE(counts.take(at("unix:/run/a.sock")));
  counts.give(at("unix:/run/a.sock"));
}

}  // namespace
}  // namespace sluice::proxy
