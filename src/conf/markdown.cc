#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "conf/schema.h"

namespace sluice::conf {
namespace {

/// An object, or a category of kinds, and every path at which it may be written.
struct Section {
  const ObjectSpec* object;
  std::string category;
  std::vector<std::string> paths;
};

/// False when the section was there before: what it reaches is known then.
bool note(const ObjectSpec* object, const std::string& category, const std::string& path,
          std::vector<Section>& all) {
  for (auto& section : all) {
    if (section.object != object || section.category != category) continue;
    section.paths.push_back(path);
    return false;
  }
  all.push_back({object, category, {path}});
  return true;
}

void collect(const ObjectSpec& object, const std::string& path, const Catalog& catalog,
             std::vector<Section>& all) {
  if (!note(&object, "", path, all)) return;
  for (const auto& field : object.fields()) {
    const auto below = (path.empty() ? "" : path + ".") + field.key;
    if (!field.constraints.category.empty()) note(nullptr, field.constraints.category, below, all);
    for (const auto& reached : field.type().reaches(field.constraints, catalog))
      collect(*reached.object, below + reached.step, catalog, all);
  }
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string default_of(const ObjectSpec& object, const FieldSpec& field) {
  if (field.required) return "**required**";
  const auto* initial = static_cast<const char*>(object.defaults()) + field.offset;
  if (field.type().absent(initial))
    return field.constraints.word.empty() ? "" : "`" + field.constraints.word + "`";
  Json value;
  field.type().write(initial, {}, Disclosure::redacted, value);
  if (value.is_object() || (value.is_array() && value.empty()) || value == "") return "";
  return "`" + (value.is_string() ? value.get<std::string>() : value.dump()) + "`";
}

std::string bounds_of(const FieldSpec& field) {
  const auto& c = field.constraints;
  auto out = c.range();
  if (const auto items = c.items(); !items.empty()) out += (out.empty() ? "" : "; ") + items;
  if (!c.wanted.empty()) out += (out.empty() ? "" : "; ") + c.wanted;
  return out;
}

const EnumSpec* enum_of(const TypeSpec* type) {
  while (type->inner() != nullptr) type = type->inner();
  return dynamic_cast<const EnumSpec*>(type);
}

std::string type_of_field(const FieldSpec& field) {
  const EnumSpec* names = enum_of(&field.type());
  if (names == nullptr) return field.type().title(field.constraints);
  std::string out =
      field.type().inner() != nullptr && field.type().title(field.constraints).starts_with("list")
          ? "list of "
          : "";
  for (const auto& name : names->names())
    out.append(&name == names->names().data() ? "`" : ", `").append(name.name).append("`");
  return out;
}

void append_values(const ObjectSpec& object, std::string& out) {
  for (const auto& field : object.fields()) {
    const EnumSpec* names = enum_of(&field.type());
    if (names == nullptr) continue;
    const auto& all = names->names();
    if (std::none_of(all.begin(), all.end(), [](const auto& name) { return !name.doc.empty(); })) continue;
    out.append("\n`").append(field.key).append("` is one of\n\n");
    for (const auto& name : all) {
      out.append("- `").append(name.name).append("`");
      if (!name.doc.empty()) out.append(": ").append(name.doc);
      out += '\n';
    }
  }
}

void append_rules(const ObjectSpec& object, std::string& out) {
  for (const auto kind : {Node::Kind::scalar, Node::Kind::list})
    if (const auto* field = object.shorthand(kind))
      out.append(kind == Node::Kind::list ? "\nA list" : "\nA single value")
          .append(" in place of the map is its `" + field->key + "`.\n");
  for (const auto& group : object.groups()) {
    std::vector<std::string> quoted_keys;
    for (const auto& key : group.keys) quoted_keys.push_back("`" + key + "`");
    const std::vector<std::string_view> keys(quoted_keys.begin(), quoted_keys.end());
    using Rule = GroupSpec::Rule;
    out.append(group.rule == Rule::exactly_one   ? "\nExactly one of "
               : group.rule == Rule::at_most_one ? "\nAt most one of "
                                                 : "\nAt least one of ")
        .append(join(keys) + " is written.\n");
  }
}

void append_heading(const std::string& name, const std::string& doc, const Section& section,
                    std::string& out) {
  out.append("### ").append(name).append("\n\n").append(doc).append("\n");
  std::string places;
  for (const auto& path : section.paths)
    if (!path.empty()) places.append(places.empty() ? "" : ", ").append("`" + path + "`");
  if (!places.empty()) out.append("\nWritten at ").append(places).append(".\n");
}

void append_category(const Section& section, const Catalog& catalog, std::string& out) {
  append_heading(section.category, "A map of one key, which is its kind.", section, out);
  out += "\n| Kind | What it does |\n| --- | --- |\n";
  for (const Kind& kind : catalog.kinds(section.category)) {
    const auto& name = kind.spec().name();
    out.append("| [`" + kind.name + "`](#" + ascii_lower(name) + ") | " + cell(kind.spec().doc()) + " |\n");
  }
  out += '\n';
}

void append_object(const Section& section, std::string& out) {
  const ObjectSpec& object = *section.object;
  append_heading(object.name(), object.doc(), section, out);
  append_rules(object, out);
  if (object.fields().empty()) {
    out += '\n';
    return;
  }
  out += "\n| Key | Type | Default | Bounds | What it does |\n| --- | --- | --- | --- | --- |\n";
  for (const auto& field : object.fields())
    out.append("| `" + field.key + "` | " + cell(type_of_field(field)) + " | " +
               cell(default_of(object, field)) + " | " + cell(bounds_of(field)) + " | " + cell(field.doc) +
               " |\n");
  append_values(object, out);
  out += '\n';
}

}  // namespace

std::string markdown(const ObjectSpec& root, const Catalog& catalog) {
  std::vector<Section> sections;
  collect(root, "", catalog, sections);
  std::string out;
  for (const auto& section : sections) {
    if (section.object == nullptr) {
      append_category(section, catalog, out);
    } else {
      append_object(section, out);
    }
  }
  return out;
}

}  // namespace sluice::conf
