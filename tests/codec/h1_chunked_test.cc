#include "codec/h1/chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::codec::h1 {
namespace {

using http::Reason;
using Peer = ChunkedDecoder::Peer;
using Status = ChunkedDecoder::Status;
using namespace std::string_literals;

struct Decoded {
  Status status = Status::more;
  std::string body;
  std::size_t consumed = 0;
  http::Refusal refusal;
  std::string trailers;
};

// Feeds pieces of at most `piece` bytes, each a copy of its own.
Decoded decode(const std::string& bytes, std::size_t piece, Peer peer = Peer::client,
               const ChunkedLimits& limits = {}) {
  ChunkedDecoder decoder(peer, limits);
  Decoded result;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string part = bytes.substr(at, piece);
    std::size_t used = 0;
    while (used < part.size()) {
      const ChunkedDecoder::Step step = decoder.feed(std::string_view(part).substr(used));
      result.body += step.data;
      result.status = step.status;
      used += step.consumed;
      if (step.status == Status::refused || step.status == Status::done) break;
    }
    at += used;
    result.consumed = at;
    if (result.status == Status::refused || result.status == Status::done) break;
  }
  if (result.status == Status::data) result.status = Status::more;
  result.refusal = decoder.refusal();
  result.trailers.resize(decoder.trailers().wire_size());
  decoder.trailers().write_wire(result.trailers.data());
  return result;
}

struct Accepted {
  std::string bytes;
  std::string body;
  std::string trailers;
};

