// How much memory the process may have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.h"
#include "conf/type.h"

namespace sluice::runtime {

/// As it is written: `auto`, `off` or a size.
struct MemoryLimit {
  enum class Kind : std::uint8_t { automatic, off, fixed };
  Kind kind = Kind::automatic;
  Bytes bytes{};

  friend bool operator==(const MemoryLimit&, const MemoryLimit&) = default;
};

Parsed<MemoryLimit> parse_memory_limit(std::string_view text);

/// The ceiling in bytes; 0: none. `auto` is 80 % of what there is.
std::uint64_t memory_ceiling(const MemoryLimit& limit, std::uint64_t available);

/// What the tightest memory cgroup on the way up allows, or else the machine's memory; bytes. `root` stands
/// for / in tests.
std::uint64_t available_memory(const std::string& root = "");

}  // namespace sluice::runtime

namespace sluice::conf {
template <>
struct Type<runtime::MemoryLimit> {
  static const TypeSpec& spec();
};
}  // namespace sluice::conf
