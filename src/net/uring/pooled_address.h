// An address that few ask for.
#pragma once

#include <new>

#include "base/frame_pool.h"
#include "net/address.h"

namespace sluice::net {

/// Takes a pointer's room, and a frame of the thread's pool once it is set.
class PooledAddress {
 public:
  PooledAddress() = default;
  PooledAddress(const PooledAddress&) = delete;
  PooledAddress& operator=(const PooledAddress&) = delete;
  ~PooledAddress() {
    if (!address_) return;
    address_->~Address();
    free_frame(address_, sizeof(Address));
  }

  /// Once.
  const Address& set(const Address& address) {
    address_ = ::new (allocate_frame(sizeof(Address))) Address(address);
    return *address_;
  }
  explicit operator bool() const noexcept { return address_ != nullptr; }
  const Address& operator*() const noexcept { return *address_; }

 private:
  Address* address_ = nullptr;
};

}  // namespace sluice::net
