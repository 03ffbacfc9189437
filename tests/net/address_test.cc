#include "net/address.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace sluice::net {
namespace {

std::string round_trip(std::string_view text) {
  auto address = Address::parse(text);
  return address ? address->to_string() : "nothing";
}

std::string host(std::string_view text) {
  char buffer[64];
  return std::string(Address::parse(text)->host_text(buffer));
}

TEST(Address, prints_as_it_is_read) {
  for (auto text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:8080", "[2001:db8::1]:443",
                    "unix:/run/app.sock", "unix:relative", "unix:@abstract"}) {
    EXPECT_EQ(round_trip(text), text);
  }
}

TEST(Address, reads_nothing_that_is_not_an_address) {
  for (auto text : {"",
                    ":",
                    ":80",
                    "localhost:80",
                    "127.0.0.1",
                    "127.0.0.1:",
                    "127.0.0.1:65536",
                    "127.0.0.1:-1",
                    "127.0.0.1:+1",
                    "127.0.0.1: 80",
                    "127.1:80",
                    "1.2.3.4.5:80",
                    "::1:80",
                    "[::1]",
                    "[::1:80",
                    "::1]:80",
                    "[]:80",
                    "[::g]:80",
                    "[127.0.0.1]:80",
                    "unix:",
                    "127.0.0.1:80x",
                    "[::1%nosuchinterface]:80"}) {
    EXPECT_EQ(round_trip(text), "nothing") << text;
  }
  EXPECT_EQ(round_trip("unix:/" + std::string(200, 'x')), "nothing");
}

TEST(Address, takes_a_unix_path_as_long_as_the_kernel_does) {
  auto text = "unix:/" + std::string(sizeof(sockaddr_un::sun_path) - 2, 'x');
  EXPECT_EQ(round_trip(text), text);
}

TEST(Address, prints_the_host_alone) {
  EXPECT_EQ(host("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(host("[2001:db8:0:0::1]:80"), "2001:db8::1");
  EXPECT_EQ(host("[::ffff:192.0.2.1]:80"), "192.0.2.1");
  EXPECT_EQ(host("unix:/run/x"), "unix:");
}

TEST(Address, compares_and_hashes_by_value) {
  auto a = *Address::parse("10.0.0.1:80"), b = *Address::parse("10.0.0.1:80");
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_NE(a, *Address::parse("10.0.0.1:81"));
  EXPECT_NE(a, *Address::parse("[::ffff:10.0.0.1]:80"));
  EXPECT_EQ(*Address::parse("unix:/a"), *Address::parse("unix:/a"));
  EXPECT_NE(*Address::parse("unix:/a"), *Address::parse("unix:/ab"));
  std::unordered_set<Address> set{a, b, *Address::parse("unix:/a"), *Address::parse("unix:/a")};
  EXPECT_EQ(set.size(), 2u);
}

TEST(Address, changes_its_port) {
  auto a = Address::ipv4_loopback(80);
  EXPECT_EQ(a.with_port(81).to_string(), "127.0.0.1:81");
  EXPECT_EQ(a.port(), 80);
  EXPECT_EQ(Address::parse("[::1]:1")->with_port(2).port(), 2);
  EXPECT_EQ(Address::parse("unix:/a")->port(), 0);
}

TEST(Address, copies_and_moves_a_unix_path) {
  auto a = *Address::parse("unix:/run/a.sock");
  Address copy = a;
  Address moved = std::move(a);
  EXPECT_EQ(copy, moved);
  copy = Address::ipv4_loopback(1);
  EXPECT_EQ(moved.to_string(), "unix:/run/a.sock");
}

TEST(Address, is_empty_for_a_family_that_is_unknown) {
  sockaddr raw{};
  raw.sa_family = AF_UNSPEC;
  EXPECT_EQ(Address::from_sockaddr(&raw, sizeof(raw)), Address());
  EXPECT_EQ(Address().to_string(), "");
  EXPECT_EQ(Address().length(), 0u);
}

TEST(Address, knows_a_unix_socket_without_a_name) {
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  auto address = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&raw), sizeof(sa_family_t));
  EXPECT_TRUE(address.is_unix());
  EXPECT_EQ(address.to_string(), "unix:");
}

}  // namespace
}  // namespace sluice::net
