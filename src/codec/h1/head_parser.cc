#include "codec/h1/head_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "codec/h1/head_parser_scan.h"

namespace sluice::codec::h1 {
namespace {

using http::HeaderBlock;
using http::Method;
using http::Reason;
using http::Refusal;
using http::Version;

constexpr std::ptrdiff_t version_size = 8;  // "HTTP/1.1"

// A piece of the start line: where it ends, or why it does not.
struct Piece {
  ParseStatus status = ParseStatus::complete;
  const char* end = nullptr;
  Refusal refusal;
};

Piece refuse(Reason reason, std::string_view detail) {
  return {ParseStatus::refused, nullptr, {reason, detail}};
}
Piece more() { return {ParseStatus::incomplete, nullptr, {}}; }

// The bytes of one start line: `stop` is where the line must have ended.
struct LineBytes {
  const char* begin;
  const char* end;   // of the bytes that have come
  const char* stop;  // begin + limit
};

Piece out_of_bytes(const LineBytes& line) {
  if (line.end < line.stop) return more();
  return refuse(Reason::uri_too_long, "request line longer than the limit");
}

Piece skip_empty_lines(const char* p, const char* end) {
  for (std::uint32_t skipped = 0; p != end; ++skipped) {
    if (*p == '\n') return refuse(Reason::malformed_head, describe_fault('\n'));
    if (*p != '\r') return {ParseStatus::complete, p, {}};
    if (skipped == max_empty_lines)
      return refuse(Reason::malformed_head, "too many empty lines in front of the request");
    const SectionResult crlf = expect_crlf(p, end, Reason::malformed_head);
    if (crlf.status != ParseStatus::complete) return {crlf.status, nullptr, crlf.refusal};
    p = crlf.end;
  }
  return more();
}

Piece parse_method(const LineBytes& line, RequestLine& out) {
  const char* stop = find_non_token(line.begin, std::min(line.end, line.stop));
  if (static_cast<std::size_t>(stop - line.begin) > kLongestMethod) {
    return refuse(Reason::not_implemented, "method longer than any that is known");  // RFC 9112 3
  }
  if (stop == line.end || stop == line.stop) return out_of_bytes(line);
  if (*stop != ' ') {
    if (*stop == 0x16 && stop == line.begin)
      return refuse(Reason::malformed_head, "TLS on a plain-text port");
    if (!http::is(*stop, http::field_vchar)) return refuse(Reason::malformed_head, describe_fault(*stop));
    return refuse(Reason::invalid_method, "invalid character in the method");
  }
  if (stop == line.begin) return refuse(Reason::invalid_method, "no method");
  out.method_text = {line.begin, static_cast<std::size_t>(stop - line.begin)};
  out.method = http::method(out.method_text);
  return {ParseStatus::complete, stop + 1, {}};
}

Piece parse_target(const char* p, const LineBytes& line, RequestLine& out) {
  const char* stop = find_non_graphic(p, std::min(line.end, line.stop));
  if (stop == line.end || stop == line.stop) return out_of_bytes(line);
  if (*stop == '\r') {
    if (line.end - stop < 2) return more();
    if (stop[1] != '\n') return refuse(Reason::malformed_head, describe_fault('\r'));
    return refuse(Reason::malformed_head, "request line without a version");
  }
  if (*stop != ' ') {
    if (static_cast<unsigned char>(*stop) >= 0x80)
      return refuse(Reason::invalid_target, "non-ASCII byte in the target");
    if (*stop == '\t') return refuse(Reason::malformed_head, "tab in the request line");
    return refuse(Reason::malformed_head, describe_fault(*stop));
  }
  if (stop == p) return refuse(Reason::malformed_head, "more than one space in the request line");
  if (stop + 1 + version_size > line.stop)
    return refuse(Reason::uri_too_long, "request line longer than the limit");
  out.target = {p, static_cast<std::size_t>(stop - p)};
  return {ParseStatus::complete, stop + 1, {}};
}

// "HTTP/" DIGIT "." DIGIT; `malformed` is the reason for anything else, `unsupported` for the majors
// that are not spoken here.
Piece parse_version(const char* p, const char* end, Reason malformed, Reason unsupported, Version& out) {
  constexpr std::string_view prefix = "HTTP/";
  const auto here = static_cast<std::size_t>(end - p);
  const std::size_t known = std::min(here, prefix.size());
  if (known != 0 && std::memcmp(p, prefix.data(), known) != 0)
    return refuse(malformed, "invalid protocol version");
  if (here > 5 && !http::is(p[5], http::digit)) return refuse(malformed, "invalid protocol version");
  if (here > 6 && p[6] != '.') return refuse(malformed, "invalid protocol version");
  if (here > 7 && !http::is(p[7], http::digit)) return refuse(malformed, "invalid protocol version");
  if (here < version_size) return more();
  if (p[5] != '1') return refuse(unsupported, "protocol version other than HTTP/1.x");
  out = p[7] == '0' ? Version::http_1_0 : Version::http_1_1;
  return {ParseStatus::complete, p + version_size, {}};
}

Piece parse_request_line(const LineBytes& line, RequestLine& out) {
  Piece piece = parse_method(line, out);
  if (piece.status != ParseStatus::complete) return piece;
  piece = parse_target(piece.end, line, out);
  if (piece.status != ParseStatus::complete) return piece;
  piece =
      parse_version(piece.end, line.end, Reason::malformed_head, Reason::unsupported_version, out.version);
  if (piece.status != ParseStatus::complete) return piece;
  if (piece.end == line.end) return more();
  if (*piece.end != '\r') {
    return refuse(Reason::malformed_head,
                  *piece.end == '\n' ? describe_fault('\n') : "bytes behind the version");
  }
  const SectionResult crlf = expect_crlf(piece.end, line.end, Reason::malformed_head);
  return {crlf.status, crlf.end, crlf.refusal};
}

Piece parse_status(const char* p, const char* end, StatusLine& out) {
  const auto here = end - p;
  if (here > 0 && *p != ' ') return refuse(Reason::upstream_malformed, "no space behind the version");
  unsigned status = 0;
  for (std::ptrdiff_t i = 1; i < std::min<std::ptrdiff_t>(here, 4); ++i) {
    if (!http::is(p[i], http::digit)) return refuse(Reason::upstream_malformed, "invalid status code");
    status = status * 10 + static_cast<unsigned>(p[i] - '0');
  }
  if (here < 4) return more();
  if (status < 100 || status > 599) return refuse(Reason::upstream_malformed, "status code out of range");
  out.status = static_cast<std::uint16_t>(status);
  return {ParseStatus::complete, p + 4, {}};
}

// RFC 9112 4: the space in front of an empty phrase is often left out; that is let pass.
Piece parse_phrase(const char* p, const char* end, StatusLine& out) {
  if (p == end) return more();
  if (*p == ' ') {
    const char* stop = find_control(p + 1, end);
    if (stop == end) return more();
    out.phrase = {p + 1, static_cast<std::size_t>(stop - p - 1)};
    p = stop;
  }
  if (*p != '\r') {
    const bool control = !http::is(*p, http::field_vchar);
    return refuse(Reason::upstream_malformed, control ? describe_fault(*p) : "invalid status code");
  }
  const SectionResult crlf = expect_crlf(p, end, Reason::upstream_malformed);
  return {crlf.status, crlf.end, crlf.refusal};
}

Piece parse_status_line(const char* p, const char* end, StatusLine& out) {
  Piece piece = parse_version(p, end, Reason::upstream_malformed, Reason::upstream_malformed, out.version);
  if (piece.status != ParseStatus::complete) return piece;
  piece = parse_status(piece.end, end, out);
  if (piece.status != ParseStatus::complete) return piece;
  return parse_phrase(piece.end, end, out);
}

template <class Line>
void take(HeadResult<Line>& result, const Piece& piece) {
  result.status = piece.status;
  result.refusal = piece.refusal;
}

// A head that fills its limit and is still not complete never will be.
template <class Line>
void refuse_if_full(HeadResult<Line>& result, bool full, Reason too_large) {
  if (result.status != ParseStatus::incomplete || !full) return;
  result.status = ParseStatus::refused;
  result.refusal = {too_large, "head larger than the limit"};
}

template <class Line>
void parse_fields(HeadResult<Line>& result, std::string_view bytes, std::size_t from,
                  const SectionRules& rules, HeaderBlock& fields) {
  const SectionResult section = parse_field_section(bytes.substr(from), rules, fields);
  result.status = section.status;
  result.refusal = section.refusal;
  if (section.status == ParseStatus::complete)
    result.consumed = static_cast<std::size_t>(section.end - bytes.data());
}

}  // namespace

RequestHeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits, HeaderBlock& fields) {
  fields.clear();
  RequestHeadResult result;
  const char* const bytes_end = bytes.data() + bytes.size();
  const Piece start = skip_empty_lines(bytes.data(), bytes_end);
  take(result, start);
  if (start.status != ParseStatus::complete) return result;
  const auto skipped = static_cast<std::size_t>(start.end - bytes.data());
  const bool full = bytes.size() - skipped >= limits.head_bytes;
  const std::string_view head = bytes.substr(0, skipped + limits.head_bytes);
  const char* const end = head.data() + head.size();
  const Piece line = parse_request_line({start.end, end, start.end + limits.start_line}, result.line);
  take(result, line);
  if (line.status == ParseStatus::complete) {
    parse_fields(result, head, static_cast<std::size_t>(line.end - head.data()), request_rules(limits.fields),
                 fields);
  }
  refuse_if_full(result, full, Reason::header_fields_too_large);
  return result;
}

ResponseHeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits,
                                       HeaderBlock& fields) {
  fields.clear();
  ResponseHeadResult result;
  const bool full = bytes.size() >= limits.head_bytes;
  const std::string_view head = bytes.substr(0, limits.head_bytes);
  const Piece line = parse_status_line(head.data(), head.data() + head.size(), result.line);
  take(result, line);
  if (line.status == ParseStatus::complete) {
    parse_fields(result, head, static_cast<std::size_t>(line.end - head.data()),
                 response_rules(limits.fields), fields);
  }
  refuse_if_full(result, full, Reason::upstream_head_too_large);
  return result;
}

bool UnfinishedHead::is_broken(std::string_view bytes, const HeadLimits& limits) {
  const std::size_t seen = std::exchange(seen_, static_cast<std::uint32_t>(bytes.size()));
  const std::size_t line_end = bytes.substr(seen).rfind('\n');
  if (line_end == std::string_view::npos) return false;
  const std::string_view ended = bytes.substr(0, seen + line_end + 1);
  const std::size_t from = std::exchange(judged_, static_cast<std::uint32_t>(ended.size()));
  HeaderBlock fields;
  // What came before are empty lines, or a request line and fields behind it.
  if (bytes.substr(0, from).find_first_not_of("\r\n") == std::string_view::npos)
    return parse_request_head(ended, limits, fields).status == ParseStatus::refused;
  const SectionRules rules = request_rules(limits.fields);
  return parse_field_section(ended.substr(from), rules, fields).status == ParseStatus::refused;
}

// Behind the first piece only what ends the head, breaks it or fills a limit.
bool HeadParser::worth_parsing(std::string_view bytes, std::size_t first_line_limit) noexcept {
  if (!std::exchange(begun_, true)) return true;
  const bool ready = scan_.ready(bytes);
  constexpr std::size_t in_front = 2 * std::size_t{max_empty_lines};
  const bool full = bytes.size() >= limits_.head_bytes + in_front;
  const bool line_full = scan_.in_first_line() && bytes.size() >= first_line_limit + in_front;
  return ready || full || line_full;
}

RequestHeadResult HeadParser::parse_request(std::string_view bytes, HeaderBlock& fields) {
  if (!worth_parsing(bytes, limits_.start_line)) return {};
  return parse_request_head(bytes, limits_, fields);
}

ResponseHeadResult HeadParser::parse_response(std::string_view bytes, HeaderBlock& fields) {
  if (!worth_parsing(bytes, limits_.head_bytes)) return {};
  return parse_response_head(bytes, limits_, fields);
}

}  // namespace sluice::codec::h1
