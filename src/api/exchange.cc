#include "sluice/exchange.h"

#include <array>
#include <charconv>
#include <stdexcept>

#include "http/problem.h"

namespace sluice {
namespace {

// RFC 9110 section 6.4.1: these have no content.
http::BodyLength length_of(int status, std::string_view body) {
  if (status == 204 || status == 304) return {};
  return {.kind = http::BodyLength::Kind::length, .length = body.size()};
}

void append(Exchange::Filters& filters, BodyFilter& filter, bool changes_length) {
  if (filters.count == filters.items.size()) throw std::length_error("more than 8 filters on one body");
  filters.items[filters.count++] = &filter;
  filters.changes_length |= changes_length;
}

}  // namespace

Step Exchange::refuse(http::Reason why, std::string_view detail) {
  if (grpc == http::GrpcForm::none) {
    reply_with_problem(why, detail);
  } else {
    reply_with_grpc_status(why, detail);
  }
  reason = why;
  // The cause may be gone in a moment, and some of these statuses are cacheable by default (RFC 9111 3).
  response.fields.set(http::FieldName::cache_control, "no-store");
  std::array<char, 2048> text;
  const std::size_t size = http::write_proxy_status(text, {.reason = why, .next_hop = endpoint});
  if (size != 0) response.fields.set(http::FieldName::proxy_status, {text.data(), size});
  return Step::reply;
}

void Exchange::reply_with_problem(http::Reason why, std::string_view detail) {
  std::array<char, 2048> text;
  http::Problem problem{.reason = why, .detail = detail, .request_id = request_id};
  std::size_t size = http::write_problem(text, problem);
  if (size == 0) {  // too long a detail
    problem.detail = {};
    size = http::write_problem(text, problem);
  }
  reply(http::status(why), http::problem_content_type, {text.data(), size});
}

void Exchange::reply_with_grpc_status(http::Reason why, std::string_view detail) {
  std::array<char, 2048> text;
  http::TextWriter message(text);
  message.put(http::name(why)).put(": ");
  http::write_grpc_message(message, detail.empty() ? http::info(why).detail : detail);
  const auto status = http::grpc_status(why);
  reply(200, http::grpc_content_type(grpc), {});
  response.body = {};
  char code[4];
  const auto* end = std::to_chars(code, code + sizeof code, static_cast<int>(status)).ptr;
  response.fields.set(http::FieldName::grpc_status, {code, static_cast<std::size_t>(end - code)});
  if (message.fits()) response.fields.set(http::FieldName::grpc_message, message.view());
  grpc_status = status;
}

Step Exchange::reply(int status, std::string_view content_type, std::string_view body) {
  return reply_in_place(status, content_type, arena_.copy(body));
}

Step Exchange::reply_in_place(int status, std::string_view content_type, std::string_view body) {
  response.clear();
  response.status = status;
  response.body = length_of(status, body);
  if (!content_type.empty() && response.body.kind != http::BodyLength::Kind::none)
    response.fields.set(http::FieldName::content_type, content_type);
  reply_source_ = nullptr;
  reply_body_ = body;
  has_reply_ = true;
  return Step::reply;
}

void Exchange::replace_body(std::string_view content_type, std::string_view body) {
  body = arena_.copy(body);
  response.fields.remove(http::FieldName::content_length);
  response.body = length_of(response.status, body);
  response.fields.set(http::FieldName::content_type, content_type);
  reply_source_ = nullptr;
  reply_body_ = body;
  has_reply_ = true;
}

Step Exchange::reply_from(BodySource& source) {
  reply_source_ = &source;
  reply_body_ = {};
  has_reply_ = true;
  return Step::reply;
}

void Exchange::filter_response(BodyFilter& filter, bool changes_length) {
  append(response_filters_, filter, changes_length);
}

void Exchange::filter_request(BodyFilter& filter, bool changes_length) {
  append(request_filters_, filter, changes_length);
}

void Exchange::begin(const TimePoint& now, const WallTime& wall) noexcept {
  now_ = &now;
  wall_ = &wall;
}

void Exchange::make_slots(const SlotLayout& layout) {
  layout_ = &layout;
  if (layout.size() == 0) return;
  slots_ = static_cast<std::byte*>(arena_.allocate(layout.size()));
  layout.construct(slots_);
}

void Exchange::destroy_slots() noexcept {
  if (slots_ != nullptr) layout_->destroy(slots_);
  slots_ = nullptr;
  layout_ = nullptr;
}

void Exchange::clear() noexcept {
  destroy_slots();
  request.clear();
  response.clear();
  client = {};
  listener = route = path_rest = upstream = endpoint = request_id = trace_id = consumer = {};
  times = {};
  reason = http::Reason::none;
  grpc = http::GrpcForm::none;
  grpc_status.reset();
  response_filters_ = {};
  request_filters_ = {};
  reply_source_ = nullptr;
  reply_body_ = {};
  has_reply_ = false;
  arena_.reset();
}

}  // namespace sluice
