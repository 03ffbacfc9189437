// Heads: cut anywhere, they are parsed to the same; what was accepted is written to bytes that are
// parsed to the same again, and that hold no line end but those between fields.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "check.h"
#include "codec/h1/head_parser.h"
#include "codec/h1/head_writer.h"

namespace {

using namespace sluice;
using codec::h1::ParseStatus;

constexpr codec::h1::HeadLimits limits{.start_line = 256, .head_bytes = 2048, .fields = 24};

std::string wire(const http::HeaderBlock& fields) {
  std::string text(fields.wire_size(), '?');
  FUZZ_CHECK(fields.write_wire(text.data()) == text.data() + text.size());
  return text;
}

struct RequestCodec {
  static auto parse(std::string_view bytes, http::HeaderBlock& fields) {
    return codec::h1::parse_request_head(bytes, limits, fields);
  }
  static auto parse_more(codec::h1::HeadParser& parser, std::string_view bytes, http::HeaderBlock& fields) {
    return parser.parse_request(bytes, fields);
  }
  static codec::h1::RequestHeadOut out(const codec::h1::RequestLine& line) {
    return {line.method_text, line.target};
  }
  static bool same(const codec::h1::RequestLine& a, const codec::h1::RequestLine& b) {
    return a.method == b.method && a.method_text == b.method_text && a.target == b.target;
  }
};

struct ResponseCodec {
  static auto parse(std::string_view bytes, http::HeaderBlock& fields) {
    return codec::h1::parse_response_head(bytes, limits, fields);
  }
  static auto parse_more(codec::h1::HeadParser& parser, std::string_view bytes, http::HeaderBlock& fields) {
    return parser.parse_response(bytes, fields);
  }
  static codec::h1::ResponseHeadOut out(const codec::h1::StatusLine& line) {
    return {line.status, line.phrase};
  }
  static bool same(const codec::h1::StatusLine& a, const codec::h1::StatusLine& b) {
    return a.status == b.status && (a.phrase == b.phrase || a.phrase.empty());
  }
};

// As bytes come from a socket: in two pieces, then one by one. Each prefix is a copy of its own size.
template <class Codec>
void check_pieces(std::string_view bytes, std::size_t cut, ParseStatus status, std::size_t consumed,
                  const http::Refusal& refusal, const std::string& fields_wire) {
  for (const bool bytewise : {false, true}) {
    codec::h1::HeadParser parser(limits);
    auto fields = std::make_unique<http::HeaderBlock>();
    for (std::size_t n = bytewise ? 1 : cut;; n = bytewise ? n + 1 : bytes.size()) {
      const std::string prefix(bytes.substr(0, n));
      const auto result = Codec::parse_more(parser, prefix, *fields);
      if (result.status == ParseStatus::incomplete && n < bytes.size()) continue;
      if (result.status == ParseStatus::incomplete && status == ParseStatus::refused) {
        // Pieces are looked into when the head ends: its end brings out what one piece showed before.
        const auto ended = Codec::parse_more(parser, std::string(bytes) + "\r\n\r\n", *fields);
        FUZZ_CHECK(ended.status == ParseStatus::refused && ended.refusal == refusal);
        break;
      }
      FUZZ_CHECK(result.status == status);
      if (status == ParseStatus::complete)
        FUZZ_CHECK(result.consumed == consumed && wire(*fields) == fields_wire);
      if (status == ParseStatus::refused) FUZZ_CHECK(result.refusal == refusal);
      break;
    }
  }
}

// Byte by byte until the head is whole: a line that is wrong is wrong in the whole head too.
void check_unfinished(std::string_view bytes, const codec::h1::RequestHeadResult& whole) {
  codec::h1::UnfinishedHead head;
  const std::size_t most = whole.status == ParseStatus::complete ? whole.consumed : bytes.size() + 1;
  for (std::size_t n = 1; n < most; ++n) {
    if (!head.is_broken(std::string(bytes.substr(0, n)), limits)) continue;
    FUZZ_CHECK(whole.status == ParseStatus::refused);
    return;
  }
}

template <class Codec>
void check_rewritten(const auto& result, const http::HeaderBlock& fields) {
  std::string text(codec::h1::head_size(Codec::out(result.line), fields), '?');
  FUZZ_CHECK(codec::h1::write_head(text, Codec::out(result.line), fields) == text.size());
  FUZZ_CHECK(text.find('\0') == std::string::npos);
  auto again = std::make_unique<http::HeaderBlock>();
  // The written form may be a little longer than what was read: no limits here.
  const codec::h1::HeadLimits wide{.start_line = 4096, .head_bytes = 65536, .fields = 24};
  if constexpr (requires { result.line.target; }) {
    const auto second = codec::h1::parse_request_head(text, wide, *again);
    FUZZ_CHECK(second.status == ParseStatus::complete && second.consumed == text.size());
    FUZZ_CHECK(Codec::same(result.line, second.line));
  } else {
    const auto second = codec::h1::parse_response_head(text, wide, *again);
    FUZZ_CHECK(second.status == ParseStatus::complete && second.consumed == text.size());
    FUZZ_CHECK(Codec::same(result.line, second.line));
  }
  FUZZ_CHECK(wire(fields) == wire(*again));
  FUZZ_CHECK(fields.size() == again->size());
}

template <class Codec>
void check(std::string_view bytes, std::size_t cut) {
  auto fields = std::make_unique<http::HeaderBlock>();
  const auto result = Codec::parse(bytes, *fields);
  if (result.status != ParseStatus::complete) FUZZ_CHECK(fields->empty());
  if (result.status == ParseStatus::refused) FUZZ_CHECK(result.refusal && !result.refusal.detail.empty());
  if (!bytes.empty())
    check_pieces<Codec>(bytes, cut, result.status, result.consumed, result.refusal, wire(*fields));
  if constexpr (requires { result.line.target; }) check_unfinished(bytes, result);
  if (result.status == ParseStatus::complete) check_rewritten<Codec>(result, *fields);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = bytes.empty() ? 0 : 1 + data[1] % bytes.size();
  if ((data[0] & 1) != 0) {
    check<RequestCodec>(bytes, cut);
  } else {
    check<ResponseCodec>(bytes, cut);
  }
  return 0;
}
