#include "conf/scalar.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "conf/schema_writer.h"

namespace sluice::conf {

namespace {

Constraints within(const ScalarForm& form, Constraints constraints) {
  if (!constraints.low) constraints.low = form.low;
  if (!constraints.high) constraints.high = form.high;
  return constraints;
}

/// A whole number that not even the type can hold, on a side where the field has a limit of its own.
bool is_beyond(const Constraints& constraints, const ScalarForm& form, std::string_view text) {
  const bool negative = text.starts_with('-');
  const auto digits = text.substr(negative ? 1 : 0);
  if (form.json_type != "integer" || digits.empty() || (digits[0] == '0' && digits.size() > 1)) return false;
  return std::all_of(digits.begin(), digits.end(), is_digit) &&
         (negative ? constraints.low : constraints.high);
}

bool is_text(const Node& node) {
  return node.style() != Node::Style::plain || looks_like(node.text()) == Looks::text;
}

std::string advice_on(const Node& node, const Constraints& constraints) {
  return constraints.advice && node.style() != Node::Style::expanded ? constraints.advice(node.text()) : "";
}

/// What a ${…} stands for may be a secret, whatever the type of the field.
bool keeps_to_itself(const Node& written, Disclosure disclosure) {
  return written.style() == Node::Style::expanded && disclosure == Disclosure::redacted;
}

/// A parser knows nothing of the word that the field takes too.
std::string or_word(std::string message, const Constraints& constraints) {
  constexpr std::string_view wanted = "wanted ";
  if (!constraints.word.empty() && message.starts_with(wanted))
    message.insert(wanted.size(), constraints.word + " or ");
  return message;
}

void add_range(const Constraints& constraints, Json& out) {
  const auto number = [](const Bound& bound) { return Json::parse(bound.text); };
  if (constraints.low) out["minimum"] = number(*constraints.low);
  if (constraints.high) out["maximum"] = number(*constraints.high);
}

}  // namespace

ScalarType::ScalarType(ScalarForm form, Store store, Show show)
    : form_(std::move(form)), store_(std::move(store)), show_(std::move(show)) {}

bool ScalarType::written_right(const Node& node) const {
  if (!node.is_scalar()) return false;
  switch (form_.written) {
    case ScalarForm::Written::anyhow:
      return true;
    case ScalarForm::Written::as_text:
      return is_text(node);
    case ScalarForm::Written::bare:
      return node.style() != Node::Style::quoted;
  }
  return false;
}

std::string ScalarType::complaint(const Node& node, const Constraints& constraints) const {
  const bool hidden = form_.secret && node.is_scalar();
  return "wanted " + wanted(constraints) + ", found " + (hidden ? "something else" : in_words(node));
}

std::string ScalarType::way_out(const Node& node, const Constraints& constraints) const {
  if (!node.is_scalar()) return {};
  if (constraints.advice) return advice_on(node, constraints);
  return form_.written == ScalarForm::Written::as_text ? "put it in quotes" : "write it without quotes";
}

void ScalarType::bind(const Node& node, void* into, const Constraints& constraints, Context& context) const {
  if (node.style() == Node::Style::broken) {
    ++context.skipped;
    return;
  }
  if (!written_right(node))
    return context.problems.add(node, complaint(node, constraints), way_out(node, constraints));
  const auto magnitude = store_(form_.variables ? node.template_text() : node.text(), into);
  const auto limits = within(form_, constraints);
  if (!magnitude) {
    const bool hidden = form_.secret || node.style() == Node::Style::expanded;
    if (!hidden && is_beyond(constraints, form_, node.text())) {
      return context.problems.add(node, "wanted " + limits.range() + ", found " + shortened(node.text()));
    }
    return context.problems.add(
        node, hidden ? complaint(node, constraints) : or_word(magnitude.error().message, constraints));
  }
  if ((limits.low && *magnitude < limits.low->value) || (limits.high && *magnitude > limits.high->value)) {
    const bool expanded = node.style() == Node::Style::expanded;
    return context.problems.add(
        node, "wanted " + limits.range() + ", found " + (expanded ? in_words(node) : shortened(node.text())));
  }
  if (constraints.accepts && !constraints.accepts(node.text()))
    context.problems.add(node, complaint(node, constraints), advice_on(node, constraints));
  if (!constraints.fault) return;
  const auto fault = constraints.fault(node.text());
  if (fault.empty()) return;
  // It may repeat the text.
  const bool expanded = node.style() == Node::Style::expanded;
  context.problems.add(node, expanded ? in_words(node) + " is not " + constraints.sound
                                      : in_quotes(node.text()) + ": " + fault);
}

void ScalarType::write(const void* from, const Node& written, Disclosure disclosure, Json& out) const {
  auto text = show_(from);
  if (form_.secret && disclosure == Disclosure::redacted && !text.empty()) {
    out = "***";
  } else if (keeps_to_itself(written, disclosure)) {
    out = std::string(written.written());
  } else if (form_.written == ScalarForm::Written::bare) {
    out = Json::parse(text);
  } else {
    out = std::move(text);
  }
}

void ScalarType::describe(const Constraints& constraints, SchemaWriter& writer, Json& out) const {
  Json one{{"type", form_.json_type}};
  const auto& pattern = constraints.pattern.empty() ? form_.pattern : constraints.pattern;
  if (form_.written == ScalarForm::Written::bare) {
    if (form_.json_type != "boolean") add_range(within(form_, constraints), one);
    out.update(writer.or_placeholder(std::move(one)));
    return;
  }
  if (!pattern.empty()) one["pattern"] = or_placeholder_pattern(pattern);
  if (form_.integers) {
    out["anyOf"] = Json::array({Json{{"type", "integer"}, {"minimum", 0}}, std::move(one)});
  } else {
    out.update(one);
  }
}

std::string ScalarType::title(const Constraints&) const { return form_.title; }

std::string ScalarType::wanted(const Constraints& constraints) const {
  const auto& own = constraints.wanted.empty() ? form_.wanted : constraints.wanted;
  return constraints.word.empty() ? own : constraints.word + " or " + own;
}

EnumSpec::EnumSpec(std::string title, std::vector<Name> names, Put put, Get get)
    : title_(std::move(title)), names_(std::move(names)), put_(put), get_(get) {}

std::string_view EnumSpec::name(long long value) const {
  for (const Name& name : names_)
    if (name.value == value) return name.name;
  return {};
}

std::optional<long long> EnumSpec::value(std::string_view name) const {
  for (const Name& known : names_)
    if (known.name == name) return known.value;
  return std::nullopt;
}

void EnumSpec::bind(const Node& node, void* into, const Constraints& constraints, Context& context) const {
  if (node.style() == Node::Style::broken) {
    ++context.skipped;
    return;
  }
  const auto found = node.is_scalar() ? value(node.text()) : std::nullopt;
  if (found) return put_(into, *found);
  std::vector<std::string_view> known;
  for (const Name& name : names_) known.push_back(name.name);
  const auto near =
      node.is_scalar() && node.style() != Node::Style::expanded ? nearest(node.text(), known) : std::nullopt;
  context.problems.add(node, "wanted " + wanted(constraints) + ", found " + in_words(node),
                       near ? "did you mean '" + std::string(*near) + "'?" : "");
}

void EnumSpec::write(const void* from, const Node& written, Disclosure disclosure, Json& out) const {
  out = std::string(keeps_to_itself(written, disclosure) ? written.written() : name(get_(from)));
}

void EnumSpec::describe(const Constraints&, SchemaWriter& writer, Json& out) const {
  Json values = Json::array();
  for (const Name& name : names_) {
    values.push_back(name.name);
    if (std::all_of(name.name.begin(), name.name.end(), is_digit)) values.push_back(Json::parse(name.name));
  }
  out.update(writer.or_placeholder({{"enum", std::move(values)}}));
}

std::string EnumSpec::title(const Constraints&) const { return title_; }

std::string EnumSpec::wanted(const Constraints&) const {
  std::vector<std::string_view> known;
  for (const Name& name : names_) known.push_back(name.name);
  return (known.size() > 1 ? "one of " : "") + join(known, "or");
}

}  // namespace sluice::conf
