// The declarative binder: a struct lists its fields once; parser, JSON Schema, docs and dumps follow.
//
//   // timeouts.h: needs only base/units.h and `namespace sluice::conf { class ObjectSpec; }`
//   enum class Balance : std::uint8_t { round_robin, random };
//   const conf::EnumSpec& enum_spec(Balance);              // beside the enum; forward-declare conf::EnumSpec
//
//   struct Timeouts {
//     Duration connect = 1s;                                // the initialiser is the default
//     std::optional<Duration> first_byte;                   // optional: absent unless written
//     static const conf::ObjectSpec& spec();
//   };
//   struct Endpoint {
//     std::string address;
//     int weight = 1;
//     static const conf::ObjectSpec& spec();
//   };
//   struct Upstream {
//     std::vector<Endpoint> endpoints;                      // one item may stand without the list
//     Balance balance = Balance::round_robin;
//     Timeouts timeouts;
//     conf::Node where;                                     // not a field: set by .where()
//     static const conf::ObjectSpec& spec();
//   };
//   struct Route {
//     std::optional<conf::Located<std::string>> upstream;   // keeps its place for "no upstream is named …"
//     std::optional<Redirect> redirect;
//     std::vector<conf::Tagged> middlewares;                // `- name` or `- { kind: {…} }`
//     static const conf::ObjectSpec& spec();
//   };
//   struct Config {
//     conf::NamedList<Upstream> upstreams;                  // a map that keeps order; or
//     std::map<std::string, T> std::vector<Route> routes; static const conf::ObjectSpec& spec();
//   };
//
//   // timeouts.cc: includes conf/binder.h
//   const conf::EnumSpec& enum_spec(Balance) {
//     static const auto spec = conf::enumeration<Balance>("balance", {
//         {"round_robin", Balance::round_robin, "Each in turn."}, {"random", Balance::random, "Any."}});
//     return spec;
//   }
//   const conf::ObjectSpec& Timeouts::spec() {
//     static const conf::ObjectSpec spec =
//         conf::object<Timeouts>("Timeouts", "How long to wait for an upstream.")
//             .field("connect", &Timeouts::connect, "Until the connection stands.", conf::between(1ms, 5min))
//             .field("first_byte", &Timeouts::first_byte, "Until the response begins.");
//     return spec;
//   }
//   const conf::ObjectSpec& Endpoint::spec() {
//     static const conf::ObjectSpec spec =
//         conf::object<Endpoint>("Endpoint", "One server.")
//             .field("address", &Endpoint::address, "Host and port.", conf::required())
//             .field("weight", &Endpoint::weight, "Its share.", conf::between(1, 1000))
//             .shorthand(conf::Node::Kind::scalar, "address");    // "10.0.0.1:80" is {address: 10.0.0.1:80}
//     return spec;
//   }
//   Upstream: .shorthand(conf::Node::Kind::list, "endpoints")     // app: [127.0.0.1:3000]
//             .where(&Upstream::where)
//             .check([](const Upstream& u, conf::Scope& scope) {  // only when all fields are right
//               if (u.endpoints.empty()) scope.problem("endpoints", "an upstream needs an endpoint");
//             })
//   Route:    .field("middlewares", &Route::middlewares, "In order.", conf::kinds("middleware"))
//             .exactly_one({"upstream", "redirect"})
//
//   conf::Problems problems;
//   conf::Node root = conf::read_file("sluice.yaml", problems);
//   Config config;
//   if (!conf::bind(root, config, problems, catalog)) std::cerr << problems.text();
//   conf::Json dump = conf::to_json(config);                      // secrets redacted
//
// Types a field may have: bool, int types, double, std::string, Duration, Bytes, Rate, ByteRate, Percent,
// Secret, enums with enum_spec, structs with spec(), types with conf::Type<T> (conf/scalar.h),
// conf::Node (any YAML), Definition, Tagged (conf/tagged.h), and std::optional, std::vector,
// std::map<std::string, T>, NamedList and Located of those.
// Options: required(), between(), at_least(), at_most(), count(), not_empty(), matching(), or_word(),
// kinds(). Strings and numbers are told apart as JSON Schema does: `1.2` for a string must be written "1.2".
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/constraints.h"
#include "conf/container.h"
#include "conf/node.h"
#include "conf/reader.h"
#include "conf/scalar.h"
#include "conf/secret.h"
#include "conf/tagged.h"
#include "conf/type.h"

namespace sluice::conf {

/// Where a check reports: an object that was bound.
class Scope {
 public:
  Scope(Context& context, const Node& node, const ObjectSpec& spec)
      : context_(context), node_(node), spec_(spec) {}

  /// At the field (or a path below it, `tls.certificates[0]`), or at the object where it is not written.
  void problem(std::string_view field, std::string message, std::string hint = {});
  const Node& node() const noexcept { return node_; }
  /// Whether the key stands there, or what is there is a shorthand for it.
  bool written(std::string_view field) const noexcept;

 private:
  Context& context_;
  Node node_;
  const ObjectSpec& spec_;
};

struct FieldSpec {
  std::string key;
  std::string doc;
  const TypeSpec& (*type)();
  std::size_t offset = 0;  ///< Of the member in the struct.
  bool required = false;
  Constraints constraints{};
};

/// How many of the keys may be written.
struct GroupSpec {
  enum class Rule : std::uint8_t { exactly_one, at_most_one, at_least_one };
  Rule rule;
  std::vector<std::string> keys;
};

/// Everything that is known of a config struct. Immutable once made, lives for the whole process.
class ObjectSpec {
 public:
  const std::string& name() const noexcept { return name_; }
  const std::string& doc() const noexcept { return doc_; }
  const std::vector<FieldSpec>& fields() const noexcept { return fields_; }
  const std::vector<GroupSpec>& groups() const noexcept { return groups_; }
  /// The field that a scalar or a list in place of the map stands for.
  const FieldSpec* shorthand(Node::Kind kind) const noexcept;
  const FieldSpec* field(std::string_view key) const noexcept;
  /// A value with every default.
  const void* defaults() const noexcept { return defaults_.get(); }
  std::shared_ptr<void> make() const { return make_(); }
  /// For messages: "a text or a map of address and weight".
  std::string wanted() const;

