#include "middleware/response_headers.h"

namespace sluice::middleware {
namespace {

class ResponseHeadersMiddleware final : public Middleware {
 public:
  explicit ResponseHeadersMiddleware(const ResponseHeaders& config) : edits_(config) {}

  void on_response(Exchange& exchange) override { edits_.apply(exchange, exchange.response.fields); }

 private:
  CompiledEdits edits_;
};

}  // namespace

const conf::ObjectSpec& ResponseHeaders::spec() {
  static const conf::ObjectSpec spec = list_edits(
      conf::object<ResponseHeaders>("ResponseHeaders", "Edits of the header fields that the client gets."));
  return spec;
}

const MiddlewareKind& response_headers_kind() {
  static const auto kind = middleware_kind<ResponseHeaders, ResponseHeadersMiddleware>("response_headers");
  return kind;
}

}  // namespace sluice::middleware
