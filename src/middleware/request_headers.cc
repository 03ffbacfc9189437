#include "middleware/request_headers.h"

namespace sluice::middleware {
namespace {

class RequestHeadersMiddleware final : public Middleware {
 public:
  explicit RequestHeadersMiddleware(const RequestHeaders& config) : edits_(config) {}

  Step on_request(Exchange& exchange) override {
    edits_.apply(exchange, exchange.request.fields);
    return Step::next;
  }

 private:
  CompiledEdits edits_;
};

}  // namespace

const conf::ObjectSpec& RequestHeaders::spec() {
  static const conf::ObjectSpec spec =
      list_edits(conf::object<RequestHeaders>("RequestHeaders",
                                              "Edits of the header fields that the upstream gets."))
          .check([](const RequestHeaders& edits, conf::Scope& scope) { check_request_only(edits, scope); });
  return spec;
}

const MiddlewareKind& request_headers_kind() {
  static const auto kind = middleware_kind<RequestHeaders, RequestHeadersMiddleware>("request_headers");
  return kind;
}

}  // namespace sluice::middleware
