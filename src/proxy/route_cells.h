// The compiled form of a route table.
//
//   hosts      "api.example.com" | ".example.com" | any          a name, a wildcard, no host
//                 |- exact paths    cells: (host, exact, "/health")  -> run
//                 |- regexes        run, in the order they are tried
//                 |- prefixes       cells: (host, prefix, "/orders") -> run, asked longest first
//                 '- rest           run: routes without a path, and "/*"
//
//   run        [first, first + count) of candidates, best first
//   candidate  route, methods, [first, first + count) of demands
//   demand     on a header field or a query parameter
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <re2/re2.h>

#include "http/token.h"
#include "proxy/method_set.h"

namespace sluice::proxy {

struct Run {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// What must hold of a value.
struct Demand {
  enum class Source : std::uint8_t { header, query };
  enum class Test : std::uint8_t { present, absent, exact, regex };
  Source source = Source::header;
  Test test = Test::present;
  http::FieldName field = http::FieldName::other;
  std::string name;
  std::string value;           ///< For exact and, as text, for regex.
  const RE2* regex = nullptr;  ///< Owned by RouteCells.

  bool operator==(const Demand&) const = default;
};

struct Candidate {
  std::uint32_t route = 0;
  MethodSet methods = every_method;
  Run demands;
  const RE2* path = nullptr;  ///< Of a regex route.
};

struct Host {
  Run regexes;
  Run rest;
  std::uint32_t prefix_depth = 0;  ///< Segments of its longest prefix; 0: it has none.
  bool has_exact = false;
};

enum class PathKind : std::uint8_t { exact, prefix };

/// FNV-like, eight bytes a step. The table is the operator's, so collisions need no defence.
inline std::uint64_t hash_step(std::uint64_t hash, std::string_view text) noexcept {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15u;
  while (!text.empty()) {
    std::uint64_t word = text.size();
    const std::size_t size = text.size() < 8 ? text.size() : 8;
    if (size == 8) {
      __builtin_memcpy(&word, text.data(), 8);
    } else {
      for (std::size_t i = 0; i < size; ++i) word = word << 8 | static_cast<unsigned char>(text[i]);
    }
    hash = (hash ^ word) * odd;
    hash ^= hash >> 32;
    text.remove_prefix(size);
  }
  return hash;
}

/// A path with the hash of each of its prefixes that end before a "/" or at its end.
class PathHashes {
 public:
  static constexpr std::size_t most = 32;  ///< Prefixes remembered; longer ones are no routes.

  explicit PathHashes(std::string_view path) noexcept;

  struct Prefix {
    std::uint64_t hash;
    std::uint32_t size;
  };
  std::size_t depth() const noexcept { return depth_; }
  const Prefix& prefix(std::size_t depth) const noexcept { return prefixes_[depth - 1]; }
  std::uint64_t whole() const noexcept { return whole_; }
  std::string_view path() const noexcept { return path_; }

 private:
  std::string_view path_;
  std::uint64_t whole_ = 0;
  std::size_t depth_ = 0;
  Prefix prefixes_[most];  // the first depth_ are set
};

/// Text keys to numbers, in open addressing; at most half full.
class CellTable {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// `value` for a key that is not there yet.
  void insert(std::uint64_t hash, std::uint32_t owner, std::string_view key, std::uint32_t value);
  /// none where it is not there.
  std::uint32_t find(std::uint64_t hash, std::uint32_t owner, std::string_view key) const noexcept;

 private:
  struct Cell {
    std::uint64_t hash = 0;
    std::uint32_t owner = 0;
    std::uint32_t value = none;
    std::uint32_t key_offset = 0;
    std::uint32_t key_size = 0;
  };
  void place(const Cell& cell) noexcept;

  std::vector<Cell> cells_;
  std::string keys_;
  std::size_t count_ = 0;
};

struct RouteCells {
  MethodTable methods;
  CellTable host_names;  ///< Exact names, and wildcards as ".example.com", to hosts.
  CellTable paths;       ///< (host, kind, path) to runs; the owner is 2 * host + kind.
  std::vector<Host> hosts;
  std::vector<Run> runs;
  std::vector<Candidate> candidates;
  std::vector<Demand> demands;
  std::vector<std::unique_ptr<const RE2>> regexes;
  std::uint32_t any_host = CellTable::none;
  bool has_wildcards = false;

  static std::uint32_t owner(std::uint32_t host, PathKind kind) noexcept {
    return 2 * host + static_cast<std::uint32_t>(kind);
  }
};

}  // namespace sluice::proxy
