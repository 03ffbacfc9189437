// A connection that a pool owns or has lent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/intrusive_list.h"
#include "codec/client_connection.h"
#include "net/address.h"
#include "net/transport.h"
#include "upstream/endpoint.h"

namespace sluice::upstream {

/// A place among an endpoint's connections.max, given back when this ends.
class Slot {
 public:
  Slot() = default;
  explicit Slot(SharedEndpoint& taken) noexcept : endpoint_(&taken) {}
  Slot(Slot&& other) noexcept : endpoint_(std::exchange(other.endpoint_, nullptr)) {}
  Slot& operator=(Slot&& other) noexcept {
    std::swap(endpoint_, other.endpoint_);
    return *this;
  }
  ~Slot() {
    if (endpoint_) endpoint_->give_slot();
  }
  explicit operator bool() const noexcept { return endpoint_ != nullptr; }

 private:
  SharedEndpoint* endpoint_ = nullptr;
};

class PrivateConnections;

/// In its pool's list while idle, watched there: what the endpoint then sends is its end. One that serves a
/// single client is in that client's list too.
class PooledConnection final : public ListHook<>, public ListHook<PrivateConnections>, private net::Watcher {
 public:
  /// Told of connections that died while they were idle.
  class Owner {
   public:
    virtual void on_idle_activity(PooledConnection& connection) noexcept = 0;
    /// The only client that it serves is gone.
    virtual void on_client_gone(PooledConnection& connection) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  /// `only_for`: the client that it serves alone; null: any.
  PooledConnection(Owner& owner, Slot slot, std::unique_ptr<codec::ClientConnection> client,
                   const net::Address& address, PrivateConnections* only_for);
  ~PooledConnection();

  bool is_of(const Owner& pool) const noexcept { return &owner_ == &pool; }
  PrivateConnections* only_for() const noexcept { return only_for_; }
  void end_with_client() noexcept { owner_.on_client_gone(*this); }

  /// Out of the lists that it is in.
  void unlink() noexcept {
    ListHook<>::unlink();
    ListHook<PrivateConnections>::unlink();
  }

  codec::ClientConnection& client() noexcept { return *client_; }
  const net::Address& address() const noexcept { return address_; }
  const std::string& address_text() const noexcept { return address_text_; }

  /// The endpoint has not been seen to close or break it.
  bool alive() noexcept { return !client_->transport().peer_gone(); }

  /// Idle from now on; watched.
  void rest(TimePoint now) noexcept;
  /// In use again.
  void rise() noexcept;
  TimePoint idle_since() const noexcept { return idle_since_; }

  /// Takes the slot away, for the next connection; this one is about to be closed.
  Slot take_slot() noexcept { return std::move(slot_); }

 private:
  void on_activity() noexcept override { owner_.on_idle_activity(*this); }

  Owner& owner_;
  Slot slot_;  // before the client, so that it is given back after the connection is closed
  std::unique_ptr<codec::ClientConnection> client_;
  PrivateConnections* const only_for_;
  const net::Address address_;
  const std::string address_text_;
  TimePoint idle_since_{};
};

}  // namespace sluice::upstream
