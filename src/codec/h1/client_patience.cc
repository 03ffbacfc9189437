#include "codec/h1/client_patience.h"

namespace sluice::codec::h1 {

void ClientPatience::begin(net::Transport& transport, Terms terms) noexcept {
  Patience::begin(transport, terms);
  transport_ = &transport;
  received_ = reader_.bytes();
  delivered_.reset();
}

std::uint64_t ClientPatience::count_moved() noexcept {
  const auto received = reader_.bytes();
  const auto delivered = transport_->delivered().value_or(writer_.taken());
  const auto moved = received - received_ + (delivered_ ? delivered - *delivered_ : 0);
  received_ = received;
  delivered_ = delivered;
  return moved;
}

}  // namespace sluice::codec::h1
