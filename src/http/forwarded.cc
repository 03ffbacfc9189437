#include "http/forwarded.h"

#include <algorithm>

#include "http/comma_list.h"
#include "http/host.h"

namespace sluice::http {
namespace {

std::string_view without_quotes(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

// The value of `for` in one element of Forwarded: for=a;proto=b
std::string_view for_of(std::string_view element) noexcept {
  while (!element.empty()) {
    const std::size_t end = element.find(';');
    const std::string_view pair = trim_ows(element.substr(0, end));
    if (pair.size() > 4 && equal_ignore_case(pair.substr(0, 4), "for=")) return pair.substr(4);
    if (end == std::string_view::npos) break;
    element.remove_prefix(end + 1);
  }
  return {};
}

// RFC 7239 6: an IPv6 address is bracketed and quoted, what has no address is unknown.
std::string_view node_text(std::string_view peer, Arena& arena) {
  if (peer.empty()) return "unknown";
  return peer.find(':') == std::string_view::npos ? peer : arena.concat("\"[", peer, "]\"");
}

std::string_view forwarded_element(const Hop& hop, Arena& arena) {
  const std::string_view node = node_text(hop.peer, arena);
  if (hop.host.empty()) return arena.concat("for=", node, ";proto=", hop.scheme);
  return arena.concat("for=", node, ";host=\"", hop.host, "\";proto=", hop.scheme);
}

// One more element behind all that are there, as one field.
void append(HeaderBlock& fields, FieldName name, std::string_view element, Arena& arena) {
  std::string_view list;
  fields.for_each(
      name, [&](std::string_view value) { list = list.empty() ? value : arena.concat(list, ", ", value); });
  fields.set(name, list.empty() ? element : arena.concat(list, ", ", element));
}

void set_or_remove(HeaderBlock& fields, FieldName name, std::string_view value) {
  if (value.empty()) {
    fields.remove(name);
  } else {
    fields.set(name, value);
  }
}

void assert_hop(HeaderBlock& fields, const Hop& hop) {
  set_or_remove(fields, FieldName::x_forwarded_for, hop.peer);
  set_or_remove(fields, FieldName::x_forwarded_proto, hop.scheme);
  set_or_remove(fields, FieldName::x_forwarded_host, hop.host);
}

// What CGI and WSGI take for that name too. `name` is in lower case.
bool reads_as(std::string_view field, std::string_view name) noexcept {
  return std::equal(field.begin(), field.end(), name.begin(), name.end(), [](char c, char wanted) {
    return c == wanted || (c == '_' && wanted == '-') || (c >= 'A' && c <= 'Z' && (c | 0x20) == wanted);
  });
}

bool is_claim(std::string_view name) noexcept {
  // Most names are none by their first letter.
  if (name.empty() || std::string_view("cftxCFTX").find(name.front()) == std::string_view::npos) return false;
  constexpr std::string_view prefix = "x-forwarded";
  constexpr std::string_view names[] = {
      "cf-connecting-ip", "client-ip",        "fastly-client-ip",    "forwarded",
      "true-client-ip",   "x-client-ip",      "x-cluster-client-ip", "x-original-forwarded-for",
      "x-original-host",  "x-originating-ip", "x-real-ip",           "x-remote-addr",
      "x-remote-ip"};
  if (reads_as(name.substr(0, prefix.size()), prefix))
    return name.size() == prefix.size() || name[prefix.size()] == '-' || name[prefix.size()] == '_';
  return std::any_of(std::begin(names), std::end(names),
                     [&](std::string_view one) { return reads_as(name, one); });
}

}  // namespace

void remove_claims(HeaderBlock& fields) noexcept {
  fields.remove_if([](const HeaderBlock::Field& field) { return is_claim(field.name); });
}

void set_forwarded(HeaderBlock& fields, const Hop& hop, Arena& arena) {
  if (!hop.trusted) return assert_hop(fields, hop);
  const bool has_list = fields.has(FieldName::x_forwarded_for);
  const bool has_forwarded = fields.has(FieldName::forwarded);
  if (has_forwarded) append(fields, FieldName::forwarded, forwarded_element(hop, arena), arena);
  if ((has_list || !has_forwarded) && !hop.peer.empty())
    append(fields, FieldName::x_forwarded_for, hop.peer, arena);
  if (!fields.has(FieldName::x_forwarded_proto))
    set_or_remove(fields, FieldName::x_forwarded_proto, hop.scheme);
  if (!fields.has(FieldName::x_forwarded_host)) set_or_remove(fields, FieldName::x_forwarded_host, hop.host);
}

ForwardedChain::ForwardedChain(const HeaderBlock& fields) noexcept {
  if (fields.has(FieldName::x_forwarded_for)) {
    for_each_item(fields, FieldName::x_forwarded_for, [this](std::string_view item) { push(item); });
  } else {
    for_each_item(fields, FieldName::forwarded, [this](std::string_view item) { push(for_of(item)); });
  }
}

void ForwardedChain::push(std::string_view node) noexcept {
  last_[count_++ % last_.size()] = node_address(node);
}

std::string_view node_address(std::string_view node) noexcept {
  node = without_quotes(node);
  if (node.starts_with('[')) {
    const std::size_t close = node.find(']');
    if (close == std::string_view::npos) return {};
    const std::string_view address = node.substr(1, close - 1);
    return is_ipv6(address) ? address : std::string_view{};
  }
  if (is_ipv6(node)) return node;
  const std::string_view address = node.substr(0, node.find(':'));
  return is_ipv4(address) ? address : std::string_view{};
}

}  // namespace sluice::http
