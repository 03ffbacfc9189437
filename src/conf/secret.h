// A string that is never printed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::conf {

/// Has no stream operator, no formatter and no conversion; dumps show "***". reveal() is the one way to
/// the text: whoever calls it answers for where the text goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  std::string_view reveal() const noexcept { return text_; }
  /// Takes as long for every text of the right length, so that the time does not tell how much of it is
  /// right.
  bool is(std::string_view text) const noexcept {
    if (text.size() != text_.size()) return false;
    volatile unsigned char differing = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
      differing = static_cast<unsigned char>(differing | (text[i] ^ text_[i]));
    return differing == 0;
  }
  bool empty() const noexcept { return text_.empty(); }

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

}  // namespace sluice::conf