TEST(ChunkedBody, is_decoded_however_it_is_cut) {  // RFC 9112 7.1
  const std::vector<Accepted> cases = {
      {"0\r\n\r\n", "", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello", ""},
      {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", ""},
      {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""},
      {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""},
      {"0005\r\nhello\r\n0000\r\n\r\n", "hello", ""},
      {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", ""},
      {"5;a\r\nhello\r\n0;b\r\n\r\n", "hello", ""},
      {"5;a=b;c=\"d;\\\" e\" ; f\r\nhello\r\n0\r\n\r\n", "hello", ""},
      {"5 ;a = b\r\nhello\r\n0\r\n\r\n", "hello", ""},
      {"5\t;\ta\t=\t\"\"\r\nhello\r\n0\r\n\r\n", "hello", ""},
      {"5;a=\"\xc3\xa9\"\r\nhello\r\n0\r\n\r\n", "hello", ""},
      {"5\r\nhello\r\n0\r\nX-Sum: 1\r\nServer-Timing:  a \r\n\r\n", "hello",
       "X-Sum: 1\r\nServer-Timing: a\r\n"},
      {"0\r\ngrpc-status: 0\r\n\r\n", "", "grpc-status: 0\r\n"},
  };
  for (const Accepted& c : cases) {
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{1000}}) {
      const Decoded result = decode(c.bytes + "GET /next", piece);
      EXPECT_EQ(result.status, Status::done) << c.bytes << piece << result.refusal.detail;
      EXPECT_EQ(result.body, c.body) << c.bytes;
      EXPECT_EQ(result.trailers, c.trailers) << c.bytes;
      EXPECT_EQ(result.consumed, c.bytes.size()) << c.bytes << piece;
    }
  }
}

struct Refused {
  std::string bytes;
  const char* detail;
  Reason reason = Reason::invalid_chunk;
};

TEST(ChunkedBody, is_refused_where_readers_could_disagree) {
  const std::vector<Refused> cases = {
      // RFC 9112 7.1: chunk-size
      {"\r\nhello", "empty or invalid chunk size"},
      {";a\r\nhello", "empty or invalid chunk size"},
      {" 5\r\nhello\r\n", "empty or invalid chunk size"},
      {"-5\r\nhello\r\n", "empty or invalid chunk size"},
      {"+5\r\nhello\r\n", "empty or invalid chunk size"},
      {"g\r\nhello\r\n", "empty or invalid chunk size"},
      {"\n5\r\nhello\r\n", "empty or invalid chunk size"},
      {"0x5\r\nhello\r\n", "junk behind the chunk size"},
      {"5x\r\nhello\r\n", "junk behind the chunk size"},
      {"5,\r\nhello\r\n", "junk behind the chunk size"},
      {"5.0\r\nhello\r\n", "junk behind the chunk size"},
      {"5_0\r\nhello\r\n", "junk behind the chunk size"},
      {"5 5\r\nhello\r\n", "junk behind the chunk size"},
      {"5 \r\nhello\r\n", "cut-off chunk extension or bare CR in it"},
      {"5\0\r\nhello\r\n"s, "NUL"},
      {"5\x0b\r\nhello\r\n", "control character"},
      {"ffffffffffffffff\r\n", "chunk size too large"},
      {"8000000000000000\r\n", "chunk size too large"},
      {"00000000000000005\r\nhello\r\n", "chunk size with too many digits"},
      {"10000000000000005\r\nhello\r\n", "chunk size with too many digits"},
      // line ends
      {"5\nhello\r\n", "bare LF"},
      {"5\rhello\r\n", "bare CR behind the chunk size"},
      {"5\r\r\nhello\r\n", "bare CR behind the chunk size"},
      {"5\r\nhello0\r\n\r\n", "chunk data not followed by CRLF"},
      {"5\r\nhello\n0\r\n\r\n", "chunk data not followed by CRLF"},
      {"5\r\nhello\r0\r\n\r\n", "chunk data not followed by CRLF"},
      {"5\r\nhelloo\r\n0\r\n\r\n", "chunk data not followed by CRLF"},
      {"5\r\nhell\r\n0\r\n\r\n", "chunk data not followed by CRLF"},
      {"5\r\nhello\r\n\r\n0\r\n\r\n", "empty or invalid chunk size"},
      // RFC 9112 7.1.1: extensions
      {"5;\r\nhello\r\n", "cut-off chunk extension or bare CR in it"},
      {"5;a=\r\nhello\r\n", "cut-off chunk extension or bare CR in it"},
      {"5;a=\"b\r\nhello\r\n", "cut-off chunk extension or bare CR in it"},
      {"5;a\nhello\r\n", "bare LF"},
      {"5;a=b\n0\r\n\r\nGET", "bare LF"},
      {"5;a\rb\r\nhello\r\n", "bare CR behind the chunk size"},
      {"5;\n\r\nhello\r\n", "bare LF"},
      {"5;a=\"b\nc\"\r\nhello\r\n", "bare LF"},
      {"5;a=b c\r\nhello\r\n", "junk behind the chunk size"},
      {"5;=b\r\nhello\r\n", "junk behind the chunk size"},
      {"5;a==b\r\nhello\r\n", "junk behind the chunk size"},
      {"5;a=\"b\"c\r\nhello\r\n", "junk behind the chunk size"},
      {"5;a\0\r\nhello\r\n"s, "NUL"},
      {"5;" + std::string(1024, 'a') + "\r\nhello\r\n", "chunk extension longer than the limit"},
      // RFC 9112 7.1.2: trailers
      {"0\r\nA: b\n\r\n", "bare LF"},
      {"0\r\n\n", "bare LF"},
      {"0\r\nA : b\r\n\r\n", "whitespace in or behind a field name"},
      {"0\r\nA: b\r\n c\r\n\r\n", "line folding or whitespace in front of a field"},
      {"0\r\nA: b\0\r\n\r\n"s, "NUL"},
      {"0\r\nGET / HTTP/1.1\r\n\r\n", "whitespace in or behind a field name"},
      // RFC 9110 6.5.1: fields that may not be trailers
      {"0\r\nContent-Length: 5\r\n\r\n", "field not allowed in a trailer section", Reason::forbidden_trailer},
      {"0\r\ntransfer-encoding: chunked\r\n\r\n", "field not allowed in a trailer section",
       Reason::forbidden_trailer},
      {"0\r\nA: b\r\nHost: x\r\n\r\n", "field not allowed in a trailer section", Reason::forbidden_trailer},
      {"0\r\nAuthorization: x\r\n\r\n", "field not allowed in a trailer section", Reason::forbidden_trailer},
      {"0\r\nX-Forwarded-For: x\r\n\r\n", "field not allowed in a trailer section",
       Reason::forbidden_trailer},
      {"0\r\nConnection: close\r\n\r\n", "field not allowed in a trailer section", Reason::forbidden_trailer},
  };
  for (const Refused& c : cases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{10000}}) {
      const Decoded result = decode(c.bytes, piece);
      EXPECT_EQ(result.status, Status::refused) << c.bytes << piece;
      EXPECT_EQ(result.refusal.detail, c.detail) << c.bytes << piece;
      EXPECT_EQ(name(result.refusal.reason), name(c.reason)) << c.bytes;
      EXPECT_EQ(result.trailers, "") << c.bytes;
    }
  }
}

