#include "conf/tagged.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "conf/binder.h"
#include "conf/schema_writer.h"

namespace sluice::conf {
namespace {

std::vector<std::string_view> kind_names(const Constraints& constraints, const Catalog& catalog) {
  std::vector<std::string_view> names;
  for (const Kind& kind : catalog.kinds(constraints.category)) names.push_back(kind.name);
  return names;
}

std::string link(const std::string& category) { return "[" + category + "](#" + ascii_lower(category) + ")"; }

/// Definition: `{ kind: config }`.
class DefinitionType final : public TypeSpec {
 public:
  void bind(const Node& node, void* into, const Constraints& constraints, Context& context) const override;
  void write(const void* from, const Node& written, Disclosure disclosure, Json& out) const override;

  void describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const override {
    out.update(writer.reference(constraints.category));
  }
  std::string title(const Constraints& constraints) const override { return link(constraints.category); }
  std::string wanted(const Constraints& constraints) const override {
    return "a map of one key, the kind of " + constraints.category;
  }
  std::vector<Reached> reaches(const Constraints& constraints, const Catalog& catalog) const override {
    std::vector<Reached> all;
    for (const Kind& kind : catalog.kinds(constraints.category))
      all.push_back({&kind.spec(), "." + kind.name});
    return all;
  }
};

void DefinitionType::bind(const Node& node, void* into, const Constraints& constraints,
                          Context& context) const {
  auto& definition = *static_cast<Definition*>(into);
  if (!node.is_map() || node.size() != 1) {
    const auto found = node.is_map() ? "a map of " + std::to_string(node.size()) + " keys" : in_words(node);
    context.problems.add(node, "wanted " + wanted(constraints) + ", found " + found);
    return;
  }
  const Node config = node.first();
  definition = {.kind = std::string(config.key()), .config = config};
  definition.entry = context.catalog.find(constraints.category, config.key());
  if (definition.entry == nullptr) {
    const auto at = config.key_location();
    context.problems.add(
        {.file = std::string(node.file()),
         .line = at.line,
         .column = at.column,
         .path = config.path(),
         .message = "there is no " + constraints.category + " of the kind " + in_quotes(config.key()),
         .hint = suggest(config.key(), kind_names(constraints, context.catalog))});
    return;
  }
  const ObjectSpec& spec = definition.entry->spec();
  auto value = spec.make();
  spec.bind(config, value.get(), context);
  definition.value = std::move(value);
}

void DefinitionType::write(const void* from, const Node&, Disclosure disclosure, Json& out) const {
  const auto& definition = *static_cast<const Definition*>(from);
  out = Json::object();
  if (definition.kind.empty()) return;
  out[definition.kind] =
      definition.entry != nullptr && definition.value
          ? to_json({definition.entry->spec(), definition.value.get()}, disclosure, definition.config)
          : Json::object();
}

const DefinitionType& definition_type() {
  static const DefinitionType type;
  return type;
}

/// Tagged: `name` or `{ kind: config }`.
class TaggedType final : public TypeSpec {
 public:
  void bind(const Node& node, void* into, const Constraints& constraints, Context& context) const override {
    auto& tagged = *static_cast<Tagged*>(into);
    tagged.where = node;
    if (node.is_scalar()) {
      Type<std::string>::spec().bind(node, &tagged.reference, {}, context);
      if (node.text().empty())
        context.problems.add(node, "wanted " + wanted(constraints) + ", found an empty text");
    } else if (!node.is_map()) {
      context.problems.add(node, "wanted " + wanted(constraints) + ", found " + in_words(node));
    } else {
      definition_type().bind(node, &tagged.definition, constraints, context);
    }
  }

  void write(const void* from, const Node& written, Disclosure disclosure, Json& out) const override {
    const auto& tagged = *static_cast<const Tagged*>(from);
    if (tagged.is_reference()) {
      Type<std::string>::spec().write(&tagged.reference, written, disclosure, out);
    } else {
      definition_type().write(&tagged.definition, written, disclosure, out);
    }
  }

  void describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const override {
    Json name{{"type", "string"}, {"minLength", 1}};
    name["description"] = "The name of a " + constraints.category + " defined elsewhere.";
    out["anyOf"] = Json::array({std::move(name), writer.reference(constraints.category)});
  }
  std::string title(const Constraints& constraints) const override {
    return "name or " + link(constraints.category);
  }
  std::string wanted(const Constraints& constraints) const override {
    return "the name of a " + constraints.category + " or a map of one key, its kind";
  }
  std::vector<Reached> reaches(const Constraints& constraints, const Catalog& catalog) const override {
    return definition_type().reaches(constraints, catalog);
  }
};

}  // namespace

void Catalog::add(std::string category, Kind kind) {
  for (auto& [name, kinds] : categories_)
    if (name == category) return kinds.push_back(std::move(kind));
  categories_.emplace_back(std::move(category), std::vector<Kind>{std::move(kind)});
}

const std::vector<Kind>& Catalog::kinds(std::string_view category) const {
  static const std::vector<Kind> none;
  for (const auto& [name, kinds] : categories_)
    if (name == category) return kinds;
  return none;
}

const Kind* Catalog::find(std::string_view category, std::string_view name) const {
  for (const Kind& kind : kinds(category))
    if (kind.name == name) return &kind;
  return nullptr;
}

const TypeSpec& Type<Definition>::spec() { return definition_type(); }

const TypeSpec& Type<Tagged>::spec() {
  static const TaggedType type;
  return type;
}

}  // namespace sluice::conf
