#include "codec/h1/head_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::codec::h1 {
namespace {

using http::FieldName;
using http::HeaderBlock;
using http::Method;
using http::Reason;
using http::Version;
using namespace std::string_literals;

std::string wire(const HeaderBlock& fields) {
  std::string text(fields.wire_size(), '?');
  fields.write_wire(text.data());
  return text;
}

// Feeds one more byte at a time, as the slowest client would.
RequestHeadResult parse_bytewise(const std::string& bytes, const HeadLimits& limits, HeaderBlock& fields) {
  HeadParser parser(limits);
  for (std::size_t n = 1; n <= bytes.size(); ++n) {
    RequestHeadResult result = parser.parse_request(std::string_view(bytes).substr(0, n), fields);
    if (result.status != ParseStatus::incomplete) return result;
  }
  return {};
}

// Byte by byte: after how many it is broken; npos where it never is.
std::size_t broken_after(const std::string& bytes) {
  UnfinishedHead head;
  for (std::size_t n = 1; n <= bytes.size(); ++n) {
    if (head.is_broken(std::string_view(bytes).substr(0, n), {})) return n;
  }
  return std::string::npos;
}

TEST(RequestHead, is_parsed_into_its_parts) {
  const std::string bytes =
      "POST /a/b?c=d HTTP/1.1\r\nHost: example.com\r\ncontent-LENGTH:5\r\nX-Y: \t z "
      "\t\r\nEmpty:\r\n\r\nhello";
  HeaderBlock fields;
  const RequestHeadResult result = parse_request_head(bytes, {}, fields);
  ASSERT_EQ(result.status, ParseStatus::complete);
  EXPECT_EQ(result.consumed, bytes.size() - 5);
  EXPECT_EQ(result.line.method, Method::post);
  EXPECT_EQ(result.line.method_text, "POST");
  EXPECT_EQ(result.line.target, "/a/b?c=d");
  EXPECT_EQ(result.line.version, Version::http_1_1);
  EXPECT_EQ(fields.find(FieldName::content_length), "5");
  EXPECT_EQ(wire(fields), "Host: example.com\r\ncontent-LENGTH: 5\r\nX-Y: z\r\nEmpty: \r\n");
}

struct Accepted {
  const char* why;
  std::string bytes;
  const char* method = "GET";
  const char* target = "/";
  Version version = Version::http_1_1;
  std::string fields;
};

TEST(RequestHead, is_accepted_and_normalised) {
  const std::vector<Accepted> cases = {
      {"no fields", "GET / HTTP/1.1\r\n\r\n", "GET", "/", Version::http_1_1, ""},
      {"1.0 (RFC 9112 2.3)", "GET / HTTP/1.0\r\n\r\n", "GET", "/", Version::http_1_0, ""},
      {"a higher minor version is read as 1.1 (RFC 9110 6.2)", "GET / HTTP/1.2\r\n\r\n", "GET", "/",
       Version::http_1_1, ""},
      {"an empty line in front (RFC 9112 2.2)", "\r\nGET / HTTP/1.1\r\n\r\n", "GET", "/", Version::http_1_1,
       ""},
      {"four empty lines in front", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", "GET", "/", Version::http_1_1,
       ""},
      {"an unknown method (RFC 9110 9.1)", "M-SEARCH * HTTP/1.1\r\n\r\n", "M-SEARCH", "*", Version::http_1_1,
       ""},
      {"authority-form (RFC 9112 3.2.3)", "CONNECT a:443 HTTP/1.1\r\n\r\n", "CONNECT", "a:443",
       Version::http_1_1, ""},
      {"no whitespace behind the colon (RFC 9112 5)", "GET / HTTP/1.1\r\nA:b\r\n\r\n", "GET", "/",
       Version::http_1_1, "A: b\r\n"},
      {"whitespace around the value (RFC 9112 5.1)", "GET / HTTP/1.1\r\nA:\t  b c \t \r\n\r\n", "GET", "/",
       Version::http_1_1, "A: b c\r\n"},
      {"only whitespace as a value", "GET / HTTP/1.1\r\nA:  \t \r\nB: c\r\n\r\n", "GET", "/",
       Version::http_1_1, "A: \r\nB: c\r\n"},
      {"obs-text in a value (RFC 9110 5.5)", "GET / HTTP/1.1\r\nA: \xc3\xa9\xff\r\n\r\n", "GET", "/",
       Version::http_1_1, "A: \xc3\xa9\xff\r\n"},
      {"a tab within a value", "GET / HTTP/1.1\r\nA: b\tc\r\n\r\n", "GET", "/", Version::http_1_1,
       "A: b\tc\r\n"},
      {"every tchar in a name (RFC 9110 5.6.2)", "GET / HTTP/1.1\r\n!#$%&'*+-.^_`|~09azAZ: b\r\n\r\n", "GET",
       "/", Version::http_1_1, "!#$%&'*+-.^_`|~09azAZ: b\r\n"},
      {"colons in a value", "GET / HTTP/1.1\r\nA: b:c:\r\n\r\n", "GET", "/", Version::http_1_1,
       "A: b:c:\r\n"},
  };
  for (const Accepted& c : cases) {
    EXPECT_EQ(broken_after(c.bytes), std::string::npos) << c.why;
    HeaderBlock fields;
    for (const bool bytewise : {false, true}) {
      const RequestHeadResult result =
          bytewise ? parse_bytewise(c.bytes, {}, fields) : parse_request_head(c.bytes, {}, fields);
      ASSERT_EQ(result.status, ParseStatus::complete) << c.why << ": " << result.refusal.detail;
      EXPECT_EQ(result.consumed, c.bytes.size()) << c.why;
      EXPECT_EQ(result.line.method_text, c.method) << c.why;
      EXPECT_EQ(result.line.target, c.target) << c.why;
      EXPECT_EQ(result.line.version, c.version) << c.why;
      EXPECT_EQ(wire(fields), c.fields) << c.why;
    }
  }
}

struct Refused {
  std::string bytes;
  Reason reason;
  const char* detail;
};

const std::vector<Refused>& refused_requests() {
  static const std::vector<Refused> cases = {
      // RFC 9112 2.2: line ends and empty lines
      {"\nGET / HTTP/1.1\r\n\r\n", Reason::malformed_head, "bare LF"},
      {"\rGET / HTTP/1.1\r\n\r\n", Reason::malformed_head, "bare CR"},
      {"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n", Reason::malformed_head,
       "too many empty lines in front of the request"},
      {" GET / HTTP/1.1\r\n\r\n", Reason::invalid_method, "no method"},
      {"GET / HTTP/1.1\n\r\n", Reason::malformed_head, "bare LF"},
      {"GET / HTTP/1.1\r\r\n\r\n", Reason::malformed_head, "bare CR"},
      {"GET / HTTP/1.1\rX\n\r\n", Reason::malformed_head, "bare CR"},
      {"GET / HTTP/1.1\r\nA: b\n\r\n", Reason::malformed_head, "bare LF"},
      {"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", Reason::malformed_head, "bare LF"},
      {"GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", Reason::malformed_head, "bare CR"},
      {"GET / HTTP/1.1\r\nA: b\r\r\n\r\n", Reason::malformed_head, "bare CR"},
      {"GET / HTTP/1.1\r\nA: b\r\n\n", Reason::malformed_head, "bare LF"},
      {"GET / HTTP/1.1\r\nA: b\r\n\rX", Reason::malformed_head, "bare CR"},
      {"GET / HTTP/1.1\r\n\n", Reason::malformed_head, "bare LF"},
      {"GET /\rx HTTP/1.1\r\n\r\n", Reason::malformed_head, "bare CR"},
      {"GET /\nx HTTP/1.1\r\n\r\n", Reason::malformed_head, "bare LF"},
      // RFC 9112 3: the request line
      {"GET  / HTTP/1.1\r\n\r\n", Reason::malformed_head, "more than one space in the request line"},
      {"GET /  HTTP/1.1\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET / HTTP/1.1 \r\n\r\n", Reason::malformed_head, "bytes behind the version"},
      {"GET / HTTP/1.1x\r\n\r\n", Reason::malformed_head, "bytes behind the version"},
      {"GET / x HTTP/1.1\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET\t/ HTTP/1.1\r\n\r\n", Reason::invalid_method, "invalid character in the method"},
      {"GET /\tHTTP/1.1\r\n\r\n", Reason::malformed_head, "tab in the request line"},
      {"GET\r\n\r\n", Reason::malformed_head, "bare CR"},
      {"G(T / HTTP/1.1\r\n\r\n", Reason::invalid_method, "invalid character in the method"},
      {"G\xc3\xa9T / HTTP/1.1\r\n\r\n", Reason::invalid_method, "invalid character in the method"},
      {"G\0T / HTTP/1.1\r\n\r\n"s, Reason::malformed_head, "NUL"},
      {"\x16\x03\x01\x02\x00\x01"s, Reason::malformed_head, "TLS on a plain-text port"},
      {"GET /\0 HTTP/1.1\r\n\r\n"s, Reason::malformed_head, "NUL"},
      {"GET /\x7f HTTP/1.1\r\n\r\n", Reason::malformed_head, "control character"},
      {"GET /\x01 HTTP/1.1\r\n\r\n", Reason::malformed_head, "control character"},
      {"GET /\xc3\xa9 HTTP/1.1\r\n\r\n", Reason::invalid_target, "non-ASCII byte in the target"},
      // RFC 9112 2.3: versions
      {"GET /\r\n\r\n", Reason::malformed_head, "request line without a version"},
      {"GET / HTTP/0.9\r\n\r\n", Reason::unsupported_version, "protocol version other than HTTP/1.x"},
      {"GET / HTTP/2.0\r\n\r\n", Reason::unsupported_version, "protocol version other than HTTP/1.x"},
      {"PRI * HTTP/2.0\r\n\r\n", Reason::unsupported_version, "protocol version other than HTTP/1.x"},
      {"GET / HTTP/3.0\r\n\r\n", Reason::unsupported_version, "protocol version other than HTTP/1.x"},
      {"GET / HTTP/1\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET / HTTP/1.\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET / HTTP/1,1\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET / HTTP/11.1\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET / HTTP/1.10\r\n\r\n", Reason::malformed_head, "bytes behind the version"},
      {"GET / HTTP/-1.1\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET / http/1.1\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET / HTTP /1.1\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET / ICY/1.1\r\n\r\n", Reason::malformed_head, "invalid protocol version"},
      {"GET / HTTP/1.1\0\r\n\r\n"s, Reason::malformed_head, "bytes behind the version"},
      // RFC 9112 5: field lines
      {"GET / HTTP/1.1\r\nA : b\r\n\r\n", Reason::malformed_head, "whitespace in or behind a field name"},
      {"GET / HTTP/1.1\r\nA\t: b\r\n\r\n", Reason::malformed_head, "whitespace in or behind a field name"},
      {"GET / HTTP/1.1\r\nHost : b\r\n\r\n", Reason::malformed_head, "whitespace in or behind a field name"},
      {"GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n", Reason::malformed_head,
       "whitespace in or behind a field name"},
      {"GET / HTTP/1.1\r\nA B: c\r\n\r\n", Reason::malformed_head, "whitespace in or behind a field name"},
      {"GET / HTTP/1.1\r\n: b\r\n\r\n", Reason::malformed_head, "empty field name"},
      {"GET / HTTP/1.1\r\nA\r\n\r\n", Reason::malformed_head, "field line without a colon"},
      {"GET / HTTP/1.1\r\nA: b\r\nC\r\nD: e\r\n\r\n", Reason::malformed_head, "field line without a colon"},
      {"GET / HTTP/1.1\r\nA\x80: b\r\n\r\n", Reason::malformed_head, "invalid character in a field name"},
      {"GET / HTTP/1.1\r\nA(b: c\r\n\r\n", Reason::malformed_head, "invalid character in a field name"},
      {"GET / HTTP/1.1\r\nA\"b: c\r\n\r\n", Reason::malformed_head, "invalid character in a field name"},
      {"GET / HTTP/1.1\r\n{A}: c\r\n\r\n", Reason::malformed_head, "invalid character in a field name"},
      {"GET / HTTP/1.1\r\nA\0b: c\r\n\r\n"s, Reason::malformed_head, "NUL"},
      {"GET / HTTP/1.1\r\nA\x01: c\r\n\r\n", Reason::malformed_head, "control character"},
      {"GET / HTTP/1.1\r\nA\nB: c\r\n\r\n", Reason::malformed_head, "bare LF"},
      {"GET / HTTP/1.1\r\nA\rB: c\r\n\r\n", Reason::malformed_head, "bare CR"},
      // RFC 9112 5.2: line folding
      {"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", Reason::malformed_head,
       "line folding or whitespace in front of a field"},
      {"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", Reason::malformed_head,
       "line folding or whitespace in front of a field"},
      {"GET / HTTP/1.1\r\n A: b\r\n\r\n", Reason::malformed_head,
       "line folding or whitespace in front of a field"},
      {"GET / HTTP/1.1\r\nA: b\r\n \r\n\r\n", Reason::malformed_head,
       "line folding or whitespace in front of a field"},
      // RFC 9110 5.5: field values
      {"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n"s, Reason::malformed_head, "NUL"},
      {"GET / HTTP/1.1\r\nA: \x01\r\n\r\n", Reason::malformed_head, "control character"},
      {"GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n", Reason::malformed_head, "control character"},
      {"GET / HTTP/1.1\r\nA: b\x0b\r\n\r\n", Reason::malformed_head, "control character"},
      {"GET / HTTP/1.1\r\nA: b\x0c\r\n\r\n", Reason::malformed_head, "control character"},
      {"GET / HTTP/1.1\r\nA: b\x08\r\n\r\n", Reason::malformed_head, "control character"},
      {"GET / HTTP/1.1\r\nA: 0123456789abcdef0123456789abcdef\x1f\r\n\r\n", Reason::malformed_head,
       "control character"},
  };
  return cases;
}

TEST(RequestHead, is_refused_where_readers_could_disagree) {
  for (const Refused& c : refused_requests()) {
    HeaderBlock fields;
    const RequestHeadResult result = parse_request_head(c.bytes, {}, fields);
    EXPECT_EQ(result.status, ParseStatus::refused) << c.bytes;
    EXPECT_EQ(name(result.refusal.reason), name(c.reason)) << c.bytes;
    EXPECT_EQ(result.refusal.detail, c.detail) << c.bytes;
    EXPECT_TRUE(fields.empty()) << c.bytes;
  }
}

TEST(RequestHead, is_refused_in_the_same_way_byte_by_byte) {
  for (const Refused& c : refused_requests()) {
    HeaderBlock fields;
    const RequestHeadResult result = parse_bytewise(c.bytes, {}, fields);
    EXPECT_EQ(result.status, ParseStatus::refused) << c.bytes;
    EXPECT_EQ(result.refusal, (http::Refusal{c.reason, c.detail})) << c.bytes;
  }
}

TEST(RequestHead, is_incomplete_at_every_earlier_byte) {
  const std::string bytes =
      "GET /path HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX-Long: 0123456789012345678901234567890\r\n\r\n";
  HeaderBlock fields;
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    // A copy of its own, so that a sanitizer sees any read past the end.
    const std::string part(bytes, 0, n);
    EXPECT_EQ(parse_request_head(part, {}, fields).status, ParseStatus::incomplete) << n;
    EXPECT_TRUE(fields.empty());
  }
  EXPECT_EQ(parse_request_head(bytes, {}, fields).status, ParseStatus::complete);
}

