#include "net/epoll/epoll_transport.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/socket.h"

namespace sluice::net {
namespace {

constexpr std::size_t kSlicesAtOnce = 64;
constexpr std::uint8_t kAtOnceInATurn = 16;
constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;

// Few bytes are cheaper to copy into one piece than to have the kernel fetch from several.
using JoinBuffer = std::array<char, 2048>;

// The slices without the first `skip` bytes, in one piece; empty where the buffer does not hold them.
Slice join(std::span<const Slice> slices, std::size_t skip, JoinBuffer& buffer) noexcept {
  std::size_t size = 0;
  for (auto slice : slices) size += slice.size();
  if (size - skip > buffer.size()) return {};
  char* end = buffer.data();
  for (auto slice : slices) {
    end += slice.copy(end, Slice::npos, skip);
    skip = 0;
  }
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

}  // namespace

Result<std::unique_ptr<Transport>> EpollTransport::connect(EpollLoop& loop, const Address& to,
                                                           const ConnectOptions& options) {
  auto started = start_connecting(to, options);
  if (!started) return started.error();
  auto transport = std::make_unique<EpollTransport>(loop, started->descriptor, to);
  if (!started->established) {
    transport->set(connecting);
    transport->unset(writable);
    transport->expect_events(true);
  }
  return std::unique_ptr<Transport>(std::move(transport));
}

EpollTransport::EpollTransport(EpollLoop& loop, int descriptor, Address peer) noexcept
    : loop_(loop), socket_(descriptor), peer_(std::move(peer)) {}

EpollTransport::~EpollTransport() {
  loop_.forget(*this);
  if (socket_ >= 0) close(socket_);
}

void EpollTransport::watch(Watcher* watcher) noexcept {
  watcher_ = aborted_ == Fault::none ? watcher : nullptr;
  if (!watcher_) return;
  expect_events(false);
  if (is(readable | broken)) loop_.again(*this);
}

bool EpollTransport::peer_gone() const noexcept {
  return is(peer_done | broken | at_end) || read_error_ || write_error_ || aborted_ != Fault::none;
}

void EpollTransport::shutdown_write() noexcept {
  if (socket_ >= 0 && !is(fin_sent)) send_fin();
}

void EpollTransport::send_fin() noexcept {
  set(fin_sent);
  ::shutdown(socket_, SHUT_WR);
}

void EpollTransport::cancel_read() noexcept {
  if (!reading_) return;
  auto* op = std::exchange(reading_, nullptr);
  ListHook<ParkedTag>::unlink();
  op->result = Error{.fault = Fault::cancelled};
  loop_.defer(op->waiter);
}

void EpollTransport::abort(Fault why, bool reset) noexcept {
  if (aborted_ != Fault::none) return;
  aborted_ = why;
  watcher_ = nullptr;
  ListHook<ParkedTag>::unlink();
  ListHook<AgainTag>::unlink();
  if (reset) reset_on_close(socket_);
  close(std::exchange(socket_, -1));
  if (auto* op = std::exchange(reading_, nullptr)) {
    op->result = Error{.fault = why};
    loop_.defer(op->waiter);
  }
  if (auto* op = std::exchange(writing_, nullptr)) {
    op->result = Error{.fault = why};
    loop_.defer(op->waiter);
  }
}

const Address& EpollTransport::local() const noexcept {
  if (!local_) local_ = std::make_unique<Address>(local_address(socket_));
  return *local_;
}

void EpollTransport::on_events(std::uint32_t events) noexcept {
  if (aborted_ != Fault::none) return;
  if (events & (EPOLLHUP | EPOLLERR)) set(broken | readable | writable);
  if (events & EPOLLRDHUP) set(peer_done | readable);
  if (events & EPOLLIN) set(readable);
  if (events & EPOLLOUT) set(writable);
  progress();
}

void EpollTransport::on_buffer() noexcept {
  set(has_turn);
  progress();
}

// Both directions are brought as far as they go before anyone is resumed: whoever is resumed may
// destroy this transport.
void EpollTransport::progress() noexcept {
  if (is(connecting) && is(writable)) finish_connect();
  std::coroutine_handle<> reader, writer;
  if (reading_ && is(readable) && try_read(*reading_)) reader = std::exchange(reading_, nullptr)->waiter;
  unset(has_turn);
  if (writing_ && is(writable) && try_write(*writing_)) writer = std::exchange(writing_, nullptr)->waiter;
  Watcher* told = nullptr;
  if (watcher_ && writer) {
    loop_.again(*this);
  } else if (watcher_ && something_to_tell()) {
    told = std::exchange(watcher_, nullptr);
  }
  if (reader) reader.resume();
  if (writer) writer.resume();
  if (told) told->on_activity();
}

bool EpollTransport::start_read(ReadOp& op, std::size_t expected) noexcept {
  watcher_ = nullptr;
  if (aborted_ != Fault::none) {
    op.result = Error{.fault = aborted_};
    return true;
  }
  if (expected >= BufferPool::kBulkFrom) {
    set(bulk);
  } else {
    unset(bulk);
  }
  if (is(readable) && within_budget() && try_read(op)) return true;
  reading_ = &op;
  if (!is(registered)) expect_events(false);
  return false;
}

bool EpollTransport::start_write(WriteOp& op, std::span<const Slice> slices) noexcept {
  if (aborted_ != Fault::none) {
    op.result = Error{.fault = aborted_};
    return true;
  }
  slices_ = slices;
  written_ = 0;
  if (is(writable) && within_budget() && try_write(op)) return true;
  writing_ = &op;
  return false;
}

bool EpollTransport::start_connect(WriteOp& op) noexcept {
  if (aborted_ != Fault::none) {
    op.result = Error{.fault = aborted_};
  } else if (is(connecting)) {
    slices_ = {};
    writing_ = &op;
    return false;
  } else if (write_error_) {
    op.result = connect_error(write_error_);
  }
  return true;
}

// Reads once. False: nothing is there, or no buffer is left and the transport is parked.
bool EpollTransport::try_read(ReadOp& op) noexcept {
  if (read_error_) {
    op.result = from_errno(read_error_);
    return true;
  }
  if (is(at_end)) {
    op.result = Chunk{};
    return true;
  }
  if (op.pipe_at_most != 0) {
    if (Pipe* pipe = loop_.pipes().lease()) return try_fill(op, *pipe);
  }
  BufferLease lease;
  if (is(has_turn) || !loop_.anyone_parked())
    lease = loop_.buffers().lease(is(bulk) ? BufferPool::kBulkFrom : 0);
  if (!lease) {
    loop_.park(*this);
    return false;
  }
  ssize_t got;
  do {
    got = recv(socket_, lease.data, lease.size, 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    // A short read has drained the socket: what comes later makes an edge of its own. Not so
    // after RDHUP, whose edge has been.
    if (static_cast<std::size_t>(got) < lease.size && !is(peer_done | broken)) unset(readable);
    op.result = loop_.buffers().chunk(lease, static_cast<std::size_t>(got));
    return true;
  }
  const int error = got == 0 ? 0 : errno;
  loop_.buffers().give_back(lease);
  return end_read(op, error);
}

bool EpollTransport::try_fill(ReadOp& op, Pipe& pipe) noexcept {
  const long moved = pipe.fill(socket_, op.pipe_at_most);
  if (moved > 0) {
    op.result = loop_.pipes().chunk(pipe);
    return true;
  }
  loop_.pipes().give_back(pipe);
  return end_read(op, static_cast<int>(-moved));
}

// After a read that brought no byte; 0 is the end of the stream.
bool EpollTransport::end_read(ReadOp& op, int error) noexcept {
  if (error == EAGAIN) {
    unset(readable);
    return false;
  }
  if (error == 0) {
    set(at_end);
    op.result = Chunk{};
  } else {
    read_error_ = error;
    op.result = from_errno(error);
  }
  return true;
}

// Writes until all is out or the socket is full.
bool EpollTransport::try_write(WriteOp& op) noexcept {
  drop_written(0);
  while (!slices_.empty() || (op.pipe && op.pipe->size() != 0)) {
    if (write_error_) {
      op.result = from_errno(write_error_);
      return true;
    }
    if (!is(writable)) {
      expect_events(true);
      return false;
    }
    const int error = slices_.empty() ? -op.pipe->drain(socket_) : send_slices();
    if (error == EAGAIN) {
      unset(writable);
    } else if (error != 0) {
      write_error_ = error;
    }
  }
  if (is(ends)) send_fin();
  op.result = Result<void>();
  return true;
}

// 0 or an errno. Of the last write the kernel keeps what fills no segment, for FIN to go with it. Clears
// `writable` where the kernel took less than it was given.
int EpollTransport::send_slices() noexcept {
  JoinBuffer joined;
  Slice piece = slices_.size() == 1 ? slices_[0].substr(written_) : join(slices_, written_, joined);
  std::size_t asked = piece.size();
  const int flags = MSG_NOSIGNAL | (is(ends) ? MSG_MORE : 0);
  long sent;
  if (!piece.empty()) {
    sent = send(socket_, piece.data(), piece.size(), flags);
  } else {
    iovec parts[kSlicesAtOnce];
    std::size_t count = gather(slices_, written_, parts);
    for (std::size_t i = 0; i < count; ++i) asked += parts[i].iov_len;
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    sent = sendmsg(socket_, &message, flags);
  }
  if (sent < 0) return errno == EINTR ? 0 : errno;
  if (static_cast<std::size_t>(sent) < asked) unset(writable);
  drop_written(static_cast<std::size_t>(sent));
  return 0;
}

void EpollTransport::drop_written(std::size_t bytes) noexcept {
  written_ += bytes;
  while (!slices_.empty() && written_ >= slices_[0].size()) {
    written_ -= slices_[0].size();
    slices_ = slices_.subspan(1);
  }
}

void EpollTransport::finish_connect() noexcept {
  unset(connecting);
  int error = is(broken) ? socket_error(socket_) : 0;
  if (error) read_error_ = write_error_ = error;
  // A waiting connect() that succeeds ends as a write of nothing does.
  if (!error || !writing_) return;
  auto* op = std::exchange(writing_, nullptr);
  op->result = connect_error(error);
  loop_.defer(op->waiter);
}

bool EpollTransport::something_to_tell() noexcept {
  if (is(at_end)) return is(broken);
  if (is(peer_done | broken)) return true;
  if (!is(readable)) return false;
  // The flag may be older than the last read.
  char byte;
  if (recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN) return true;
  unset(readable);
  return false;
}

// One connection whose peer always has more must not hold up the others.
bool EpollTransport::within_budget() noexcept {
  auto turn = static_cast<std::uint32_t>(loop_.stats().turns.load(std::memory_order_relaxed));
  if (turn != turn_) {
    turn_ = turn;
    at_once_ = 0;
  }
  if (at_once_ < kAtOnceInATurn) {
    ++at_once_;
    return true;
  }
  loop_.again(*this);
  return false;
}

// Registered when it first has to wait, and for writing when it first has to wait for that: most
// connections never fill their socket, and are spared the edge that says so.
void EpollTransport::expect_events(bool writes) noexcept {
  unsigned wanted = registered;
  if (writes) wanted |= writes_watched;
  if ((flags_ & wanted) == wanted) return;
  std::uint32_t events = kReadEvents | (writes || is(writes_watched) ? EPOLLOUT : 0u);
  bool done = is(registered) ? loop_.modify(socket_, events, *this) : loop_.add(socket_, events, *this);
  set(wanted);
  if (done) return;
  read_error_ = write_error_ = errno;
  set(readable | writable | broken);
  loop_.again(*this);
}

}  // namespace sluice::net
