// A connection to an endpoint that serves many exchanges at a time, each by a stream (HTTP/2).
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/intrusive_list.h"
#include "codec/h2/client.h"
#include "net/address.h"
#include "upstream/pooled_connection.h"
#include "upstream/stats.h"

namespace sluice::upstream {

/// In its pool's list from the moment it stands until it is over.
class MultiplexedConnection final : public ListHook<> {
 public:
  using Owner = codec::h2::ClientConnection::Owner;

  struct Parts {
    Owner& owner;
    net::Loop& loop;
    PoolCounts& counts;
    codec::h2::ClientLimits limits;
  };

  MultiplexedConnection(const Parts& parts, Slot slot, std::unique_ptr<net::Transport> transport,
                        const net::Address& address);
  ~MultiplexedConnection();

  codec::h2::ClientConnection& client() noexcept { return client_; }
  const net::Address& address() const noexcept { return address_; }
  const std::string& address_text() const noexcept { return address_text_; }

  Slot take_slot() noexcept { return std::move(slot_); }

 private:
  friend class LentStream;
  void count_idle(bool idle) noexcept;

  PoolCounts& counts_;
  Slot slot_;  // before the client, so that it is given back after the connection is closed
  codec::h2::ClientConnection client_;
  const net::Address address_;
  const std::string address_text_;
  bool idle_ = false;  // and counted so
};

/// A stream of a connection with room, ended with this.
class LentStream {
 public:
  LentStream() = default;
  explicit LentStream(MultiplexedConnection& connection);
  LentStream(LentStream&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)),
        stream_(other.stream_),
        reused_(other.reused_) {}
  LentStream& operator=(LentStream&& other) noexcept {
    std::swap(connection_, other.connection_);
    std::swap(stream_, other.stream_);
    std::swap(reused_, other.reused_);
    return *this;
  }
  ~LentStream();
  explicit operator bool() const noexcept { return connection_ != nullptr; }

  codec::h2::ClientStream& stream() const noexcept { return *stream_; }
  MultiplexedConnection& connection() const noexcept { return *connection_; }

  /// Others were opened on the connection before.
  bool reused() const noexcept { return reused_; }

 private:
  MultiplexedConnection* connection_ = nullptr;
  codec::h2::ClientStream* stream_ = nullptr;
  bool reused_ = false;
};

}  // namespace sluice::upstream
