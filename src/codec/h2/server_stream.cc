#include <charconv>

#include <nghttp2/nghttp2.h>

#include "codec/h1/request_facts.h"
#include "codec/h2/fields.h"
#include "codec/h2/server.h"
#include "codec/h2/stream_provider.h"
#include "http/framing.h"
#include "http/hop_by_hop.h"
#include "http/via.h"

namespace sluice::codec::h2 {
namespace {

using Done = Task<Result<void>>;
using Kind = http::BodyLength::Kind;

constexpr auto kLinger = std::chrono::seconds(2);
constexpr std::uint64_t kLingerBytes = 1024 * 1024;
// How much more than it may be a head is read to its end for, so that its refusal can be sent. One byte of
// HPACK may stand for 4 kB, and all of it would be looked at; without that no head comes to so much.
constexpr std::uint32_t kMoreToRefuse = 160 * 1024;

}  // namespace

ServerConnection& ServerStream::connection() const noexcept {
  return static_cast<ServerConnection&>(*connection_);
}

void ServerStream::begin(ServerConnection& connection, std::int32_t id, RequestHead& request,
                         Arena& arena) noexcept {
  Stream::begin(connection, id, arena);
  request_ = &request;
  begun_ = connection.loop().now();
  watcher_ = nullptr;
  method_ = scheme_ = path_ = authority_ = protocol_ = {};
  cookies_.clear();
  head_bytes_ = trailer_bytes_ = 0;
  head_refusal_ = {};
  body_refusal_ = {};
  head_complete_ = has_body_ = read_cancelled_ = reading_ = awaits_continue_ = false;
  response_ = nullptr;
  tunnel_ = head_sent_ = bodiless_ = false;
  const auto& limits = connection.limits();
  patience_.begin(*this, {limits.body_timeout, limits.body_min_rate});
}

Task<void> ServerStream::linger() {
  net::Deadline deadline(connection_->loop());
  deadline.set(*this, connection_->loop().now() + kLinger, net::Deadline::Expiry::cancel_read);
  const auto most = received_ + kLingerBytes;
  while (finished_ && !ended_ && protocol_.empty() && received_ < most && !deadline.passed()) {
    take();
    if (!co_await next_piece()) break;
  }
}

void ServerStream::end() noexcept {
  patience_.clear();
  // Who has its whole response need not send the rest of its request (RFC 9113 8.1).
  if (finished_ && !ended_ && !closed_) connection_->reset_behind(id_, NGHTTP2_NO_ERROR);
  // A tunnel that breaks off is a connection that does (RFC 8441 5).
  const std::uint32_t code = tunnel_ ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR;
  leave(finished_ ? std::nullopt : std::optional(code));
  connection().forget(*this);
}

// --- the request's head

bool ServerStream::take_field(std::string_view name, std::string_view value) {
  const auto& limits = connection().limits();
  auto& bytes = head_complete_ ? trailer_bytes_ : head_bytes_;
  bytes += static_cast<std::uint32_t>(name.size() + value.size() + kFieldOverhead);
  if (bytes > limits.head_bytes + kMoreToRefuse) return false;
  if (head_complete_) {
    take_request_trailer(name, value);
    return true;
  }
  if (head_bytes_ > limits.head_bytes || request_->fields.size() >= limits.fields) {
    head_refusal_ = {http::Reason::header_fields_too_large, {}};
    if (!name.starts_with(':')) return true;
  }
  if (name == ":method") {
    method_ = arena_->copy(value);
  } else if (name == ":scheme") {
    scheme_ = arena_->copy(value);
  } else if (name == ":path") {
    if (value.size() > connection().limits().path_bytes) head_refusal_ = {http::Reason::uri_too_long, {}};
    path_ = arena_->copy(value);
  } else if (name == ":authority") {
    authority_ = arena_->copy(value);
  } else if (name == ":protocol") {
    protocol_ = arena_->copy(value);
  } else if (name == "cookie") {
    // RFC 9113 8.2.3
    if (!cookies_.empty()) cookies_ += "; ";
    cookies_ += value;
  } else if (!name.starts_with(':')) {
    request_->fields.add(http::field_name(name), name, value);
  }
  return true;
}

// It is no malformed message, so the client can be told why.
void ServerStream::take_request_trailer(std::string_view name, std::string_view value) {
  const bool imitates = http::imitates_asserted(name);
  const auto& limits = connection().limits();
  const bool fits = trailer_bytes_ <= limits.head_bytes;
  if (!imitates && fits && take_trailer(name, value, limits.fields)) return;
  const bool forbidden = imitates || http::is_forbidden_in_trailer(http::field_name(name));
  body_refusal_ =
      forbidden ? http::Refusal{http::Reason::forbidden_trailer, "field not allowed in a trailer section"}
                : http::Refusal{http::Reason::header_fields_too_large, "too many trailers, or too large"};
}

// CONNECT has no scheme (RFC 9113 8.5).
bool ServerStream::speaks_http() const noexcept {
  return scheme_.empty() || http::equal_ignore_case(scheme_, "http") ||
         http::equal_ignore_case(scheme_, "https");
}

http::Refusal ServerStream::take_head() {
  auto& head = *request_;
  if (!protocol_.empty()) become_upgrade();
  if (!cookies_.empty()) head.fields.add(http::FieldName::cookie, cookies_);
  h1::RequestLine line{http::method(method_), http::Version::http_2, method_,
                       path_.empty() ? authority_ : path_};
  head.method_text = method_;
  if (head_refusal_) {
    head.version = http::Version::http_2;
    head.method = line.method;
    head.path = head.target = path_;
    return head_refusal_;
  }
  if (method_.size() > h1::kLongestMethod)
    return {http::Reason::not_implemented, "method longer than any that is known"};
  if (!protocol_.empty() && !http::equal_ignore_case(protocol_, "websocket"))
    return {http::Reason::not_implemented, ":protocol other than websocket"};
  const auto host = head.fields.find(http::FieldName::host);
  if (!authority_.empty() && host && !http::equal_ignore_case(*host, authority_)) {
    return {http::Reason::invalid_host, "Host differs from :authority"};
  }
  if (!authority_.empty() && !host) head.fields.add(http::FieldName::host, authority_);
  auto refusal = h1::take_request(line, head, *arena_);
  if (!refusal && !speaks_http())
    refusal = {http::Reason::invalid_target, "scheme other than http and https"};
  if (has_body_ && head.body.kind == Kind::none) head.body = {.kind = Kind::chunked};
  if (!refusal && has_body_ && head.method == http::Method::trace)
    refusal = {http::Reason::unexpected_content, {}};  // RFC 9110 9.3.8
  awaits_continue_ =
      has_body_ && http::expectation(head.version, head.fields) == http::Expectation::continue_100;
  return refusal;
}

void ServerStream::become_upgrade() {
  auto& fields = request_->fields;
  method_ = "GET";
  has_body_ = false;
  fields.remove(http::FieldName::content_length);
  fields.remove(http::FieldName::expect);
  fields.add(http::FieldName::connection, "Upgrade");
  fields.add(http::FieldName::upgrade, protocol_);
}

// --- the request's body

std::optional<Result<BodyPiece>> ServerStream::take_piece() noexcept {
  if (body_refusal_) return Error{.fault = Fault::malformed, .side = Side::client};
  return take();
}

Task<Result<BodyPiece>> ServerStream::read() {
  if (awaits_switch()) return Task<Result<BodyPiece>>::done(BodyPiece{.last = true});
  if (auto piece = take_piece()) return Task<Result<BodyPiece>>::done(*piece);
  return await_piece();
}

Task<Result<BodyPiece>> ServerStream::await_piece() {
  reading_ = true;
  time_client();
  auto piece = co_await next_piece();
  reading_ = false;
  if (!piece && patience_.passed()) {
    patience_.renew();  // for the refusal
    co_return Error{.fault = Fault::timed_out, .side = Side::client};
  }
  time_client();
  co_return piece;
}

Task<Result<BodyPiece>> ServerStream::next_piece() {
  for (;;) {
    read_cancelled_ = false;
    co_await Waiting{reader_};
    if (auto piece = take_piece()) co_return *piece;
    if (read_cancelled_) co_return Error{.fault = Fault::cancelled, .side = Side::client};
  }
}

// After every move: one direction may have moved, which is as good as both.
void ServerStream::time_client() noexcept {
  if (tunnel_ || (!writing_ && (!reading_ || awaits_continue()))) return patience_.pause();
  // A client that only owes bytes can still be told; one that takes none cannot.
  patience_.run(writing_ ? net::Deadline::Expiry::reset : net::Deadline::Expiry::cancel_read);
}

void ServerStream::cancel_read() noexcept {
  read_cancelled_ = true;
  wake(reader_);
}

// --- the response

Task<Result<void>> ServerStream::write_interim(const ResponseHead& head) {
  if (failed()) return Done::done(error());
  if (head.status == 100) awaits_continue_ = false;
  submit(head, true);
  return Done::done(Result<void>{});
}

// A 1xx, or the final head; with what HTTP/1.1 alone knows left out.
void ServerStream::submit(const ResponseHead& head, bool interim) {
  auto& pairs = new_pairs();
  char status[4];
  const auto* end = std::to_chars(status, status + sizeof status, tunnel_ ? 200 : head.status).ptr;
  add_pair(pairs, ":status", {status, static_cast<std::size_t>(end - status)});
  add_fields(pairs, head.fields);
  if (!interim && !bodiless_) add_content_length(pairs, head.fields, head.body, *arena_);
  sent_ += size_of(pairs);
  auto* session = connection_->session();
  if (interim) {
    nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id_, nullptr, pairs.data(), pairs.size(), nullptr);
  } else {
    const auto provider = Provider::make();
    nghttp2_submit_response(session, id_, pairs.data(), pairs.size(), bodiless_ ? nullptr : &provider);
    head_sent_ = true;
  }
  connection_->wake_writer();
}

