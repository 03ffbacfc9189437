#include "sluice/template.h"

#include <array>
#include <charconv>

#include "base/text.h"
#include "conf/scalar.h"
#include "http/chars.h"
#include "sluice/query.h"

namespace sluice {
namespace {

using Variable = Template::Variable;
using Piece = Template::Piece;

constexpr std::size_t kMostPieces = 64;

struct VariableName {
  std::string_view name;
  Variable variable;
  bool open = false;  // NAME follows
};

constexpr VariableName kVariables[] = {
    {"client.ip", Variable::client_ip},
    {"client.port", Variable::client_port},
    {"consumer", Variable::consumer},
    {"listener", Variable::listener},
    {"method", Variable::method},
    {"scheme", Variable::scheme},
    {"authority", Variable::authority},
    {"host", Variable::host},
    {"path", Variable::path},
    {"path.rest", Variable::path_rest},
    {"query", Variable::query},
    {"query.", Variable::query_value, true},
    {"header.", Variable::header, true},
    {"cookie.", Variable::cookie, true},
    {"request_id", Variable::request_id},
    {"trace_id", Variable::trace_id},
    {"route", Variable::route},
    {"upstream", Variable::upstream},
    {"status", Variable::status},
    {"reason", Variable::reason},
};

Malformed unknown(std::string_view name) {
  std::string message = "there is no variable {" + shortened(name) + "}";
  const auto dot = name.find('.');
  if (dot != std::string_view::npos && dot + 1 < name.size()) {
    constexpr std::string_view open[] = {"header", "query", "cookie"};
    if (const auto near = nearest(name.substr(0, dot), open))
      return {message + "; did you mean {" + std::string(*near) + shortened(name.substr(dot)) + "}?"};
  }
  if (const auto near = nearest(name, Template::variables()))
    return {message + "; did you mean {" + std::string(*near) + "}?"};
  return {message + "; there are " + join(Template::variables())};
}

Parsed<Piece> parse_variable(std::string_view name) {
  for (const VariableName& known : kVariables) {
    if (!known.open && name == known.name) return Piece{.variable = known.variable, .text = {}};
    if (!known.open || !name.starts_with(known.name) || name.size() == known.name.size()) continue;
    const std::string_view own = name.substr(known.name.size());
    if (known.variable != Variable::query_value && !http::is_token(own))
      return Malformed{in_quotes(own) + " in {" + std::string(name) + "} cannot be a name"};
    return Piece{.variable = known.variable, .field = http::field_name(own), .text = std::string(own)};
  }
  return unknown(name);
}

std::string_view number(unsigned value, Arena& arena) {
  std::array<char, 10> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return arena.copy({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::string_view header(const Piece& piece, const http::HeaderBlock& fields) {
  const auto found =
      piece.field == http::FieldName::other ? fields.find(piece.text) : fields.find(piece.field);
  return found.value_or(std::string_view{});
}

std::string_view value_of(const Piece& piece, const Exchange& exchange, Arena& arena) {
  const RequestHead& request = exchange.request;
  switch (piece.variable) {
    case Variable::none:
      return piece.text;
    case Variable::client_ip:
      return exchange.client.address;
    case Variable::client_port:
      return number(exchange.client.peer_port, arena);
    case Variable::consumer:
      return exchange.consumer;
    case Variable::listener:
      return exchange.listener;
    case Variable::method:
      return request.method_text;
    case Variable::scheme:
      return request.scheme;
    case Variable::authority:
      return request.authority;
    case Variable::host:
      return request.host;
    case Variable::path:
      return request.path;
    case Variable::path_rest:
      return exchange.path_rest;
    case Variable::query:
      return request.query;
    case Variable::query_value:
      return query_value(request.query, piece.text).value_or(std::string_view{});
    case Variable::header:
      return header(piece, request.fields);
    case Variable::cookie:
      return cookie_value(request.fields, piece.text).value_or(std::string_view{});
    case Variable::request_id:
      return exchange.request_id;
    case Variable::trace_id:
      return exchange.trace_id;
    case Variable::route:
      return exchange.route;
    case Variable::upstream:
      return exchange.upstream;
    case Variable::status:
      return number(static_cast<unsigned>(exchange.response.status), arena);
    case Variable::reason:
      return http::name(exchange.reason);
  }
  return {};
}

// What may stand in a URI for a variable; everything else is percent-encoded.
struct Syntax {
  unsigned classes = http::unreserved;
  std::string_view others = {};
  bool escapes = false;  // "%xx" stays: the value was in a URI already
  bool form = false;     // "+" is a space
};

constexpr Syntax syntax(Variable variable) {
  switch (variable) {
    case Variable::path:
    case Variable::path_rest:
      return {.classes = http::pchar, .others = "/", .escapes = true};
    case Variable::query:
      return {.classes = http::pchar, .others = "/?", .escapes = true};
    case Variable::query_value:
      return {.escapes = true, .form = true};
    case Variable::authority:
    case Variable::host:
      return {.classes = http::unreserved | http::sub_delim, .others = ":[]"};
    default:
      return {};
  }
}

bool is_escape(std::string_view text, std::size_t at) {
  return text[at] == '%' && at + 2 < text.size() && http::is(text[at + 1], http::hex) &&
         http::is(text[at + 2], http::hex);
}

bool passes(std::string_view text, std::size_t at, const Syntax& rules) {
  const char c = text[at];
  return http::is(c, rules.classes) || rules.others.find(c) != std::string_view::npos ||
         (rules.escapes && is_escape(text, at));
}

std::size_t encoded_size(std::string_view text, const Syntax& rules) {
  std::size_t size = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!passes(text, i, rules)) size += 2;
  }
  return size;
}

char* encode(std::string_view text, const Syntax& rules, char* out) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (passes(text, i, rules)) {
      *out++ = text[i];
      continue;
    }
    const auto byte = static_cast<unsigned char>(rules.form && text[i] == '+' ? ' ' : text[i]);
    *out++ = '%';
    *out++ = digits[byte / 16];
    *out++ = digits[byte % 16];
  }
  return out;
}

char* copy_without_controls(std::string_view text, char* out) {
  for (const char c : text) *out++ = http::is(c, http::field_vchar) ? c : ' ';
  return out;
}

}  // namespace

