// The configuration file as a tree of located nodes.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "conf/problem.h"

namespace sluice::conf {

struct Tree;

/// A borrowed place in a tree that its holders keep alive together; cheap to copy. A default-constructed
/// node is absent: kind `null`, no file, no place, no path.
///
/// A member of type Node takes any YAML, to be bound later; a member named by ObjectSpec's `.where(…)`
/// remembers where the struct was written.
class Node {
 public:
  enum class Kind : std::uint8_t { null, scalar, list, map };
  /// How a scalar was written. `plain` ones are typed by how they look; `expanded` ones had a ${…} in
  /// them, count as plain or quoted, whichever fits, and are shown in messages as they were written;
  /// `broken` ones had one that stands for nothing, which was reported: nothing more is said of them.
  enum class Style : std::uint8_t { plain, quoted, expanded, broken };

  Node() noexcept = default;
  Node(std::shared_ptr<const Tree> tree, std::uint32_t index) noexcept;

  explicit operator bool() const noexcept { return tree_ != nullptr; }

  Kind kind() const noexcept;
  bool is_null() const noexcept { return kind() == Kind::null; }
  bool is_scalar() const noexcept { return kind() == Kind::scalar; }
  bool is_list() const noexcept { return kind() == Kind::list; }
  bool is_map() const noexcept { return kind() == Kind::map; }

  /// The text of a scalar after expansion; empty for all else.
  std::string_view text() const noexcept;
  /// The text after expansion for where a brace begins a variable: those that a ${…} brought in are doubled.
  std::string_view template_text() const noexcept;
  /// The text before expansion.
  std::string_view written() const noexcept;
  Style style() const noexcept;

  Location location() const noexcept;
  /// Where the key stands that this is the value of; its own place for list items and the root.
  Location key_location() const noexcept;
  /// The key that this is the value of; empty for list items and the root.
  std::string_view key() const noexcept;
  /// Something of it was left out, and reported: a second writing of its key, or its merge keys. What is
  /// missing here may have stood there.
  bool incomplete() const noexcept;
  /// The one it is written in: the main file, or one that it includes.
  std::string_view file() const noexcept;
  /// `routes[0].match.path`, as counted in its own file; keys with other characters than letters, digits, _
  /// and - are quoted.
  std::string path() const;

  /// Children of a list or map, in the order of the file.
  std::uint32_t size() const noexcept;
  Node first() const noexcept;  ///< Absent when there is none.
  Node next() const noexcept;   ///< The next sibling; absent after the last.
  /// A map's value by key; absent where there is none.
  Node find(std::string_view key) const noexcept;
  /// By a path below this node, `tls.certificates[0]`: as far as it exists.
  Node nearest_to(std::string_view path) const;

  /// `for (const Node& child : node)`.
  class iterator;
  iterator begin() const noexcept;
  iterator end() const noexcept;

 private:
  std::shared_ptr<const Tree> tree_;
  std::uint32_t index_ = 0;
};

class Node::iterator {
 public:
  explicit iterator(Node node) noexcept : node_(std::move(node)) {}
  const Node& operator*() const noexcept { return node_; }
  const Node* operator->() const noexcept { return &node_; }
  iterator& operator++() noexcept {
    node_ = node_.next();
    return *this;
  }
  bool operator!=(const iterator& other) const noexcept {
    return static_cast<bool>(node_) != static_cast<bool>(other.node_);
  }

 private:
  Node node_;
};

inline Node::iterator Node::begin() const noexcept { return iterator(first()); }
inline Node::iterator Node::end() const noexcept { return iterator(Node()); }

/// "a list", "the number 5", "the text \"abc\"", "nothing": for messages. Never what a ${…} stands for.
std::string in_words(const Node& node);

/// How a plain scalar reads in YAML 1.2's core schema.
enum class Looks : std::uint8_t { text, null, boolean, integer, real };
Looks looks_like(std::string_view plain) noexcept;

/// A value together with the place it was written at, for references that are checked later:
///   problems.add(route.upstream.where, "no upstream is named 'ordrs'", suggest(…));
template <class T>
struct Located {
  T value{};
  Node where{};

  Located() = default;
  template <std::convertible_to<T> U>
  requires(!std::same_as<std::remove_cvref_t<U>, Located>) Located(U&& v)
      : value(std::forward<U>(v)) {}  // NOLINT(google-explicit-constructor): it stands for its value
  Located(T v, Node at) : value(std::move(v)), where(std::move(at)) {}

  const T& operator*() const noexcept { return value; }
  const T* operator->() const noexcept { return &value; }
  friend bool operator==(const Located& a, const Located& b) { return a.value == b.value; }
};

/// For messages: the text, in place of what a ${…} stands for what was written.
inline std::string_view shown(const Located<std::string>& text) {
  return text.where.style() == Node::Style::expanded ? text.where.written() : std::string_view(*text);
}

}  // namespace sluice::conf
