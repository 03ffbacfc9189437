#include "http/target.h"

#include <algorithm>
#include <cstring>

#include "http/host.h"

namespace sluice::http {
namespace {

Refusal refuse(std::string_view detail) { return {Reason::invalid_target, detail}; }
TargetResult refused(std::string_view detail) { return {refuse(detail), {}}; }

std::string_view describe(char c) noexcept {
  if (c == '#') return "fragment in the target";
  if (c == '\\') return "backslash in the path";
  if (c == '%') return "broken percent-encoding";
  if (static_cast<unsigned char>(c) >= 0x80) return "non-ASCII byte in the target";
  return "space or control character in the target";
}

bool is_encoded(std::string_view text, std::size_t at) noexcept {
  return at + 2 < text.size() && is(text[at + 1], hex) && is(text[at + 2], hex);
}

char decoded(std::string_view text, std::size_t at) noexcept {
  return static_cast<char>(hex_value(text[at + 1]) << 4 | hex_value(text[at + 2]));
}

char* put_encoded(char* out, char c) noexcept {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  *out++ = '%';
  *out++ = digits[byte >> 4];
  *out++ = digits[byte & 15];
  return out;
}

// "..;a": to servers with path parameters a dot segment.
bool has_parameter_on_dots(std::string_view segment) noexcept {
  const std::size_t dots = std::min(segment.find_first_not_of('.'), segment.size());
  const std::string_view rest = segment.substr(dots);
  return (dots == 1 || dots == 2) && (rest.starts_with(';') || rest.starts_with("%3B"));
}

// "a%2F..": a dot segment to whoever decodes before splitting.
bool hides_dots(std::string_view segment) noexcept {
  for (;;) {
    const std::size_t slash = std::min(segment.find("%2F"), segment.find("%5C"));
    const std::string_view part = segment.substr(0, slash);
    if (part == "." || part == ".." || has_parameter_on_dots(part)) return true;
    if (slash == std::string_view::npos) return false;
    segment.remove_prefix(slash + 3);
  }
}

// Writes a path segment by segment:
//
//     out_ [ /a /b /..            ]
//          ^begin  ^segment_  ^end_       a dot segment takes itself and the one before away
class PathWriter {
 public:
  PathWriter(char* out, bool allow_encoded_slash) noexcept
      : begin_(out), end_(out), segment_(out), allow_encoded_slash_(allow_encoded_slash) {}

  PathResult write(std::string_view path) noexcept {
    Refusal refusal;
    for (std::size_t i = 0; i < path.size() && !refusal;) {
      if (path[i] == '/') {
        refusal = end_segment(false);
        *end_++ = '/';
        segment_ = end_;
        i += 1;
      } else if (path[i] == '%') {
        refusal = put_escape(path, i);
        i += 3;
      } else {
        refusal = put(path[i++]);
      }
    }
    if (!refusal) refusal = end_segment(true);
    if (refusal) return {refusal, {}, false};
    return {{}, {begin_, static_cast<std::size_t>(end_ - begin_)}, has_encoded_slash_};
  }

 private:
  Refusal put(char c) noexcept {
    if (is(c, pchar)) {
      *end_++ = c;
    } else if (is(c, lenient_target)) {
      end_ = put_encoded(end_, c);
    } else {
      return refuse(describe(c));
    }
    return {};
  }

  Refusal put_escape(std::string_view path, std::size_t at) noexcept {
    if (!is_encoded(path, at)) return refuse("broken percent-encoding");
    const char c = decoded(path, at);
    if (c == '\0') return refuse("encoded NUL in the target");
    if (c == '/' || c == '\\') {
      if (!allow_encoded_slash_) return refuse("encoded slash or backslash in the path");
      has_encoded_slash_ = true;
    }
    if (is(c, unreserved)) {
      *end_++ = c;
    } else {
      end_ = put_encoded(end_, c);
    }
    return {};
  }

  // RFC 3986 5.2.4. Before a slash a dot segment takes its leading slash along, since another follows;
  // at the end it leaves one.
  Refusal end_segment(bool last) noexcept {
    const std::string_view segment(segment_, static_cast<std::size_t>(end_ - segment_));
    if (segment == ".") {
      end_ = segment_ - (last ? 0 : 1);
    } else if (segment == "..") {
      char* parent = segment_ - 1;
      if (parent == begin_) return refuse("dot segments climb above the root");
      do --parent;
      while (*parent != '/');
      end_ = parent + (last ? 1 : 0);
    } else if (has_parameter_on_dots(segment)) {
      return refuse("dot segment with a parameter");
    } else if (has_encoded_slash_ && hides_dots(segment)) {
      return refuse("dot segment beside an encoded slash");
    }
    return {};
  }

