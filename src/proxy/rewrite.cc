#include "proxy/rewrite.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/chars.h"
#include "http/target.h"
#include "proxy/route_match.h"

namespace sluice::proxy {
namespace {

constexpr int kGroups = 10;  // \0 to \9

bool is_path_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return http::is(c, http::pchar) || c == '/' || c == '%'; });
}

bool has_encoded_slash(std::string_view path) {
  return path.find("%2F") != std::string_view::npos || path.find("%5C") != std::string_view::npos;
}

RE2::Options quiet() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

void check_template(const Template& path, conf::Scope& scope) {
  std::string text = path.literal();
  for (const auto& piece : path.pieces()) {
    if (piece.variable == Template::Variable::none) text += piece.text;
  }
  if (!is_path_text(text)) scope.problem("path", "a character that no path may hold; percent-encode it");
  if (path.needs_response()) scope.problem("path", "{status} is not known before the response");
}

void check_regex(const RewriteConfig& config, conf::Scope& scope) {
  const RE2 regex(*config.path_regex, quiet());
  if (!regex.ok())
    return scope.problem("path_regex", fault_of_regex(regex.error(), scope.node().find("path_regex")));
  if (!config.substitution) return scope.problem("path_regex", "needs a substitution beside it");
  std::string error;
  if (!regex.CheckRewriteString(*config.substitution, &error)) return scope.problem("substitution", error);
  std::string text = *config.substitution;
  std::erase(text, '\\');
  if (!is_path_text(text))
    scope.problem("substitution", "a character that no path may hold; percent-encode it");
}

void check(const RewriteConfig& config, conf::Scope& scope) {
  if (config.substitution && !config.path_regex) scope.problem("substitution", "belongs beside path_regex");
  if (config.path_regex) check_regex(config, scope);
  if (config.path) check_template(*config.path, scope);
  if (config.path_prefix && !(config.path_prefix->starts_with('/') && is_path_text(*config.path_prefix)))
    scope.problem("path_prefix", "wanted a path that begins with /");
}

}  // namespace

const conf::ObjectSpec& RewriteConfig::spec() {
  static const conf::ObjectSpec spec =
      conf::object<RewriteConfig>("Rewrite", "The path that the upstream gets; the query stays.")
          .field("path_prefix", &RewriteConfig::path_prefix,
                 "Takes the place of what stands before `/*` in the route's path.")
          .field("path", &RewriteConfig::path, "The whole path; may hold variables.")
          .field("path_regex", &RewriteConfig::path_regex,
                 "A regular expression (RE2); its first match in the path is replaced.")
          .field("substitution", &RewriteConfig::substitution,
                 "What stands in its place; \\1 to \\9 are its groups.")
          .exactly_one({"path_prefix", "path", "path_regex"})
          .where(&RewriteConfig::where)
          .check(&check);
  return spec;
}

struct Rewrite::Regex {
  RE2 regex;
  std::string substitution;
};

Rewrite::Rewrite(const RewriteConfig& config) {
  if (config.path_prefix) {
    kind_ = Kind::prefix;
    prefix_ = *config.path_prefix;
    while (prefix_.ends_with('/')) prefix_.pop_back();
  } else if (config.path_regex) {
    kind_ = Kind::regex;
    regex_.reset(new Regex{RE2(*config.path_regex, quiet()), config.substitution.value_or(std::string{})});
  } else if (config.path) {
    path_ = *config.path;
  }
}

Rewrite::Rewrite(Rewrite&&) noexcept = default;
Rewrite& Rewrite::operator=(Rewrite&&) noexcept = default;
Rewrite::~Rewrite() = default;

http::Refusal Rewrite::apply(Exchange& exchange) const {
  Arena& arena = exchange.arena();
  std::string_view path;
  switch (kind_) {
    case Kind::prefix:
      path = with_prefix(exchange);
      break;
    case Kind::path:
      path = path_.expand(exchange, arena, Template::Use::uri);
      break;
    case Kind::regex:
      path = substituted(exchange);
      break;
  }
  if (!path.starts_with('/')) path = arena.concat("/", path);
  // Only a value of the request can have brought it in, to leave the segment that it was given.
  if (http::has_dot_segment(path))
    return {http::Reason::invalid_target, "a value makes a dot segment of the new path"};
  if (!http::is_normal_path(path)) {
    // Where the route has let an encoded slash pass, it may go on; no other value may bring one in.
    const bool may_have_slash = has_encoded_slash(exchange.request.path);
    char* out = static_cast<char*>(arena.allocate(3 * path.size(), 1));
    const auto normal = http::normalise_path(path, out, {.allow_encoded_slash = may_have_slash});
    if (normal.refusal) return normal.refusal;
    path = normal.path;
  }
  exchange.request.path = path;
  return {};
}

std::string_view Rewrite::with_prefix(Exchange& exchange) const {
  const std::string_view path = exchange.request.path, rest = exchange.path_rest;
  const bool has_slash = !rest.empty() || path.ends_with('/');
  return exchange.arena().concat(prefix_, has_slash ? "/" : "", rest);
}

std::string_view Rewrite::substituted(Exchange& exchange) const {
  const std::string_view path = exchange.request.path;
  const re2::StringPiece text(path.data(), path.size());
  std::array<re2::StringPiece, kGroups> groups;
  if (!regex_->regex.Match(text, 0, path.size(), RE2::UNANCHORED, groups.data(), kGroups)) return path;
  const auto begin = static_cast<std::size_t>(groups[0].data() - path.data());

  Arena& arena = exchange.arena();
  const std::string_view substitution = regex_->substitution;
  std::string_view result = path.substr(0, begin);
  for (std::size_t i = 0; i < substitution.size(); ++i) {
    if (substitution[i] != '\\' || i + 1 == substitution.size()) {
      const auto end = std::min(substitution.find('\\', i + 1), substitution.size());
      result = arena.concat(result, substitution.substr(i, end - i));
      i = end - 1;
    } else if (const char c = substitution[++i]; is_digit(c)) {
      const re2::StringPiece& group = groups[static_cast<std::size_t>(c - '0')];
      result = arena.concat(result, std::string_view(group.data(), group.size()));
    }
  }
  return arena.concat(result, path.substr(begin + groups[0].size()));
}

}  // namespace sluice::proxy
