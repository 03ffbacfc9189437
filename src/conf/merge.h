// Several files' top-level maps into one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "conf/binder.h"
#include "conf/tree.h"

namespace sluice::conf {

/// Names other files, in the main one alone.
constexpr std::string_view include_key = "include";

/// Adds roots to the tree's first one, key by key, as read_config() says.
class Merge {
 public:
  /// What `spec` says of a key decides: lists grow, maps of names are merged, all else is there once.
  Merge(std::shared_ptr<Tree> tree, const ObjectSpec& spec, Problems& problems);

  void add(std::uint32_t root);
  /// A file is missing: of everything that it may have added to nothing is known to be missing.
  void leave_open();

 private:
  /// A list or map that grows.
  struct Growing {
    std::uint32_t last = Tree::none;                          ///< Child.
    std::unordered_map<std::string, std::uint32_t> by_key{};  ///< Of a map.
  };

  void add_value(std::uint32_t value);
  void append_items(std::uint32_t to, std::uint32_t value);
  void append_named(std::uint32_t to, std::uint32_t map);
  Growing& growing(std::uint32_t node);
  void append(std::uint32_t to, std::uint32_t child);
  void make_list(std::uint32_t node);
  void complain_twice(std::uint32_t first, std::uint32_t again, const std::string& what);

  std::shared_ptr<Tree> tree_;
  const ObjectSpec& spec_;
  Problems& problems_;
  std::unordered_map<std::uint32_t, Growing> growing_;
};

}  // namespace sluice::conf
