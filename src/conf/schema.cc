#include "conf/schema.h"

#include <utility>

#include "conf/merge.h"
#include "conf/schema_writer.h"

namespace sluice::conf {
namespace {

Json keys_written(const std::vector<std::string>& keys) {
  Json all = Json::array();
  for (const auto& key : keys) all.push_back({{"required", Json::array({key})}});
  return all;
}

/// `{"allOf": […]}` members for the groups, as few as express them.
void describe_groups(const std::vector<GroupSpec>& groups, Json& out) {
  Json all = Json::array();
  for (const auto& group : groups) {
    const auto any = keys_written(group.keys);
    switch (group.rule) {
      case GroupSpec::Rule::exactly_one:
        all.push_back({{"oneOf", any}});
        break;
      case GroupSpec::Rule::at_least_one:
        all.push_back({{"anyOf", any}});
        break;
      case GroupSpec::Rule::at_most_one: {
        auto one_or_none = any;
        one_or_none.push_back({{"not", {{"anyOf", any}}}});
        all.push_back({{"oneOf", one_or_none}});
        break;
      }
    }
  }
  if (!all.empty()) out["allOf"] = std::move(all);
}

std::string description(const FieldSpec& field) {
  const auto range = field.constraints.range();
  return range.empty() ? field.doc : field.doc + " (" + range + ")";
}

bool worth_showing(const Json& value) { return !value.is_object() && !(value.is_array() && value.empty()); }

Json describe_field(const ObjectSpec& object, const FieldSpec& field, SchemaWriter& writer) {
  Json out = Json::object();
  out["description"] = description(field);
  Json type = Json::object();
  field.type().describe(field.constraints, writer, type);
  out.update(type);
  const auto* initial = static_cast<const char*>(object.defaults()) + field.offset;
  if (field.required || field.type().absent(initial)) return out;
  Json value;
  field.type().write(initial, {}, Disclosure::redacted, value);
  if (worth_showing(value)) out["default"] = std::move(value);
  return out;
}

}  // namespace

void add_ways(Json schema, Json& ways) {
  if (schema.size() != 1 || !schema.contains("anyOf")) return ways.push_back(std::move(schema));
  for (auto& way : schema["anyOf"]) ways.push_back(std::move(way));
}

std::string or_placeholder_pattern(const std::string& pattern) {
  return pattern.empty() ? pattern : pattern + "|\\$\\{";
}

Json SchemaWriter::or_placeholder(Json schema) {
  if (!definitions_.contains("placeholder"))
    definitions_["placeholder"] = {{"description", "${NAME}, ${NAME:-default} or ${file:path}."},
                                   {"type", "string"},
                                   {"pattern", "\\$\\{"}};
  return {{"anyOf", Json::array({std::move(schema), {{"$ref", "#/$defs/placeholder"}}})}};
}

std::string SchemaWriter::free_name(const std::string& wanted) const {
  if (!definitions_.contains(wanted)) return wanted;
  for (int i = 2;; ++i)
    if (auto name = wanted + std::to_string(i); !definitions_.contains(name)) return name;
}

Json SchemaWriter::reference(const ObjectSpec& object) {
  auto found = names_.find(&object);
  if (found == names_.end()) {
    found = names_.emplace(&object, free_name(object.name())).first;
    definitions_[found->second] = Json::object();  // holds the name's place while it refers to itself
    definitions_[found->second] = describe(object);
  }
  return {{"$ref", "#/$defs/" + found->second}};
}

Json SchemaWriter::reference(const std::string& category) {
  Json ref{{"$ref", "#/$defs/" + category}};
  if (definitions_.contains(category)) return ref;
  definitions_[category] = Json::object();
  Json properties = Json::object();
  for (const Kind& kind : catalog_.kinds(category)) {
    properties[kind.name] = reference(kind.spec());
    properties[kind.name]["description"] = kind.spec().doc();
  }
  definitions_[category] = {{"type", "object"},
                            {"properties", std::move(properties)},
                            {"additionalProperties", false},
                            {"minProperties", 1},
                            {"maxProperties", 1}};
  return ref;
}

Json SchemaWriter::describe_map(const ObjectSpec& object) {
  Json properties = Json::object(), required = Json::array();
  for (const auto& field : object.fields()) {
    properties[field.key] = describe_field(object, field, *this);
    if (field.required) required.push_back(field.key);
  }
  Json out{{"type", "object"}};
  // Nothing at all is an empty map, which will do where no key must be written.
  if (required.empty() && object.groups().empty()) out["type"] = Json::array({"object", "null"});
  out["properties"] = std::move(properties);
  out["additionalProperties"] = false;
  if (!required.empty()) out["required"] = std::move(required);
  describe_groups(object.groups(), out);
  return out;
}

/// How else than as a map the object may be written.
Json SchemaWriter::shorthand_ways(const ObjectSpec& object) {
  Json ways = Json::array();
  for (const auto kind : {Node::Kind::scalar, Node::Kind::list}) {
    const auto* field = object.shorthand(kind);
    if (field == nullptr) continue;
    Json type = Json::object(), all = Json::array();
    field->type().describe(field->constraints, *this, type);
    add_ways(std::move(type), all);
    // Of a list that one item may stand for, only the ways of this kind.
    for (auto& way : all)
      if ((way.value("type", "") == "array") == (kind == Node::Kind::list)) ways.push_back(std::move(way));
  }
  return ways;
}

Json SchemaWriter::describe(const ObjectSpec& object) {
  Json out{{"description", object.doc()}};
  Json ways = shorthand_ways(object);
  if (ways.empty()) {
    out.update(describe_map(object));
    return out;
  }
  ways.push_back(describe_map(object));
  out["anyOf"] = std::move(ways);
  return out;
}

namespace {

/// What must be written may stand in an included file.
void let_includes_have_the_required(const ObjectSpec& root, Json& out) {
  if (root.field(include_key) == nullptr || !out.contains("required")) return;
  Json required = std::move(out["required"]);
  out.erase("required");
  out["if"] = {{"not", {{"required", Json::array({include_key})}}}};
  out["then"] = {{"required", std::move(required)}};
}

}  // namespace

Json schema(const ObjectSpec& root, std::string_view title, std::string_view id, const Catalog& catalog) {
  SchemaWriter writer(catalog);
  Json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"$id", id}, {"title", title}};
  out.update(writer.describe(root));
  let_includes_have_the_required(root, out);
  out["$defs"] = writer.take_definitions();
  return out;
}

}  // namespace sluice::conf
