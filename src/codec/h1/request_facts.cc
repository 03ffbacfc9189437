#include "codec/h1/request_facts.h"

#include "http/framing.h"
#include "http/host.h"
#include "http/target.h"
#include "http/via.h"

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

// RFC 9110 7.6.2 and 9.3.8: what only TRACE and OPTIONS know.
http::Refusal check_tracing(const RequestHead& head) {
  using http::Method;
  if (head.method == Method::trace && head.body.kind != http::BodyLength::Kind::none) {
    return {http::Reason::unexpected_content, {}};
  }
  bool counts = head.method == Method::trace || head.method == Method::options;
  if (counts && head.fields.has(http::FieldName::max_forwards) && !http::max_forwards(head.fields)) {
    return {http::Reason::invalid_max_forwards, {}};
  }
  return {};
}

}  // namespace

http::Refusal take_request(const RequestLine& line, RequestHead& head, Arena& arena) {
  head.method = line.method;
  head.version = line.version;
  head.method_text =
      line.method == http::Method::other ? arena.copy(line.method_text) : http::name(line.method);
  head.target = arena.copy(line.target);
  auto result = http::normalise_target(head.target, head.method, arena, {.allow_encoded_slash = true});
  head.path = result.refusal ? head.target : result.target.path;
  if (result.refusal) return result.refusal;
  const auto& target = result.target;
  head.query = target.query;
  head.has_query = target.has_query;
  head.has_encoded_slash = target.has_encoded_slash;
  if (auto refusal = take_authority(target, head, arena)) return refusal;
  auto framing = http::request_body_length(head.version, head.fields);
  if (framing.refusal) return framing.refusal;
  head.body = framing.body;
  http::trim_content_length(head.fields);
  if (http::expectation(head.version, head.fields) == http::Expectation::unknown) {
    return {http::Reason::expectation_failed, {}};
  }
  return check_tracing(head);
}

}  // namespace sluice::codec::h1
