#include <nlohmann/json.hpp>

#include "base/text.h"
#include "conf/binder.h"
#include "conf/schema_writer.h"

namespace sluice::conf {
namespace {

/// A struct as a type: what its ObjectSpec says.
class ObjectType final : public TypeSpec {
 public:
  explicit ObjectType(const ObjectSpec& (*spec)()) : spec_(spec) {}

  void bind(const Node& node, void* into, const Constraints&, Context& context) const override {
    spec_().bind(node, into, context);
  }
  void write(const void* from, const Node& written, Disclosure disclosure, Json& out) const override {
    out = to_json({spec_(), from}, disclosure, written);
  }
  void describe(const Constraints&, SchemaWriter& writer, Json& out) const override {
    out.update(writer.reference(spec_()));
  }
  std::string title(const Constraints&) const override {
    return "[" + spec_().name() + "](#" + ascii_lower(spec_().name()) + ")";
  }
  std::string wanted(const Constraints&) const override { return spec_().wanted(); }
  std::vector<Reached> reaches(const Constraints&, const Catalog&) const override { return {{&spec_(), ""}}; }

 private:
  const ObjectSpec& (*spec_)();
};

/// What a field was bound to: with a shorthand, what the whole object was.
Node written_of(const FieldSpec& field, const ObjectSpec& spec, const Node& whole) {
  return spec.shorthand(whole.kind()) == &field ? whole : whole.find(field.key);
}

void hide(const std::function<bool(std::string_view)>& hidden_key, Json& map) {
  for (auto& [key, value] : map.items()) {
    if (hidden_key(key)) value = "***";
  }
}

}  // namespace

std::unique_ptr<const TypeSpec> object_type(const ObjectSpec& (*spec)()) {
  return std::make_unique<ObjectType>(spec);
}

Json to_json(Erased object, Disclosure disclosure, const Node& written) {
  Json out = Json::object();
  for (const auto& field : object.spec.fields()) {
    const auto* member = static_cast<const char*>(object.value) + field.offset;
    if (field.type().absent(member)) continue;
    auto& value = out[field.key];
    field.type().write(member, written_of(field, object.spec, written), disclosure, value);
    if (field.constraints.hidden_key && disclosure == Disclosure::redacted)
      hide(field.constraints.hidden_key, value);
  }
  return out;
}

std::uint64_t content_hash(Erased object) {
  const auto text =
      to_json(object, Disclosure::revealed).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
  return hash;
}

}  // namespace sluice::conf
