// What a Node points into. For the reader and Node alone.
//
//   nodes[0] is the root; children are linked lists in the order of the file:
//
//     root ──first──▶ a ──next──▶ b ──next──▶ none
//                     └first──▶ a.x           (every node also knows its parent)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "conf/node.h"

namespace sluice::conf {

struct Tree {
  static constexpr std::uint32_t none = 0xFFFF'FFFF;

  struct Entry {
    Node::Kind kind = Node::Kind::null;
    Node::Style style = Node::Style::plain;
    bool keyed = false;  ///< The value of a map's key, which may be the empty string.
    bool incomplete = false;
    bool alone = false;  ///< The item of a list that was written without the list: no step of a path.
    std::uint32_t parent = none, first = none, next = none;
    std::uint32_t size = 0;   ///< Children.
    std::uint32_t index = 0;  ///< Among its siblings of the same file.
    std::uint32_t file = 0;   ///< Among `files`.
    Location where, key_where;
    std::string key;
    std::string text;
  };

  std::vector<std::string> files;  ///< The main one first.
  std::vector<Entry> nodes;
  std::size_t text_bytes = 0;  ///< Of all scalars, with what aliases and ${…} stand for.
  struct Expansion {
    std::string written;
    std::string template_text;
  };
  std::unordered_map<std::uint32_t, Expansion> expansions;  ///< Of expanded scalars, by node.
};

}  // namespace sluice::conf
