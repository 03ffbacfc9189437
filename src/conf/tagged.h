// Things whose kind is a key: `{ rate_limit: {…} }`, looked up in a table of kinds.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/type.h"

namespace sluice::conf {

/// One kind of thing: its key, its configuration, and what its owner makes it with.
struct Kind {
  std::string name;
  const ObjectSpec& (*spec)() = nullptr;
  const void* factory = nullptr;  ///< Opaque here; the owner of the table knows its type.
};

/// The tables of kinds by category ("middleware"), given to bind, schema and markdown.
class Catalog {
 public:
  void add(std::string category, Kind kind);
  /// The kinds of a category in the order they were added; empty for an unknown one.
  const std::vector<Kind>& kinds(std::string_view category) const;
  const Kind* find(std::string_view category, std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::vector<Kind>>> categories_;
};

/// A map of one key: a kind and its configuration. The field's option `conf::kinds("…")` names the category.
struct Definition {
  std::string kind;                     ///< The key.
  Node config{};                        ///< As written, to be bound again by whoever likes.
  std::shared_ptr<const void> value{};  ///< Bound by the kind's spec: an object of the type that has it.
  const Kind* entry = nullptr;          ///< In the catalog, which must outlive this.

  template <class T>
  const T& as() const noexcept {
    return *static_cast<const T*>(value.get());
  }
};

/// An item of a list of uses: the name of something defined elsewhere, or a definition on the spot.
struct Tagged {
  std::string reference;    ///< Empty for an inline definition.
  Definition definition{};  ///< For an empty reference.
  Node where{};

  bool is_reference() const noexcept { return !reference.empty(); }
};

}  // namespace sluice::conf
