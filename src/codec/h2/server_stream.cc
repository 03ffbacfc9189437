#include <charconv>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "codec/h1/request_facts.h"
#include "codec/h2/server.h"
#include "http/framing.h"
#include "http/hop_by_hop.h"
#include "http/via.h"

namespace sluice::codec::h2 {
namespace {

using Done = Task<Result<void>>;
using Kind = http::BodyLength::Kind;

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 6.5.2
constexpr auto kLinger = std::chrono::seconds(2);
constexpr std::uint64_t kLingerBytes = 1024 * 1024;

nghttp2_nv pair(std::string_view name, std::string_view value) noexcept {
  // nghttp2 copies both.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

std::string_view lower_case(std::string_view name, Arena& arena) {
  auto* out = static_cast<char*>(arena.allocate(name.size(), 1));
  for (std::size_t i = 0; i < name.size(); ++i)
    out[i] = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] | 0x20) : name[i];
  return {out, name.size()};
}

// Of the head that is being sent; empty at first.
std::vector<nghttp2_nv>& new_pairs() {
  thread_local std::vector<nghttp2_nv> pairs;
  pairs.clear();
  return pairs;
}

void add_fields(std::vector<nghttp2_nv>& pairs, const http::HeaderBlock& fields, Arena& arena) {
  for (const auto& field : fields) {
    if (http::is_hop_by_hop(field.token)) continue;
    pairs.push_back(pair(lower_case(field.name, arena), field.value));
  }
}

}  // namespace

// nghttp2 asks for DATA of a stream when there is room for it.
struct ServerStream::Provider {
  static ssize_t on_room(nghttp2_session* session, std::int32_t id, std::uint8_t* out, std::size_t room,
                         std::uint32_t* flags, nghttp2_data_source*, void*) {
    auto* stream = static_cast<ServerStream*>(nghttp2_session_get_stream_user_data(session, id));
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // the response was broken off
    if (!stream->writing_) {
      stream->deferred_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(stream->give(reinterpret_cast<char*>(out), room, *flags));
  }
};

void ServerStream::begin(ServerConnection& connection, std::int32_t id, RequestHead& request,
                         Arena& arena) noexcept {
  connection_ = &connection;
  id_ = id;
  request_ = &request;
  arena_ = &arena;
  begun_ = connection.loop().now();
  fault_ = Fault::none;
  watcher_ = nullptr;
  method_ = scheme_ = path_ = authority_ = {};
  cookies_.clear();
  head_bytes_ = 0;
  head_refusal_ = {};
  incoming_.clear();
  given_.clear();
  trailers_.clear();
  body_refusal_ = {};
  received_ = sent_ = 0;
  reader_ = writer_ = {};
  head_complete_ = has_body_ = read_cancelled_ = ended_ = awaits_continue_ = closed_ = false;
  response_ = nullptr;
  response_trailers_ = nullptr;
  head_sent_ = writing_ = deferred_ = finished_ = bodiless_ = false;
}

Task<void> ServerStream::linger() {
  const auto until = connection_->loop().now() + kLinger;
  const auto most = received_ + kLingerBytes;
  while (finished_ && !ended_ && received_ < most && connection_->loop().now() < until) {
    take();
    if (!co_await await_piece(until - connection_->loop().now())) break;
  }
}

void ServerStream::end() noexcept {
  stall_.end();
  auto* session = connection_->session_;
  const auto unread = incoming_.size() + given_.size();
  if (unread != 0) nghttp2_session_consume_connection(session, unread);
  if (!closed_) {
    nghttp2_session_set_stream_user_data(session, id_, nullptr);
    // Who has its whole response need not send the rest of its request (RFC 9113 8.1).
    const auto code = finished_ ? NGHTTP2_NO_ERROR : NGHTTP2_INTERNAL_ERROR;
    if (!finished_ || !ended_) nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id_, code);
  }
  connection_->forget(*this);
  connection_->wake_writer();
  std::string().swap(incoming_);
  std::string().swap(given_);
}

// --- the request's head

