#include <charconv>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "codec/h2/client.h"
#include "codec/h2/fields.h"
#include "codec/h2/stream_provider.h"
#include "codec/websocket.h"
#include "http/framing.h"

namespace sluice::codec::h2 {
namespace {

using Done = Task<Result<void>>;
using Kind = http::BodyLength::Kind;

constexpr std::string_view kWebSocket = "websocket";
constexpr std::size_t kMaxInterim = 32;  // heads that nobody has asked for yet

}  // namespace

ClientConnection& ClientStream::connection() const noexcept {
  return static_cast<ClientConnection&>(*connection_);
}

void ClientStream::open(ClientConnection& connection) noexcept {
  connection_ = &connection;
  id_ = 0;
  closed_ = true;  // until it is sent
  fault_ = Fault::none;
  reader_ = {};
  accept_.clear();
  status_ = 0;
  fields_.clear();
  head_bytes_ = trailer_bytes_ = 0;
  head_complete_ = unprocessed_ = false;
  refusal_ = {};
}

void ClientStream::end() noexcept {
  std::optional<std::uint32_t> code;
  if (!finished_ || !ended_) code = NGHTTP2_CANCEL;
  leave(code);
  interim_.clear();
  connection().forget(*this);
}

Error ClientStream::failure() const noexcept {
  auto error = Stream::error();
  error.retry_safe = unprocessed_;
  return error;
}

void ClientStream::abort(Fault why, bool) noexcept {
  if (failed()) return;
  reset(NGHTTP2_CANCEL);
  fail(why);
}

// ---- the request

Task<Result<void>> ClientStream::send(const RequestHead& head, const BodyPiece& first,
                                      const http::HeaderBlock* trailers, Arena& scratch) {
  if (failed()) return Done::done(failure());
  const auto upgrade = head.fields.find(http::FieldName::upgrade);
  if (upgrade && http::equal_ignore_case(*upgrade, kWebSocket)) return send_upgrade(head, first, scratch);
  return send_now(head, first, trailers, scratch);
}

// Whether the peer takes it stands in its settings.
Task<Result<void>> ClientStream::send_upgrade(const RequestHead& head, const BodyPiece& first,
                                              Arena& scratch) {
  while (!failed() && !connection().has_settings()) co_await Waiting{reader_};
  if (failed()) co_return failure();
  if (connection().takes_tunnels())
    accept_ = websocket_accept(head.fields.find("Sec-WebSocket-Key").value_or(""));
  co_return co_await send_now(head, first, nullptr, scratch);
}

Task<Result<void>> ClientStream::send_now(const RequestHead& head, const BodyPiece& first,
                                          const http::HeaderBlock* trailers, Arena& scratch) {
  Stream::begin(*connection_, 0, scratch);
  const bool has_trailers = trailers && !trailers->empty();
  const bool bodiless = accept_.empty() && first.last && first.bytes == 0 && !has_trailers;
  submit(head, bodiless);
  if (id_ < 0) {
    closed_ = unprocessed_ = true;
    fail(Fault::closed);
    return Done::done(failure());
  }
  connection_->wake_writer();
  finished_ = bodiless;
  if (bodiless || !accept_.empty()) return Done::done(Result<void>{});
  return write(first, trailers);
}

void ClientStream::submit(const RequestHead& head, bool bodiless) {
  auto& pairs = new_pairs();
  add_pair(pairs, ":method", accept_.empty() ? head.method_text : "CONNECT");
  if (!accept_.empty()) add_pair(pairs, ":protocol", kWebSocket);
  add_pair(pairs, ":scheme", connection_->transport().tls() ? "https" : "http");
  add_pair(pairs, ":authority", head.fields.find(http::FieldName::host).value_or(head.authority));
  add_pair(pairs, ":path", head.has_query ? arena_->concat(head.path, "?", head.query) : head.path);
  add_request_fields(pairs, head.fields);
  add_content_length(pairs, head.fields, head.body, *arena_);
  sent_ += size_of(pairs);
  method_ = head.method;
  const auto provider = Provider::make();
  id_ = nghttp2_submit_request(connection_->session(), nullptr, pairs.data(), pairs.size(),
                               bodiless ? nullptr : &provider, static_cast<Stream*>(this));
}

Task<Result<void>> ClientStream::write(const BodyPiece& piece, const http::HeaderBlock* trailers) {
  if (failed()) return Done::done(failure());
  if (offer(piece, trailers)) return Done::done(Result<void>{});
  return await_given();
}

// ---- the response's head

bool ClientStream::take_field(std::string_view name, std::string_view value) {
  const auto& limits = connection().limits();
  auto& bytes = head_complete_ ? trailer_bytes_ : head_bytes_;
  bytes += static_cast<std::uint32_t>(name.size() + value.size() + kFieldOverhead);
  if (head_complete_) return bytes <= limits.head_bytes && take_trailer(name, value, limits.fields);
  if (head_bytes_ > limits.head_bytes || fields_.size() >= limits.fields) {
    refuse(http::Reason::upstream_head_too_large);
    return false;
  }
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), status_);
    return value.size() == 3 && status_ >= 100 && status_ <= 599;
  } else if (!name.starts_with(':')) {
    fields_.add(http::field_name(name), name, value);
  }
  return true;
}

