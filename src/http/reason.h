// Why the gateway answers by itself: one stable enum for every 4xx and 5xx of its own making.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::http {

enum class Reason : std::uint8_t {
  none = 0,
#define SLUICE_REASON(name, status, error_type, title, detail) name,
#include "http/reasons.inc"
#undef SLUICE_REASON
  count_,  ///< One more than the last; never a value.
};

inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::count_);

struct ReasonInfo {
  std::string_view name;        ///< Stable snake_case, as logs, metrics and problem+json show it.
  std::uint16_t status;         ///< HTTP status; 499 is only ever logged.
  std::string_view error_type;  ///< RFC 9209 2.3 proxy error type token.
  std::string_view title;
  std::string_view detail;  ///< One sentence that a user can act on.
};

/// What is known of a reason; status 0 and empty texts for `none` but its name.
const ReasonInfo& info(Reason reason) noexcept;

inline std::string_view name(Reason reason) noexcept { return info(reason).name; }
inline int status(Reason reason) noexcept { return info(reason).status; }

/// The reason of that name.
std::optional<Reason> reason_of(std::string_view name) noexcept;

/// A verdict of the parsers and rules: why a message is refused, with the exact fault as static text
/// ("bare LF in the head"). No reason means that it is not.
struct Refusal {
  Reason reason = Reason::none;
  std::string_view detail;

  explicit operator bool() const noexcept { return reason != Reason::none; }
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// The usual phrase of a status ("Not Found"); empty where there is none.
std::string_view phrase(int status) noexcept;

}  // namespace sluice::http
