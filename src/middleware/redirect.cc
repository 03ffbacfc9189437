#include "middleware/redirect.h"

#include "http/target.h"
#include "middleware/redirect_target.h"
#include "sluice/header_block.h"

namespace sluice::middleware {
namespace {

class RedirectMiddleware final : public Middleware {
 public:
  explicit RedirectMiddleware(const Redirect& config)
      : config_(config), appends_query_(config.keep_query && takes_a_query(config.to)) {}

  Step on_request(Exchange& exchange) override {
    constexpr auto uri = Template::Use::uri;
    Arena& arena = exchange.arena();
    std::string_view target = within_this_host(config_.to.expand(exchange, arena, uri));
    if (lacks_host(target)) return exchange.refuse(http::Reason::invalid_host);
    if (http::has_dot_segment(target)) {
      return exchange.refuse(http::Reason::invalid_target, "a value makes a dot segment of the new target");
    }
    if (appends_query_ && exchange.request.has_query)
      target = arena.concat(target, "?", query_.expand(exchange, arena, uri));
    exchange.reply(config_.status, {}, {});
    exchange.response.fields.set(FieldName::location, target);
    return Step::reply;
  }

 private:
  const Redirect& config_;
  Template query_ = *Template::parse("{query}");
  bool appends_query_;
};

}  // namespace

const conf::ObjectSpec& Redirect::spec() {
  static const conf::ObjectSpec spec =
      conf::object<Redirect>("Redirect", "Sends the client to another place.")
          .field("to", &Redirect::to, "Where to; variables are percent-encoded as their place needs.",
                 conf::required())
          .field("status", &Redirect::status, "301, 302, 303, 307 or 308; the last two keep method and body.",
                 conf::between(301, 308))
          .field("keep_query", &Redirect::keep_query,
                 "Append the request's query where `to` has neither `?` nor `#`.")
          .shorthand(conf::Node::Kind::scalar, "to")
          .check([](const Redirect& redirect, conf::Scope& scope) {
            if (redirect.status > 303 && redirect.status < 307)
              scope.problem("status", "wanted 301, 302, 303, 307 or 308");
            if (const auto fault = fault_of_target(redirect.to)) scope.problem("to", *fault);
          });
  return spec;
}

const MiddlewareKind& redirect_kind() {
  static const auto kind = middleware_kind<Redirect, RedirectMiddleware>("redirect");
  return kind;
}

}  // namespace sluice::middleware
