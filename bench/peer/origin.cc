#include "origin.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "body_size.h"
#include "head.h"
#include "socket.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kLargestHead = 64 * 1024;

std::string make_response(std::string_view target) {
  const auto size = body_size(target);
  const std::string body(size.value_or(0), 'x');
  return fmt::format(
             "HTTP/1.1 {}\r\nServer: origin/1.0\r\nDate: {:%a, %d %b %Y %H:%M:%S GMT}\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: {}\r\n"
             "ETag: \"5f1d-{:x}\"\r\nVary: Accept-Encoding\r\n\r\n",
             size ? "200 OK" : "404 Not Found", fmt::gmtime(std::time(nullptr)), body.size(),
             is_cacheable(target) ? "max-age=3600" : "no-store", body.size()) +
         body;
}

}  // namespace

/// One connection of the proxy. Closed ones wait in the origin's free list for the next accept.
class Origin::Connection : public Watched {
 public:
  explicit Connection(Origin& origin) : origin_(origin) {}
  ~Connection() override {
    if (fd_ >= 0) ::close(fd_);
  }

  void open(int fd) {
    fd_ = fd;
    set_no_delay(fd);
    origin_.poller_.add(fd, EPOLLIN, *this);
  }

 private:
  void on_ready(std::uint32_t events) override {
    if (!unsent_.empty()) {
      if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) resume();
      return;
    }
    receive();
  }

  void receive() {
    static char buffer[kLargestHead];
    const ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return close();
    if (pending_.empty()) {
      const std::string_view rest = answer({buffer, static_cast<std::size_t>(count)});
      if (fd_ >= 0) pending_ = rest;
    } else {
      pending_.append(buffer, static_cast<std::size_t>(count));
      answer_pending();
    }
  }

  void answer_pending() {
    const std::string_view rest = answer(pending_);
    if (fd_ >= 0) pending_.erase(0, pending_.size() - rest.size());
  }

  /// Answers the requests that `bytes` start with; returns what it has not used. Stops at an incomplete head
  /// and at a response that the socket does not take whole.
  std::string_view answer(std::string_view bytes) {
    while (fd_ >= 0 && unsent_.empty()) {
      const std::size_t skipped = std::min(body_left_, bytes.size());
      bytes.remove_prefix(skipped);
      body_left_ -= skipped;
      if (bytes.empty()) break;
      const auto head = Head::find(bytes);
      if (!head && bytes.size() < kLargestHead) break;
      if (!head || !head->field("transfer-encoding").empty()) {
        ++origin_.bad_requests_;
        close();
        break;
      }
      body_left_ = head->content_length().value_or(0);
      respond(*head);
      bytes.remove_prefix(head->size());
    }
    return bytes;
  }

  void respond(const Head& head) {
    if (!head.field("expect").empty()) send(fd_, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
    const std::string_view response = origin_.response_to(head.target());
    unsent_ = head.method() == "HEAD" ? response.substr(0, response.find("\r\n\r\n") + 4) : response;
    send_some();
    if (fd_ >= 0 && !unsent_.empty()) origin_.poller_.modify(fd_, EPOLLOUT, *this);
  }

  void resume() {
    send_some();
    if (fd_ < 0 || !unsent_.empty()) return;
    origin_.poller_.modify(fd_, EPOLLIN, *this);
    answer_pending();
  }

  void send_some() {
    const ssize_t count = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (count >= 0) return unsent_.remove_prefix(static_cast<std::size_t>(count));
    if (errno != EAGAIN) close();
  }

  void close() {
    ::close(fd_);
    fd_ = -1;
    unsent_ = {};
    pending_.clear();
    body_left_ = 0;
    origin_.free_.push_back(this);
  }

  Origin& origin_;
  int fd_ = -1;
  std::string_view unsent_;  ///< of a response that the origin keeps
  std::string pending_;      ///< received and not yet answered
  std::size_t body_left_ = 0;
};

Origin::Origin(Poller& poller, std::uint16_t port) : poller_(poller), listener_(listen_on_loopback(port)) {
  poller_.add(listener_, EPOLLIN, *this);
}

Origin::~Origin() { ::close(listener_); }

void Origin::on_ready(std::uint32_t) {
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (free_.empty()) free_.push_back(connections_.emplace_back(std::make_unique<Connection>(*this)).get());
    Connection* connection = free_.back();
    free_.pop_back();
    connection->open(fd);
  }
}

const std::string& Origin::response_to(std::string_view target) {
  auto found = responses_.find(target);
  if (found == responses_.end()) {
    // Responses are kept and never freed, since connections borrow them: unknown targets share one.
    const std::string_view key = body_size(target) ? target.substr(0, target.find('?')) : "404";
    found = responses_.find(key);
    if (found == responses_.end()) found = responses_.emplace(key, make_response(key)).first;
  }
  return found->second;
}

}  // namespace sluice::bench
