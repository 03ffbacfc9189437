#include "proxy/route_match.h"

#include <algorithm>

#include "base/text.h"
#include "http/credentials.h"
#include "http/target.h"
#include "http/token.h"

namespace sluice::proxy {
namespace {

// A fault as the end of a sentence; empty: none.
std::string fault_of_host(std::string_view host) {
  if (host == "*") return "leave host out to match any";
  if (host.starts_with("*.")) host.remove_prefix(2);
  if (host.starts_with('[') && host.ends_with(']')) return {};
  if (host.find(':') != std::string_view::npos) return "a host is written without port";
  if (host.find('*') != std::string_view::npos)
    return "a * stands only at the beginning, as in *.example.com";
  const bool plain = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
  return plain ? std::string{} : "wanted a host name, as in api.example.com or *.example.com";
}

// Requests are matched in normal form, so another form would never match.
std::string fault_of_form(std::string_view path) {
  if (path.empty() || http::is_normal_path(path)) return {};
  std::string out(3 * path.size(), '\0');
  const auto normal = http::normalise_path(path, out.data(), {.allow_encoded_slash = true});
  if (normal.refusal) return std::string(normal.refusal.detail);
  return normal.path == path ? std::string{}
                             : "requests are matched as " + std::string(normal.path) + "; write that";
}

std::string fault_of_path(std::string_view path) {
  if (!path.starts_with('/')) return "a path begins with /";
  if (path.ends_with("/*")) path.remove_suffix(2);
  if (path.find('*') != std::string_view::npos)
    return "a * stands only at the end, after a /; for all else there is path_regex";
  if (path.find('?') != std::string_view::npos) return "a path has no query; match that with `query`";
  return fault_of_form(path);
}

std::string fault_of_method(std::string_view method) {
  if (!http::is_token(method)) return "not a method";
  std::string upper(method);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (upper != method && http::method(upper) != http::Method::other)
    return "methods are case-sensitive; write " + upper;
  return {};
}

void check_header_names(const RouteMatch& match, conf::Scope& scope) {
  for (const auto& field : match.header) {
    if (!http::is_token(field.name))
      scope.problem("header", in_quotes(field.name) + " is not a header field name");
  }
}

}  // namespace

std::string fault_of_regex(const std::string& error, const conf::Node& where) {
  const bool expanded = where.style() == conf::Node::Style::expanded;
  if (expanded) return in_words(where) + " is not a regular expression of RE2";
  return "not a regular expression of RE2: " + error;
}

const conf::ObjectSpec& ValueMatch::spec() {
  static const conf::ObjectSpec spec =
      conf::object<ValueMatch>("ValueMatch", "A demand on a value; a text alone is the exact value.")
          .field("exact", &ValueMatch::exact, "The value, in the same case.")
          .field("regex", &ValueMatch::regex, "A regular expression (RE2) that takes the whole value.")
          .field("present", &ValueMatch::present, "true: there with any value; false: not there.")
          .exactly_one({"exact", "regex", "present"})
          .shorthand(conf::Node::Kind::scalar, "exact");
  return spec;
}

const conf::ObjectSpec& RouteMatch::spec() {
  static const conf::ObjectSpec spec =
      conf::object<RouteMatch>("RouteMatch",
                               "Which requests a route takes; everything that is written must hold.")
          .field("host", &RouteMatch::host, "Host without port, exact or `*.example.com`; one of several.",
                 conf::sound("a host that can match", &fault_of_host))
          .field("path", &RouteMatch::path,
                 "`/exact`, or `/prefix/*`, which takes `/prefix` too; one of several.",
                 conf::sound("a path that can match", &fault_of_path))
          .field("path_regex", &RouteMatch::path_regex,
                 "A regular expression (RE2) that takes the whole path.")
          .field("method", &RouteMatch::method, "Methods; GET stands for HEAD too.",
                 conf::sound("a method that can match", &fault_of_method))
          .field("header", &RouteMatch::header,
                 "Header fields by name; one of several lines of a field is enough.",
                 conf::hidden_keys(http::is_credential))
          .field("query", &RouteMatch::query, "Query parameters by name, compared decoded.")
          .at_most_one({"path", "path_regex"})
          .where(&RouteMatch::where)
          .check(&check_header_names);
  return spec;
}

}  // namespace sluice::proxy