TEST(ChunkedBody, of_an_upstream_is_refused_with_reasons_of_its_own) {
  EXPECT_EQ(decode("x\r\n", 100, Peer::upstream).refusal.reason, Reason::upstream_invalid_chunk);
  EXPECT_EQ(decode("0\r\nContent-Length: 1\r\n\r\n", 100, Peer::upstream).refusal.reason,
            Reason::upstream_invalid_chunk);
}

TEST(ChunkedBody, is_not_done_while_it_is_cut_off) {
  const std::string bytes = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_EQ(decode(bytes.substr(0, n), 1000).status, Status::more) << n;
    EXPECT_EQ(decode(bytes.substr(0, n), 1).status, Status::more) << n;
  }
}

TEST(ChunkedBody, has_limits_on_its_trailers) {
  ChunkedLimits limits;
  limits.trailer_bytes = 32;
  limits.trailer_fields = 2;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
    const Decoded large = decode("0\r\nA: " + std::string(40, 'a') + "\r\n\r\n", piece, Peer::client, limits);
    EXPECT_EQ(large.refusal.reason, Reason::header_fields_too_large);
    const Decoded many = decode("0\r\nA:1\r\nB:2\r\nC:3\r\n\r\n", piece, Peer::client, limits);
    EXPECT_EQ(many.refusal.detail, "too many fields");
    EXPECT_EQ(decode("0\r\nA:1\r\nB:2\r\n\r\n", piece, Peer::client, limits).status, Status::done);
  }
}

TEST(ChunkedBody, may_not_be_nearly_all_extension) {
  std::string wasteful;
  for (int i = 0; i < 100; ++i) wasteful += "1;" + std::string(500, 'a') + "\r\nx\r\n";
  EXPECT_EQ(decode(wasteful, 4096).refusal.detail, "chunk extensions longer than the limit in all");
  std::string fair;
  for (int i = 0; i < 1000; ++i)
    fair += "40;chunk-signature=" + std::string(64, 'a') + "\r\n" + std::string(64, 'x') + "\r\n";
  EXPECT_EQ(decode(fair + "0\r\n\r\n", 4096).status, Status::done);
}

TEST(ChunkedBody, is_handed_out_where_it_lies) {
  const std::string bytes = "5\r\nhello\r\n0\r\n\r\n";
  ChunkedDecoder decoder(Peer::client);
  const ChunkedDecoder::Step step = decoder.feed(bytes);
  EXPECT_EQ(step.status, Status::data);
  EXPECT_EQ(step.data.data(), bytes.data() + 3);
  EXPECT_EQ(step.consumed, 8u);
  EXPECT_EQ(decoder.feed(std::string_view(bytes).substr(8)).status, Status::done);
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(decoder.feed("next").consumed, 0u);
}

TEST(ChunkedBody, may_be_moved_without_being_looked_at) {
  ChunkedDecoder decoder(Peer::upstream);
  EXPECT_EQ(decoder.feed("100000\r\n").status, Status::more);
  EXPECT_EQ(decoder.remaining_in_chunk(), 0x100000u);
  decoder.skip(0xfffff);
  EXPECT_EQ(decoder.remaining_in_chunk(), 1u);
  decoder.skip(1);
  EXPECT_EQ(decoder.remaining_in_chunk(), 0u);
  EXPECT_EQ(decoder.feed("\r\n0\r\n\r\n").status, Status::done);
  decoder.reset(Peer::client);
  EXPECT_EQ(decoder.feed("0\r\n\r\n").status, Status::done);
}

TEST(ChunkSizeLine, is_lower_case_hex) {
  EXPECT_EQ(ChunkSizeLine(0).view(), "0\r\n");
  EXPECT_EQ(ChunkSizeLine(0x1a2b).view(), "1a2b\r\n");
  EXPECT_EQ(ChunkSizeLine(~std::uint64_t{0}).view(), "ffffffffffffffff\r\n");
}

TEST(LastChunk, carries_the_trailers) {
  http::HeaderBlock trailers;
  std::string text(last_chunk_size(trailers), '?');
  EXPECT_EQ(write_last_chunk(text.data(), trailers), text.data() + text.size());
  EXPECT_EQ(text, last_chunk);
  trailers.add("A", "b");
  text.resize(last_chunk_size(trailers));
  write_last_chunk(text.data(), trailers);
  EXPECT_EQ(text, "0\r\nA: b\r\n\r\n");
}

}  // namespace
}  // namespace sluice::codec::h1
