#include "codec/h1/server.h"

#include <algorithm>
#include <charconv>

#include "codec/h1/request_facts.h"
#include "codec/h1/serialise.h"
#include "http/framing.h"

namespace sluice::codec::h1 {

ServerConnection::ServerConnection(net::Loop& loop, std::unique_ptr<net::Transport> transport,
                                   const ServerLimits& limits)
    : loop_(loop), transport_(std::move(transport)), limits_(limits), input_(*transport_), deadline_(loop) {}

// Looks at what has come: true when there is a head to parse, whole or past saving.
bool ServerConnection::take_head() {
  // Most come whole and alone: no need to look at every byte twice. What begins with CR may be empty
  // lines in front and no more.
  if (partial_.empty() && input_.view().front() != '\r' && input_.view().ends_with("\r\n\r\n")) return true;
  if (!partial_.empty()) partial_.append(input_.view());
  auto bytes = head_bytes();
  if (scan_.ready(bytes) || bytes.size() >= limits_.head.head_bytes + 2 * max_empty_lines) return true;
  if (is_broken(bytes)) return true;
  if (partial_.empty()) partial_.assign(bytes);
  input_.consume(input_.view().size());
  return false;
}

// What may become the preface is no request.
bool ServerConnection::is_broken(std::string_view unfinished) {
  return !kPreface.starts_with(unfinished) && unfinished_.is_broken(unfinished, limits_.head);
}

// At the end of the stream: whether more than empty lines stand before it. The client may still listen.
bool ServerConnection::head_is_cut() const noexcept {
  return head_bytes().find_first_not_of("\r\n") != std::string_view::npos;
}

std::string ServerConnection::take_bytes() {
  std::string bytes(head_bytes());
  input_.consume(input_.view().size());
  return bytes;
}

std::unique_ptr<net::Transport> ServerConnection::take_transport() noexcept {
  deadline_.clear();
  return std::move(transport_);
}

Task<ServerConnection::Wait> ServerConnection::wait_for_head() {
  scan_.reset(true);
  unfinished_.reset();
  input_.reset_count();
  auto idle_until = loop_.now() + limits_.idle_timeout;
  deadline_.set(*transport_, idle_until, net::Deadline::Expiry::cancel_read);
  bool began = false;
  for (;;) {
    if (input_.empty()) {
      if (stopped_ && !began) co_return Wait::end;
      waiting_ = !began;
      auto chunk = co_await transport_->read();
      waiting_ = false;
      if (!chunk && chunk.error().fault == Fault::cancelled && began && deadline_.passed()) {
        co_return Wait::timed_out;
      }
      if (!chunk) co_return chunk.error().fault == Fault::cancelled ? Wait::end : Wait::broken;
      if (chunk->empty()) co_return head_is_cut() ? Wait::head : Wait::end;
      input_.refill(std::move(*chunk));
    }
    if (!std::exchange(began, true)) {
      deadline_.set(*transport_, loop_.now() + limits_.header_timeout, net::Deadline::Expiry::cancel_read);
    }
    if (!take_head()) continue;
    deadline_.clear();
    co_return Wait::head;
  }
}

http::Refusal ServerConnection::parse_head(RequestHead& head, Arena& arena) {
  auto bytes = head_bytes();
  auto parsed = parse_request_head(bytes, limits_.head, head.fields);
  head.scheme = "http";
  keep_alive_ = false;
  if (parsed.status != ParseStatus::complete) {
    // Nothing behind a broken head can be trusted to be a request.
    head_size_ = static_cast<std::uint32_t>(bytes.size());
    input_.consume(input_.view().size());
    std::string().swap(partial_);
    if (parsed.refusal) return parsed.refusal;
    return {http::Reason::malformed_head, "The head has no end."};
  }
  auto refusal = take_request(parsed.line, head, arena);
  keep_alive_ = !refusal && http::keeps_alive(head.version, head.fields);
  head_size_ = static_cast<std::uint32_t>(parsed.consumed);
  // What partial_ holds of the current buffer lies in input_ too.
  auto before = partial_.empty() ? 0 : partial_.size() - input_.view().size();
  input_.consume(parsed.consumed - before);
  std::string().swap(partial_);
  return refusal;
}

void ServerConnection::stop() noexcept {
  stopped_ = true;
  if (waiting_) transport_->cancel_read();
}

void ServerStream::begin(ServerConnection& connection, const RequestHead& request, Arena& arena) noexcept {
  connection_ = &connection;
  request_ = &request;
  arena_ = &arena;
  reader_.begin(connection.input(), Side::client, request.body);
  reader_.leave_out_nominated(request.fields);
  writer_.reset(connection.transport(), Side::client);
  const auto& limits = connection.limits();
  patience_.begin(connection.transport(), {limits.body_timeout, limits.body_min_rate});
  interim_bytes_ = 0;
  reading_ = writing_ = client_was_late_ = false;
  awaits_continue_ = http::expectation(request.version, request.fields) == http::Expectation::continue_100;
  keep_alive_ = connection.keep_alive();
  head_taken_ = tunnel_ = false;
  head_only_ = request.method == http::Method::head;
}

bool ServerStream::end() noexcept {
  reader_.release();
  patience_.clear();
  return keep_alive_ && finished() && reader_.complete();
}

// After every move: one direction may have moved, which is as good as both.
void ServerStream::time_client() noexcept {
  if (!writing_ && (!reading_ || awaits_continue())) return patience_.pause();
  // One that only owes bytes can still be told. What another does not take, the kernel would keep for it.
  patience_.run(writing_ ? net::Deadline::Expiry::reset : net::Deadline::Expiry::cancel_read);
}

Result<void> ServerStream::end_wait(bool& waits, Result<void> result) noexcept {
  waits = false;
  if (!result && patience_.passed()) {
    client_was_late_ = true;
    patience_.renew();  // for the refusal
    return Error{.fault = Fault::timed_out, .side = Side::client};
  }
  time_client();
  return result;
}

Task<Result<BodyPiece>> ServerStream::read() {
  auto piece = reader_.read();
  if (!piece.is_done()) return await_read(std::move(piece));
  if (writing_) time_client();
  return piece;
}

Task<Result<void>> ServerStream::write(const BodyPiece& piece, const http::HeaderBlock* trailers) {
  const bool ends = piece.last && !keep_alive_ && !tunnel_ && reader_.complete();
  if (ends) connection_->transport().end_with_next_write();
  return in_time(writer_.write(piece, trailers));
}

Task<Result<void>> ServerStream::flush() { return in_time(writer_.flush()); }

// What is over at once needs no time limit.
Task<Result<void>> ServerStream::in_time(Task<Result<void>> writing) {
  if (!writing.is_done()) return await_write(std::move(writing));
  if (reading_) time_client();
  return writing;
}

Task<Result<BodyPiece>> ServerStream::await_read(Task<Result<BodyPiece>> reading) {
  reading_ = true;
  time_client();
  auto piece = co_await std::move(reading);
  auto waited = end_wait(reading_, piece ? Result<void>{} : Result<void>(piece.error()));
  if (!waited) co_return waited.error();
  co_return piece;
}

Task<Result<void>> ServerStream::await_write(Task<Result<void>> writing) {
  writing_ = true;
  time_client();
  auto written = co_await std::move(writing);
  co_return end_wait(writing_, written);
}

// A length that HTTP/1.0 cannot be told ends with the connection.
http::BodyLength ServerStream::framing_for(const ResponseHead& head) noexcept {
  using Kind = http::BodyLength::Kind;
  if (head.status == 101) return {.kind = Kind::tunnel};
  if (head_only_ || head.status == 204 || head.status == 304) return {.kind = Kind::none};
  if (head.body.kind == Kind::length) return head.body;
  if (head.body.kind == Kind::none) return {.kind = Kind::length, .length = 0};
  if (request_->version != http::Version::http_1_0) return {.kind = Kind::chunked};
  keep_alive_ = false;
  return {.kind = Kind::until_close};
}

Task<Result<void>> ServerStream::write_interim(const ResponseHead& head) {
  auto bytes = serialise(ResponseHeadOut{head.status, head.reason}, head.fields, {}, *arena_);
  interim_bytes_ += bytes.size();
  if (head.status == 100) awaits_continue_ = false;
  return in_time(writer_.write_raw(bytes));
}

void ServerStream::start(const ResponseHead& head) {
  auto framing = framing_for(head);
  ExtraFields extra;
  char digits[20];
  switch (framing.kind) {
    case http::BodyLength::Kind::tunnel:
      tunnel_ = true;
      keep_alive_ = false;
      reader_.become_tunnel();
      patience_.begin(connection_->transport(), {connection_->limits().tunnel_timeout, 0});
      break;
    case http::BodyLength::Kind::chunked:
      extra.add("Transfer-Encoding", "chunked");
      break;
    case http::BodyLength::Kind::length:
      if (!head.fields.has(http::FieldName::content_length)) {
        auto* end = std::to_chars(digits, digits + sizeof digits, framing.length).ptr;
        extra.add("Content-Length", {digits, static_cast<std::size_t>(end - digits)});
      }
      break;
    default:
      break;
  }
  if (tunnel_) {
    extra.add("Connection", "upgrade");
  } else if (!keep_alive_) {
    extra.add("Connection", "close");
  } else if (request_->version == http::Version::http_1_0) {
    extra.add("Connection", "keep-alive");
  }
  writer_.begin(serialise(ResponseHeadOut{head.status, head.reason}, head.fields, extra.view(), *arena_),
                framing);
  head_taken_ = true;
}

void ServerStream::abort(Fault why) noexcept {
  keep_alive_ = false;
  connection_->transport().abort(why, true);
}

}  // namespace sluice::codec::h1
