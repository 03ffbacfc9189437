// Of a TlsTransport: reading, and telling a watcher.
#include "net/tls/tls_transport.h"

#include <utility>

#include <openssl/ssl.h>

#include "net/tls/after.h"

namespace sluice::net::tls {

bool TlsTransport::start_read(ReadOp& op, std::size_t expected) noexcept {
  watcher_ = nullptr;
  if (decrypt(op.result, expected)) return true;
  reader_ = &op;
  expected_ = expected;
  if (reading_.size() == 0) reading_.spawn(receive());
  return reader_ == nullptr;
}

void TlsTransport::watch(Watcher* watcher) noexcept {
  watcher_ = watcher;
  flush();
  inner_->watch(watcher ? this : nullptr);
}

void TlsTransport::cancel_read() noexcept { inner_->cancel_read(); }

void TlsTransport::on_activity() noexcept {
  expected_ = 0;
  if (reading_.size() == 0) reading_.spawn(receive());
}

// For a reader, or to find out what a watcher would have to know.
Task<void> TlsTransport::receive() {
  for (;;) {
    auto chunk = co_await inner_->read(expected_);
    const bool cancelled = !chunk && chunk.error().fault == Fault::cancelled;
    if (cancelled && reader_) reader_->result = chunk.error();
    take(std::move(chunk));
    if (reader_) {
      if (!cancelled && !decrypt(reader_->result, expected_)) continue;
      reading_.then(std::exchange(reader_, nullptr)->waiter);
    } else if (watcher_ && has_news()) {
      // Last of all, since it may delete this transport.
      reading_.then(After::call([told = std::exchange(watcher_, nullptr)] { told->on_activity(); }));
    } else if (watcher_) {
      inner_->watch(this);
    }
    co_return;
  }
}

void TlsTransport::take(Result<Chunk> chunk) noexcept {
  if (!chunk) {
    if (chunk.error().fault != Fault::cancelled) read_error_ = chunk.error();
  } else if (chunk->empty() && write_error_.fault == Fault::reset) {
    read_error_ = write_error_;  // a socket tells of it once, and a write had it
  } else if (chunk->empty()) {
    wire_.ended = true;
  } else {
    wire_.in = std::move(*chunk);
  }
}

// Not so after a ticket or a new key.
bool TlsTransport::has_news() noexcept {
  return look_ahead() || wire_.ended || closed_ || read_error_.fault != Fault::none;
}

// Here or inside OpenSSL, which may hold decrypted bytes too.
bool TlsTransport::has_ciphertext() const noexcept {
  return !wire_.in.empty() || SSL_has_pending(ssl_.get()) == 1;
}

// Whatever the bytes that are here come to: plaintext, the end, an error. False: more must come.
bool TlsTransport::decrypt(Result<Chunk>& result, std::size_t expected) noexcept {
  if (read_error_.fault != Fault::none) {
    result = read_error_;
    return true;
  }
  if (closed_) {
    result = Chunk{};
    return true;
  }
  if (!wire_.ended && !has_ciphertext()) {
    flush();
    return false;
  }
  auto lease = buffers_.lease(expected);
  if (!lease) {
    result = Error{.fault = Fault::no_memory};
    return true;
  }
  std::size_t got = 0;
  int status = 1;
  do {
    std::size_t more = 0;
    clear_errors();
    status = SSL_read_ex(ssl_.get(), lease.data + got, lease.size - got, &more);
    if (status != 1) break;
    got += more;
  } while (got < lease.size && has_ciphertext());
  if (got == 0) {
    buffers_.give_back(lease);
    flush();
    return read_failed(status, result);
  }
  look_ahead();
  result = buffers_.chunk(lease, got);
  return true;
}

// False where nothing has failed and more must come.
bool TlsTransport::read_failed(int status, Result<Chunk>& result) noexcept {
  const int verdict = SSL_get_error(ssl_.get(), status);
  if (verdict == SSL_ERROR_WANT_READ) return false;
  const bool bare_fin = wire_.ended && role_ == Role::server;
  if (verdict == SSL_ERROR_ZERO_RETURN || bare_fin) {
    closed_ = true;
    result = Chunk{};
    return true;
  }
  read_error_ = wire_.ended ? Error{.fault = Fault::closed} : Error{.fault = Fault::tls};
  result = read_error_;
  return true;
}

// Goes on to the next plaintext, and takes in what stands before it: a close_notify is known at once, so that
// nobody takes the connection for usable.
bool TlsTransport::look_ahead() noexcept {
  if (!has_ciphertext()) return false;
  char byte;
  std::size_t peeked = 0;
  clear_errors();
  const int status = SSL_peek_ex(ssl_.get(), &byte, 1, &peeked);
  if (status != 1 && SSL_get_error(ssl_.get(), status) == SSL_ERROR_SSL)
    read_error_ = Error{.fault = Fault::tls};
  if (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) closed_ = true;
  clear_errors();
  return peeked != 0;
}

}  // namespace sluice::net::tls
