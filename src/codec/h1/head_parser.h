// Request and response heads of HTTP/1.1 (RFC 9112), parsed in one pass over contiguous bytes.
//
// The one parser of this protocol in the program, and a strict one: whatever two readers of the same
// bytes could take apart in different ways is refused here. Nothing allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/h1/head_parser_fields.h"
#include "http/header_block.h"
#include "http/reason.h"
#include "http/token.h"

namespace sluice::codec::h1 {

/// Bytes of a method, whatever the version of HTTP.
inline constexpr std::size_t kLongestMethod = 64;

struct HeadLimits {
  std::uint32_t start_line = 8 * 1024;   ///< Bytes of the first line, without CRLF: 414 beyond.
  std::uint32_t head_bytes = 32 * 1024;  ///< First line, fields and empty line: 431 beyond.
  std::uint32_t fields = 100;            ///< Field lines: 431 beyond.
};

/// Texts are views of the parsed bytes.
struct RequestLine {
  http::Method method = http::Method::other;
  http::Version version = http::Version::http_1_1;  ///< 1.2 to 1.9 are read as 1.1 (RFC 9110 6.2).
  std::string_view method_text;                     ///< A token; case as sent.
  std::string_view target;  ///< Visible ASCII, not yet looked into: see http/target.h.
};

struct StatusLine {
  http::Version version = http::Version::http_1_1;
  std::uint16_t status = 0;  ///< 100 to 599.
  std::string_view phrase;   ///< May be empty.
};

template <class Line>
struct HeadResult {
  ParseStatus status = ParseStatus::incomplete;
  std::size_t consumed = 0;  ///< Bytes up to and with the empty line, and those skipped in front.
  http::Refusal refusal;
  Line line;
};

using RequestHeadResult = HeadResult<RequestLine>;
using ResponseHeadResult = HeadResult<StatusLine>;

/// Parses one head from its first byte. `fields` is cleared first and holds the fields where complete.
RequestHeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits,
                                     http::HeaderBlock& fields);
ResponseHeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits,
                                       http::HeaderBlock& fields);

/// Judges the lines of a request head that has not ended, each once: what is wrong already no later line
/// mends, and the client need not wait to hear of it.
class UnfinishedHead {
 public:
  void reset() noexcept { *this = {}; }

  /// True once a line that has ended makes the head one that parse_request_head() refuses. `bytes` begins at
  /// the head's first byte and only ever grows.
  bool is_broken(std::string_view bytes, const HeadLimits& limits);

 private:
  std::uint32_t seen_ = 0;    // an idle connection holds these too; heads end long before 4 GiB
  std::uint32_t judged_ = 0;  // up to the end of a line
};

/// Parses heads that may come in pieces. The first is parsed at once, since it nearly always is the whole
/// head; however small the others are, each byte is looked at twice at most.
class HeadParser {
 public:
  explicit HeadParser(const HeadLimits& limits) noexcept : limits_(limits), scan_(true) {}

  /// `bytes` begins at the head's first byte each time and only ever grows, until the result is not
  /// `incomplete`; then reset() makes the parser ready for the next head.
  RequestHeadResult parse_request(std::string_view bytes, http::HeaderBlock& fields);
  ResponseHeadResult parse_response(std::string_view bytes, http::HeaderBlock& fields);

  void reset() noexcept {
    scan_.reset(true);
    begun_ = false;
  }
  const HeadLimits& limits() const noexcept { return limits_; }

 private:
  bool worth_parsing(std::string_view bytes, std::size_t first_line_limit) noexcept;

  HeadLimits limits_;
  SectionScan scan_;
  bool begun_ = false;
};

}  // namespace sluice::codec::h1
