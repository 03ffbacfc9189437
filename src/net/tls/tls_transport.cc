#include "net/tls/tls_transport.h"

#include <algorithm>
#include <cstring>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace sluice::net::tls {
namespace {

constexpr std::size_t kRecord = 16 * 1024;    // plaintext of a record at most (RFC 8446 5.1)
constexpr std::size_t kRecordOverhead = 256;  // header, padding, tag, and then some
constexpr std::size_t kPiece = 15 * 1024;     // what fits an ordinary buffer as one record

Error tls_error() noexcept { return Error{.fault = Fault::tls}; }

// A function as something to resume, once.
struct After {
  struct promise_type {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }
    After get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  template <class Function>
  static std::coroutine_handle<> call(Function function) {
    return make(std::move(function)).handle;
  }
  std::coroutine_handle<promise_type> handle;

 private:
  template <class Function>
  static After make(Function function) {
    function();
    co_return;
  }
};

}  // namespace

TlsTransport::TlsTransport(std::unique_ptr<Transport> inner, UniqueSsl ssl, Role role, BufferPool& buffers)
    : inner_(std::move(inner)), buffers_(buffers), wire_(buffers), ssl_(std::move(ssl)), role_(role) {
  auto* bio = make_bio(wire_).release();
  SSL_set_bio(ssl_.get(), bio, bio);
  if (role == Role::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

// OpenSSL resumes no session of a connection that ended without close_notify of our own; TLS since 1.1 does
// (RFC 5246 7.2.1).
TlsTransport::~TlsTransport() {
  if (role_ == Role::client) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsTransport::discard() noexcept {
  this->~TlsTransport();
  ::operator delete(this);
}

void TlsTransport::retire() noexcept {
  watcher_ = nullptr;
  auto& pending = reading_.size() != 0 ? reading_ : writing_;
  if (pending.size() == 0) return discard();
  pending.then(After::call([this] { retire(); }));
  inner_->abort(Fault::cancelled);
}

// --- the handshake

Task<Result<void>> TlsTransport::handshake() {
  if (role_ == Role::server) {
    // Which has nothing to say first, and OpenSSL takes 30 KiB as soon as it is asked.
    const auto begun = co_await receive_handshake();
    if (!begun) co_return begun.error();
  }
  for (;;) {
    clear_errors();
    const int status = SSL_do_handshake(ssl_.get());
    const int verdict = SSL_get_error(ssl_.get(), status);
    std::string failure;
    if (status != 1 && verdict != SSL_ERROR_WANT_READ) failure = take_error();
    if (status == 1 && role_ == Role::server) break;  // a ticket goes with the first response
    const auto flushed = co_await flush_handshake();  // an alert says why, too
    if (!failure.empty()) {
      failure_ = failure;
      const bool certificate = SSL_get_verify_result(ssl_.get()) != X509_V_OK;
      co_return certificate ? Error{.fault = Fault::certificate} : tls_error();
    }
    if (!flushed) co_return flushed.error();
    if (status == 1) break;
    const auto received = co_await receive_handshake();
    if (!received) co_return received.error();
  }
  wire_.out.wait();
  note_facts();
  co_return Result<void>{};
}

Task<Result<void>> TlsTransport::receive_handshake() {
  auto chunk = co_await inner_->read();
  if (!chunk) co_return chunk.error();
  if (chunk->empty()) {
    failure_ = "closed during the handshake";
    co_return Error{.fault = Fault::closed};
  }
  wire_.in = std::move(*chunk);
  co_return Result<void>{};
}

Task<Result<void>> TlsTransport::flush_handshake() {
  if (wire_.out.empty()) co_return Result<void>{};
  const auto sent = co_await inner_->write(wire_.out.take());
  wire_.out.sent();
  co_return sent;
}

void TlsTransport::note_facts() noexcept {
  auto* ssl = ssl_.get();
  facts_.version = SSL_get_version(ssl);
  facts_.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl));
  const unsigned char* protocol = nullptr;
  unsigned int protocol_size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &protocol_size);
  facts_.protocol = {reinterpret_cast<const char*>(protocol), protocol_size};
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  facts_.server_name = name ? name : "";
  facts_.resumed = SSL_session_reused(ssl) == 1;
  facts_.client_verified =
      SSL_get0_peer_certificate(ssl) != nullptr && SSL_get_verify_result(ssl) == X509_V_OK;
}

// --- reading

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
  if (verdict == SSL_ERROR_ZERO_RETURN) {
    closed_ = true;
    result = Chunk{};
    return true;
  }
  // A bare FIN.
  if (wire_.ended && role_ == Role::server) {
    closed_ = true;
    result = Chunk{};
    return true;
  }
  read_error_ = wire_.ended ? Error{.fault = Fault::closed} : tls_error();
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
  if (status != 1 && SSL_get_error(ssl_.get(), status) == SSL_ERROR_SSL) read_error_ = tls_error();
  if (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) closed_ = true;
  clear_errors();
  return peeked != 0;
}

