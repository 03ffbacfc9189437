#include "http/forwarded.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

bool is_inner(std::string_view address) { return address.starts_with("10.") || address == "::1"; }

std::string all_of(const HeaderBlock& block) {
  std::string text(block.wire_size(), '?');
  block.write_wire(text.data());
  return text;
}

TEST(Forwarded, from_strangers_is_replaced) {
  HeaderBlock block;
  Arena arena;
  for (const char* name : {"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}) {
    block.add(name, "spoofed");
    block.add(name, "twice");
  }
  set_forwarded(block, {"192.0.2.7", "https", "a.example", false}, arena);
  EXPECT_EQ(all_of(block),
            "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Host: a.example\r\nX-Forwarded-Proto: https\r\n");
}

TEST(Forwarded, claims_go_by_whatever_name) {
  HeaderBlock block;
  for (const char* name : {"X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Server", "x-forwarded-prefix",
                           "X-Forwarded", "X_Forwarded_User", "X-Forwarded-", "X-Real-IP", "x_real-ip",
                           "Forwarded", "True-Client-IP", "X-Client-IP", "X-Cluster-Client-IP",
                           "X-Original-Host", "X-Original-Forwarded-For", "CF-Connecting-IP"}) {
    block.add(name, "spoofed");
    block.add(name, "twice");
  }
  for (const char* name : {"X-Forwardedness", "X-Forward", "X-Real-IPs", "Client", "Via"})
    block.add(name, "v");
  remove_claims(block);
  EXPECT_EQ(all_of(block), "X-Forwardedness: v\r\nX-Forward: v\r\nX-Real-IPs: v\r\nClient: v\r\nVia: v\r\n");
}

TEST(Forwarded, from_trusted_proxies_is_continued) {
  HeaderBlock block;
  Arena arena;
  block.add("X-Forwarded-For", "192.0.2.7");
  block.add("X-Forwarded-For", "10.0.0.2");
  block.add("X-Forwarded-Proto", "https");
  set_forwarded(block, {"10.0.0.3", "http", "b", true}, arena);
  EXPECT_EQ(block.find("X-Forwarded-For"), "192.0.2.7, 10.0.0.2, 10.0.0.3");
  EXPECT_EQ(block.count(FieldName::x_forwarded_for), 1u);
  EXPECT_EQ(block.find("X-Forwarded-Proto"), "https");
  EXPECT_EQ(block.find("X-Forwarded-Host"), "b");
  EXPECT_FALSE(block.has(FieldName::forwarded));
}

TEST(Forwarded, of_an_ipv6_peer_is_quoted) {  // RFC 7239 6
  HeaderBlock block;
  Arena arena;
  block.add("Forwarded", "for=192.0.2.7");
  set_forwarded(block, {"2001:db8::1", "http", "", true}, arena);
  EXPECT_EQ(block.find("Forwarded"), "for=192.0.2.7, for=\"[2001:db8::1]\";proto=http");
  EXPECT_FALSE(block.has(FieldName::x_forwarded_for));
  block.clear();
  block.add("Forwarded", "for=192.0.2.7");
  set_forwarded(block, {"", "http", "h", true}, arena);
  EXPECT_EQ(block.find("Forwarded"), "for=192.0.2.7, for=unknown;host=\"h\";proto=http");
  EXPECT_FALSE(block.has(FieldName::x_forwarded_for));
}

TEST(Forwarded, is_begun_by_x_forwarded_for_alone) {
  HeaderBlock block;
  Arena arena;
  set_forwarded(block, {"2001:db8::1", "http", "", true}, arena);
  EXPECT_EQ(block.find("X-Forwarded-For"), "2001:db8::1");
  EXPECT_FALSE(block.has(FieldName::forwarded));
}

TEST(ClientAddress, is_the_nearest_that_is_not_a_trusted_proxy) {
  HeaderBlock block;
  block.add("X-Forwarded-For", "203.0.113.9, 192.0.2.7");
  block.add("X-Forwarded-For", "10.0.0.1, \"[::1]:80\"");
  EXPECT_EQ(client_address(block, "10.0.0.9", is_inner), "192.0.2.7");
  EXPECT_EQ(client_address(block, "198.51.100.1", is_inner), "198.51.100.1");
}

TEST(ClientAddress, stops_at_what_is_not_an_address) {
  HeaderBlock block;
  block.add("X-Forwarded-For", "192.0.2.7, junk, 10.0.0.1");
  EXPECT_EQ(client_address(block, "10.0.0.9", is_inner), "10.0.0.1");
  block.set("X-Forwarded-For", "10.0.0.2, 10.0.0.1");
  EXPECT_EQ(client_address(block, "10.0.0.9", is_inner), "10.0.0.2");
  block.clear();
  EXPECT_EQ(client_address(block, "10.0.0.9", is_inner), "10.0.0.9");
}

TEST(ClientAddress, is_read_from_forwarded_too) {  // RFC 7239 4
  HeaderBlock block;
  block.add("Forwarded",
            "For=\"[2001:db8::17]:4711\"; proto=https, for=10.0.0.1;by=x, proto=http;FOR=10.0.0.2");
  EXPECT_EQ(client_address(block, "10.0.0.9", is_inner), "2001:db8::17");
}

TEST(ClientAddress, is_found_behind_many_elements) {
  HeaderBlock block;
  std::string list = "192.0.2.1";
  for (int i = 0; i < 100; ++i) list += ", 10.0.0.1";
  block.add("X-Forwarded-For", list);
  EXPECT_EQ(client_address(block, "10.0.0.9", is_inner), "10.0.0.1");
}

TEST(NodeAddress, is_read_in_all_forms) {
  EXPECT_EQ(node_address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(node_address("192.0.2.1:80"), "192.0.2.1");
  EXPECT_EQ(node_address("\"192.0.2.1:80\""), "192.0.2.1");
  EXPECT_EQ(node_address("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(node_address("\"[2001:db8::1]\""), "2001:db8::1");
  for (const char* junk :
       {"", "unknown", "_hidden", "a.example", "\"", "[", "[]", "[1.2.3.4]", "1.2.3", ":80"}) {
    EXPECT_EQ(node_address(junk), "") << junk;
  }
}

}  // namespace
}  // namespace sluice::http
