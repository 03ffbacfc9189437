// What a Node points into. For the reader and Node alone.
//
//   nodes[0] is the root; children are linked lists in the order of the file:
//
//     root ──first──▶ a ──next──▶ b ──next──▶ none
//                     └first──▶ a.x           (every node also knows its parent)
#pragma once

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
    std::uint32_t parent = none, first = none, next = none;
    std::uint32_t size = 0;   ///< Children.
    std::uint32_t index = 0;  ///< Among its siblings.
    Location where, key_where;
    std::string key;
    std::string text;
  };

  std::string file;
  std::vector<Entry> nodes;
  struct Expansion {
    std::string written;
    std::string template_text;
  };
  std::unordered_map<std::uint32_t, Expansion> expansions;  ///< Of expanded scalars, by node.
};

}  // namespace sluice::conf
