#include "middleware/refusal.h"

#include "http/chars.h"

namespace sluice::middleware {
namespace {

class RefusalMiddleware final : public Middleware {
 public:
  explicit RefusalMiddleware(const Refusal& config) : config_(config) {}

  void on_response(Exchange& exchange) override {
    if (exchange.reason == http::Reason::none || !exchange.has_reply()) return;
    if (exchange.grpc != http::GrpcForm::none) return;  // whose refusals have no body
    exchange.replace_body(config_.content_type, config_.body.expand(exchange, exchange.arena()));
  }

 private:
  const Refusal& config_;
};

bool is_ours(const Template::Piece& piece) {
  using Variable = Template::Variable;
  switch (piece.variable) {
    case Variable::none:
    case Variable::status:
    case Variable::reason:
    case Variable::route:
    case Variable::request_id:
      return true;
    default:
      return false;
  }
}

void check_variables(const Refusal& refusal, conf::Scope& scope) {
  for (const auto& piece : refusal.body.pieces()) {
    if (is_ours(piece)) continue;
    scope.problem("body", "a client could put markup into this variable",
                  "there are {status}, {reason}, {route} and {request_id}");
  }
}

}  // namespace

const conf::ObjectSpec& Refusal::spec() {
  static const conf::ObjectSpec spec =
      conf::object<Refusal>("Refusal", "The body of what the gateway refuses, in place of problem+json.")
          .field("body", &Refusal::body,
                 "May hold {status}, {reason}, {route} and {request_id}; a literal brace is doubled.",
                 conf::required())
          .field("content_type", &Refusal::content_type, "What the body is.",
                 conf::matching(
                     "a media type", "",
                     [](std::string_view text) { return !text.empty() && http::is_field_value(text); }))
          .check(&check_variables);
  return spec;
}

const MiddlewareKind& refusal_kind() {
  static const auto kind = middleware_kind<Refusal, RefusalMiddleware>("refusal");
  return kind;
}

}  // namespace sluice::middleware
