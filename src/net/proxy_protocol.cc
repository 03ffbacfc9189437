#include "net/proxy_protocol.h"

#include <arpa/inet.h>

#include <algorithm>
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
  if (!number || six != (family == AF_INET6)) return {};
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

Address address4(const char* host, const char* port) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  std::memcpy(&raw.sin_addr, host, sizeof raw.sin_addr);
  std::memcpy(&raw.sin_port, port, sizeof raw.sin_port);
  return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

Address address6(const char* host, const char* port) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  std::memcpy(&raw.sin6_addr, host, sizeof raw.sin6_addr);
  std::memcpy(&raw.sin6_port, port, sizeof raw.sin6_port);
  return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

ProxyHeader parse2(std::string_view bytes) {
  if (bytes.size() < kFixed2) return {};
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned version = at(12) >> 4, command = at(12) & 15u, kind = at(13);
  if (version != 2 || command > 1) return malformed();
  const std::size_t size = kFixed2 + (at(14) << 8 | at(15));
  if (bytes.size() < size) return {};
  ProxyHeader header{.status = Status::complete, .size = size, .source = {}, .destination = {}};
  constexpr unsigned local = 0, tcp4 = 0x11, tcp6 = 0x21;
  const std::size_t wanted = kind == tcp4 ? 12 : kind == tcp6 ? 36 : 0;
  if (command == local || wanted == 0) return header;
  if (size - kFixed2 < wanted) return malformed();
  const char* body = bytes.data() + kFixed2;
  header.known = true;
  header.source = kind == tcp4 ? address4(body, body + 8) : address6(body, body + 32);
  header.destination = kind == tcp4 ? address4(body + 4, body + 10) : address6(body + 16, body + 34);
  return header;
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (may_begin_with(bytes, kBegin2)) return bytes.size() < kBegin2.size() ? ProxyHeader{} : parse2(bytes);
  if (may_begin_with(bytes, kBegin1)) return bytes.size() < kBegin1.size() ? ProxyHeader{} : parse1(bytes);
  return malformed();
}

}  // namespace sluice::net
