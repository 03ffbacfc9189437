// Recycled exchanges: as many as were ever under way at once, none for idle connections.
#pragma once

#include <memory>
#include <vector>

#include "base/intrusive_list.h"
#include "codec/h1/server.h"
#include "codec/h2/server.h"
#include "proxy/live_exchange.h"

namespace sluice::proxy {

/// An exchange and the HTTP/1.1 stream that it goes by.
struct H1Exchange {
  explicit H1Exchange(net::Loop& loop) noexcept : live(loop), stream(loop) {}
  LiveExchange live;
  codec::h1::ServerStream stream;
};

/// An exchange that is an HTTP/2 stream.
struct H2Exchange final : codec::h2::ServerStream, ListHook<> {
  explicit H2Exchange(net::Loop& loop) noexcept : codec::h2::ServerStream(loop), live(loop) {}
  LiveExchange live;
};

template <class Recycled>
class RecyclingPool {
 public:
  explicit RecyclingPool(net::Loop& loop) noexcept : loop_(loop) {}

  /// Goes back to the pool when let go.
  struct Return {
    RecyclingPool* pool;
    void operator()(Recycled* exchange) const noexcept { pool->give_back(exchange); }
  };
  using Lease = std::unique_ptr<Recycled, Return>;

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
      return {new Recycled(loop_), Return{this}};
    }
    auto* exchange = free_.back().release();
    free_.pop_back();
    return {exchange, Return{this}};
  }

 private:
  void give_back(Recycled* exchange) noexcept { free_.emplace_back(exchange); }

  net::Loop& loop_;
  std::size_t made_ = 0;
  std::vector<std::unique_ptr<Recycled>> free_;
};

/// One a worker.
struct ExchangePool {
  explicit ExchangePool(net::Loop& loop) noexcept : h1(loop), h2(loop) {}

  void release_unused() {
    h1.release_unused();
    h2.release_unused();
  }

  RecyclingPool<H1Exchange> h1;
  RecyclingPool<H2Exchange> h2;
};

}  // namespace sluice::proxy
