#include "client_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "socket.h"

namespace sluice::bench {

void Client::Connection::send(Time due) {
  due_ = due;
  sent_ = 0;
  reader_.reset(client_.expected_body_);
  if (state_ != State::busy) ++client_.under_way_;
  state_ = State::busy;
  if (fd_ < 0 && !open()) return fail(Fault::connect);
  flush();
}

bool Client::Connection::open() {
  const Options& options = client_.options_;
  const unsigned source = options.sources > 1 ? 1 + client_.next_source_++ % options.sources : 0;
  fd_ = connect_from(source, options.proxy_host, options.proxy_port);
  if (fd_ < 0) return false;
  // Over loopback the handshake is usually done by now, and the request goes out without waiting for it.
  client_.poller_.add(fd_, EPOLLIN, *this);
  return true;
}

void Client::Connection::flush() {
  const std::string& request = client_.request_;
  const ssize_t count = ::send(fd_, request.data() + sent_, request.size() - sent_, MSG_NOSIGNAL);
  if (count < 0 && errno != EAGAIN) return fail(sent_ == 0 ? Fault::connect : Fault::closed);
  if (count > 0) sent_ += static_cast<std::size_t>(count);
  const bool unfinished = sent_ < request.size();
  if (unfinished != awaits_writable_) {
    client_.poller_.modify(fd_, unfinished ? EPOLLIN | EPOLLOUT : EPOLLIN, *this);
    awaits_writable_ = unfinished;
  }
}

void Client::Connection::on_ready(std::uint32_t events) {
  if (awaits_writable_ && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) flush();
  if (fd_ >= 0 && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive();
}

void Client::Connection::receive() {
  // Most of a large body is dropped inside the kernel, so that the load stays small beside the proxy.
  static char buffer[64 * 1024];
  const bool drop = reader_.body_left() > sizeof buffer;
  const ssize_t count =
      drop ? recv(fd_, nullptr, reader_.body_left(), MSG_TRUNC) : recv(fd_, buffer, sizeof buffer, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return on_end();
  if (state_ != State::busy) return fail(Fault::length);
  const auto size = static_cast<std::size_t>(count);
  if (drop)
    reader_.skip(size);
  else if (const auto fault = reader_.take({buffer, size}))
    return fail(*fault);
  if (reader_.whole()) complete();
}

void Client::Connection::on_end() {
  if (state_ == State::busy) return fail(sent_ == 0 ? Fault::connect : Fault::closed);
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
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  awaits_writable_ = false;
  state_ = next;
}

}  // namespace sluice::bench
