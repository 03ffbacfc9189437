#include "middleware/respond.h"

#include "http/chars.h"
#include "http/credentials.h"
#include "middleware/header_edits.h"

namespace sluice::middleware {
namespace {

constexpr std::size_t kLongestBody = 64 * 1024;  // it is part of the configuration

HeaderEdits edits_of(const Respond& respond) {
  HeaderEdits edits;
  edits.set = respond.headers;
  return edits;
}

class RespondMiddleware final : public Middleware {
 public:
  explicit RespondMiddleware(const Respond& config) : config_(config), headers_(edits_of(config)) {}

  Step on_request(Exchange& exchange) override {
    const Step step = exchange.reply_in_place(config_.status, config_.content_type, config_.body);
    headers_.apply(exchange, exchange.response.fields);
    return step;
  }

 private:
  const Respond& config_;
  CompiledEdits headers_;
};

// RFC 9110 section 6.4.1: these have no content.
bool has_no_content(int status) { return status == 204 || status == 304; }

void check(const Respond& respond, conf::Scope& scope) {
  if (has_no_content(respond.status) && !respond.body.empty())
    scope.problem("body", "a response of status " + std::to_string(respond.status) + " has no body");
  if (respond.body.size() > kLongestBody)
    scope.problem("body", "more than 64 KiB; serve it from an upstream");
  check_header_names(edits_of(respond), scope, "headers");
}

}  // namespace

const conf::ObjectSpec& Respond::spec() {
  static const conf::ObjectSpec spec =
      conf::object<Respond>("Respond", "A fixed response, given by the gateway itself.")
          .field("status", &Respond::status, "HTTP status code.", conf::between(200, 599))
          .field("body", &Respond::body, "What is sent, as written; variables are not replaced in it.")
          .field("content_type", &Respond::content_type, "Content-Type, where there is a body.",
                 conf::matching(
                     "a media type", "^[^\\x00-\\x1f\\x7f]+$",
                     [](std::string_view text) { return !text.empty() && http::is_field_value(text); }))
          .field("headers", &Respond::headers, "Further header fields; values may hold variables.",
                 conf::hidden_keys(http::is_credential))
          .check(&check);
  return spec;
}

const MiddlewareKind& respond_kind() {
  static const auto kind = middleware_kind<Respond, RespondMiddleware>("respond");
  return kind;
}

}  // namespace sluice::middleware
