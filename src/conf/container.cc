#include "conf/container.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "conf/schema_writer.h"

namespace sluice::conf {
namespace {

std::vector<TypeSpec::Reached> with_step(std::vector<TypeSpec::Reached> reached, const std::string& step) {
  for (auto& one : reached) one.step = step + one.step;
  return reached;
}

bool check_count(const Node& node, std::uint32_t size, const Constraints& constraints, Context& context) {
  if (size >= constraints.fewest.value_or(0) && (!constraints.most || size <= *constraints.most)) return true;
  context.problems.add(
      node, "wanted " + constraints.items() + ", found " + (size == 0 ? "none" : std::to_string(size)));
  return false;
}

}  // namespace

void OptionalType::bind(const Node& node, void* into, const Constraints& constraints,
                        Context& context) const {
  if (!constraints.word.empty() && node.is_scalar() && node.text() == constraints.word) {
    access_.reset(into);
  } else if (node.is_null()) {
    context.problems.add(node, "wanted " + wanted(constraints) + ", found nothing",
                         "leave the key out if it is not meant");
  } else {
    access_.inner().bind(node, access_.engage(into), constraints, context);
  }
}

void OptionalType::write(const void* from, const Node& written, Disclosure disclosure, Json& out) const {
  const void* value = access_.get(from);
  if (value == nullptr) {
    out = nullptr;
  } else {
    access_.inner().write(value, written, disclosure, out);
  }
}

void OptionalType::describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const {
  Json inner = Json::object();
  access_.inner().describe(constraints, writer, inner);
  if (constraints.word.empty()) {
    out.update(inner);
  } else {
    Json ways = Json::array({Json{{"const", constraints.word}}});
    add_ways(std::move(inner), ways);
    out["anyOf"] = std::move(ways);
  }
}

std::string OptionalType::title(const Constraints& constraints) const {
  const auto inner = access_.inner().title(constraints);
  return constraints.word.empty() ? inner : "`" + constraints.word + "` or " + inner;
}

std::string OptionalType::wanted(const Constraints& constraints) const {
  return access_.inner().wanted(constraints);
}

std::vector<TypeSpec::Reached> OptionalType::reaches(const Constraints& constraints,
                                                     const Catalog& catalog) const {
  return access_.inner().reaches(constraints, catalog);
}

bool OptionalType::absent(const void* from) const { return access_.get(from) == nullptr; }

void ListType::bind(const Node& node, void* into, const Constraints& constraints, Context& context) const {
  access_.clear(into);
  if (node.is_null()) {
    context.problems.add(node, "wanted " + wanted(constraints) + ", found nothing",
                         "an empty list is written []");
    return;
  }
  if (!node.is_list()) {
    access_.inner().bind(node, access_.append(into), constraints, context);
    check_count(node, 1, constraints, context);
    return;
  }
  if (!check_count(node, node.size(), constraints, context)) return;
  for (const Node& item : node) access_.inner().bind(item, access_.append(into), constraints, context);
}

void ListType::write(const void* from, const Node& written, Disclosure disclosure, Json& out) const {
  out = Json::array();
  Node item = written.is_list() ? written.first() : written;
  for (std::size_t i = 0; i < access_.size(from); ++i, item = item.next()) {
    out.push_back(nullptr);
    access_.inner().write(access_.at(from, i), item, disclosure, out.back());
  }
}

void ListType::describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const {
  Json inner = Json::object();
  access_.inner().describe(constraints, writer, inner);
  Json list{{"type", "array"}, {"items", inner}};
  if (constraints.fewest) list["minItems"] = *constraints.fewest;
  if (constraints.most) list["maxItems"] = *constraints.most;
  Json ways = Json::array({std::move(list)});
  add_ways(std::move(inner), ways);
  out["anyOf"] = std::move(ways);
}

std::string ListType::title(const Constraints& constraints) const {
  return "list of " + access_.inner().title(constraints);
}

std::string ListType::wanted(const Constraints& constraints) const {
  return access_.inner().wanted(constraints) + ", or a list of such";
}

std::vector<TypeSpec::Reached> ListType::reaches(const Constraints& constraints,
                                                 const Catalog& catalog) const {
  return with_step(access_.inner().reaches(constraints, catalog), "[]");
}

void MapType::bind(const Node& node, void* into, const Constraints& constraints, Context& context) const {
  access_.clear(into);
  if (!node.is_map()) {
    context.problems.add(node, "wanted " + wanted(constraints) + ", found " + in_words(node),
                         node.is_null() ? "an empty map is written {}" : "");
    return;
  }
  for (const Node& item : node) {
    if (item.key().empty()) context.problems.add(item, "wanted a name, found an empty key");
    access_.inner().bind(item, access_.insert(into, item.key(), item), constraints, context);
  }
  check_count(node, node.size(), constraints, context);
}

void MapType::write(const void* from, const Node& written, Disclosure disclosure, Json& out) const {
  out = Json::object();
  for (std::size_t i = 0; i < access_.size(from); ++i) {
    const auto [name, value] = access_.at(from, i);
    access_.inner().write(value, written.find(name), disclosure, out[std::string(name)]);
  }
}

void MapType::describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const {
  Json inner = Json::object();
  access_.inner().describe(constraints, writer, inner);
  out["type"] = "object";
  out["additionalProperties"] = std::move(inner);
  if (constraints.fewest) out["minProperties"] = *constraints.fewest;
  if (constraints.most) out["maxProperties"] = *constraints.most;
}

std::string MapType::title(const Constraints& constraints) const {
  return "map of names to " + access_.inner().title(constraints);
}

std::string MapType::wanted(const Constraints&) const { return "a map"; }

std::vector<TypeSpec::Reached> MapType::reaches(const Constraints& constraints,
                                                const Catalog& catalog) const {
  return with_step(access_.inner().reaches(constraints, catalog), ".<name>");
}

void LocatedType::bind(const Node& node, void* into, const Constraints& constraints, Context& context) const {
  access_.inner().bind(node, access_.value(into, node), constraints, context);
}

void LocatedType::write(const void* from, const Node& written, Disclosure disclosure, Json& out) const {
  access_.inner().write(access_.get(from), written, disclosure, out);
}

void LocatedType::describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const {
  access_.inner().describe(constraints, writer, out);
}

std::string LocatedType::title(const Constraints& constraints) const {
  return access_.inner().title(constraints);
}
std::string LocatedType::wanted(const Constraints& constraints) const {
  return access_.inner().wanted(constraints);
}

std::vector<TypeSpec::Reached> LocatedType::reaches(const Constraints& constraints,
                                                    const Catalog& catalog) const {
  return access_.inner().reaches(constraints, catalog);
}

bool LocatedType::absent(const void* from) const { return access_.inner().absent(access_.get(from)); }

}  // namespace sluice::conf
