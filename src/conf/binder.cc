#include "conf/binder.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::conf {
namespace {

Problem at_key(const Node& node, std::string message, std::string hint) {
  const auto where = node.key_location();
  return {.file = std::string(node.file()),
          .line = where.line,
          .column = where.column,
          .path = node.path(),
          .message = std::move(message),
          .hint = std::move(hint)};
}

std::vector<std::string_view> keys_of(const std::vector<FieldSpec>& fields) {
  std::vector<std::string_view> keys;
  for (const auto& field : fields) keys.push_back(field.key);
  return keys;
}

std::string join_keys(const std::vector<std::string>& keys, std::string_view last_word) {
  return join(std::vector<std::string_view>(keys.begin(), keys.end()), last_word);
}

void check_group(const GroupSpec& group, const Node& node, const std::vector<std::string>& written,
                 Context& context) {
  using Rule = GroupSpec::Rule;
  const bool one_at_most = group.rule != Rule::at_least_one;
  if (written.empty() && group.rule != Rule::at_most_one) {
    context.problems.add(node, (one_at_most ? "wanted exactly one of " : "wanted at least one of ") +
                                   join_keys(group.keys, "and") + ", found none");
  } else if (one_at_most && written.size() > 1) {
    Node last = node;  // of those written, the one that came last is one too many
    for (const auto& key : written)
      if (const Node child = node.find(key); child && child.key_location() > last.key_location())
        last = child;
    context.problems.add(at_key(
        last, "wanted only one of " + join_keys(group.keys, "and") + ", found " + join_keys(written, "and"),
        {}));
  }
}

}  // namespace

void Scope::problem(std::string_view field, std::string message, std::string hint) {
  // With a shorthand the field's own node is the object's.
  if (const auto* whole = spec_.shorthand(node_.kind()); whole && field.starts_with(whole->key))
    field.remove_prefix(whole->key.size());
  context_.problems.add(node_.nearest_to(field), std::move(message), std::move(hint));
}

bool Scope::written(std::string_view field) const noexcept {
  const auto* whole = spec_.shorthand(node_.kind());
  return whole != nullptr ? whole->key == field : static_cast<bool>(node_.find(field));
}

ObjectSpec::ObjectSpec(std::string name, std::string doc, std::shared_ptr<void> (*maker)())
    : name_(std::move(name)), doc_(std::move(doc)), make_(maker), defaults_(maker()) {}

void ObjectSpec::add(FieldSpec field, std::initializer_list<Option> options) {
  for (const Option& option : options) {
    field.required = field.required || option.required;
    if (option.apply) option.apply(field.constraints);
  }
  fields_.push_back(std::move(field));
}

const FieldSpec* ObjectSpec::field(std::string_view key) const noexcept {
  for (const auto& field : fields_)
    if (field.key == key) return &field;
  return nullptr;
}

const FieldSpec* ObjectSpec::shorthand(Node::Kind kind) const noexcept {
  for (const auto& [of, key] : shorthands_)
    if (of == kind) return field(key);
  return nullptr;
}

std::string ObjectSpec::wanted() const {
  std::string out;
  for (const auto& [kind, key] : shorthands_) {
    const FieldSpec& of = *field(key);
    out.append(kind == Node::Kind::list ? "a list" : of.type().wanted(of.constraints)).append(" or ");
  }
  constexpr std::size_t few = 8;
  out += "a map";
  return fields_.empty() || fields_.size() > few ? out : out + " of " + join(keys_of(fields_));
}

void ObjectSpec::bind(const Node& node, void* into, Context& context) const {
  const auto before = context.problems.size() + context.skipped;
  if (where_) *reinterpret_cast<Node*>(static_cast<char*>(into) + *where_) = node;
  std::vector<char> seen(fields_.size(), 0);
  if (node.is_map() || node.is_null()) {
    bind_fields(node, into, seen, context);
  } else if (const auto* field = shorthand(node.kind())) {
    seen[index_of(*field)] = 1;
    field->type().bind(node, static_cast<char*>(into) + field->offset, field->constraints, context);
  } else {
    context.problems.add(node, "wanted " + wanted() + ", found " + in_words(node));
    return;
  }
  check_keys(node, seen, context);
  if (context.problems.size() + context.skipped != before || node.incomplete()) return;
  Scope scope(context, node, *this);
  for (const auto& check : checks_) check(into, scope);
}

void ObjectSpec::bind_fields(const Node& node, void* into, std::vector<char>& seen, Context& context) const {
  for (const Node& child : node) {
    const auto* known = field(child.key());
    if (known == nullptr) {
      const auto keys = keys_of(fields_);
      // `[unix:]` is a map, where a text was meant.
      if (node.size() == 1 && child.is_null() && shorthand(Node::Kind::scalar) &&
          !nearest(child.key(), keys)) {
        context.problems.add(at_key(child, "there is no key " + in_quotes(child.key()) + " here",
                                    "a text that ends with a colon must be in quotes"));
        std::fill(seen.begin(), seen.end(), 1);
        return;
      }
      context.problems.add(
          at_key(child, "there is no key " + in_quotes(child.key()) + " here", suggest(child.key(), keys)));
      // What was misspelt is not missing too.
      if (const auto meant = nearest(child.key(), keys)) seen[index_of(*field(*meant))] = 1;
      continue;
    }
    seen[index_of(*known)] = 1;
    known->type().bind(child, static_cast<char*>(into) + known->offset, known->constraints, context);
  }
}

void ObjectSpec::check_keys(const Node& node, const std::vector<char>& seen, Context& context) const {
  if (node.incomplete()) return;
  for (std::size_t i = 0; i < fields_.size(); ++i)
    if (fields_[i].required && !seen[i])
      context.problems.add(node, "the key " + in_quotes(fields_[i].key) + " is missing");
  for (const auto& group : groups_) {
    std::vector<std::string> written;
    for (const auto& key : group.keys)
      if (const auto* known = field(key); known && seen[index_of(*known)]) written.push_back(key);
    check_group(group, node, written, context);
  }
}

bool bind(const Node& node, const ObjectSpec& spec, void* into, Problems& problems, const Catalog& catalog) {
  const auto before = problems.size();
  Context context{problems, catalog};
  spec.bind(node, into, context);
  return problems.size() == before && context.skipped == 0;
}

}  // namespace sluice::conf
