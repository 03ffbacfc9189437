#include "middleware/grpc_web.h"

#include "http/grpc.h"
#include "middleware/grpc_web_filters.h"

namespace sluice::middleware {
namespace {

using http::FieldName;
using http::GrpcForm;

struct GrpcWeb {};

struct Call {
  bool is_translated = false;
  GrpcWebTextDecoder decoder;
  GrpcWebEncoder encoder;
};

// The same media type in another form of gRPC: its suffix says what the messages are.
void set_form(Exchange& exchange, http::HeaderBlock& fields, GrpcForm form) {
  const auto suffix = http::grpc_suffix(*fields.find(FieldName::content_type));
  fields.set(FieldName::content_type, exchange.arena().concat(http::grpc_content_type(form), suffix));
}

GrpcForm form_of(const http::HeaderBlock& fields) {
  return http::grpc_form(fields.find(FieldName::content_type).value_or(""));
}

class GrpcWebMiddleware final : public Middleware {
 public:
  GrpcWebMiddleware(const GrpcWeb&, const BuildContext& context) : call_(context.slots.add<Call>()) {}

  Step on_request(Exchange& exchange) override {
    auto& fields = exchange.request.fields;
    const auto form = form_of(fields);
    if (form != GrpcForm::web && form != GrpcForm::web_text) return Step::next;
    auto& call = exchange.slot(call_);
    call.is_translated = true;
    if (form == GrpcForm::web_text) exchange.filter_request(call.decoder, true);
    set_form(exchange, fields, GrpcForm::native);
    fields.set(FieldName::te, "trailers");
    return Step::next;
  }

  void on_response(Exchange& exchange) override {
    auto& call = exchange.slot(call_);
    auto& fields = exchange.response.fields;
    if (!call.is_translated || form_of(fields) != GrpcForm::native) return;
    set_form(exchange, fields, exchange.grpc);
    fields.remove(FieldName::trailer);  // they are in the body now
    if (exchange.grpc == GrpcForm::web_text) call.encoder.encode_text();
    exchange.filter_response(call.encoder, true);
  }

 private:
  Slot<Call> call_;
};

}  // namespace

std::shared_ptr<const MiddlewarePlan> grpc_web_plan() {
  return middleware_plan<GrpcWebMiddleware>(std::make_shared<const GrpcWeb>());
}

}  // namespace sluice::middleware