  void bind(const Node& node, void* into, Context& context) const;

 protected:
  ObjectSpec(std::string name, std::string doc, std::shared_ptr<void> (*make)());
  void add(FieldSpec field, std::initializer_list<Option> options);

  std::string name_, doc_;
  std::vector<FieldSpec> fields_;
  std::vector<GroupSpec> groups_;
  std::vector<std::pair<Node::Kind, std::string>> shorthands_;
  std::vector<std::function<void(const void*, Scope&)>> checks_;
  std::optional<std::size_t> where_;
  std::shared_ptr<void> (*make_)();
  std::shared_ptr<const void> defaults_;

 private:
  void bind_fields(const Node& node, void* into, std::vector<char>& seen, Context& context) const;
  std::size_t index_of(const FieldSpec& field) const noexcept {
    return static_cast<std::size_t>(&field - fields_.data());
  }
  void check_keys(const Node& node, const std::vector<char>& seen, Context& context) const;
};

/// Builds the ObjectSpec of T, a default-constructible struct.
template <class T>
class ObjectBuilder : public ObjectSpec {
 public:
  ObjectBuilder(std::string name, std::string doc)
      : ObjectSpec(std::move(name), std::move(doc),
                   []() -> std::shared_ptr<void> { return std::make_shared<T>(); }) {}

  /// One key. Members of bases are fine. `doc` is one sentence.
  template <class M, class C, class... O>
  requires std::is_base_of_v<C, T> ObjectBuilder& field(std::string_view key, M C::*member,
                                                        std::string_view doc, O... options) {
    add({.key = std::string(key), .doc = std::string(doc), .type = &type_of<M>, .offset = offset(member)},
        {Option(std::move(options))...});
    return *this;
  }

  /// A scalar or a list in place of the map is the value of this field.
  ObjectBuilder& shorthand(Node::Kind kind, std::string_view key) {
    shorthands_.emplace_back(kind, std::string(key));
    return *this;
  }

  ObjectBuilder& exactly_one(std::vector<std::string> keys) {
    return group(GroupSpec::Rule::exactly_one, std::move(keys));
  }
  ObjectBuilder& at_most_one(std::vector<std::string> keys) {
    return group(GroupSpec::Rule::at_most_one, std::move(keys));
  }
  ObjectBuilder& at_least_one(std::vector<std::string> keys) {
    return group(GroupSpec::Rule::at_least_one, std::move(keys));
  }

  /// What one field cannot say. Runs when the object's fields are all right.
  ObjectBuilder& check(std::function<void(const T&, Scope&)> check) {
    checks_.push_back([check = std::move(check)](const void* value, Scope& scope) {
      check(*static_cast<const T*>(value), scope);
    });
    return *this;
  }

  /// The member that remembers where the object was written.
  template <class C>
  ObjectBuilder& where(Node C::*member) {
    where_ = offset(member);
    return *this;
  }

  /// Adds what `fields(builder)` adds: fields that several structs share.
  template <class F>
  ObjectBuilder& with(F fields) {
    fields(*this);
    return *this;
  }

 private:
  ObjectBuilder& group(GroupSpec::Rule rule, std::vector<std::string> keys) {
    groups_.push_back({rule, std::move(keys)});
    return *this;
  }
  template <class M, class C>
  std::size_t offset(M C::*member) const {
    const auto& object = *static_cast<const T*>(defaults_.get());
    return static_cast<std::size_t>(reinterpret_cast<const char*>(&(object.*member)) -
                                    reinterpret_cast<const char*>(&object));
  }
};

template <class T>
ObjectBuilder<T> object(std::string name, std::string doc) {
  return ObjectBuilder<T>(std::move(name), std::move(doc));
}

/// Binds a tree to a value that has its defaults. False when it added problems; all are reported, and the
/// value is then good only for further checks. The catalog must outlive the value.
bool bind(const Node& node, const ObjectSpec& spec, void* into, Problems& problems, const Catalog& catalog);

template <ConfigObject T>
bool bind(const Node& node, T& into, Problems& problems, const Catalog& catalog) {
  return bind(node, T::spec(), &into, problems, catalog);
}
template <ConfigObject T>
bool bind(const Node& node, T& into, Problems& problems) {
  static const Catalog none;
  return bind(node, T::spec(), &into, problems, none);
}

/// Any bound value with its spec: `to_json(config)`, `to_json({kind.spec(), definition.value.get()})`.
struct Erased {
  const ObjectSpec& spec;
  const void* value;

  Erased(const ObjectSpec& of, const void* what) : spec(of), value(what) {}
  template <ConfigObject T>
  Erased(const T& object) : spec(T::spec()), value(&object) {}  // NOLINT(google-explicit-constructor)
};

/// The value as the YAML would have it, defaults written out; empty optionals are left out. With the node
/// that it was bound to, what came from a ${…} is shown as it was written there.
Json to_json(Erased object, Disclosure disclosure = Disclosure::redacted, const Node& written = {});

/// Equal for equal settings, secrets included; places do not count. For this process alone.
std::uint64_t content_hash(Erased object);

}  // namespace sluice::conf
