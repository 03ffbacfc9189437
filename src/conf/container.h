// Types made of types: optional, list, map, named list, located.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/type.h"

namespace sluice::conf {

/// One item of a map that keeps the file's order.
template <class T>
struct Named {
  std::string name;
  T value{};
  Node where{};  ///< Of the value; where.key_location() is the name's.

  friend bool operator==(const Named& a, const Named& b) { return a.name == b.name && a.value == b.value; }
};

/// A YAML map in the order of the file.
template <class T>
class NamedList : public std::vector<Named<T>> {
 public:
  using std::vector<Named<T>>::vector;

  const T* find(std::string_view name) const {
    for (const auto& item : *this)
      if (item.name == name) return &item.value;
    return nullptr;
  }
  std::vector<std::string_view> names() const {
    std::vector<std::string_view> out;
    for (const auto& item : *this) out.push_back(item.name);
    return out;
  }
};

/// std::optional<T>: absent unless written; `null` is absent too.
class OptionalType : public TypeSpec {
 public:
  struct Access {
    void* (*engage)(void*);
    void (*reset)(void*);
    const void* (*get)(const void*);  ///< Null when empty.
    const TypeSpec& (*inner)();
  };
  explicit OptionalType(Access access) : access_(access) {}

  void bind(const Node&, void*, const Constraints&, Context&) const override;
  void write(const void*, const Node&, Disclosure, Json&) const override;
  void describe(const Constraints&, SchemaWriter&, Json&) const override;
  std::string title(const Constraints&) const override;
  std::string wanted(const Constraints&) const override;
  std::vector<Reached> reaches(const Constraints&, const Catalog&) const override;
  const TypeSpec* inner() const override { return &access_.inner(); }
  bool absent(const void* from) const override;

 private:
  Access access_;
};

/// std::vector<T>: a YAML list, or one item written alone.
class ListType : public TypeSpec {
 public:
  struct Access {
    void (*clear)(void*);
    void* (*append)(void*);
    std::size_t (*size)(const void*);
    const void* (*at)(const void*, std::size_t);
    const TypeSpec& (*inner)();
  };
  explicit ListType(Access access) : access_(access) {}

  void bind(const Node&, void*, const Constraints&, Context&) const override;
  void write(const void*, const Node&, Disclosure, Json&) const override;
  void describe(const Constraints&, SchemaWriter&, Json&) const override;
  std::string title(const Constraints&) const override;
  std::string wanted(const Constraints&) const override;
  std::vector<Reached> reaches(const Constraints&, const Catalog&) const override;
  const TypeSpec* inner() const override { return &access_.inner(); }

 private:
  Access access_;
};

/// std::map<std::string, T> and NamedList<T>: a YAML map with names of the user's choice.
class MapType : public TypeSpec {
 public:
  struct Access {
    void (*clear)(void*);
    void* (*insert)(void*, std::string_view name, const Node& where);
    std::size_t (*size)(const void*);
    /// Item by position; maps walk, which only dumps do.
    std::pair<std::string_view, const void*> (*at)(const void*, std::size_t);
    const TypeSpec& (*inner)();
  };
  explicit MapType(Access access) : access_(access) {}

  void bind(const Node&, void*, const Constraints&, Context&) const override;
  void write(const void*, const Node&, Disclosure, Json&) const override;
  void describe(const Constraints&, SchemaWriter&, Json&) const override;
  std::string title(const Constraints&) const override;
  std::string wanted(const Constraints&) const override;
  std::vector<Reached> reaches(const Constraints&, const Catalog&) const override;
  const TypeSpec* inner() const override { return &access_.inner(); }

 private:
  Access access_;
};

/// Located<T>: what T is, and where.
class LocatedType : public TypeSpec {
 public:
  struct Access {
    void* (*value)(void*, const Node& where);
    const void* (*get)(const void*);
    const TypeSpec& (*inner)();
  };
  explicit LocatedType(Access access) : access_(access) {}

  void bind(const Node&, void*, const Constraints&, Context&) const override;
  void write(const void*, const Node&, Disclosure, Json&) const override;
  void describe(const Constraints&, SchemaWriter&, Json&) const override;
  std::string title(const Constraints&) const override;
  std::string wanted(const Constraints&) const override;
  std::vector<Reached> reaches(const Constraints&, const Catalog&) const override;
  const TypeSpec* inner() const override { return &access_.inner(); }
  bool absent(const void* from) const override;

 private:
  Access access_;
};

template <class T>
struct Type<std::optional<T>> {
  static const TypeSpec& spec() {
    using Self = std::optional<T>;
    static const OptionalType type({
        .engage = [](void* self) -> void* { return &static_cast<Self*>(self)->emplace(); },
        .reset = [](void* self) { static_cast<Self*>(self)->reset(); },
        .get = [](const void* self) -> const void* {
          const auto& value = *static_cast<const Self*>(self);
          return value ? &*value : nullptr;
        },
        .inner = &type_of<T>,
    });
    return type;
  }
};

template <class T>
struct Type<std::vector<T>> {
  static const TypeSpec& spec() {
    using Self = std::vector<T>;
    static const ListType type({
        .clear = [](void* self) { static_cast<Self*>(self)->clear(); },
        .append = [](void* self) -> void* { return &static_cast<Self*>(self)->emplace_back(); },
        .size = [](const void* self) { return static_cast<const Self*>(self)->size(); },
        .at = [](const void* self, std::size_t i) -> const void* {
          return &(*static_cast<const Self*>(self))[i];
        },
        .inner = &type_of<T>,
    });
    return type;
  }
};

template <class T, class Compare>
struct Type<std::map<std::string, T, Compare>> {
  static const TypeSpec& spec() {
    using Self = std::map<std::string, T, Compare>;
    static const MapType type({
        .clear = [](void* self) { static_cast<Self*>(self)->clear(); },
        .insert = [](void* self, std::string_view name, const Node&) -> void* {
          return &(*static_cast<Self*>(self))[std::string(name)];
        },
        .size = [](const void* self) { return static_cast<const Self*>(self)->size(); },
        .at = [](const void* self, std::size_t i) -> std::pair<std::string_view, const void*> {
          const auto item =
              std::next(static_cast<const Self*>(self)->begin(), static_cast<std::ptrdiff_t>(i));
          return {item->first, &item->second};
        },
        .inner = &type_of<T>,
    });
    return type;
  }
};

template <class T>
struct Type<NamedList<T>> {
  static const TypeSpec& spec() {
    using Self = NamedList<T>;
    static const MapType type({
        .clear = [](void* self) { static_cast<Self*>(self)->clear(); },
        .insert = [](void* self, std::string_view name, const Node& where) -> void* {
          auto& item = static_cast<Self*>(self)->emplace_back();
          item.name = name;
          item.where = where;
          return &item.value;
        },
        .size = [](const void* self) { return static_cast<const Self*>(self)->size(); },
        .at = [](const void* self, std::size_t i) -> std::pair<std::string_view, const void*> {
          const auto& item = (*static_cast<const Self*>(self))[i];
          return {item.name, &item.value};
        },
        .inner = &type_of<T>,
    });
    return type;
  }
};

template <class T>
struct Type<Located<T>> {
  static const TypeSpec& spec() {
    using Self = Located<T>;
    static const LocatedType type({
        .value = [](void* self, const Node& where) -> void* {
          static_cast<Self*>(self)->where = where;
          return &static_cast<Self*>(self)->value;
        },
        .get = [](const void* self) -> const void* { return &static_cast<const Self*>(self)->value; },
        .inner = &type_of<T>,
    });
    return type;
  }
};

}  // namespace sluice::conf
