// Recycled exchanges: as many as were ever under way at once, none for idle connections.
#pragma once

#include <memory>
#include <vector>

#include "codec/h1/server.h"
#include "proxy/live_exchange.h"

namespace sluice::proxy {

/// An exchange and the HTTP/1.1 stream that it goes by.
struct H1Exchange {
  explicit H1Exchange(net::Loop& loop) noexcept : live(loop), stream(loop) {}
  LiveExchange live;
  codec::h1::ServerStream stream;
};

/// One a worker.
class ExchangePool {
 public:
  explicit ExchangePool(net::Loop& loop) noexcept : loop_(loop) {}

  /// Goes back to the pool when let go.
  struct Return {
    ExchangePool* pool;
    void operator()(H1Exchange* exchange) const noexcept { pool->give_back(exchange); }
  };
  using Lease = std::unique_ptr<H1Exchange, Return>;

  /// Lets go of those that nobody uses.
  void release_unused() {
    made_ -= free_.size();
    free_.clear();
    free_.shrink_to_fit();
    free_.reserve(made_);
  }

  Lease take() {
    if (free_.empty()) {
      free_.reserve(++made_);  // so that giving back never allocates
      return {new H1Exchange(loop_), Return{this}};
    }
    auto* exchange = free_.back().release();
    free_.pop_back();
    return {exchange, Return{this}};
  }

 private:
  void give_back(H1Exchange* exchange) noexcept { free_.emplace_back(exchange); }

  net::Loop& loop_;
  std::size_t made_ = 0;
  std::vector<std::unique_ptr<H1Exchange>> free_;
};

}  // namespace sluice::proxy
