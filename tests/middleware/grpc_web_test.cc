#include <gtest/gtest.h>

#include "middleware/built.h"
#include "middleware/grpc_web.h"
#include "middleware/grpc_web_filters.h"
#include "sluice/header_block.h"
#include "support/request.h"

namespace sluice::middleware {
namespace {

using http::GrpcForm;
using test::Request;

// The middleware in a chain of its own, and an exchange that passes it.
class Passing {
 public:
  explicit Passing(std::string_view content_type, std::string_view accept = "") {
    instance_ = grpc_web_plan()->make({.slots = slots_, .metrics = metrics_, .route = "r"});
    auto& exchange = *request;
    exchange.request.fields.set(FieldName::content_type, content_type);
    if (!accept.empty()) exchange.request.fields.set(FieldName::accept, accept);
    exchange.grpc = http::grpc_response_form(exchange.request.fields);
    exchange.make_slots(slots_);
    EXPECT_EQ(instance_->on_request(exchange), Step::next);
  }
  ~Passing() { request->destroy_slots(); }

  void respond(std::string_view content_type) {
    request->response.status = 200;
    request->response.fields.set(FieldName::content_type, content_type);
    instance_->on_response(*request);
  }

  Request request;

 private:
  SlotLayout slots_;
  PlainMetrics metrics_;
  std::unique_ptr<Middleware> instance_;
};

std::string text_of(const BodyPiece& piece) {
  std::string text;
  for (const auto slice : piece.slices) text += slice;
  EXPECT_EQ(text.size(), piece.bytes);
  return text;
}

std::string filtered(BodyFilter& filter, std::vector<Slice> slices, bool last = false) {
  std::size_t bytes = 0;
  for (const auto slice : slices) bytes += slice.size();
  const auto piece = filter.filter({.slices = slices, .bytes = bytes, .last = last});
  if (!piece) return "refused";
  EXPECT_EQ(piece->last, last);
  return text_of(*piece);
}

TEST(GrpcWeb, asks_for_the_same_messages_in_grpc) {
  const Passing passing("application/grpc-web+proto");
  const auto& fields = passing.request.exchange.request.fields;
  EXPECT_EQ(fields.find(FieldName::content_type), "application/grpc+proto");
  EXPECT_EQ(fields.find(FieldName::te), "trailers");
  EXPECT_EQ(passing.request.exchange.request_filters().count, 0u) << "the frames are the same";
}

TEST(GrpcWeb, decodes_text_whose_length_is_then_another) {
  const Passing passing("application/grpc-web-text");
  EXPECT_EQ(passing.request.exchange.request.fields.find(FieldName::content_type), "application/grpc");
  EXPECT_EQ(passing.request.exchange.request_filters().count, 1u);
  EXPECT_TRUE(passing.request.exchange.request_filters().changes_length);
}

TEST(GrpcWeb, gives_the_response_in_the_form_that_the_client_wants) {
  Passing binary("application/grpc-web+proto");
  binary.request->response.fields.set(FieldName::trailer, "grpc-status");
  binary.respond("application/grpc+proto");
  EXPECT_FALSE(binary.request->response.fields.has(FieldName::trailer));
  EXPECT_EQ(binary.request->response.fields.find(FieldName::content_type), "application/grpc-web+proto");
  EXPECT_TRUE(binary.request->response_filters().changes_length);
  Passing text("application/grpc-web", "application/grpc-web-text");
  text.respond("application/grpc");
  EXPECT_EQ(text.request->response.fields.find(FieldName::content_type), "application/grpc-web-text");
}

TEST(GrpcWeb, leaves_alone_what_is_not_its_own) {
  for (const char* type : {"application/grpc", "application/json"}) {
    Passing passing(type);
    EXPECT_EQ(passing.request->request.fields.find(FieldName::content_type), type);
    EXPECT_FALSE(passing.request->request.fields.has(FieldName::te));
    passing.respond("application/grpc");
    EXPECT_EQ(passing.request->response_filters().count, 0u);
  }
  Passing passing("application/grpc-web");
  passing.respond("text/html");
  EXPECT_EQ(passing.request->response.fields.find(FieldName::content_type), "text/html");
  EXPECT_EQ(passing.request->response_filters().count, 0u) << "an error page of something in between";
}

TEST(GrpcWebTextDecoder, takes_pieces_and_padding_as_they_come) {
  GrpcWebTextDecoder decoder;
  EXPECT_EQ(filtered(decoder, {"aGVs", "b"}), "hel");
  EXPECT_EQ(filtered(decoder, {"G8=d2", "9ybA="}), "lowor");
  EXPECT_EQ(filtered(decoder, {"=ZA=="}, true), "ld");
}

TEST(GrpcWebTextDecoder, refuses_what_is_no_base64) {
  for (const char* text : {"aGVs!", "aGV", "a\nGV"}) {
    GrpcWebTextDecoder decoder;
    EXPECT_EQ(filtered(decoder, {text}, true), "refused") << text;
  }
}

TEST(GrpcWebEncoder, makes_the_trailers_the_last_frame) {
  http::HeaderBlock trailers;
  trailers.add("Grpc-Status", "0");
  trailers.add("x-sum", "a b");
  GrpcWebEncoder encoder;
  EXPECT_EQ(filtered(encoder, {"one", "two"}), "onetwo");
  EXPECT_EQ(encoder.filter_trailers(&trailers), nullptr) << "they go in the body alone";
  EXPECT_EQ(filtered(encoder, {"end"}, true),
            "end" + std::string("\x80\0\0\0\x1c", 5) + "grpc-status: 0\r\nx-sum: a b\r\n");
}

TEST(GrpcWebEncoder, adds_nothing_where_there_are_no_trailers) {
  GrpcWebEncoder encoder;
  EXPECT_EQ(encoder.filter_trailers(nullptr), nullptr);
  EXPECT_EQ(filtered(encoder, {}, true), "");
}

TEST(GrpcWebEncoder, pads_every_piece_of_text) {
  http::HeaderBlock trailers;
  trailers.add("grpc-status", "0");
  GrpcWebEncoder encoder;
  encoder.encode_text();
  EXPECT_EQ(filtered(encoder, {"f", "o"}), "Zm8=") << "its slices are one text";
  encoder.filter_trailers(&trailers);
  EXPECT_EQ(filtered(encoder, {}, true), "gAAAABBncnBjLXN0YXR1czogMA0K");
}

}  // namespace
}  // namespace sluice::middleware
