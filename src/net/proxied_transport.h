// A connection that came through a load balancer which said in front of it who the client is.
#pragma once

#include <memory>

#include "base/task.h"
#include "net/loop.h"
#include "net/proxy_protocol.h"
#include "net/transport.h"

namespace sluice::net {

/// The stream behind the PROXY header, with the addresses that the header names. Everything else is the
/// inner transport's.
class ProxiedTransport final : public Transport {
 public:
  /// Takes the header off a connection that has just been accepted. Fault::malformed where there is none,
  /// Fault::closed or the transport's own error where it did not come.
  static Task<Result<std::unique_ptr<Transport>>> accept(std::unique_ptr<Transport> inner);

  void watch(Watcher* watcher) noexcept override { inner_->watch(watcher); }
  bool peer_gone() const noexcept override { return inner_->peer_gone(); }
  void shutdown_write() noexcept override { inner_->shutdown_write(); }
  void end_with_next_write() noexcept override { inner_->end_with_next_write(); }
  void cancel_read() noexcept override { inner_->cancel_read(); }
  void abort(Fault why, bool reset) noexcept override { inner_->abort(why, reset); }
  std::optional<std::uint64_t> delivered() const noexcept override { return inner_->delivered(); }
  bool takes_pipes() const noexcept override { return inner_->takes_pipes(); }
  const Address& peer() const noexcept override { return peer_; }
  const Address& local() const noexcept override { return local_; }
  bool hides_client() const noexcept override { return hides_client_; }

 private:
  ProxiedTransport(std::unique_ptr<Transport> inner, const ProxyHeader& header, Chunk rest)
      : inner_(std::move(inner)),
        peer_(header.known ? header.source : inner_->peer()),
        local_(header.known ? header.destination : inner_->local()),
        hides_client_(!header.known && !header.local),
        rest_(std::move(rest)) {}

  bool start_read(ReadOp& op, std::size_t expected) noexcept override;
  bool start_write(WriteOp& op, std::span<const Slice> slices) noexcept override {
    return inner_->begin_write(op, slices);
  }
  bool start_connect(WriteOp& op) noexcept override;

  std::unique_ptr<Transport> inner_;
  const Address peer_;
  const Address local_;
  const bool hides_client_;
  Chunk rest_;  // what came behind the header
};

}  // namespace sluice::net
