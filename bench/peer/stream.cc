#include "stream.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::bench {

bool Stream::open(int fd, Tls* tls) {
  fd_ = fd;
  if (tls == nullptr) return true;
  ssl_ = tls->connect(fd);
  offered_session_ = ssl_ != nullptr && SSL_get_session(ssl_) != nullptr;
  return ssl_ != nullptr;
}

void Stream::close() {
  // OpenSSL resumes no session of a connection that ended without close_notify; TLS itself does (RFC
  // 4346 7.2.1).
  if (ssl_ != nullptr) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
  ssl_ = nullptr;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  offered_session_ = false;
}

ssize_t Stream::send(std::string_view bytes) {
  if (ssl_ == nullptr) return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::size_t done = 0;
  ERR_clear_error();
  const int status = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &done);
  return status == 1 ? static_cast<ssize_t>(done) : failure(status);
}

ssize_t Stream::receive(char* buffer, std::size_t size) {
  // What follows close_notify is the end of the TCP connection, which the caller may be waiting for.
  if (ssl_ == nullptr || (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0)
    return recv(fd_, buffer, size, 0);
  std::size_t done = 0;
  ERR_clear_error();
  const int status = SSL_read_ex(ssl_, buffer, size, &done);
  if (status != 1 && SSL_get_error(ssl_, status) == SSL_ERROR_ZERO_RETURN) return recv(fd_, buffer, size, 0);
  return status == 1 ? static_cast<ssize_t>(done) : failure(status);
}

ssize_t Stream::drop(std::size_t size) { return recv(fd_, nullptr, size, MSG_TRUNC); }

// Sets errno.
ssize_t Stream::failure(int status) const {
  const int verdict = SSL_get_error(ssl_, status);
  const bool later = verdict == SSL_ERROR_WANT_READ || verdict == SSL_ERROR_WANT_WRITE;
  if (later || verdict != SSL_ERROR_SYSCALL) errno = later ? EAGAIN : EPROTO;
  return -1;
}

}  // namespace sluice::bench
