// A string that is never printed.
#pragma once

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
  bool empty() const noexcept { return text_.empty(); }

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

}  // namespace sluice::conf