  char* begin_;
  char* end_;
  char* segment_;
  bool allow_encoded_slash_;
  bool has_encoded_slash_ = false;
};

Refusal check_query(std::string_view query) noexcept {
  for (std::size_t i = 0; i < query.size(); ++i) {
    const char c = query[i];
    if (is(c, pchar | lenient_target) || c == '/' || c == '?' || c == '\\') continue;
    if (c != '%') return refuse(describe(c));
    // A percent sign that encodes nothing is common in queries, and nothing here reads it in two ways.
    if (is_encoded(query, i) && decoded(query, i) == '\0') return refuse("encoded NUL in the target");
  }
  return {};
}

// path [ "?" query ], the path absolute.
TargetResult parse_path_and_query(std::string_view raw, Arena& arena, const TargetOptions& options,
                                  Target target) {
  const std::size_t question = raw.find('?');
  const std::string_view path = raw.substr(0, question);
  if (question != std::string_view::npos) {
    target.query = raw.substr(question + 1);
    target.has_query = true;
    if (const Refusal refusal = check_query(target.query)) return {refusal, {}};
  }
  target.path = path;
  if (is_normal_path(path)) return {{}, target};
  char* out = static_cast<char*>(arena.allocate(3 * path.size(), 1));
  const PathResult normal = normalise_path(path, out, options);
  if (normal.refusal) return {normal.refusal, {}};
  target.path = normal.path;
  target.has_encoded_slash = normal.has_encoded_slash;
  return {{}, target};
}

std::string_view take_scheme(std::string_view& raw) noexcept {
  for (const std::string_view scheme : {std::string_view("http"), std::string_view("https")}) {
    const std::size_t size = scheme.size() + 3;
    if (raw.size() < size || !equal_ignore_case(raw.substr(0, scheme.size()), scheme)) continue;
    if (raw.substr(scheme.size(), 3) != "://") continue;
    raw.remove_prefix(size);
    return scheme;
  }
  return {};
}

// RFC 9112 3.2.2
TargetResult parse_absolute(std::string_view raw, Method method, Arena& arena, const TargetOptions& options) {
  Target target;
  target.form = Target::Form::absolute;
  target.scheme = take_scheme(raw);
  if (target.scheme.empty()) return refused("target is neither a path nor an http or https URI");
  target.authority = raw.substr(0, raw.find_first_of("/?#"));
  if (const Refusal refusal = parse_authority(target.authority).refusal) return {refusal, {}};
  raw.remove_prefix(target.authority.size());
  if (raw.empty() && method == Method::options) {
    target.path = "*";  // RFC 9112 3.2.4
    return {{}, target};
  }
  if (!raw.empty() && raw.front() == '/') return parse_path_and_query(raw, arena, options, target);
  TargetResult result = parse_path_and_query(raw, arena, options, target);
  if (!result.refusal) result.target.path = "/";  // RFC 3986 6.2.3
  return result;
}

// RFC 9112 3.2.3
TargetResult parse_authority_form(std::string_view raw) {
  Target target;
  target.form = Target::Form::authority;
  target.authority = raw;
  const AuthorityResult result = parse_authority(raw);
  if (result.refusal) return {result.refusal, {}};
  if (result.authority.port == 0) return refused("CONNECT without a port");
  return {{}, target};
}

}  // namespace

TargetResult normalise_target(std::string_view raw, Method method, Arena& arena,
                              const TargetOptions& options) {
  if (raw.empty()) return refused("empty target");
  if (method == Method::connect) return parse_authority_form(raw);
  if (raw.front() == '/') return parse_path_and_query(raw, arena, options, {});
  if (raw != "*") return parse_absolute(raw, method, arena, options);
  if (method != Method::options) return refused("asterisk-form without OPTIONS");
  Target target;
  target.form = Target::Form::asterisk;
  target.path = raw;
  return {{}, target};
}

PathResult normalise_path(std::string_view path, char* out, const TargetOptions& options) noexcept {
  if (!path.empty() && path.front() != '/') return {refuse("path without a slash in front"), {}, false};
  if (is_normal_path(path)) return {{}, path, false};
  return PathWriter(out, options.allow_encoded_slash).write(path);
}

// A dot behind a slash is left to the slow way, whatever follows it.
bool is_normal_path(std::string_view path) noexcept {
  char before = 0;
  for (char c : path) {
    if (!is(c, pchar) && c != '/') return false;
    if (c == '.' && before == '/') return false;
    before = c;
  }
  return true;
}

namespace {

bool is_dot_segment(std::string_view segment) noexcept {
  std::size_t dots = 0;
  while (!segment.empty()) {
    const bool encoded = segment.starts_with("%2e") || segment.starts_with("%2E");
    if (!encoded && segment.front() != '.') return false;
    segment.remove_prefix(encoded ? 3 : 1);
    ++dots;
  }
  return dots == 1 || dots == 2;
}

}  // namespace

bool has_dot_segment(std::string_view path) noexcept {
  path = path.substr(0, path.find_first_of("?#"));
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (is_dot_segment(path.substr(0, end))) return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

}  // namespace sluice::http
