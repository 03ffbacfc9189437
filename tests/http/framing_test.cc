#include "http/framing.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::http {
namespace {

using Kind = BodyLength::Kind;
using Fields = std::vector<std::pair<std::string, std::string>>;

void fill(HeaderBlock& block, const Fields& fields) {
  block.clear();
  for (const auto& [name, value] : fields) block.add(name, value);
}

struct Case {
  Fields fields;
  Kind kind;
  std::uint64_t length = 0;
  Version version = Version::http_1_1;
};

TEST(RequestFraming, follows_rfc_9112_6_3) {
  const std::vector<Case> cases = {
      {{}, Kind::none},
      {{{"Content-Length", "0"}}, Kind::length, 0},
      {{{"Content-Length", "42"}}, Kind::length, 42},
      {{{"Content-Length", "0042"}}, Kind::length, 42},
      {{{"Content-Length", "9223372036854775807"}}, Kind::length, 9223372036854775807u},
      {{{"Content-Length", "1"}}, Kind::length, 1, Version::http_1_0},
      {{{"Transfer-Encoding", "chunked"}}, Kind::chunked},
      {{{"Transfer-Encoding", "CHUNKED"}}, Kind::chunked},
  };
  for (const Case& c : cases) {
    HeaderBlock block;
    fill(block, c.fields);
    const BodyLengthResult result = request_body_length(c.version, block);
    ASSERT_FALSE(result.refusal) << result.refusal.detail;
    EXPECT_EQ(result.body.kind, c.kind);
    EXPECT_EQ(result.body.length, c.length);
  }
}

struct Refused {
  Fields fields;
  Reason reason;
  const char* detail;
  Version version = Version::http_1_1;
};

TEST(RequestFraming, is_refused_where_readers_could_disagree) {
  const Reason ambiguous = Reason::ambiguous_framing;
  const Reason length = Reason::invalid_content_length;
  std::vector<Refused> cases = {
      // RFC 9112 6.1
      {{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
       ambiguous,
       "Content-Length beside Transfer-Encoding"},
      {{{"Transfer-Encoding", "chunked"}, {"Content-Length", "0"}},
       ambiguous,
       "Content-Length beside Transfer-Encoding"},
      {{{"Transfer-Encoding", "chunked"}}, ambiguous, "Transfer-Encoding in HTTP/1.0", Version::http_1_0},
      {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
       ambiguous,
       "more than one Transfer-Encoding"},
      {{{"Transfer-Encoding", "gzip"}, {"Transfer-Encoding", "chunked"}},
       ambiguous,
       "more than one Transfer-Encoding"},
      {{{"Transfer-Encoding", "chunked, chunked"}}, ambiguous, "chunked is not the last transfer coding"},
      {{{"Transfer-Encoding", "chunked, gzip"}}, ambiguous, "chunked is not the last transfer coding"},
      {{{"Transfer-Encoding", "gzip"}}, ambiguous, "the last transfer coding is not chunked"},
      {{{"Transfer-Encoding", "identity"}}, ambiguous, "the last transfer coding is not chunked"},
      {{{"Transfer-Encoding", "chunked;q=1"}}, ambiguous, "the last transfer coding is not chunked"},
      {{{"Transfer-Encoding", "\"chunked\""}}, ambiguous, "the last transfer coding is not chunked"},
      {{{"Transfer-Encoding", "xchunked"}}, ambiguous, "the last transfer coding is not chunked"},
      {{{"Transfer-Encoding", "chunkedx"}}, ambiguous, "the last transfer coding is not chunked"},
      {{{"Transfer-Encoding", "chun ked"}}, ambiguous, "the last transfer coding is not chunked"},
      {{{"Transfer-Encoding", ""}}, ambiguous, "empty transfer coding"},
      {{{"Transfer-Encoding", ", chunked"}}, ambiguous, "empty transfer coding"},
      {{{"Transfer-Encoding", "chunked,"}}, ambiguous, "empty transfer coding"},
      {{{"Transfer-Encoding", "gzip, chunked"}},
       Reason::unsupported_transfer_coding,
       "transfer coding other than chunked"},
      {{{"Transfer-Encoding", "identity, chunked"}},
       Reason::unsupported_transfer_coding,
       "transfer coding other than chunked"},
      // RFC 9112 6.2 and 6.3
      {{{"Content-Length", "5"}, {"Content-Length", "5"}}, length, "more than one Content-Length"},
      {{{"Content-Length", "5"}, {"content-length", "6"}}, length, "more than one Content-Length"},
      {{{"Content-Length", ""}}, length, "empty Content-Length"},
      {{{"Content-Length", "9223372036854775808"}}, length, "Content-Length too large"},
      {{{"Content-Length", "18446744073709551621"}}, length, "Content-Length too large"},
      {{{"Content-Length", "99999999999999999999999999"}}, length, "Content-Length too large"},
  };
  for (const char* text :
       {"5, 5", "5,", "+5", "-5", "0x5", "5.0", "5e1", "five", "5 5", "5;", "\"5\"", "1_0", "\xd9\xa5"}) {
    cases.push_back({{{"Content-Length", text}}, length, "Content-Length is not a decimal number"});
  }
  for (const Refused& c : cases) {
    HeaderBlock block;
    fill(block, c.fields);
    const BodyLengthResult result = request_body_length(c.version, block);
    EXPECT_EQ(name(result.refusal.reason), name(c.reason)) << c.fields[0].second;
    EXPECT_EQ(result.refusal.detail, c.detail) << c.fields[0].second;
    EXPECT_FALSE(result.may_reuse);
  }
}

TEST(ResponseFraming, follows_rfc_9112_6_3) {
  struct ResponseCase {
    Method method;
    int status;
    Fields fields;
    Kind kind;
    bool may_reuse;
  };
  const Fields five = {{"Content-Length", "5"}};
  const Fields chunked = {{"Transfer-Encoding", "chunked"}};
  const std::vector<ResponseCase> cases = {
      {Method::get, 200, five, Kind::length, true},
      {Method::get, 200, chunked, Kind::chunked, true},
      {Method::get, 200, {}, Kind::until_close, false},
      {Method::head, 200, five, Kind::none, true},
      {Method::head, 200, chunked, Kind::none, true},
      {Method::head, 200, {}, Kind::none, true},
      {Method::get, 304, five, Kind::none, true},
      {Method::get, 304, {}, Kind::none, true},
      {Method::get, 204, {}, Kind::none, true},
      {Method::get, 204, {{"Content-Length", "0"}}, Kind::none, true},
      {Method::get, 204, five, Kind::none, false},
      {Method::get, 204, chunked, Kind::none, false},
      {Method::get, 100, {}, Kind::none, true},
      {Method::get, 103, five, Kind::none, false},
      {Method::get, 101, {}, Kind::tunnel, false},
      {Method::connect, 200, five, Kind::tunnel, false},
      {Method::connect, 404, five, Kind::length, true},
  };
  for (const ResponseCase& c : cases) {
    HeaderBlock block;
    fill(block, c.fields);
    const BodyLengthResult result = response_body_length(c.method, c.status, Version::http_1_1, block);
    ASSERT_FALSE(result.refusal) << c.status;
    EXPECT_EQ(result.body.kind, c.kind) << name(c.method) << c.status;
    EXPECT_EQ(result.may_reuse, c.may_reuse) << name(c.method) << c.status;
  }
}

TEST(ResponseFraming, is_held_to_the_same_rules) {
  const Reason ambiguous = Reason::upstream_ambiguous_framing;
  const std::vector<Refused> cases = {
      {{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, ambiguous, ""},
      {{{"Content-Length", "5"}, {"Content-Length", "5"}}, ambiguous, ""},
      {{{"Content-Length", "x"}}, ambiguous, ""},
      {{{"Transfer-Encoding", "gzip"}}, ambiguous, ""},
      {{{"Transfer-Encoding", "chunked"}}, ambiguous, "", Version::http_1_0},
      {{{"Transfer-Encoding", "gzip, chunked"}}, Reason::upstream_transfer_coding, ""},
  };
  for (const Refused& c : cases) {
    HeaderBlock block;
    fill(block, c.fields);
    for (const Method m : {Method::get, Method::head}) {
      EXPECT_EQ(name(response_body_length(m, 200, c.version, block).refusal.reason), name(c.reason));
    }
    EXPECT_EQ(status(c.reason), 502);
  }
}

TEST(ContentLength, loses_its_leading_zeros) {
  for (const auto& [sent, kept] :
       {std::pair{"0042", "42"}, {"000", "0"}, {"0", "0"}, {"42", "42"}, {"100", "100"}}) {
    HeaderBlock block;
    block.add("Content-Length", sent);
    trim_content_length(block);
    EXPECT_EQ(block.find(FieldName::content_length), kept);
  }
}

TEST(KeepAlive, depends_on_version_and_connection) {  // RFC 9112 9.3
  struct Alive {
    Version version;
    const char* connection;
    bool alive;
  };
  const Version v0 = Version::http_1_0;
  const Version v1 = Version::http_1_1;
  for (const Alive& c : std::vector<Alive>{{v1, "", true},
                                           {v1, "close", false},
                                           {v1, "x, CLOSE", false},
                                           {v1, "upgrade", true},
                                           {v1, "keep-alive, close", false},
                                           {v0, "", false},
                                           {v0, "Keep-Alive", true},
                                           {v0, "x,keep-alive", true},
                                           {v0, "keep-alive, close", false}}) {
    HeaderBlock block;
    if (*c.connection != 0) block.add("Connection", c.connection);
    EXPECT_EQ(keeps_alive(c.version, block), c.alive) << c.connection;
  }
  HeaderBlock two;
  two.add("Connection", "x");
  two.add("Connection", "close");
  EXPECT_FALSE(keeps_alive(v1, two));
}

TEST(Expectation, is_known_for_100_continue_only) {  // RFC 9110 10.1.1
  HeaderBlock block;
  EXPECT_EQ(expectation(Version::http_1_1, block), Expectation::none);
  block.add("Expect", "100-Continue");
  EXPECT_EQ(expectation(Version::http_1_1, block), Expectation::continue_100);
  EXPECT_EQ(expectation(Version::http_1_0, block), Expectation::none);
  for (const char* other : {"", "200-ok", "100-continue, x", "100-continue;a", "\"100-continue\""}) {
    block.set("Expect", other);
    EXPECT_EQ(expectation(Version::http_1_1, block), Expectation::unknown) << other;
  }
}

}  // namespace
}  // namespace sluice::http
