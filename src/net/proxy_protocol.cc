#include "net/proxy_protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>

namespace sluice::net {
namespace {

using Status = ProxyHeader::Status;

constexpr std::string_view kBegin1 = "PROXY ";
constexpr std::size_t kLongest1 = 107;  // CRLF included
constexpr std::string_view kBegin2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed2 = 16;

// Version and command, family and transport of version 2.
constexpr char kLocal = 0x20, kProxy = 0x21;
constexpr char kUnspecified = 0x00, kTcp4 = 0x11, kUdp4 = 0x12, kTcp6 = 0x21, kUdp6 = 0x22;
constexpr char kUnixStream = 0x31, kUnixDatagram = 0x32;

ProxyHeader malformed() { return {.status = Status::malformed, .source = {}, .destination = {}}; }

bool may_begin_with(std::string_view bytes, std::string_view begin) {
  return bytes.substr(0, begin.size()) == begin.substr(0, bytes.size());
}

// The next word, and the space behind it.
std::string_view take_word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool padded = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || end != text.data() + text.size() || port > 65535 || padded) return {};
  return static_cast<std::uint16_t>(port);
}

std::optional<Address> address_of(int family, std::string_view host, std::string_view port) {
  const auto number = port_of(port);
  const bool six = host.find(':') != std::string_view::npos;
  const bool zoned = host.find('%') != std::string_view::npos;  // the receiver's interfaces are others
  if (!number || zoned || six != (family == AF_INET6)) return {};
  auto text = std::string(host);
  auto address = Address::parse((six ? "[" + text + "]" : text) + ":0");
  if (!address || address->family() != family) return {};
  return address->with_port(*number);
}

ProxyHeader parse1(std::string_view bytes) {
  const auto end = bytes.substr(0, kLongest1).find("\r\n");
  if (end == std::string_view::npos) return bytes.size() < kLongest1 ? ProxyHeader{} : malformed();
  ProxyHeader header{.status = Status::complete, .size = end + 2, .source = {}, .destination = {}};
  auto line = bytes.substr(kBegin1.size(), end - kBegin1.size());
  const auto protocol = take_word(line);
  if (protocol == "UNKNOWN") return header;
  if (protocol != "TCP4" && protocol != "TCP6") return malformed();
  const int family = protocol == "TCP4" ? AF_INET : AF_INET6;
  const auto source = take_word(line), destination = take_word(line), source_port = take_word(line);
  const auto from = address_of(family, source, source_port);
  const auto to = address_of(family, destination, line);
  if (!from || !to) return malformed();
  header.known = true;
  header.source = *from;
  header.destination = *to;
  return header;
}