TEST(RequestHead, leaves_a_pipelined_one_alone) {
  const std::string first = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string bytes = first + "GET /2 HTTP/1.1\r\n\r\n";
  HeaderBlock fields;
  EXPECT_EQ(parse_request_head(bytes, {}, fields).consumed, first.size());
}

TEST(RequestHead, has_a_limit_on_its_method) {  // RFC 9112 3, 501
  HeaderBlock fields;
  EXPECT_EQ(parse_request_head(std::string(64, 'M') + " / HTTP/1.1\r\n\r\n", {}, fields).status,
            ParseStatus::complete);
  EXPECT_EQ(parse_request_head(std::string(65, 'M'), {}, fields).refusal.reason, Reason::not_implemented);
}

TEST(RequestHead, has_a_limit_on_its_first_line) {  // RFC 9112 3, 414
  HeadLimits limits;
  limits.start_line = 64;
  const std::string fits = "GET /" + std::string(64 - 14, 'a') + " HTTP/1.1\r\n\r\n";
  const std::string too_long = "GET /" + std::string(64 - 13, 'a') + " HTTP/1.1\r\n\r\n";
  HeaderBlock fields;
  EXPECT_EQ(parse_request_head(fits, limits, fields).status, ParseStatus::complete);
  EXPECT_EQ(parse_bytewise(fits, limits, fields).status, ParseStatus::complete);
  EXPECT_EQ(parse_request_head(too_long, limits, fields).refusal.reason, Reason::uri_too_long);
  EXPECT_EQ(parse_bytewise(too_long, limits, fields).refusal.reason, Reason::uri_too_long);
  EXPECT_EQ(parse_request_head(std::string(100, 'A'), limits, fields).refusal.reason, Reason::uri_too_long);
  EXPECT_EQ(parse_bytewise("GET /" + std::string(100, 'a'), limits, fields).refusal.reason,
            Reason::uri_too_long);
}

