#include "body_size.h"

#include <charconv>

namespace sluice::bench {

std::optional<std::size_t> body_size(std::string_view path) {
  constexpr std::size_t kLargest = std::size_t{64} << 20;
  path = path.substr(0, path.find('?'));
  const std::string_view name = path.substr(path.rfind('/') + 1);
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), size);
  const std::string_view unit = name.substr(static_cast<std::size_t>(end - name.data()));
  if (error != std::errc{} || size > kLargest) return std::nullopt;
  if (unit == "k")
    size <<= 10;
  else if (unit == "m")
    size <<= 20;
  else if (!unit.empty())
    return std::nullopt;
  return size <= kLargest ? std::optional(size) : std::nullopt;
}

}  // namespace sluice::bench
