// A section of field lines up to its empty line: what heads and trailers have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/header_block.h"
#include "http/reason.h"

namespace sluice::codec::h1 {

enum class ParseStatus : std::uint8_t {
  incomplete,  ///< Well-formed so far, more bytes are needed.
  complete,
  refused,
};

/// Which reasons the refusals of one direction carry, how many fields it may have, and what is mended.
struct SectionRules {
  http::Reason malformed;
  http::Reason too_large;
  std::size_t max_fields;
  bool trims_names = false;  ///< Blanks between name and colon go (RFC 9112 5.1), instead of being refused.
};

inline constexpr SectionRules request_rules(std::size_t max_fields) {
  return {http::Reason::malformed_head, http::Reason::header_fields_too_large, max_fields};
}
inline constexpr SectionRules response_rules(std::size_t max_fields) {
  return {http::Reason::upstream_malformed, http::Reason::upstream_head_too_large, max_fields, true};
}

struct SectionResult {
  ParseStatus status = ParseStatus::incomplete;
  const char* end = nullptr;  ///< Behind the empty line; set where complete.
  http::Refusal refusal;      ///< Set where refused.
};

/// Parses field lines (RFC 9112 5) from the first one to the empty line behind the last and appends
/// them to `fields`; where the result is not `complete`, `fields` is left cleared.
SectionResult parse_field_section(std::string_view bytes, const SectionRules& rules,
                                  http::HeaderBlock& fields);

/// The fault of a byte that may not stand where it was found.
std::string_view describe_fault(char c) noexcept;

/// CRLF at `p`: complete, with `end` behind it; incomplete; or refused as a bare CR.
SectionResult expect_crlf(const char* p, const char* end, http::Reason malformed) noexcept;

/// Empty lines that are skipped in front of a request (RFC 9112 2.2).
inline constexpr std::uint32_t max_empty_lines = 4;

/// Watches a section that arrives in pieces, so that it is parsed once and not at every piece.
class SectionScan {
 public:
  /// `in_head`: empty lines in front are skipped (RFC 9112 2.2); otherwise the first one ends it.
  explicit SectionScan(bool in_head) noexcept { reset(in_head); }
  void reset(bool in_head) noexcept;

  /// True once a parse of `bytes` is worth while: the section is complete, or broken. `bytes` begins
  /// where it began before and has grown; only what is new is looked at.
  bool ready(std::string_view bytes) noexcept;

  bool in_first_line() const noexcept { return in_first_line_; }
  std::size_t seen() const noexcept { return seen_; }

 private:
  enum class Place : std::uint8_t { before, before_cr, line, line_cr, line_start, end_cr };

  std::size_t seen_ = 0;
  Place place_ = Place::before;
  bool in_first_line_ = true;
  std::uint32_t empty_lines_ = 0;
};

}  // namespace sluice::codec::h1
