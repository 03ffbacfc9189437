// Builds a JSON Schema with its $defs. For the TypeSpecs alone.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "conf/tagged.h"
#include "conf/type.h"

namespace sluice::conf {

class SchemaWriter {
 public:
  explicit SchemaWriter(const Catalog& catalog) : catalog_(catalog) {}

  const Catalog& catalog() const { return catalog_; }

  /// A $ref to the object's definition, which is written at the first call.
  Json reference(const ObjectSpec& object);
  /// A $ref to the definition of a category's kinds: a map of one key.
  Json reference(const std::string& category);
  /// The object's schema itself.
  Json describe(const ObjectSpec& object);
  /// `schema`, or a text with a ${…}.
  Json or_placeholder(Json schema);

  Json take_definitions() { return std::move(definitions_); }

 private:
  Json shorthand_ways(const ObjectSpec& object);
  Json describe_map(const ObjectSpec& object);
  std::string free_name(const std::string& wanted) const;

  const Catalog& catalog_;
  std::map<const ObjectSpec*, std::string> names_;
  Json definitions_ = Json::object();
};

/// Adds a schema to the ways of an anyOf: if it is an anyOf itself, its ways.
void add_ways(Json schema, Json& ways);
/// The pattern, or a ${ anywhere.
std::string or_placeholder_pattern(const std::string& pattern);

}  // namespace sluice::conf