TEST(RequestHead, has_a_limit_on_its_size_and_fields) {  // RFC 6585 5, 431
  HeadLimits limits;
  limits.head_bytes = 100;
  limits.fields = 3;
  const std::string line = "GET / HTTP/1.1\r\n";
  const std::string fits = line + "A: " + std::string(100 - 16 - 3 - 4, 'a') + "\r\n\r\n";
  const std::string too_large = line + "A: " + std::string(100 - 16 - 3 - 3, 'a') + "\r\n\r\n";
  const std::string too_many = line + "A:1\r\nB:2\r\nC:3\r\nD:4\r\n\r\n";
  HeaderBlock fields;
  EXPECT_EQ(parse_request_head(fits, limits, fields).status, ParseStatus::complete);
  EXPECT_EQ(parse_request_head("\r\n" + fits, limits, fields).status, ParseStatus::complete);
  EXPECT_EQ(parse_request_head(too_large, limits, fields).refusal.reason, Reason::header_fields_too_large);
  EXPECT_EQ(parse_bytewise(too_large, limits, fields).refusal.reason, Reason::header_fields_too_large);
  EXPECT_EQ(parse_request_head(too_many, limits, fields).refusal.detail, "too many fields");
  EXPECT_EQ(parse_request_head(line + "A:1\r\nB:2\r\nC:3\r\n\r\n", limits, fields).status,
            ParseStatus::complete);
  EXPECT_EQ(parse_bytewise(line + std::string(200, 'x'), limits, fields).refusal.reason,
            Reason::header_fields_too_large);
}

