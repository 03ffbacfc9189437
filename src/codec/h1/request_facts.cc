#include "codec/h1/request_facts.h"

#include <charconv>

#include "http/framing.h"
#include "http/host.h"
#include "http/target.h"

namespace sluice::codec::h1 {
namespace {

std::string_view lower_case(std::string_view host, Arena& arena) {
  return http::lower_host(host, static_cast<char*>(arena.allocate(host.size(), 1)));
}

// The authority of the target wins over Host (RFC 9112 3.2.2), which must be valid all the same.
http::Refusal take_authority(const http::Target& target, RequestHead& head, Arena& arena) {
  auto named = http::check_host(head.fields, head.version);
  if (named.refusal) return named.refusal;
  auto authority = named.authority;
  if (!target.authority.empty()) authority = http::parse_authority(target.authority).authority;
  head.authority = arena.copy(authority.text);
  head.host = lower_case(head.authority.substr(0, authority.host.size()), arena);
  return {};
}

// "0042" is one number to us; the next reader gets no chance to see another.
void write_length_anew(RequestHead& head) {
  if (head.body.kind != http::BodyLength::Kind::length) return;
  auto sent = head.fields.find(http::FieldName::content_length).value_or("");
  if (sent.size() < 2 || sent.front() != '0') return;
  char digits[20];
  auto* end = std::to_chars(digits, digits + sizeof digits, head.body.length).ptr;
  head.fields.set(http::FieldName::content_length, {digits, static_cast<std::size_t>(end - digits)});
}

}  // namespace

http::Refusal take_request(const RequestLine& line, RequestHead& head, Arena& arena) {
  head.method = line.method;
  head.version = line.version;
  head.method_text = line.method == http::Method::other ? arena.copy(line.method_text) : http::name(line.method);
  head.target = arena.copy(line.target);
  auto result = http::normalise_target(head.target, head.method, arena);
  head.path = result.refusal ? head.target : result.target.path;
  if (result.refusal) return result.refusal;
  const auto& target = result.target;
  head.query = target.query;
  head.has_query = target.has_query;
  if (auto refusal = take_authority(target, head, arena)) return refusal;
  auto framing = http::request_body_length(head.version, head.fields);
  if (framing.refusal) return framing.refusal;
  head.body = framing.body;
  write_length_anew(head);
  if (http::expectation(head.version, head.fields) == http::Expectation::unknown) {
    return {http::Reason::expectation_failed, {}};
  }
  return {};
}

}  // namespace sluice::codec::h1
