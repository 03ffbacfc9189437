// Scalar types: those with a text form, and enums.
#pragma once

#include <cstring>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/type.h"

namespace sluice::conf {

/// What a scalar looks like from outside.
struct ScalarForm {
  /// How it must be written, as JSON Schema tells values apart.
  enum class Written : std::uint8_t {
    anyhow,   ///< Plain or quoted: a duration, an address.
    as_text,  ///< Quoted where a plain one would read as a number or truth value.
    bare,     ///< Never quoted: numbers and truth values, which are so in JSON too.
  };

  std::string title;      ///< For docs: `address`.
  std::string wanted;     ///< For messages: `an address like 10.0.0.1:80`.
  std::string pattern{};  ///< Anchored ECMA 262 regular expression; empty: any text.
  bool integers = false;  ///< Of `anyhow`: a plain whole number may be one (a size, a status code).
  Written written = Written::anyhow;
  std::string json_type = "string";
  bool variables = false;  ///< A brace begins a variable, unless a ${…} brought it in.
  bool secret = false;     ///< Neither dumps nor messages show it.
  /// The ends of the type itself, as far as a field does not narrow them.
  std::optional<Bound> low{}, high{};
};

/// A scalar by two functions over text. Any style of scalar is taken.
class ScalarType : public TypeSpec {
 public:
  /// Stores the value and gives the number that bounds are compared with, or says what is wrong.
  using Store = std::function<Parsed<double>(std::string_view text, void* into)>;
  using Show = std::function<std::string(const void* from)>;

  ScalarType(ScalarForm form, Store store, Show show);

  void bind(const Node& node, void* into, const Constraints& constraints, Context& context) const override;
  void write(const void* from, const Node& written, Disclosure disclosure, Json& out) const override;
  void describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const override;
  std::string title(const Constraints& constraints) const override;
  std::string wanted(const Constraints& constraints) const override;

 private:
  std::string complaint(const Node& node, const Constraints& constraints) const;
  bool written_right(const Node& node) const;
  std::string way_out(const Node& node, const Constraints& constraints) const;

  ScalarForm form_;
  Store store_;
  Show show_;
};

/// A type of your own. `parse` messages begin with a small letter and need no location:
///   static const auto type = conf::scalar<Address>({"address", "an address like 10.0.0.1:80", "^…$"},
///                                                  &parse_address, [](const Address& a) { return a.text();
///                                                  });
template <class T>
ScalarType scalar(ScalarForm form, std::function<Parsed<T>(std::string_view)> parse,
                  std::function<std::string(const T&)> show,
                  std::function<double(const T&)> magnitude = nullptr) {
  return ScalarType(
      std::move(form),
      [parse = std::move(parse), magnitude = std::move(magnitude)](std::string_view text,
                                                                   void* into) -> Parsed<double> {
        Parsed<T> parsed = parse(text);
        if (!parsed) return parsed.error();
        auto& value = *static_cast<T*>(into);
        value = std::move(*parsed);
        return magnitude ? magnitude(value) : 0.0;
      },
      [show = std::move(show)](const void* from) { return show(*static_cast<const T*>(from)); });
}

/// The names of an enum. Define beside the enum, for the binder to find:
///   const conf::EnumSpec& enum_spec(Balance) {
///     static const auto spec = conf::enumeration<Balance>("balance", {
///         {"round_robin", Balance::round_robin, "Each in turn, by weight."}, …});
///     return spec; }
class EnumSpec : public TypeSpec {
 public:
  struct Name {
    std::string name;
    long long value;
    std::string doc;
  };
  using Put = void (*)(void*, long long);
  using Get = long long (*)(const void*);

  EnumSpec(std::string title, std::vector<Name> names, Put put, Get get);

  /// The name of a value; empty for one that has none.
  std::string_view name(long long value) const;
  std::optional<long long> value(std::string_view name) const;
  const std::vector<Name>& names() const { return names_; }

  void bind(const Node& node, void* into, const Constraints& constraints, Context& context) const override;
  void write(const void* from, const Node& written, Disclosure disclosure, Json& out) const override;
  void describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const override;
  std::string title(const Constraints& constraints) const override;
  std::string wanted(const Constraints& constraints) const override;

 private:
  std::string title_;
  std::vector<Name> names_;
  Put put_;
  Get get_;
};

template <class E>
struct EnumName {
  std::string_view name;
  E value;
  std::string_view doc = {};
};

template <class E>
EnumSpec enumeration(std::string title, std::initializer_list<EnumName<E>> names) {
  std::vector<EnumSpec::Name> erased;
  for (const auto& n : names)
    erased.push_back({std::string(n.name), static_cast<long long>(n.value), std::string(n.doc)});
  return EnumSpec(
      std::move(title), std::move(erased),
      [](void* into, long long v) { *static_cast<E*>(into) = static_cast<E>(v); },
      [](const void* from) { return static_cast<long long>(*static_cast<const E*>(from)); });
}

}  // namespace sluice::conf
