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

/// In its pool's list while idle, watched there: what the endpoint then sends is its end.
class PooledConnection final : public ListHook<>, private net::Watcher {
 public:
  /// Told of connections that died while they were idle.
  class Owner {
   public:
    virtual void on_idle_activity(PooledConnection& connection) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  PooledConnection(Owner& owner, Slot slot, std::unique_ptr<codec::ClientConnection> client,
                   const net::Address& address);
  ~PooledConnection();

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
  const net::Address address_;
  const std::string address_text_;
  TimePoint idle_since_{};
};

}  // namespace sluice::upstream