// A head is whole, or the trailers are.
void ClientStream::take_section(bool last) {
  if (head_complete_) return;
  head_complete_ = status_ >= 200;
  if (!head_complete_ && (last || interim_.size() == kMaxInterim)) {
    refuse(last ? http::Reason::upstream_malformed : http::Reason::upstream_too_many_interim);
    return abort(Fault::malformed, true);
  }
  if (!head_complete_) {
    auto& interim = interim_.emplace_back(std::make_unique<Interim>());
    interim->status = status_;
    interim->fields.assign(fields_);
    fields_.clear();
  }
  wake(reader_);
}

void ClientStream::refuse(http::Reason why) noexcept {
  if (!refusal_) refusal_ = {why, {}};
}

Task<Result<void>> ClientStream::read_head(ResponseHead& head, Arena&) {
  if (take_head(head)) return Done::done(Result<void>{});
  return await_head(head);
}

Task<Result<void>> ClientStream::await_head(ResponseHead& head) {
  while (!failed()) {
    co_await Waiting{reader_};
    if (take_head(head)) co_return Result<void>{};
  }
  co_return failure();
}

bool ClientStream::take_head(ResponseHead& head) {
  if (interim_.empty() && !head_complete_) return false;
  head.version = http::Version::http_2;
  head.reason = {};
  if (!interim_.empty()) {
    head.status = interim_.front()->status;
    head.fields.assign(interim_.front()->fields);
    head.body = {};
    interim_.pop_front();
    return true;
  }
  head.status = status_;
  head.fields.assign(fields_);
  if (!accept_.empty() && status_ < 300) {
    become_switch(head);
    return true;
  }
  head.body = http::response_body_length(method_, status_, head.version, head.fields).body;
  if (head.body.kind == Kind::until_close) head.body = {.kind = Kind::chunked};
  if (ended_ && incoming_.empty() && trailers_.empty() && head.body.kind == Kind::chunked)
    head.body = {.kind = Kind::length, .length = 0};
  return true;
}

void ClientStream::become_switch(ResponseHead& head) const {
  head.status = 101;
  head.fields.add(http::FieldName::connection, "upgrade");
  head.fields.add(http::FieldName::upgrade, kWebSocket);
  head.fields.add("Sec-WebSocket-Accept", accept_);
  head.body = {.kind = Kind::tunnel};
}

// ---- the response's body

Task<Result<BodyPiece>> ClientStream::read() {
  if (auto piece = take()) return Task<Result<BodyPiece>>::done(*piece);
  return await_piece();
}

Task<Result<BodyPiece>> ClientStream::await_piece() {
  for (;;) {
    co_await Waiting{reader_};
    if (auto piece = take()) co_return *piece;
  }
}

void ClientStream::close_with(std::uint32_t code) noexcept {
  close();
  if (ended_ && finished_) return;
  if (code == NGHTTP2_REFUSED_STREAM) {
    unprocessed_ = true;
    return fail(connection().accepts() ? Fault::reset : Fault::closed);
  }
  fail(refusal_ ? Fault::malformed : Fault::reset);
}

}  // namespace sluice::codec::h2
