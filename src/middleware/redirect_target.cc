#include "middleware/redirect_target.h"

#include <algorithm>
#include <vector>

#include "http/chars.h"

namespace sluice::middleware {
namespace {

using Piece = Template::Piece;
using Variable = Template::Variable;

// The template as text where each variable is one byte that no literal can hold.
constexpr char kOtherValue = '\x01', kHost = '\x02', kPath = '\x03', kScheme = '\x04';

char mark(Variable variable) {
  switch (variable) {
    case Variable::host:
    case Variable::authority:
      return kHost;
    case Variable::path:
      return kPath;
    case Variable::scheme:
      return kScheme;
    default:
      return kOtherValue;
  }
}

bool is_uri_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return http::is(c, http::pchar) || std::string_view("/?#[]%").find(c) != std::string_view::npos;
  });
}

constexpr std::string_view kWanted =
    "wanted a target that begins with a scheme and a host, with / or with {path}";

// After SCHEME:// stand a host and then its end, so that no value can lengthen the host.
std::optional<std::string> fault_of_authority(std::string_view rest) {
  const auto end = std::find_if(rest.begin(), rest.end(), [](char c) {
    return c == '/' || c == '?' || c == '#' || c == kPath || c == kOtherValue || c == kScheme;
  });
  if (end == rest.begin()) return "wanted a host after ://, of text, {host} or {authority}";
  if (end != rest.end() && (*end == kOtherValue || *end == kScheme))
    return "a variable after the host could change the host; put a / between them";
  if (std::find(rest.begin(), end, '@') != end) return "a target holds no user information";
  return std::nullopt;
}

std::optional<std::string> fault_of(std::string_view marked) {
  if (marked.empty()) return std::string(kWanted);
  if (marked.starts_with("//")) return "a target that begins with // names a host; write its scheme too";
  if (marked.front() == '/' || marked.front() == kPath) return std::nullopt;
  const auto colon = marked.find(':');
  if (colon == std::string_view::npos || marked.substr(colon, 3) != "://") return std::string(kWanted);
  const std::string_view scheme = marked.substr(0, colon);
  const bool plain = std::all_of(scheme.begin(), scheme.end(),
                                 [](char c) { return http::is(c, http::unreserved) || c == '+'; });
  if (scheme.empty() || !(plain || scheme == std::string_view(&kScheme, 1))) return std::string(kWanted);
  return fault_of_authority(marked.substr(colon + 3));
}

}  // namespace

std::optional<std::string> fault_of_target(const Template& to) {
  std::string marked = to.literal();
  std::string literals = to.literal();
  for (const Piece& piece : to.pieces()) {
    if (piece.variable == Variable::none) literals += piece.text;
    marked += piece.variable == Variable::none ? piece.text : std::string(1, mark(piece.variable));
  }
  if (!is_uri_text(literals)) return "a character that no URI may hold; percent-encode it";
  if (to.needs_response()) return "{status} is not known before the response";
  return fault_of(marked);
}

std::string_view within_this_host(std::string_view target) noexcept {
  const auto is_slash = [](char c) { return c == '/' || c == '\\'; };
  if (target.empty() || !is_slash(target.front())) return target;
  while (target.size() > 1 && is_slash(target[1])) target.remove_prefix(1);
  return target;
}

bool takes_a_query(const Template& to) noexcept {
  const auto ends_path = [](const std::string& text) {
    return text.find_first_of("?#") != std::string::npos;
  };
  return !ends_path(to.literal()) &&
         std::none_of(to.pieces().begin(), to.pieces().end(), [&](const Piece& piece) {
           return piece.variable == Variable::none && ends_path(piece.text);
         });
}

bool lacks_host(std::string_view target) noexcept {
  const auto authority = target.find("://");
  if (authority == std::string_view::npos || target.find_first_of("/?#") < authority) return false;
  const std::string_view rest = target.substr(authority + 3);
  return rest.empty() || rest.front() == '/' || rest.front() == '?' || rest.front() == '#';
}

}  // namespace sluice::middleware
