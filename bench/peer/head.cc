#include "head.h"

#include <strings.h>

#include <charconv>

namespace sluice::bench {

std::optional<Head> Head::find(std::string_view bytes) {
  const auto blank = bytes.find("\r\n\r\n");
  if (blank == std::string_view::npos) return std::nullopt;
  return Head(bytes.substr(0, blank + 4));
}

int Head::status() const {
  int code = 0;
  if (!text_.starts_with("HTTP/1.") || text_.size() < 12) return 0;
  std::from_chars(text_.data() + 9, text_.data() + 12, code);
  return code;
}

std::string_view Head::method() const { return text_.substr(0, text_.find(' ')); }

std::string_view Head::target() const {
  const auto start = text_.find(' ');
  if (start == std::string_view::npos) return {};
  return text_.substr(start + 1, text_.find(' ', start + 1) - start - 1);
}

std::string_view Head::field(std::string_view name) const {
  for (auto line = text_.find("\r\n") + 2; line + name.size() < text_.size();) {
    const auto end = text_.find("\r\n", line);
    const bool named =
        text_[line + name.size()] == ':' && strncasecmp(text_.data() + line, name.data(), name.size()) == 0;
    if (named) {
      const auto value = text_.find_first_not_of(" \t", line + name.size() + 1);
      return text_.substr(value, end - value);
    }
    line = end + 2;
  }
  return {};
}

std::optional<std::size_t> Head::content_length() const {
  const std::string_view value = field("content-length");
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return length;
}

}  // namespace sluice::bench
