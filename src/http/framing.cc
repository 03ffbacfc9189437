#include "http/framing.h"

#include <algorithm>
#include <limits>

#include "http/comma_list.h"

namespace sluice::http {
namespace {

// The reasons of one direction.
struct Blame {
  Reason ambiguous;
  Reason length;
  Reason coding;
};
constexpr Blame client_blame = {Reason::ambiguous_framing, Reason::invalid_content_length,
                                Reason::unsupported_transfer_coding};
constexpr Blame upstream_blame = {Reason::upstream_ambiguous_framing, Reason::upstream_ambiguous_framing,
                                  Reason::upstream_transfer_coding};

BodyLengthResult refused(Reason reason, std::string_view detail) { return {{reason, detail}, {}, false}; }

BodyLengthResult content_length(const HeaderBlock& fields, const Blame& blame) noexcept {
  if (fields.count(FieldName::content_length) > 1)
    return refused(blame.length, "more than one Content-Length");
  const std::string_view text = *fields.find(FieldName::content_length);
  if (text.empty()) return refused(blame.length, "empty Content-Length");
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t length = 0;
  for (char c : text) {
    if (!is(c, digit)) return refused(blame.length, "Content-Length is not a decimal number");
    const unsigned value = hex_value(c);
    if (length > (limit - value) / 10) return refused(blame.length, "Content-Length too large");
    length = length * 10 + value;
  }
  return {{}, {BodyLength::Kind::length, length}, true};
}

BodyLengthResult transfer_coding(Version version, const HeaderBlock& fields, const Blame& blame) noexcept {
  if (version == Version::http_1_0) return refused(blame.ambiguous, "Transfer-Encoding in HTTP/1.0");
  if (fields.has(FieldName::content_length)) {
    return refused(blame.ambiguous, "Content-Length beside Transfer-Encoding");
  }
  if (fields.count(FieldName::transfer_encoding) > 1)
    return refused(blame.ambiguous, "more than one Transfer-Encoding");
  std::string_view list = *fields.find(FieldName::transfer_encoding);
  if (equal_ignore_case(list, "chunked")) return {{}, {BodyLength::Kind::chunked, 0}, true};
  if (list.empty() || list.back() == ',') return refused(blame.ambiguous, "empty transfer coding");
  bool last_is_chunked = false;
  while (!list.empty()) {
    const std::string_view coding = take_list_item(list);
    if (coding.empty()) return refused(blame.ambiguous, "empty transfer coding");
    if (last_is_chunked) return refused(blame.ambiguous, "chunked is not the last transfer coding");
    last_is_chunked = equal_ignore_case(coding, "chunked");
  }
  if (!last_is_chunked) return refused(blame.ambiguous, "the last transfer coding is not chunked");
  return refused(blame.coding, "transfer coding other than chunked");
}

bool never_has_body(Method method, int status) noexcept {
  return method == Method::head || (status >= 100 && status < 200) || status == 204 || status == 304;
}

// Content-Length may stand where there is no body to HEAD and with 304, where it tells of another
// response, but not with 1xx and 204 (RFC 9110 8.6), nor may Transfer-Encoding (RFC 9112 6.1).
BodyLengthResult without_body(Method method, int status, BodyLengthResult declared) noexcept {
  if (declared.refusal) return declared;
  const bool tells_of_another = method == Method::head || status == 304;
  const bool declares_one = declared.body.kind == BodyLength::Kind::chunked || declared.body.length != 0;
  return {{}, {}, tells_of_another || !declares_one};
}

BodyLengthResult declared_length(Version version, const HeaderBlock& fields, const Blame& blame) noexcept {
  if (fields.has(FieldName::transfer_encoding)) return transfer_coding(version, fields, blame);
  if (fields.has(FieldName::content_length)) return content_length(fields, blame);
  return {};
}

}  // namespace

BodyLengthResult request_body_length(Version version, const HeaderBlock& fields) noexcept {
  return declared_length(version, fields, client_blame);
}

BodyLengthResult response_body_length(Method method, int status, Version version,
                                      const HeaderBlock& fields) noexcept {
  const bool tunnel = status == 101 || (method == Method::connect && status >= 200 && status < 300);
  if (tunnel) return {{}, {BodyLength::Kind::tunnel, 0}, false};
  const BodyLengthResult declared = declared_length(version, fields, upstream_blame);
  if (declared.refusal) return declared;
  if (never_has_body(method, status)) return without_body(method, status, declared);
  if (declared.body.kind == BodyLength::Kind::none) return {{}, {BodyLength::Kind::until_close, 0}, false};
  return declared;
}

void trim_content_length(HeaderBlock& fields) {
  const auto sent = fields.find(FieldName::content_length);
  if (!sent || sent->size() < 2 || sent->front() != '0') return;
  const std::size_t first = std::min(sent->find_first_not_of('0'), sent->size() - 1);
  fields.set(FieldName::content_length, sent->substr(first));
}

bool keeps_alive(Version version, const HeaderBlock& fields) noexcept {
  if (!fields.has(FieldName::connection)) return version != Version::http_1_0;
  if (list_has(fields, FieldName::connection, "close")) return false;
  return version != Version::http_1_0 || list_has(fields, FieldName::connection, "keep-alive");
}

Expectation expectation(Version version, const HeaderBlock& fields) noexcept {
  if (version == Version::http_1_0 || !fields.has(FieldName::expect)) return Expectation::none;
  Expectation result = Expectation::unknown;
  bool all_known = true;
  for_each_item(fields, FieldName::expect, [&](std::string_view item) {
    if (!equal_ignore_case(item, "100-continue")) all_known = false;
    result = Expectation::continue_100;
  });
  return all_known ? result : Expectation::unknown;
}

}  // namespace sluice::http