const std::vector<std::string_view>& Template::variables() {
  static const std::vector<std::string_view> names = {
      "client.ip",  "client.port", "consumer",  "listener", "method",     "scheme",      "authority",
      "host",       "path",        "path.rest", "query",    "query.NAME", "header.NAME", "cookie.NAME",
      "request_id", "trace_id",    "route",     "upstream", "status",     "reason"};
  return names;
}

Parsed<Template> Template::parse(std::string_view text) {
  Template result;
  result.text_ = text;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) result.pieces_.push_back({.text = std::exchange(literal, {})});
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool doubled = i + 1 < text.size() && text[i + 1] == c;
    if (c != '{' && c != '}') {
      literal += c;
    } else if (doubled) {
      literal += c;
      ++i;
    } else if (c == '}') {
      return Malformed{"a } without its {; a literal one is written }}"};
    } else {
      const auto close = text.find('}', i);
      if (close == std::string_view::npos) return Malformed{"a { without its }; a literal one is written {{"};
      auto piece = parse_variable(text.substr(i + 1, close - i - 1));
      if (!piece) return piece.error();
      end_literal();
      result.needs_response_ |= piece->variable == Variable::status || piece->variable == Variable::reason;
      result.pieces_.push_back(std::move(*piece));
      i = close;
    }
  }
  if (result.pieces_.empty()) {
    result.constant_ = std::move(literal);
    return result;
  }
  end_literal();
  if (result.pieces_.size() > kMostPieces) return Malformed{"more than 64 parts"};
  return result;
}

std::string_view Template::expand(const Exchange& exchange, Arena& arena, Use use) const {
  if (is_constant()) return constant_;
  std::array<std::string_view, kMostPieces> values;
  std::size_t size = 0;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    values[i] = value_of(pieces_[i], exchange, arena);
    const bool encoded = use == Use::uri && pieces_[i].variable != Variable::none;
    size += encoded ? encoded_size(values[i], syntax(pieces_[i].variable)) : values[i].size();
  }
  if (size == 0) return {};
  char* const begin = static_cast<char*>(arena.allocate(size, 1));
  char* out = begin;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (pieces_[i].variable == Variable::none) {
      out = std::copy(values[i].begin(), values[i].end(), out);
    } else if (use == Use::uri) {
      out = encode(values[i], syntax(pieces_[i].variable), out);
    } else {
      out = copy_without_controls(values[i], out);
    }
  }
  return {begin, size};
}

}  // namespace sluice

namespace sluice::conf {

const TypeSpec& Type<Template>::spec() {
  static const auto type =
      scalar<Template>({.title = "template",
                        .wanted = "a text with variables like {path}",
                        .pattern = "",
                        .integers = true,
                        .variables = true},
                       &Template::parse, [](const Template& value) { return value.text(); });
  return type;
}

}  // namespace sluice::conf
