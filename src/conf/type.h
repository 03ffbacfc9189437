// What a C++ type is in YAML, JSON Schema, JSON and docs: one TypeSpec a type.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "conf/constraints.h"
#include "conf/node.h"

namespace sluice::conf {

using Json = nlohmann::ordered_json;
class Catalog;
class ObjectSpec;
class SchemaWriter;

/// Whether secrets are shown, and what a ${…} stands for. `revealed` is for hashing alone.
enum class Disclosure : std::uint8_t { redacted, revealed };

/// What binding carries along.
struct Context {
  Problems& problems;
  const Catalog& catalog;
  std::size_t skipped = 0;  ///< Broken scalars, whose fields kept their defaults.
};

/// Type-erased operations on values of one type. Immutable, lives for the whole process.
class TypeSpec {
 public:
  virtual ~TypeSpec() = default;

  /// Sets the value from the node, or reports what is wrong and leaves a value that is whole but unspecified.
  virtual void bind(const Node& node, void* into, const Constraints& constraints, Context& context) const = 0;
  /// The value as JSON, written as YAML would have it (durations as text). `written`: the node that it was
  /// bound to, absent for a default.
  virtual void write(const void* from, const Node& written, Disclosure disclosure, Json& out) const = 0;
  /// The JSON Schema of every way to write it.
  virtual void describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const = 0;

  /// For docs: `duration`, `list of [Endpoint](#endpoint)`.
  virtual std::string title(const Constraints& constraints) const = 0;
  /// For messages: `a duration like 5s`.
  virtual std::string wanted(const Constraints& constraints) const = 0;
  /// Objects reached through this type, for docs; `step` is what a path gets: "", "[]", ".<name>".
  struct Reached {
    const ObjectSpec* object;
    std::string step;
  };
  virtual std::vector<Reached> reaches(const Constraints&, const Catalog&) const { return {}; }
  /// The type of what is in an optional, list or map.
  virtual const TypeSpec* inner() const { return nullptr; }
  /// An empty optional: left out of dumps and defaults.
  virtual bool absent(const void*) const { return false; }
};

/// Specialise for a type of your own:
///   template <> struct conf::Type<net::Address> { static const conf::TypeSpec& spec(); };
/// with spec() returning a static made by conf::scalar (conf/scalar.h).
template <class T>
struct Type;

template <>
struct Type<bool> {
  static const TypeSpec& spec();
};
template <>
struct Type<int> {
  static const TypeSpec& spec();
};
template <>
struct Type<unsigned> {
  static const TypeSpec& spec();
};
template <>
struct Type<long> {
  static const TypeSpec& spec();
};
template <>
struct Type<unsigned long> {
  static const TypeSpec& spec();
};
template <>
struct Type<short> {
  static const TypeSpec& spec();
};
template <>
struct Type<unsigned short> {
  static const TypeSpec& spec();
};
template <>
struct Type<double> {
  static const TypeSpec& spec();
};
template <>
struct Type<std::string> {
  static const TypeSpec& spec();
};
template <>
struct Type<class Secret> {
  static const TypeSpec& spec();
};
template <>
struct Type<Duration> {
  static const TypeSpec& spec();
};
template <>
struct Type<Bytes> {
  static const TypeSpec& spec();
};
template <>
struct Type<Rate> {
  static const TypeSpec& spec();
};
template <>
struct Type<ByteRate> {
  static const TypeSpec& spec();
};
template <>
struct Type<Percent> {
  static const TypeSpec& spec();
};
template <>
struct Type<Node> {
  static const TypeSpec& spec();
};
template <>
struct Type<struct Definition> {
  static const TypeSpec& spec();
};
template <>
struct Type<struct Tagged> {
  static const TypeSpec& spec();
};

/// A struct with `static const ObjectSpec& spec()`.
std::unique_ptr<const TypeSpec> object_type(const ObjectSpec& (*spec)());

template <class T>
concept ConfigObject = requires {
  { T::spec() } -> std::same_as<const ObjectSpec&>;
};

/// An enum with a function `const conf::EnumSpec& enum_spec(E)` beside it, found by its argument.
template <class E>
concept ConfigEnum = std::is_enum_v<E> && requires(E e) {
  enum_spec(e);
};

/// The TypeSpec of any type that the binder knows.
template <class T>
const TypeSpec& type_of() {
  if constexpr (ConfigObject<T>) {
    static const auto type = object_type(&T::spec);
    return *type;
  } else if constexpr (ConfigEnum<T>) {
    return enum_spec(T{});
  } else {
    return Type<T>::spec();
  }
}

}  // namespace sluice::conf
