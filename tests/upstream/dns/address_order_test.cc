#include "upstream/dns/address_order.h"

#include <gtest/gtest.h>

namespace sluice::upstream::dns {
namespace {

net::Address at(std::string_view text) { return *net::Address::parse(text); }

using Addresses = std::vector<net::Address>;

/// A machine with an address of each family, or only one.
SourceOf machine(std::optional<std::string> ipv6, std::optional<std::string> ipv4) {
  return [=](const net::Address& to) -> std::optional<net::Address> {
    const auto& own = to.family() == AF_INET6 ? ipv6 : ipv4;
    if (!own) return {};
    return at(*own);
  };
}

Addresses sorted(Addresses addresses, const SourceOf& source, Preference preference = Preference::system) {
  sort_destinations(addresses, preference, source);
  return addresses;
}

const auto v4 = at("198.51.100.1:0");
const auto v6 = at("[2001:db8::1]:0");

TEST(AddressOrder, has_ipv6_first_where_the_machine_has_it) {
  EXPECT_EQ(sorted({v4, v6}, machine("[2001:db8::9]:0", "10.0.0.9:0")), (Addresses{v6, v4}));
}

TEST(AddressOrder, has_what_cannot_be_reached_last) {
  EXPECT_EQ(sorted({v6, v4}, machine({}, "10.0.0.9:0")), (Addresses{v4, v6}));
}

TEST(AddressOrder, has_ipv4_before_ipv6_from_a_source_of_another_kind) {
  EXPECT_EQ(sorted({v6, v4}, machine("[fd00::9]:0", "10.0.0.9:0")), (Addresses{v4, v6}))
      << "a unique local source does not match a global destination (rule 5)";
  EXPECT_EQ(sorted({v6, v4}, machine("[fe80::9]:0", "10.0.0.9:0")), (Addresses{v4, v6})) << "rule 2";
}

TEST(AddressOrder, keeps_the_order_within_a_family) {
  const auto other = at("[2001:db8::2]:0");
  EXPECT_EQ(sorted({other, v4, v6}, machine("[2001:db8::9]:0", "10.0.0.9:0")), (Addresses{other, v6, v4}));
}

TEST(AddressOrder, asks_for_no_source_where_there_is_one_family) {
  const auto never = [](const net::Address&) -> std::optional<net::Address> {
    ADD_FAILURE();
    return {};
  };
  EXPECT_EQ(sorted({v6}, never), Addresses{v6});
}

TEST(AddressOrder, follows_a_preference) {
  const auto both = machine("[2001:db8::9]:0", "10.0.0.9:0");
  EXPECT_EQ(sorted({v6, v4}, both, Preference::ipv4), (Addresses{v4, v6}));
  EXPECT_EQ(sorted({v4, v6}, machine({}, "10.0.0.9:0"), Preference::ipv6), (Addresses{v6, v4}));
}

TEST(AddressOrder, learns_the_source_from_the_kernel) {
  EXPECT_EQ(source_of(at("127.0.0.1:0"))->with_port(0), at("127.0.0.1:0"));
}

}  // namespace
}  // namespace sluice::upstream::dns
