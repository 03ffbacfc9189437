#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "recorder.h"

namespace sluice::bench {

/// Follows one response through the pieces it comes in: the head must say 200 and a Content-Length, which
/// must be `expected` where that is known.
class ResponseReader {
 public:
  /// Starts on the next response.
  void reset(std::optional<std::size_t> expected);

  /// Takes the bytes received next. Returns what is wrong with them, or nothing.
  std::optional<Fault> take(std::string_view bytes);

  /// Takes `count` bytes of the body that were dropped unseen; at most body_left().
  void skip(std::size_t count) { body_left_ -= count; }

  bool started() const { return in_body_ || !head_.empty(); }
  bool whole() const { return in_body_ && body_left_ == 0; }
  std::size_t body_left() const { return in_body_ ? body_left_ : 0; }
  std::size_t body_size() const { return body_size_; }

  /// The proxy said that it closes the connection after this response.
  bool closes() const { return closes_; }

 private:
  std::optional<Fault> take_head(std::string_view bytes);

  std::optional<std::size_t> expected_;
  std::string head_;  ///< the head's first bytes, when it came in pieces
  std::size_t body_size_ = 0;
  std::size_t body_left_ = 0;
  bool in_body_ = false;
  bool closes_ = false;
};

}  // namespace sluice::bench
