#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::bench {

/// Just enough of an HTTP/1.1 message head for a peer that trusts nobody's framing but counts what is wrong.
class Head {
 public:
  /// The head that `bytes` start with, or nothing when its blank line has not come yet. Borrows `bytes`.
  static std::optional<Head> find(std::string_view bytes);

  std::size_t size() const { return text_.size(); }

  /// The status code of a response's head; 0 when this is none.
  int status() const;

  /// Method and target of a request's head; empty when this is none.
  std::string_view method() const;
  std::string_view target() const;

  /// The value of the first field of that name, which must be given in lower case; empty when there is none.
  std::string_view field(std::string_view name) const;

  /// Content-Length; nothing when it is absent or no number.
  std::optional<std::size_t> content_length() const;

 private:
  explicit Head(std::string_view text) : text_(text) {}

  std::string_view text_;
};

}  // namespace sluice::bench
