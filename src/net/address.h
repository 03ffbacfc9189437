// Where a peer is: an IPv4 or IPv6 address with a port, or the path of a unix socket.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::net {

/// A value of 32 bytes (the path of a unix socket is on the heap). Hashable and comparable.
class Address {
 public:
  Address() noexcept : v6_{} {}
  Address(const Address& other) : v6_(other.v6_) { own_path(); }
  Address(Address&& other) noexcept : v6_(other.v6_) { other.v6_ = {}; }
  Address& operator=(Address other) noexcept {
    std::swap(v6_, other.v6_);
    return *this;
  }
  ~Address() {
    if (is_unix()) drop_path();
  }

  /// "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", "unix:/run/app.sock", "unix:@abstract";
  /// nothing where it is none of those (a host name is not an address: resolve it).
  static std::optional<Address> parse(std::string_view text);
  /// An empty address where the family is none of the three.
  static Address from_sockaddr(const sockaddr* raw, socklen_t length) noexcept;
  static Address ipv4_loopback(std::uint16_t port) noexcept;

  const sockaddr* raw() const noexcept;
  socklen_t length() const noexcept;
  int family() const noexcept { return base_.sa_family; }  ///< AF_UNSPEC when empty.
  std::uint16_t port() const noexcept;                     ///< 0 for a unix socket.
  Address with_port(std::uint16_t port) const noexcept;
  /// In network order; an IPv4 address as an IPv4-mapped one (RFC 4291 2.5.5.2). Nothing for a unix socket.
  std::optional<std::array<std::uint8_t, 16>> ipv6_bytes() const noexcept;
  bool is_unix() const noexcept { return family() == AF_UNIX; }

  /// The address without the port: "127.0.0.1", "::1", "unix:". IPv4-mapped IPv6 prints as IPv4.
  /// Writes into the caller's buffer (at least 64 bytes); no heap.
  std::string_view host_text(char* buffer) const noexcept;
  std::string to_string() const;  ///< As parse() reads it; empty for an empty address.

  friend bool operator==(const Address& a, const Address& b) noexcept;
  std::size_t hash() const noexcept;

 private:
  struct UnixName;
  struct UnixPart {
    sa_family_t family;
    UnixName* name;  // owned; null for a socket without a name
  };

  void own_path() {
    if (is_unix()) copy_path();
  }
  void copy_path();
  void drop_path() noexcept;
  std::string_view bytes() const noexcept;

  union {
    sockaddr base_;
    sockaddr_in v4_;
    sockaddr_in6 v6_;  // the largest: copying it copies the others
    UnixPart unix_;
  };
};

}  // namespace sluice::net

template <>
struct std::hash<sluice::net::Address> {
  std::size_t operator()(const sluice::net::Address& address) const noexcept { return address.hash(); }
};
