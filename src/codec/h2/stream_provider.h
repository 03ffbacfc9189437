// Where nghttp2 gets the bodies that go out.
#pragma once

#include <nghttp2/nghttp2.h>

#include "codec/h2/stream.h"

namespace sluice::codec::h2 {

/// Finds its stream by the id, never by a pointer: an exchange may be over while nghttp2 still holds its
/// provider.
struct Stream::Provider {
  static nghttp2_data_provider make() noexcept {
    nghttp2_data_provider provider{};
    provider.read_callback = &on_room;
    return provider;
  }

 private:
  static ssize_t on_room(nghttp2_session* session, std::int32_t id, std::uint8_t* out, std::size_t room,
                         std::uint32_t* flags, nghttp2_data_source* source, void* user);
};

}  // namespace sluice::codec::h2
