#include "http/token.h"

namespace sluice::http {
namespace detail {
constexpr std::array<std::string_view, field_name_count> canonical_names = {
    "",
#define SLUICE_FIELD(name, text) text,
#include "http/field_names.inc"
#undef SLUICE_FIELD
};
}  // namespace detail

namespace {

using detail::canonical_names;

constexpr std::size_t slot_bits = 10;
constexpr std::size_t shortest = 2;  // "TE"

// Length and four letters tell all known names apart; `| 0x20` folds case, and what it folds
// wrongly (CR and '-') is caught by the comparison afterwards.
constexpr std::uint64_t key_of(std::string_view name) noexcept {
  const std::size_t n = name.size();
  const auto at = [&](std::size_t i) {
    return static_cast<std::uint64_t>(static_cast<unsigned char>(name[i]));
  };
  return n | at(0) << 8 | at(n / 2) << 16 | at(n - 1) << 24 | at(n * 3 / 4) << 32 | 0x2020202000u;
}

constexpr std::size_t slot_of(std::uint64_t key, std::uint64_t multiplier) noexcept {
  return static_cast<std::size_t>((key * multiplier) >> (64 - slot_bits));
}

struct PerfectHash {
  std::uint64_t multiplier = 0;  // 0: none was found
  std::array<std::uint8_t, std::size_t{1} << slot_bits> slots{};
};

constexpr PerfectHash find_perfect_hash() {
  std::array<std::uint64_t, field_name_count> keys{};
  for (std::size_t i = 1; i < field_name_count; ++i) keys[i] = key_of(canonical_names[i]);
  std::uint64_t multiplier = 0x9e3779b97f4a7c15u;
  for (int attempt = 0; attempt < 2000; ++attempt) {
    std::array<std::uint64_t, (std::size_t{1} << slot_bits) / 64> used{};
    std::size_t placed = 1;
    for (; placed < field_name_count; ++placed) {
      const std::size_t slot = slot_of(keys[placed], multiplier);
      const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
      if ((used[slot / 64] & bit) != 0) break;
      used[slot / 64] |= bit;
    }
    if (placed == field_name_count) {
      PerfectHash hash;
      hash.multiplier = multiplier;
      for (std::size_t i = 1; i < field_name_count; ++i) {
        hash.slots[slot_of(keys[i], multiplier)] = static_cast<std::uint8_t>(i);
      }
      return hash;
    }
    multiplier = multiplier * 6364136223846793005u + 1442695040888963407u;
    multiplier |= 1;
  }
  return {};
}

constexpr PerfectHash perfect_hash = find_perfect_hash();
static_assert(perfect_hash.multiplier != 0, "two field names share their key: widen key_of");

constexpr std::array<std::string_view, 11> method_names = {
    "", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"};

}  // namespace

FieldName field_name(std::string_view name) noexcept {
  if (name.size() < shortest) return FieldName::other;
  const std::uint8_t candidate = perfect_hash.slots[slot_of(key_of(name), perfect_hash.multiplier)];
  return equal_ignore_case(name, canonical_names[candidate]) ? static_cast<FieldName>(candidate)
                                                             : FieldName::other;
}

Method method(std::string_view text) noexcept {
  for (std::size_t i = 1; i < method_names.size(); ++i) {
    if (text == method_names[i]) return static_cast<Method>(i);
  }
  return Method::other;
}

std::string_view name(Method method) noexcept { return method_names[static_cast<std::size_t>(method)]; }

std::string_view name(Version version) noexcept {
  switch (version) {
    case Version::http_1_0:
      return "HTTP/1.0";
    case Version::http_1_1:
      return "HTTP/1.1";
    case Version::http_2:
      return "HTTP/2";
  }
  return {};
}

std::string_view short_name(Version version) noexcept { return name(version).substr(5); }

}  // namespace sluice::http
