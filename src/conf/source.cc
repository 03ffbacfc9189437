#include "conf/source.h"

#include <algorithm>
#include <utility>

namespace sluice::conf {

Source::Source(std::string_view text, std::string file) : text_(text), file_(std::move(file)), starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') starts_.push_back(i + 1);
}

std::string_view Source::line(std::size_t number) const noexcept {
  if (number < 1 || number > starts_.size()) return {};
  const std::size_t start = starts_[number - 1];
  auto line = text_.substr(start, std::min(text_.find('\n', start), text_.size()) - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Location Source::locate(std::size_t offset) const noexcept {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return {.line = static_cast<std::uint32_t>(after - starts_.begin()),
          .column = static_cast<std::uint32_t>(offset - *(after - 1) + 1)};
}

Location Source::end() const noexcept {
  const auto last = text_.find_last_not_of(" \t\r\n");
  return locate(last == std::string_view::npos ? 0 : last);
}

std::uint32_t Source::tab_before(Location where) const noexcept {
  const auto text = line(where.line);
  for (std::uint32_t i = 0; i < text.size() && i + 1 < where.column; ++i) {
    if (text[i] == '\t') return i + 1;
    if (text[i] != ' ') return 0;
  }
  return 0;
}

Problem Source::problem(Location where, std::string message, std::string hint) const {
  return {.file = file_,
          .line = where.line,
          .column = where.column,
          .path = {},
          .message = std::move(message),
          .hint = std::move(hint)};
}

}  // namespace sluice::conf