bool TlsTransport::peer_gone() const noexcept {
  return closed_ || read_error_.fault != Fault::none || write_error_.fault != Fault::none ||
         inner_->peer_gone();
}

void TlsTransport::cancel_read() noexcept { inner_->cancel_read(); }

void TlsTransport::abort(Fault why, bool reset) noexcept {
  inner_->abort(why, reset);
  read_error_ = write_error_ = Error{.fault = why};
}

// --- writing

bool TlsTransport::start_write(WriteOp& op, std::span<const Slice> slices) noexcept {
  rest_ = slices;
  encrypted_of_first_ = 0;
  writer_ = &op;
  if (writing_.size() != 0) return false;  // what is under way goes on with this
  if (!send_now()) {
    writing_.spawn(write_more());
    if (writer_) return false;
  }
  op.result = write_error_.fault == Fault::none ? Result<void>{} : Result<void>(write_error_);
  writer_ = nullptr;
  return true;
}

bool TlsTransport::start_connect(WriteOp& op) noexcept {
  op.result = Result<void>{};  // a handshake() has been
  return true;
}

// What OpenSSL itself has to say (tickets, answers to new keys, alerts) goes with the next write, but does
// not wait while nothing comes in.
void TlsTransport::flush() noexcept {
  if (!wire_.out.empty() && writing_.size() == 0 && !send_now()) writing_.spawn(write_more());
}

// Encrypts and sends until all is out, or the error is known; false: the inner transport has to wait.
bool TlsTransport::send_now() noexcept {
  for (;;) {
    if (write_error_.fault != Fault::none) return true;
    encrypt();
    if (wire_.out.empty()) return true;
    inner_write_ = {};
    if (!inner_->begin_write(inner_write_, wire_.out.take())) return false;
    note_sent();
  }
}

Task<void> TlsTransport::write_more() {
  do {
    co_await Transport::pending(inner_write_);
    note_sent();
  } while (!send_now());
  if (std::exchange(fin_wanted_, false)) inner_->shutdown_write();
  auto* op = std::exchange(writer_, nullptr);
  if (!op) co_return;
  op->result = write_error_.fault == Fault::none ? Result<void>{} : Result<void>(write_error_);
  writing_.then(op->waiter);
}

void TlsTransport::note_sent() noexcept {
  wire_.out.sent();
  if (inner_write_.result) return;
  forget_rest();
  write_error_ = inner_write_.result.error();
}

// The slices are the caller's, and gone with its write.
void TlsTransport::forget_rest() noexcept {
  rest_ = {};
  encrypted_of_first_ = 0;
}

// Small slices go into one record together; large ones into as many as the buffer holds.
void TlsTransport::encrypt() noexcept {
  std::size_t left = 0;
  for (auto slice : rest_) left += slice.size();
  left -= encrypted_of_first_;
  if (left == 0) return;
  wire_.out.reserve(left + kRecordOverhead);
  do {
    const auto most = std::min(left, wire_.out.room() < kRecord + kRecordOverhead ? kPiece : kRecord);
    char joined[kPiece];
    Slice piece = next_piece(most);
    if (piece.size() < most && most <= sizeof joined) {
      std::size_t size = 0;
      for (; size < most; piece = next_piece(most - size)) size += piece.copy(joined + size, Slice::npos);
      piece = {joined, size};
    }
    std::size_t taken = 0;
    clear_errors();
    if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &taken) != 1) {
      forget_rest();
      write_error_ = tls_error();
      return;
    }
    left -= piece.size();
  } while (left != 0 && wire_.out.room() >= std::min(left, kRecord) + kRecordOverhead);
  if (left != 0) return;
  forget_rest();
  if (!end_wanted_) return;
  say_goodbye();
  inner_->end_with_next_write();
}

// close_notify
void TlsTransport::say_goodbye() noexcept {
  if (std::exchange(goodbye_said_, true)) return;
  clear_errors();
  SSL_shutdown(ssl_.get());
  clear_errors();
}

// Up to `most` bytes of the first slice that has some, taken off the rest.
Slice TlsTransport::next_piece(std::size_t most) noexcept {
  while (!rest_.empty() && encrypted_of_first_ == rest_.front().size()) {
    rest_ = rest_.subspan(1);
    encrypted_of_first_ = 0;
  }
  if (rest_.empty()) return {};
  auto piece = rest_.front().substr(encrypted_of_first_, most);
  encrypted_of_first_ += piece.size();
  return piece;
}

void TlsTransport::shutdown_write() noexcept {
  say_goodbye();
  if (writing_.size() != 0) {
    fin_wanted_ = true;
    return;
  }
  if (send_now()) {
    inner_->shutdown_write();
  } else {
    fin_wanted_ = true;
    writing_.spawn(write_more());
  }
}

}  // namespace sluice::net::tls