bool ServerStream::take_field(std::string_view name, std::string_view value) {
  if (head_complete_) return take_trailer(name, value);
  head_bytes_ += static_cast<std::uint32_t>(name.size() + value.size() + kFieldOverhead);
  const auto& limits = connection_->limits();
  if (head_bytes_ > limits.head_bytes || request_->fields.size() >= limits.fields) {
    head_refusal_ = {http::Reason::header_fields_too_large, {}};
    if (!name.starts_with(':')) return true;
  }
  if (name == ":method") {
    method_ = arena_->copy(value);
  } else if (name == ":scheme") {
    scheme_ = arena_->copy(value);
  } else if (name == ":path") {
    if (value.size() > connection_->limits().path_bytes) head_refusal_ = {http::Reason::uri_too_long, {}};
    path_ = arena_->copy(value);
  } else if (name == ":authority") {
    authority_ = arena_->copy(value);
  } else if (name == "cookie") {
    // RFC 9113 8.2.3
    if (!cookies_.empty()) cookies_ += "; ";
    cookies_ += value;
  } else if (!name.starts_with(':')) {
    request_->fields.add(name, value);
  }
  return true;
}

bool ServerStream::take_trailer(std::string_view name, std::string_view value) {
  if (http::is_forbidden_in_trailer(http::field_name(name)) ||
      trailers_.size() >= connection_->limits().fields)
    return false;
  trailers_.add(name, value);
  return true;
}

http::Refusal ServerStream::take_head() {
  auto& head = *request_;
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
  const auto host = head.fields.find(http::FieldName::host);
  if (!authority_.empty() && host && !http::equal_ignore_case(*host, authority_)) {
    return {http::Reason::invalid_host, "Host differs from :authority"};
  }
  if (!authority_.empty() && !host) head.fields.add(http::FieldName::host, authority_);
  auto refusal = h1::take_request(line, head, *arena_);
  if (has_body_ && head.body.kind == Kind::none) head.body = {.kind = Kind::chunked};
  awaits_continue_ =
      has_body_ && http::expectation(head.version, head.fields) == http::Expectation::continue_100;
  return refusal;
}

// --- the request's body

void ServerStream::take_data(std::string_view data) {
  incoming_ += data;
  received_ += data.size();
  wake(reader_);
}

void ServerStream::take_end() noexcept {
  ended_ = true;
  wake(reader_);
}

std::optional<Result<BodyPiece>> ServerStream::take() noexcept {
  if (!given_.empty()) {
    nghttp2_session_consume(connection_->session_, id_, given_.size());
    connection_->wake_writer();
    given_.clear();
  }
  if (failed() && !ended_) return error();
  if (incoming_.empty() && !ended_) return std::nullopt;
  std::swap(given_, incoming_);
  given_slice_ = given_;
  return BodyPiece{
      .slices = {&given_slice_, given_.empty() ? 0u : 1u}, .bytes = given_.size(), .last = ended_};
}

Task<Result<BodyPiece>> ServerStream::read() {
  if (auto piece = take()) return Task<Result<BodyPiece>>::done(*piece);
  return await_piece(connection_->limits().stall_timeout);
}

Task<Result<BodyPiece>> ServerStream::await_piece(Duration patience) {
  for (;;) {
    read_stalled_ = read_cancelled_ = false;
    if (!writing_) stall_.begin(patience);
    co_await Waiting{reader_};
    if (!writing_) stall_.end();
    if (auto piece = take()) co_return *piece;
    if (read_stalled_) co_return Error{.fault = Fault::timed_out, .side = Side::client};
    if (read_cancelled_) co_return Error{.fault = Fault::cancelled, .side = Side::client};
  }
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
  const auto* end = std::to_chars(status, status + sizeof status, head.status).ptr;
  pairs.push_back(pair(":status", {status, static_cast<std::size_t>(end - status)}));
  add_fields(pairs, head.fields, *arena_);
  char digits[20];
  if (!interim && head.body.kind == Kind::length && !bodiless_ &&
      !head.fields.has(http::FieldName::content_length)) {
    const auto* last = std::to_chars(digits, digits + sizeof digits, head.body.length).ptr;
    pairs.push_back(pair("content-length", {digits, static_cast<std::size_t>(last - digits)}));
  }
  for (const auto& each : pairs) sent_ += each.namelen + each.valuelen;
  auto* session = connection_->session_;
  if (interim) {
    nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id_, nullptr, pairs.data(), pairs.size(), nullptr);
  } else {
    nghttp2_data_provider provider{};
    provider.read_callback = &Provider::on_room;
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
  piece_ = piece;
  slice_ = slice_at_ = 0;
  response_trailers_ = trailers && !trailers->empty() ? trailers : nullptr;
  if (!head_sent_) {
    bodiless_ = never_has_body() || (piece.last && piece.bytes == 0 && !response_trailers_);
    submit(*response_, false);
  } else if (std::exchange(deferred_, false)) {
    nghttp2_session_resume_data(connection_->session_, id_);
    connection_->wake_writer();
  }
  if (bodiless_) {
    finished_ = piece.last;
    return Done::done(Result<void>{});
  }
  if (piece.bytes == 0 && !piece.last) return Done::done(Result<void>{});
  writing_ = true;
  return await_sent();
}