// Of an IPv4 or IPv6 address in network order.
Address address_of(std::string_view host) {
  if (host.size() == sizeof(in_addr)) {
    sockaddr_in raw{};
    raw.sin_family = AF_INET;
    std::memcpy(&raw.sin_addr, host.data(), host.size());
    return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
  }
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  std::memcpy(&raw.sin6_addr, host.data(), host.size());
  return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

// Of the hosts and ports in version 2; nothing where it has no such family and transport.
std::optional<std::size_t> addresses_size(char kind) {
  switch (kind) {
    case kUnspecified:
      return 0;
    case kTcp4:
    case kUdp4:
      return 2 * (sizeof(in_addr) + sizeof(in_port_t));
    case kTcp6:
    case kUdp6:
      return 2 * (sizeof(in6_addr) + sizeof(in_port_t));
    case kUnixStream:
    case kUnixDatagram:
      return 2 * 108;
    default:
      return {};
  }
}

ProxyHeader parse2(std::string_view bytes) {
  if (bytes.size() < kFixed2) return {};
  const auto number_at = [&](std::size_t i) {
    const auto high = static_cast<unsigned char>(bytes[i]), low = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<std::uint16_t>(high << 8 | low);
  };
  const char command = bytes[12], kind = bytes[13];
  if (command != kLocal && command != kProxy) return malformed();
  const std::size_t size = kFixed2 + number_at(14);
  const auto addresses = addresses_size(kind);
  const bool sound = addresses && size >= kFixed2 + *addresses;
  if (command == kProxy && !sound) return malformed();
  if (bytes.size() < size) return {};
  ProxyHeader header{.status = Status::complete, .size = size, .source = {}, .destination = {}};
  header.local = command == kLocal;
  const std::size_t host = kind == kTcp4 ? sizeof(in_addr) : kind == kTcp6 ? sizeof(in6_addr) : 0;
  if (header.local || host == 0) return header;
  const std::size_t ports = kFixed2 + 2 * host;  // behind both hosts
  header.known = true;
  header.source = address_of(bytes.substr(kFixed2, host)).with_port(number_at(ports));
  header.destination = address_of(bytes.substr(kFixed2 + host, host)).with_port(number_at(ports + 2));
  return header;
}

using Ipv6Bytes = std::array<std::uint8_t, 16>;

bool is_ipv4(const Ipv6Bytes& bytes) {
  constexpr Ipv6Bytes mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::equal(bytes.begin(), bytes.begin() + 12, mapped.begin());
}

// Both ends of a TCP connection, in the family that can express them.
struct Ends {
  static std::optional<Ends> of(const Address& source, const Address& destination) {
    const auto from = source.ipv6_bytes(), to = destination.ipv6_bytes();
    if (!from || !to) return {};
    return Ends{*from, *to, source.port(), destination.port(), is_ipv4(*from) && is_ipv4(*to)};
  }
  Ipv6Bytes from, to;
  std::uint16_t from_port, to_port;
  bool ipv4;
};

std::string text_of(const Ipv6Bytes& bytes, bool ipv4) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes.data() + (ipv4 ? 12 : 0), text, sizeof text);
}

std::string header1(const Ends& ends) {
  std::string text(kBegin1);
  text += ends.ipv4 ? "TCP4 " : "TCP6 ";
  text += text_of(ends.from, ends.ipv4) + ' ' + text_of(ends.to, ends.ipv4) + ' ';
  return text + std::to_string(ends.from_port) + ' ' + std::to_string(ends.to_port) + "\r\n";
}

std::string header2(char command, char kind, std::string_view body) {
  std::string header(kBegin2);
  header += command;
  header += kind;
  header += static_cast<char>(0);  // the high byte of the size: no body is that long
  header += static_cast<char>(body.size());
  return header.append(body);
}

std::string header2(const Ends& ends) {
  std::string body;
  const auto skipped = ends.ipv4 ? 12 : 0;
  for (const auto* bytes : {&ends.from, &ends.to}) body.append(bytes->begin() + skipped, bytes->end());
  for (const unsigned port : {ends.from_port, ends.to_port}) {
    body += static_cast<char>(port >> 8);
    body += static_cast<char>(port & 0xff);
  }
  return header2(kProxy, ends.ipv4 ? kTcp4 : kTcp6, body);
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (may_begin_with(bytes, kBegin2)) return bytes.size() < kBegin2.size() ? ProxyHeader{} : parse2(bytes);
  if (may_begin_with(bytes, kBegin1)) return bytes.size() < kBegin1.size() ? ProxyHeader{} : parse1(bytes);
  return malformed();
}

std::string proxy_header(ProxyVersion version, const Address& source, const Address& destination) {
  const auto ends = Ends::of(source, destination);
  if (version == ProxyVersion::v2) return ends ? header2(*ends) : header2(kProxy, kUnspecified, {});
  return ends ? header1(*ends) : own_proxy_header(version);
}

std::string own_proxy_header(ProxyVersion version) {
  if (version == ProxyVersion::v2) return header2(kLocal, kUnspecified, {});
  return "PROXY UNKNOWN\r\n";
}

}  // namespace sluice::net
