// How an nghttp2 session is made.
#pragma once

#include <new>

#include <nghttp2/nghttp2.h>

#include "codec/h2/connection.h"
#include "codec/h2/recycled_memory.h"

namespace sluice::codec::h2 {

/// Callbacks and options of one session; each side adds its own callbacks to those that both have.
class Connection::Setup {
  static constexpr std::size_t kLargestHead = 4 << 20;

 public:
  Setup() {
    if (nghttp2_session_callbacks_new(&callbacks_) != 0 || nghttp2_option_new(&option_) != 0)
      throw std::bad_alloc();
    add_callbacks(callbacks_);
    nghttp2_option_set_no_auto_window_update(option_, 1);
    nghttp2_option_set_no_closed_streams(option_, 1);
    // What may come in HTTP/1.1 may go out here; of itself nghttp2 drops a head beyond 64 KiB without a word.
    nghttp2_option_set_max_send_header_block_length(option_, kLargestHead);
  }
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;
  ~Setup() {
    nghttp2_option_del(option_);
    nghttp2_session_callbacks_del(callbacks_);
  }

  nghttp2_session_callbacks* callbacks() noexcept { return callbacks_; }

  nghttp2_session* server(Connection* user) {
    nghttp2_session* session = nullptr;
    if (nghttp2_session_server_new3(&session, callbacks_, user, option_, &recycled_memory()) != 0)
      throw std::bad_alloc();
    return session;
  }
  nghttp2_session* client(Connection* user) {
    nghttp2_session* session = nullptr;
    if (nghttp2_session_client_new3(&session, callbacks_, user, option_, &recycled_memory()) != 0)
      throw std::bad_alloc();
    return session;
  }

 private:
  nghttp2_session_callbacks* callbacks_ = nullptr;
  nghttp2_option* option_ = nullptr;
};

}  // namespace sluice::codec::h2