Task<Result<void>> ServerStream::await_sent() {
  stall_.begin(connection_->limits().stall_timeout);
  co_await Waiting{writer_};
  if (reader_) {
    stall_.begin(connection_->limits().stall_timeout);
  } else {
    stall_.end();
  }
  if (failed() && !finished_) co_return error();
  co_return Result<void>{};
}

std::size_t ServerStream::give(char* out, std::size_t room, std::uint32_t& flags) {
  std::size_t given = 0;
  while (given < room && slice_ < piece_.slices.size()) {
    const auto rest = piece_.slices[slice_].substr(slice_at_);
    const auto size = rest.copy(out + given, room - given);
    given += size;
    slice_at_ += size;
    if (slice_at_ != piece_.slices[slice_].size()) continue;
    ++slice_;
    slice_at_ = 0;
  }
  sent_ += given;
  if (slice_ < piece_.slices.size()) {
    stall_.begin(connection_->limits().stall_timeout);
    return given;
  }
  writing_ = false;
  wake(writer_);
  if (!piece_.last) return given;
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (response_trailers_) {
    flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    submit_trailers();
  }
  finished_ = true;
  return given;
}

void ServerStream::submit_trailers() {
  auto& pairs = new_pairs();
  add_fields(pairs, *response_trailers_, *arena_);
  nghttp2_submit_trailer(connection_->session_, id_, pairs.data(), pairs.size());
}

// --- its end

const net::TlsFacts* ServerStream::tls() const noexcept { return connection_->transport().tls(); }

void ServerStream::abort(Fault why) noexcept {
  if (failed()) return;
  if (!closed_)
    nghttp2_submit_rst_stream(connection_->session_, NGHTTP2_FLAG_NONE, id_, NGHTTP2_INTERNAL_ERROR);
  fail(why);
  connection_->wake_writer();
}

void ServerStream::fail(Fault why) noexcept {
  if (failed()) return;
  fault_ = why;
  wake(reader_);
  wake(writer_);
  if (watcher_) connection_->failed_.push_back(this);
}

void ServerStream::wake(std::coroutine_handle<>& waiter) noexcept {
  if (waiter) connection_->loop().defer(std::exchange(waiter, {}));
}

void ServerStream::Stall::begin(Duration after) noexcept {
  disarm();
  begun_ = loop_.now();
  loop_.timers().arm(*this, begun_ + after);
}

bool ServerStream::Stall::hurry(Duration allowance) noexcept {
  if (!armed() || loop_.now() - begun_ < allowance) return false;
  disarm();
  on_timer();
  return true;
}

// A client that only owes bytes can still be told; one that takes none cannot.
void ServerStream::Stall::on_timer() noexcept {
  if (stream_.writing_) {
    nghttp2_submit_rst_stream(stream_.connection_->session_, NGHTTP2_FLAG_NONE, stream_.id_, NGHTTP2_CANCEL);
    stream_.fail(Fault::timed_out);
    stream_.connection_->wake_writer();
  } else {
    stream_.read_stalled_ = true;
    stream_.wake(stream_.reader_);
  }
}

}  // namespace sluice::codec::h2
