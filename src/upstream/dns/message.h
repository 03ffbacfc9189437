// What a DNS message says of the name that was asked for (RFC 1035, 2181, 2308, 2782).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/address.h"
#include "upstream/resolver.h"

namespace sluice::upstream::dns {

enum class Type : std::uint16_t { a = 1, cname = 5, soa = 6, aaaa = 28, srv = 33 };

struct Question {
  std::string name;  ///< Without the dot at the end.
  Type type = Type::a;
};

struct Reply {
  std::vector<net::Address> addresses;  ///< Of a question for `a` or `aaaa`; port 0, in the order they came.
  std::vector<Service> services;        ///< Of a question for `srv`.
  /// Least of the records and of the CNAMEs on the way to them. Where there is nothing: for how long that is
  /// so, by the SOA (RFC 2308 5); unset where none came along.
  std::optional<Duration> ttl;

  bool empty() const noexcept { return addresses.empty() && services.empty(); }
};

/// More than these of one answer are left out.
constexpr std::size_t most_records = 100;

/// Reads an answer: NOERROR or NXDOMAIN. Records of other names, classes and types are passed over, and so
/// are addresses that nobody can be at: unspecified, multicast and broadcast. Fault::malformed where it is no
/// whole answer to the question; Fault::other for every other response code.
Result<Reply> read_reply(std::span<const std::uint8_t> message, const Question& question);

/// Labels of 1 to 63 bytes, 253 in all, without the dot at the end.
bool is_name(std::string_view text) noexcept;

}  // namespace sluice::upstream::dns