Task<Result<void>> ServerStream::flush() {
  if (failed()) return Done::done(error());
  if (!head_sent_) {
    bodiless_ = never_has_body();
    submit(*response_, false);
  }
  return Done::done(Result<void>{});
}

bool ServerStream::never_has_body() const noexcept {
  return request_->method == http::Method::head || response_->status == 204 || response_->status == 304;
}

Task<Result<void>> ServerStream::write(const BodyPiece& piece, const http::HeaderBlock* trailers) {
  if (failed()) return Done::done(error());
  if (!head_sent_) {
    const bool has_trailers = trailers && !trailers->empty();
    bodiless_ = never_has_body() || (piece.last && piece.bytes == 0 && !has_trailers);
    submit(*response_, false);
  }
  if (bodiless_) {
    finished_ = piece.last;
    return Done::done(Result<void>{});
  }
  if (offer(piece, trailers)) return Done::done(Result<void>{});
  return await_sent();
}

Task<Result<void>> ServerStream::await_sent() {
  time_client();
  auto sent = co_await await_given();
  time_client();
  co_return sent;
}

Duration ServerStream::tunnel_timeout() const noexcept { return connection().limits().tunnel_timeout; }

// --- its end

const net::TlsFacts* ServerStream::tls() const noexcept { return connection_->transport().tls(); }

void ServerStream::abort(Fault why) noexcept {
  if (failed()) return;
  // gRPC reads CANCEL behind a deadline as what it is.
  reset(why == Fault::timed_out ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR);
  fail(why);
}

void ServerStream::abort(Fault why, bool) noexcept { abort(why); }

// Who writes learns of it by that, and why.
void ServerStream::on_failed() noexcept {
  if (watcher_ && !writing_) connection().failed_.push_back(this);
}

}  // namespace sluice::codec::h2