TEST(RequestHead, may_have_more_fields_than_are_stored_inline) {
  std::string bytes = "GET / HTTP/1.1\r\n";
  std::string expected;
  for (int i = 0; i < 90; ++i) expected += "X-" + std::to_string(i) + ": " + std::string(60, 'v') + "\r\n";
  bytes += expected + "\r\n";
  HeaderBlock fields;
  ASSERT_EQ(parse_request_head(bytes, {}, fields).status, ParseStatus::complete);
  EXPECT_EQ(wire(fields), expected);
}

TEST(UnfinishedHead, is_broken_as_soon_as_a_wrong_line_has_ended) {
  const std::string line = "GET / HTTP/1.1\r\n";
  for (const std::string& wrong :
       {"GET /\r\n"s, "GET /a b HTTP/1.1\r\n"s, "GET / HTTP/2.0\r\n"s, "\r\nGET /\r\n"s,
        line + "Host : a\r\n", line + "Host: a\r\nX\r\n", line + "Host: a\r\n b\r\n"}) {
    EXPECT_EQ(broken_after(wrong + "More: of it\r\n"), wrong.size()) << wrong;
  }
  EXPECT_EQ(broken_after("\r\n" + line + "Host: a\r\nX-A: b\r\n"), std::string::npos);
}

