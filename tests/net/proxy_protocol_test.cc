#include "net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::net {
namespace {

using Status = ProxyHeader::Status;
using namespace std::string_literals;

const std::string begin2("\r\n\r\n\0\r\nQUIT\n", 12);

// A header of version 2 around a body.
std::string version2(char command, char kind, const std::string& body) {
  const auto size = body.size();
  return begin2 + command + kind + static_cast<char>(size >> 8) + static_cast<char>(size & 0xff) + body;
}

const std::string tcp4 = version2('\x21', '\x11', "\x0a\x00\x00\x01\x0a\x00\x00\x02\x30\x39\x00\x50"s);
const std::string tcp6 = version2('\x21', '\x21',
                                  "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01" + "\x20\x01\x0d\xb8"s +
                                      std::string(11, '\0') + "\x02" + "\x30\x39\x01\xbb"s);

TEST(ProxyProtocol, reads_addresses_of_version_1) {
  auto header = parse_proxy_header("PROXY TCP4 10.0.0.1 10.0.0.2 12345 80\r\nGET /");
  ASSERT_EQ(header.status, Status::complete);
  EXPECT_TRUE(header.known);
  EXPECT_EQ(header.size, 39u);
  EXPECT_EQ(header.source.to_string(), "10.0.0.1:12345");
  EXPECT_EQ(header.destination.to_string(), "10.0.0.2:80");
  header = parse_proxy_header("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n");
  ASSERT_EQ(header.status, Status::complete);
  EXPECT_EQ(header.source.to_string(), "[2001:db8::1]:1");
}

TEST(ProxyProtocol, reads_addresses_of_version_2) {
  auto header = parse_proxy_header(tcp4 + "GET /");
  ASSERT_EQ(header.status, Status::complete);
  EXPECT_EQ(header.size, tcp4.size());
  EXPECT_EQ(header.source.to_string(), "10.0.0.1:12345");
  EXPECT_EQ(header.destination.to_string(), "10.0.0.2:80");
  header = parse_proxy_header(tcp6);
  ASSERT_EQ(header.status, Status::complete);
  EXPECT_EQ(header.source.to_string(), "[2001:db8::1]:12345");
  EXPECT_EQ(header.destination.to_string(), "[2001:db8::2]:443");
}

TEST(ProxyProtocol, skips_what_it_does_not_know) {
  for (const auto& bytes : {"PROXY UNKNOWN\r\n"s, "PROXY UNKNOWN ffff:: ::1 1 2\r\n"s,
                            version2('\x20', '\x00', ""), version2('\x20', '\x11', "whatever"),
                            version2('\x21', '\x31', std::string(216, 'x')), version2('\x21', '\x00', "")}) {
    const auto header = parse_proxy_header(bytes);
    EXPECT_EQ(header.status, Status::complete) << bytes;
    EXPECT_EQ(header.size, bytes.size());
    EXPECT_FALSE(header.known);
    EXPECT_EQ(header.local, bytes[12] == '\x20');
  }
  // Extensions behind the addresses.
  const auto header = parse_proxy_header(version2('\x21', '\x11', tcp4.substr(16) + "\x04\x00\x01x"s));
  EXPECT_EQ(header.source.to_string(), "10.0.0.1:12345");
  EXPECT_EQ(header.size, tcp4.size() + 4);
}

TEST(ProxyProtocol, waits_for_the_rest_wherever_it_is_cut) {
  for (const std::string& whole : {tcp4, tcp6, "PROXY TCP4 10.0.0.1 10.0.0.2 12345 80\r\n"s}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(parse_proxy_header(whole.substr(0, size)).status, Status::incomplete) << size;
    }
  }
}

TEST(ProxyProtocol, takes_nothing_else_for_a_header) {
  for (const auto& bytes : {"GET / HTTP/1.1\r\n"s,
                            "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n"s,
                            "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"s,
                            "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"s,
                            "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n"s,
                            "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"s,
                            "PROXY TCP4 ::1 ::1 1 2\r\n"s,
                            "PROXY TCP6 1.2.3.4 ::1 1 2\r\n"s,
                            "PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n"s,
                            "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n"s,
                            "PROXY TCP4 a b 1 2\r\n"s,
                            "PROXY \r\n"s,
                            "PROXY TCP4 " + std::string(200, '1'),
                            version2('\x11', '\x11', tcp4.substr(16)),
                            version2('\x22', '\x11', tcp4.substr(16)),
                            version2('\x21', '\x11', "short"),
                            version2('\x21', '\x41', tcp4.substr(16)),
                            version2('\x21', '\x13', tcp4.substr(16)),
                            version2('\x21', '\x10', tcp4.substr(16)),
                            version2('\x21', '\x01', ""),
                            version2('\x21', '\x31', std::string(215, 'x')),
                            version2('\x21', '\x12', "short"),
                            "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n"s}) {
    EXPECT_EQ(parse_proxy_header(bytes).status, Status::malformed) << bytes;
  }
}

// ---- written ----

Address address(std::string_view text) { return *Address::parse(text); }

const Address mapped = address("[::ffff:10.0.0.1]:12345");

TEST(ProxyProtocol, writes_version_1_as_its_specification_shows_it) {
  constexpr auto v1 = ProxyVersion::v1;
  EXPECT_EQ(proxy_header(v1, address("10.0.0.1:12345"), address("10.0.0.2:80")),
            "PROXY TCP4 10.0.0.1 10.0.0.2 12345 80\r\n");
  EXPECT_EQ(proxy_header(v1, address("[2001:db8::1]:1"), address("[::1]:65535")),
            "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n");
  EXPECT_EQ(proxy_header(v1, mapped, address("[::ffff:10.0.0.2]:80")),
            "PROXY TCP4 10.0.0.1 10.0.0.2 12345 80\r\n")
      << "the client of a dual-stack listener came by IPv4";
  EXPECT_EQ(proxy_header(v1, mapped, address("[2001:db8::2]:443")),
            "PROXY TCP6 ::ffff:10.0.0.1 2001:db8::2 12345 443\r\n");
}

TEST(ProxyProtocol, writes_version_2_as_it_is_read) {
  constexpr auto v2 = ProxyVersion::v2;
  EXPECT_EQ(proxy_header(v2, address("10.0.0.1:12345"), address("10.0.0.2:80")), tcp4);
  EXPECT_EQ(proxy_header(v2, address("[2001:db8::1]:12345"), address("[2001:db8::2]:443")), tcp6);
  EXPECT_EQ(proxy_header(v2, mapped, address("10.0.0.2:80")), tcp4);
}

TEST(ProxyProtocol, names_nobody_where_there_is_no_tcp_or_no_client) {
  const auto socket = address("unix:/run/app.sock"), peer = address("10.0.0.1:1");
  for (const auto& [source, destination] : {std::pair(socket, socket), {peer, socket}, {Address(), peer}}) {
    EXPECT_EQ(proxy_header(ProxyVersion::v1, source, destination), "PROXY UNKNOWN\r\n");
    EXPECT_EQ(proxy_header(ProxyVersion::v2, source, destination), version2('\x21', '\x00', ""));
  }
  EXPECT_EQ(own_proxy_header(ProxyVersion::v1), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(own_proxy_header(ProxyVersion::v2), version2('\x20', '\x00', ""));
}

}  // namespace
}  // namespace sluice::net
