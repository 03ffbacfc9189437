// Node as a field: any YAML, kept as it is written.
#include <nlohmann/json.hpp>

#include "conf/node.h"
#include "conf/type.h"

namespace sluice::conf {
namespace {

Json scalar_json(const Node& node, Disclosure disclosure) {
  // What a ${…} stands for may be a secret: nobody knows before the node is bound.
  if (node.style() == Node::Style::expanded)
    return std::string(disclosure == Disclosure::revealed ? node.text() : node.written());
  if (node.style() == Node::Style::quoted) return std::string(node.text());
  switch (looks_like(node.text())) {
    case Looks::boolean:
      return node.text()[0] == 't' || node.text()[0] == 'T';
    case Looks::integer:
    case Looks::real:
      if (Json::accept(node.text())) return Json::parse(node.text());
      break;
    default:
      break;
  }
  return std::string(node.text());
}

void write_node(const Node& node, Disclosure disclosure, Json& out) {
  switch (node.kind()) {
    case Node::Kind::null:
      out = nullptr;
      return;
    case Node::Kind::scalar:
      out = scalar_json(node, disclosure);
      return;
    case Node::Kind::list:
      out = Json::array();
      for (const Node& item : node) {
        out.push_back(nullptr);
        write_node(item, disclosure, out.back());
      }
      return;
    case Node::Kind::map:
      out = Json::object();
      for (const Node& item : node) write_node(item, disclosure, out[std::string(item.key())]);
      return;
  }
}

class AnyType final : public TypeSpec {
 public:
  void bind(const Node& node, void* into, const Constraints&, Context&) const override {
    *static_cast<Node*>(into) = node;
  }
  void write(const void* from, const Node&, Disclosure disclosure, Json& out) const override {
    write_node(*static_cast<const Node*>(from), disclosure, out);
  }
  void describe(const Constraints&, SchemaWriter&, Json&) const override {}
  std::string title(const Constraints&) const override { return "anything"; }
  std::string wanted(const Constraints&) const override { return "anything"; }
  bool absent(const void* from) const override { return !*static_cast<const Node*>(from); }
};

}  // namespace

const TypeSpec& Type<Node>::spec() {
  static const AnyType type;
  return type;
}

}  // namespace sluice::conf