TEST(HeadParser, can_be_used_again) {
  HeadParser parser({});
  HeaderBlock fields;
  const std::string head = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(parser.parse_request(head.substr(0, 10), fields).status, ParseStatus::incomplete);
    EXPECT_EQ(parser.parse_request(head, fields).status, ParseStatus::complete);
    parser.reset();
  }
}

TEST(ResponseHead, is_parsed_into_its_parts) {
  const std::string bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  HeaderBlock fields;
  const ResponseHeadResult result = parse_response_head(bytes, {}, fields);
  ASSERT_EQ(result.status, ParseStatus::complete);
  EXPECT_EQ(result.consumed, bytes.size());
  EXPECT_EQ(result.line.status, 404);
  EXPECT_EQ(result.line.phrase, "Not Found");
  EXPECT_EQ(fields.find(FieldName::content_length), "0");
}

TEST(ResponseHead, may_have_an_empty_phrase) {  // RFC 9112 4
  HeaderBlock fields;
  for (std::string bytes :
       {"HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 200\r\n\r\n", "HTTP/1.0 200 \xc3\xa9t\xc3\xa9\r\n\r\n"}) {
    EXPECT_EQ(parse_response_head(bytes, {}, fields).status, ParseStatus::complete) << bytes;
    EXPECT_EQ(parse_response_head(bytes, {}, fields).line.status, 200) << bytes;
  }
}

