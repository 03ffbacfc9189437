#include "client_connection.h"

#include <cerrno>

#include "socket.h"

namespace sluice::bench {

void Client::Connection::send(Time due) {
  due_ = due;
  sent_ = 0;
  reader_.reset(client_.expected_body_);
  if (state_ != State::busy) ++client_.under_way_;
  state_ = State::busy;
  if (!stream_.is_open() && !open()) return fail(Fault::connect);
  flush();
}

bool Client::Connection::open() {
  const Options& options = client_.options_;
  const unsigned source = options.sources > 1 ? 1 + client_.next_source_++ % options.sources : 0;
  const int fd = connect_from(source, options.proxy_host, options.proxy_port);
  if (fd < 0 || !stream_.open(fd, client_.tls_ ? &*client_.tls_ : nullptr)) return false;
  // Over loopback the handshake is usually done by now, and the request goes out without waiting for it.
  client_.poller_.add(fd, EPOLLIN, *this);
  return true;
}

void Client::Connection::flush() {
  const std::string& request = client_.request_;
  const ssize_t count = stream_.send(std::string_view(request).substr(sent_));
  if (count < 0 && errno != EAGAIN) return fail(unanswered_fault());
  if (sent_ == 0 && count > 0 && stream_.resumed_in_vain()) return fail(Fault::tls);
  if (count > 0) sent_ += static_cast<std::size_t>(count);
  const bool full = sent_ < request.size() && !stream_.shakes_hands();
  if (full != awaits_writable_) {
    client_.poller_.modify(stream_.fd(), full ? EPOLLIN | EPOLLOUT : EPOLLIN, *this);
    awaits_writable_ = full;
  }
}

void Client::Connection::on_ready(std::uint32_t events) {
  const bool writable = awaits_writable_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
  if (writable || (state_ == State::busy && stream_.shakes_hands())) flush();
  const bool readable = (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0;
  if (readable && stream_.is_open() && !stream_.shakes_hands()) receive();
}

void Client::Connection::receive() {
  // Most of a large body is dropped inside the kernel, so that the load stays small beside the proxy.
  static char buffer[64 * 1024];
  do {
    const bool drop = stream_.can_drop() && reader_.body_left() > sizeof buffer;
    const ssize_t count = drop ? stream_.drop(reader_.body_left()) : stream_.receive(buffer, sizeof buffer);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return on_end();
    const auto size = static_cast<std::size_t>(count);
    take(drop ? std::nullopt : std::optional(std::string_view(buffer, size)), size);
  } while (stream_.has_pending());
}

/// `bytes`, or `size` of them that were dropped unseen.
void Client::Connection::take(std::optional<std::string_view> bytes, std::size_t size) {
  if (state_ != State::busy) return fail(Fault::length);
  if (!bytes)
    reader_.skip(size);
  else if (const auto fault = reader_.take(*bytes))
    return fail(*fault);
  if (reader_.whole()) complete();
}

Fault Client::Connection::unanswered_fault() const {
  if (stream_.shakes_hands()) return Fault::tls;
  return sent_ == 0 ? Fault::connect : Fault::closed;
}

void Client::Connection::on_end() {
  if (state_ == State::busy) return fail(unanswered_fault());
  const bool was_leaving = state_ == State::leaving;
  const bool held = client_.options_.mode == Mode::idle && !was_leaving;
  close(State::closed);
  if (held) {
    --client_.held_;
    client_.recorder_.failed(Fault::closed);
  } else if (was_leaving) {
    client_.on_free(*this, Clock::now());
  } else {
    client_.recorder_.reconnected();  // it stands in the free list and opens again at its next request
  }
}

void Client::Connection::complete() {
  const Time now = Clock::now();
  --client_.under_way_;
  client_.recorder_.answered(client_.paced() ? due_ : now, now - due_, reader_.body_size());
  const Mode mode = client_.options_.mode;
  if (mode == Mode::new_connection || (mode == Mode::keep_alive && reader_.closes())) {
    if (mode == Mode::keep_alive) client_.recorder_.reconnected();
    due_ = now;
    state_ = State::leaving;
    return;
  }
  state_ = State::ready;
  client_.on_free(*this, now);
}

void Client::Connection::fail(Fault fault) {
  if (state_ == State::busy) --client_.under_way_;
  close(State::failed);
  client_.recorder_.failed(fault);
}

void Client::Connection::close(State next) {
  stream_.close();
  awaits_writable_ = false;
  state_ = next;
}

}  // namespace sluice::bench
