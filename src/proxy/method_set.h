// A set of request methods as bits, with room for methods that HTTP does not know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "http/token.h"
#include "sluice/head.h"

namespace sluice::proxy {

/// One bit a known http::Method, the bits above for the table's own words.
using MethodSet = std::uint32_t;

inline constexpr MethodSet every_method = ~MethodSet{0};

/// The methods that a configuration names: those of HTTP and up to 16 more.
class MethodTable {
 public:
  /// The bits of a method, known from now on; 0 where there is no room for another. GET brings HEAD.
  MethodSet add(std::string_view method);

  /// The bit of the request's method; 0 for one that no route names.
  MethodSet bit(const RequestHead& request) const noexcept;

  /// "GET, HEAD, POST", as Allow has it (RFC 9110 10.2.1).
  std::string_view text(MethodSet methods, Arena& arena) const;

 private:
  std::vector<std::string> words_;
};

}  // namespace sluice::proxy