TEST(ResponseHead, is_held_to_the_same_rules) {
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", "invalid protocol version"},
      {"HTTP/2.0 200 OK\r\n\r\n", "protocol version other than HTTP/1.x"},
      {"HTTP/1.1  200 OK\r\n\r\n", "invalid status code"},
      {"HTTP/1.1 20 OK\r\n\r\n", "invalid status code"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "invalid status code"},
      {"HTTP/1.1 200OK\r\n\r\n", "invalid status code"},
      {"HTTP/1.1 +20 OK\r\n\r\n", "invalid status code"},
      {"HTTP/1.1 099 OK\r\n\r\n", "status code out of range"},
      {"HTTP/1.1 600 OK\r\n\r\n", "status code out of range"},
      {"HTTP/1.1\t200 OK\r\n\r\n", "no space behind the version"},
      {"HTTP/1.1\r\n\r\n", "no space behind the version"},
      {"HTTP/1.1 200 O\0K\r\n\r\n"s, "NUL"},
      {"HTTP/1.1 200 OK\n\r\n", "bare LF"},
      {"HTTP/1.1 200\n\r\n", "bare LF"},
      {"HTTP/1.1 200 O\rK\r\n\r\n", "bare CR"},
      {"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", "bare LF"},
      {"HTTP/1.1 200 OK\r\nA B: b\r\n\r\n", "whitespace in or behind a field name"},
      {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "line folding or whitespace in front of a field"},
      {"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n"s, "NUL"},
      {"HTTP/1.1 200 OK\r\n: b\r\n\r\n", "empty field name"},
      {"ICY 200 OK\r\n\r\n", "invalid protocol version"},
      {"<html>", "invalid protocol version"},
  };
  HeaderBlock fields;
  for (const auto& [bytes, detail] : cases) {
    const ResponseHeadResult result = parse_response_head(bytes, {}, fields);
    EXPECT_EQ(result.status, ParseStatus::refused) << bytes;
    EXPECT_EQ(result.refusal, (http::Refusal{Reason::upstream_malformed, detail})) << bytes;
  }
}

TEST(ResponseHead, loses_blanks_in_front_of_a_colon) {  // RFC 9112 5.1
  const std::string head = "HTTP/1.1 200 OK\r\nX-A \t: b\r\nContent-Length : 5\r\n\r\n";
  HeaderBlock fields;
  ASSERT_EQ(parse_response_head(head, {}, fields).status, ParseStatus::complete);
  EXPECT_EQ(fields.find(http::FieldName::content_length), "5");
  std::string wire(fields.wire_size(), '\0');
  fields.write_wire(wire.data());
  EXPECT_EQ(wire, "X-A: b\r\nContent-Length: 5\r\n");
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(parse_response_head(head.substr(0, size), {}, fields).status, ParseStatus::incomplete) << size;
  }
}

TEST(ResponseHead, has_a_limit_on_its_size) {
  HeadLimits limits;
  limits.head_bytes = 64;
  limits.fields = 2;
  HeaderBlock fields;
  HeadParser parser(limits);
  const std::string endless = "HTTP/1.1 200 OK\r\nA: " + std::string(100, 'a');
  EXPECT_EQ(parser.parse_response(endless, fields).refusal.reason, Reason::upstream_head_too_large);
  EXPECT_EQ(
      parse_response_head("HTTP/1.1 200 OK\r\nA:1\r\nB:2\r\nC:3\r\n\r\n", limits, fields).refusal.reason,
      Reason::upstream_head_too_large);
}

TEST(ResponseHead, arrives_in_any_pieces) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nServer: x\r\nETag: \"y\"\r\n\r\nbody";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    HeadParser parser({});
    HeaderBlock fields;
    ResponseHeadResult result = parser.parse_response(bytes.substr(0, cut), fields);
    if (result.status == ParseStatus::incomplete) result = parser.parse_response(bytes, fields);
    ASSERT_EQ(result.status, ParseStatus::complete) << cut;
    EXPECT_EQ(result.consumed, bytes.size() - 4) << cut;
    EXPECT_EQ(fields.size(), 2u) << cut;
  }
}

}  // namespace
}  // namespace sluice::codec::h1
