// Of a TlsTransport: writing, and close_notify behind it.
#include "net/tls/tls_transport.h"

#include <algorithm>
#include <utility>

#include <openssl/ssl.h>

namespace sluice::net::tls {
namespace {

constexpr std::size_t kRecord = 16 * 1024;    // plaintext of a record at most (RFC 8446 5.1)
constexpr std::size_t kRecordOverhead = 256;  // header, padding, tag, and then some
constexpr std::size_t kPiece = 15 * 1024;     // what fits an ordinary buffer as one record

}  // namespace

bool TlsTransport::start_write(WriteOp& op, std::span<const Slice> slices) noexcept {
  plaintext_ = Plaintext(slices);
  writer_ = &op;
  if (writing_.size() != 0) return false;  // what is under way goes on with this
  if (!send_now()) {
    writing_.spawn(write_more());
    if (writer_) return false;
  }
  op.result = written();
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
  op->result = written();
  writing_.then(op->waiter);
}

void TlsTransport::note_sent() noexcept {
  wire_.out.sent();
  if (!inner_write_.result) fail_write(inner_write_.result.error());
}

void TlsTransport::fail_write(Error error) noexcept {
  plaintext_ = {};
  write_error_ = error;
}

// How the write under way has gone.
Result<void> TlsTransport::written() const noexcept {
  return write_error_.fault == Fault::none ? Result<void>{} : Result<void>(write_error_);
}

// Small slices go into one record together; large ones into as many as the buffer holds.
void TlsTransport::encrypt() noexcept {
  std::size_t left = plaintext_.size();
  if (left == 0) return;
  wire_.out.reserve(left + kRecordOverhead);
  do {
    const auto most = std::min(left, wire_.out.room() < kRecord + kRecordOverhead ? kPiece : kRecord);
    char joined[kPiece];
    const Slice piece = plaintext_.take(most, joined);
    std::size_t taken = 0;
    clear_errors();
    if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &taken) != 1) {
      return fail_write(Error{.fault = Fault::tls});
    }
    left -= piece.size();
  } while (left != 0 && wire_.out.room() >= std::min(left, kRecord) + kRecordOverhead);
  if (left != 0) return;
  plaintext_ = {};
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
