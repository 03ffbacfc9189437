#include "http/host.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::http {
namespace {

struct Valid {
  std::string text;
  std::string host;
  int port;  // -1: none
  Authority::Kind kind;
};

TEST(Authority, is_a_host_with_or_without_a_port) {  // RFC 3986 3.2
  using Kind = Authority::Kind;
  const std::vector<Valid> cases = {
      {"example.com", "example.com", -1, Kind::name},
      {"Example.COM:8080", "Example.COM", 8080, Kind::name},
      {"example.com.", "example.com", -1, Kind::name},
      {"example.com.:80", "example.com", 80, Kind::name},
      {"example.com:", "example.com", -1, Kind::name},
      {"a_b~c-d", "a_b~c-d", -1, Kind::name},
      {"localhost:0", "localhost", 0, Kind::name},
      {"a:65535", "a", 65535, Kind::name},
      {"127.0.0.1", "127.0.0.1", -1, Kind::ipv4},
      {"127.0.0.1:80", "127.0.0.1", 80, Kind::ipv4},
      {"256.0.0.1", "256.0.0.1", -1, Kind::name},
      {"[::1]", "[::1]", -1, Kind::ipv6},
      {"[2001:db8::1]:443", "[2001:db8::1]", 443, Kind::ipv6},
      {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]", 1, Kind::ipv6},
  };
  for (const Valid& c : cases) {
    const AuthorityResult result = parse_authority(c.text);
    ASSERT_FALSE(result.refusal) << c.text << ": " << result.refusal.detail;
    EXPECT_EQ(result.authority.text, c.text.ends_with(':') ? c.text.substr(0, c.text.size() - 1) : c.text);
    EXPECT_EQ(result.authority.host, c.host) << c.text;
    EXPECT_EQ(result.authority.kind, c.kind) << c.text;
    EXPECT_EQ(result.authority.has_port, c.port >= 0) << c.text;
    EXPECT_EQ(result.authority.port, c.port < 0 ? 0 : c.port) << c.text;
  }
}

TEST(Authority, is_refused_where_it_is_not_a_plain_host) {
  const std::vector<std::string> cases = {
      "",
      ":80",
      "user@example.com",
      "user:pass@example.com:80",
      "@",
      "a@",
      "a b",
      "a,b",
      "a/b",
      "a?b",
      "a#b",
      "a\\b",
      "a..b",
      ".a",
      ".",
      "a%20b",
      "%61",
      "a:b",
      "a:-1",
      "a:65536",
      "a:123456",
      "a:80:80",
      "a:8 0",
      "a: 80",
      "a;b",
      "a'b",
      "a(b)",
      "a*b",
      "a=b",
      "a&b",
      "a!b",
      "a$b",
      "a+b",
      "\xc3\xa9.example",
      "a\"b",
      "<a>",
      "a|b",
      "a{b}",
      "[",
      "[]",
      "[::1",
      "::1",
      "[::1]x",
      "[::1]:x",
      "[::1]]",
      "[1.2.3.4]",
      "[v1.a]",
      "[fe80::1%25eth0]",
      "[::1]80",
      "[:::]",
      "[1:2:3:4:5:6:7]",
      "[1:2:3:4:5:6:7:8:9]",
      "[12345::]",
      "[1::2::3]",
      "[g::]",
      "[1:]",
      "[:1]",
      std::string(256, 'a'),
      std::string("a\0b", 3),
      "a\tb",
      "a\x7f",
  };
  for (const std::string& text : cases) {
    EXPECT_EQ(parse_authority(text).refusal.reason, Reason::invalid_host) << text;
  }
}

TEST(IPv6, is_known_in_all_its_forms) {  // RFC 4291 2.2
  for (const char* text :
       {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8",
        "ABCD:EF01:2345:6789:abcd:ef01:2345:6789", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1::1.2.3.4"}) {
    EXPECT_TRUE(is_ipv6(text)) << text;
  }
  for (const char* text :
       {"", ":", ":::", "1", "1:2", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
        "1::2::", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.256", "1.2.3.4", "1.2.3.4::", "::1.2.3.4:5"}) {
    EXPECT_FALSE(is_ipv6(text)) << text;
  }
}

TEST(IPv4, is_four_decimal_octets) {  // RFC 3986 3.2.2
  for (const char* text : {"0.0.0.0", "1.2.3.4", "255.255.255.255"}) EXPECT_TRUE(is_ipv4(text)) << text;
  for (const char* text : {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4.", "1..2.3",
                           "a.b.c.d", "1.2.3.1000"}) {
    EXPECT_FALSE(is_ipv4(text)) << text;
  }
}

TEST(Host, is_needed_exactly_once) {  // RFC 9112 3.2
  HeaderBlock fields;
  EXPECT_EQ(check_host(fields, Version::http_1_1).refusal.detail, "no Host");
  EXPECT_FALSE(check_host(fields, Version::http_1_0).refusal);
  EXPECT_EQ(check_host(fields, Version::http_1_0).authority.kind, Authority::Kind::none);
  fields.add("host", "a");
  EXPECT_EQ(check_host(fields, Version::http_1_1).authority.host, "a");
  fields.add("Host", "a");
  EXPECT_EQ(check_host(fields, Version::http_1_1).refusal.detail, "more than one Host");
  EXPECT_EQ(check_host(fields, Version::http_1_0).refusal.detail, "more than one Host");
  fields.set(FieldName::host, "");
  EXPECT_EQ(check_host(fields, Version::http_1_1).refusal.detail, "empty host");
}

TEST(Host, is_compared_in_lower_case) {
  char out[16];
  const std::string_view lower_already = "a.example";
  EXPECT_EQ(lower_host(lower_already, out).data(), lower_already.data());
  EXPECT_EQ(lower_host("A.Example", out), "a.example");
}

}  // namespace
}  // namespace sluice::http
