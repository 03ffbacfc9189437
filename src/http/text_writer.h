// Text into a buffer of fixed size; what does not fit is noticed, not written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace sluice::http {

class TextWriter {
 public:
  explicit TextWriter(std::span<char> out) noexcept : out_(out) {}

  TextWriter& put(std::string_view text) noexcept {
    if (text.size() > out_.size() - size_) {
      fits_ = false;
      return *this;
    }
    if (!text.empty()) std::memcpy(out_.data() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }

  TextWriter& put(char c) noexcept { return put(std::string_view(&c, 1)); }

  TextWriter& put_number(std::uint64_t number) noexcept {
    char digits[20];
    std::size_t start = sizeof digits;
    do {
      digits[--start] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return put(std::string_view(digits + start, sizeof digits - start));
  }

  bool fits() const noexcept { return fits_; }

  /// Bytes written; 0 where not everything fitted.
  std::size_t size() const noexcept { return fits_ ? size_ : 0; }
  std::string_view view() const noexcept { return {out_.data(), size()}; }

 private:
  std::span<char> out_;
  std::size_t size_ = 0;
  bool fits_ = true;
};

}  // namespace sluice::http
