// The words of HTTP as one-byte tokens: field names, methods, versions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/chars.h"

namespace sluice::http {

/// Field names that the gateway compares; every other name is `other` and compared as text.
enum class FieldName : std::uint8_t {
  other = 0,
#define SLUICE_FIELD(name, text) name,
#include "http/field_names.inc"
#undef SLUICE_FIELD
  count_,         ///< One more than the last known name; never stored.
  removed = 255,  ///< A dead entry of a HeaderBlock.
};

inline constexpr std::size_t field_name_count = static_cast<std::size_t>(FieldName::count_);
static_assert(field_name_count <= 128, "HeaderBlock keeps one bit a name in two words");

/// The token of a name, in any case; `other` where it is not a known one.
FieldName field_name(std::string_view name) noexcept;

namespace detail {
extern const std::array<std::string_view, field_name_count> canonical_names;
}

/// The usual spelling; empty for `other` and `removed`.
inline std::string_view canonical(FieldName name) noexcept {
  const auto index = static_cast<std::size_t>(name);
  return index < field_name_count ? detail::canonical_names[index] : std::string_view{};
}

/// Methods are case-sensitive (RFC 9110 9.1).
enum class Method : std::uint8_t { other, get, head, post, put, del, connect, options, trace, patch, query };

Method method(std::string_view text) noexcept;

/// "GET" and so on; empty for `other`, whose text the caller keeps.
std::string_view name(Method method) noexcept;

/// RFC 9110 9.2.1, and QUERY by its own specification. `other` is not known to be safe.
constexpr bool is_safe(Method m) noexcept {
  return m == Method::get || m == Method::head || m == Method::options || m == Method::trace ||
         m == Method::query;
}

/// RFC 9110 9.2.2.
constexpr bool is_idempotent(Method m) noexcept { return is_safe(m) || m == Method::put || m == Method::del; }

enum class Version : std::uint8_t { http_1_0, http_1_1, http_2 };

/// "HTTP/1.1" and so on.
std::string_view name(Version version) noexcept;

/// The protocol version as Via and the access log show it: "1.0", "1.1", "2".
std::string_view short_name(Version version) noexcept;

}  // namespace sluice::http
