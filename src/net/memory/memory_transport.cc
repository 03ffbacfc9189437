#include "net/memory/memory_transport.h"

#include <algorithm>

#include "net/memory/memory_acceptor.h"

namespace sluice::net {
namespace {

constexpr unsigned kAtOnceInATurn = 16;

}  // namespace

MemoryTransport::MemoryTransport(MemoryNetwork& network, std::shared_ptr<MemoryLink> link, unsigned side,
                                 Address local, Address peer)
    : network_(network),
      link_(std::move(link)),
      side_(side),
      local_(std::move(local)),
      peer_(std::move(peer)) {
  link_->ends[side_] = this;
  ++network_.live_;
}

MemoryTransport::MemoryTransport(MemoryNetwork& network, Address local, Address peer, Fault fault)
    : MemoryTransport(network, std::make_shared<MemoryLink>(), 0, std::move(local), std::move(peer)) {
  connecting_ = true;
  connect_failed_ = fault != Fault::none;
  failed_ = fault;
  if (fault != Fault::timed_out) go_on_soon();
}

MemoryTransport::~MemoryTransport() {
  close_link(false);
  link_->ends[side_] = nullptr;
  --network_.live_;
}

void MemoryTransport::watch(Watcher* watcher) noexcept {
  watcher_ = watcher;
  if (watcher_) go_on_soon();
}

bool MemoryTransport::peer_gone() const noexcept {
  return failed_ != Fault::none || at_end_ || link_->pipes[1 - side_].end_arrived();
}

void MemoryTransport::shutdown_write() noexcept {
  out().finish(MemoryPipe::End::fin);
  tell(link_->ends[1 - side_]);
}

void MemoryTransport::cancel_read() noexcept {
  auto* op = std::exchange(reading_, nullptr);
  if (!op) return;
  ListHook<>::unlink();
  op->result = Error{.fault = Fault::cancelled};
  network_.loop_.defer(op->waiter);
}

void MemoryTransport::abort(Fault why, bool reset) noexcept {
  if (failed_ != Fault::none && !connecting_) return;
  failed_ = why;
  connecting_ = connect_failed_ = false;
  watcher_ = nullptr;
  ListHook<>::unlink();
  close_link(reset);
  if (auto* op = std::exchange(reading_, nullptr)) {
    op->result = Error{.fault = why};
    network_.loop_.defer(op->waiter);
  }
  if (writing_) complete(writing_, Error{.fault = why});
}

void MemoryTransport::unpark() noexcept {
  has_turn_ = true;
  go_on_soon();
}

bool MemoryTransport::start_read(ReadOp& op, std::size_t expected) noexcept {
  watcher_ = nullptr;
  expected_ = expected;
  if (Fault fault = step(MemoryStep::read); fault != Fault::none) {
    op.result = Error{.fault = fault};
    return true;
  }
  if (!connecting_ && may_go_on_at_once() && try_read(op)) return true;
  reading_ = &op;
  expect_arrival();
  return false;
}

bool MemoryTransport::start_write(WriteOp& op, std::span<const Slice> slices) noexcept {
  slices_ = slices;
  written_ = 0;
  if (Fault fault = step(MemoryStep::write); fault != Fault::none) {
    op.result = Error{.fault = fault};
    return true;
  }
  if (!connecting_ && may_go_on_at_once() && try_write(op)) return true;
  writing_ = &op;
  return false;
}

bool MemoryTransport::start_connect(WriteOp& op) noexcept {
  if (connecting_) {
    slices_ = {};
    writing_ = &op;
    return false;
  }
  if (failed_ != Fault::none) op.result = Error{.fault = failed_, .retry_safe = connect_failed_};
  return true;
}

void MemoryTransport::on_timer() noexcept {
  if (connecting_) finish_connect();
  progress();
}

void MemoryTransport::finish_connect() noexcept {
  auto found = network_.listening_.find(peer_);
  if (failed_ == Fault::none && found == network_.listening_.end()) {
    failed_ = Fault::refused;
    connect_failed_ = true;
  }
  if (failed_ == Fault::timed_out && connect_failed_) return;  // never: somebody aborts it
  connecting_ = false;
  if (failed_ == Fault::none) {
    found->second->offer(link_, local_);
  } else if (writing_) {
    complete(writing_, Error{.fault = failed_, .retry_safe = true});
  }
}

// Both directions first: who is resumed or told may destroy this end.
void MemoryTransport::progress() noexcept {
  if (connecting_) return;
  auto now = network_.loop_.now();
  if (!link_->dead) in().arrive(now);
  if (reading_ && try_read(*reading_)) network_.loop_.defer(std::exchange(reading_, nullptr)->waiter);
  has_turn_ = false;
  if (writing_ && try_write(*writing_)) network_.loop_.defer(std::exchange(writing_, nullptr)->waiter);
  expect_arrival();
  bool news = failed_ != Fault::none || in().arrived() > 0 || (in().end_arrived() && !at_end_);
  if (watcher_ && news) std::exchange(watcher_, nullptr)->on_activity();
}

// False: nothing has arrived, or no buffer is left and this end is parked.
bool MemoryTransport::try_read(ReadOp& op) noexcept {
  if (failed_ != Fault::none) {
    op.result = Error{.fault = failed_};
    return true;
  }
  if (!link_->dead) in().arrive(network_.loop_.now());
  if (in().arrived() == 0) {
    if (!in().end_arrived()) return false;
    at_end_ = in().end() == MemoryPipe::End::fin;
    if (at_end_) {
      op.result = Chunk{};
    } else {
      failed_ = Fault::reset;
      op.result = Error{.fault = Fault::reset};
    }
    return true;
  }
  auto lease = network_.lease(*this, has_turn_, expected_);
  if (!lease) return false;
  std::size_t want = std::min<std::size_t>(in().arrived(), lease.size);
  if (network_.faults_) want = std::clamp<std::size_t>(network_.faults_->read_size(want), 1, want);
  std::size_t got = in().pop(lease.data, want);
  op.result = network_.chunk(lease, got);
  tell(link_->ends[1 - side_]);  // there is room again
  return true;
}

bool MemoryTransport::try_write(WriteOp& op) noexcept {
  while (true) {
    while (!slices_.empty() && written_ >= slices_[0].size()) {
      written_ -= slices_[0].size();
      slices_ = slices_.subspan(1);
    }
    if (slices_.empty()) {
      op.result = Result<void>();
      return true;
    }
    if (failed_ == Fault::none && !link_->dead && link_->closed[1 - side_]) {
      op.result = Error{.fault = Fault::reset};  // what has arrived can still be read
      return true;
    }
    if (failed_ != Fault::none) {
      op.result = Error{.fault = failed_};
      return true;
    }
    if (!send_piece()) return false;
  }
}

// False: the pipe is full.
bool MemoryTransport::send_piece() noexcept {
  std::size_t room = network_.capacity_ - std::min(network_.capacity_, out().size());
  if (room == 0) return false;
  auto rest = slices_[0].substr(written_, room);
  MemoryFaults::Delivery delivery{rest.size()};
  if (network_.faults_) delivery = network_.faults_->deliver(rest.size());
  if (delivery.dropped) link_->dead = true;
  if (delivery.reset) {
    break_link();
    return true;
  }
  rest = rest.substr(0, std::max<std::size_t>(1, delivery.bytes));
  out().push(rest, network_.loop_.now() + delivery.delay);
  written_ += rest.size();
  sent_ += rest.size();
  tell(link_->ends[1 - side_]);
  return true;
}

bool MemoryTransport::may_go_on_at_once() noexcept {
  auto turn = network_.loop_.stats().turns.load(std::memory_order_relaxed);
  if (turn != turn_) at_once_ = 0;
  turn_ = turn;
  bool postpone = network_.faults_ && network_.faults_->postpone();
  if (!postpone && at_once_++ < kAtOnceInATurn) return true;
  go_on_soon();
  return false;
}

// What fails the operation that is about to start, if anything.
Fault MemoryTransport::step(MemoryStep kind) noexcept {
  if (!connecting_ && failed_ != Fault::none) return failed_;
  Fault fault = network_.faults_ ? network_.faults_->before(kind) : Fault::none;
  if (fault == Fault::none) return fault;
  if (fault == Fault::reset) {
    break_link();
  } else {
    failed_ = fault;
    connecting_ = false;
    go_on_soon();  // an operation that is pending beside this one fails too
  }
  return fault;
}

// Both ends see a reset, and what was under way is lost.
void MemoryTransport::break_link() noexcept {
  failed_ = Fault::reset;
  connecting_ = false;
  if (auto* other = link_->ends[1 - side_]) {
    if (other->failed_ == Fault::none) other->failed_ = Fault::reset;
    tell(other);
  } else {
    out().finish(MemoryPipe::End::reset);
  }
  go_on_soon();
}

// As a kernel does: unread bytes make a reset of an orderly end.
void MemoryTransport::close_link(bool reset) noexcept {
  if (std::exchange(link_->closed[side_], true)) return;
  bool unread = in().size() > 0;
  out().finish(reset || unread ? MemoryPipe::End::reset : MemoryPipe::End::fin);
  tell(link_->ends[1 - side_]);
}

void MemoryTransport::expect_arrival() noexcept {
  if (connecting_ || link_->dead || armed() || in().next() == TimePoint::max()) return;
  network_.loop_.timers().arm(*this, in().next());
}

void MemoryTransport::go_on_soon() noexcept { network_.loop_.timers().arm(*this, TimePoint::min()); }

void MemoryTransport::tell(MemoryTransport* end) noexcept {
  if (end) end->go_on_soon();
}

void MemoryTransport::complete(WriteOp*& op, Result<void> result) noexcept {
  auto* done = std::exchange(op, nullptr);
  done->result = result;
  network_.loop_.defer(done->waiter);
}

}  // namespace sluice::net
