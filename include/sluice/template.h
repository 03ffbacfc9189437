// Texts with variables: "/new/{path.rest}", checked when the configuration is loaded.
//
//   {client.ip} {client.port} {consumer}                    who asks
//   {listener} {method} {scheme} {authority} {host}         how
//   {path} {path.rest} {query} {query.NAME}                 for what
//   {header.NAME} {cookie.NAME}                             fields of the request
//   {request_id} {trace_id} {route} {upstream}              what the gateway knows
//   {status} {reason}                                       responses only; why the gateway refused, or none
//   {{ and }} are literal braces
//
// A variable that has no value is empty. docs/routes.md holds the same list for users.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/units.h"
#include "conf/type.h"
#include "sluice/exchange.h"

namespace sluice {

/// Immutable, shared by workers. As a configuration field it is written as a string.
class Template {
 public:
  /// What values become on their way into the text. The template's own text passes as written.
  enum class Use : std::uint8_t {
    field,  ///< A header field: control characters (CR, LF, NUL …) become spaces.
    uri,    ///< A URI reference (RFC 3986): what may not stand there is percent-encoded. Paths and
            ///< queries keep their own syntax; every other value is encoded down to unreserved
            ///< characters, so that it stays within its path segment or query parameter.
  };

  Template() = default;  ///< The empty text.

  /// The error names the variable that is not known and the nearest that is.
  static Parsed<Template> parse(std::string_view text);

  /// The text for this exchange: the template's own where it has no variables, else in `arena` or a
  /// view of the exchange, whose life the arena shares. The one allocation is the arena's.
  std::string_view expand(const Exchange& exchange, Arena& arena, Use use = Use::field) const;

  bool is_constant() const noexcept { return pieces_.empty(); }
  bool empty() const noexcept { return text_.empty(); }
  const std::string& text() const noexcept { return text_; }         ///< As written.
  const std::string& literal() const noexcept { return constant_; }  ///< What a constant expands to.
  bool needs_response() const noexcept { return needs_response_; }

  friend bool operator==(const Template& a, const Template& b) noexcept { return a.text_ == b.text_; }

  enum class Variable : std::uint8_t {
    none,  ///< A literal: `text` is what it says.
    client_ip,
    client_port,
    consumer,
    listener,
    method,
    scheme,
    authority,
    host,
    path,
    path_rest,
    query,
    query_value,
    header,
    cookie,
    request_id,
    trace_id,
    route,
    upstream,
    status,
    reason,
  };
  struct Piece {
    Variable variable = Variable::none;
    http::FieldName field = http::FieldName::other;  ///< For `header`.
    std::string text;                                ///< The literal, or the NAME of query, header or cookie.
  };
  /// For those who judge a template at load: what it is made of; empty where it is constant.
  const std::vector<Piece>& pieces() const noexcept { return pieces_; }

  /// The variables as users write them, "header.NAME" for the open ones.
  static const std::vector<std::string_view>& variables();

 private:
  std::string text_;
  std::string constant_;       // what a constant template expands to: braces unescaped
  std::vector<Piece> pieces_;  // empty for a constant
  bool needs_response_ = false;
};

}  // namespace sluice

namespace sluice::conf {
template <>
struct Type<Template> {
  static const TypeSpec& spec();
};
}  // namespace sluice::conf
