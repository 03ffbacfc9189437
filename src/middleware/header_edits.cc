#include "middleware/header_edits.h"

#include "base/text.h"
#include "http/chars.h"

namespace sluice::middleware {
namespace {

constexpr std::string_view kNoEdit[] = {
    // Framing (RFC 9112 section 6): the gateway derives these from the body it really sends.
    "content-length", "transfer-encoding", "trailer",
    // The connection (RFC 9110 section 7.6.1): these end at each hop.
    "connection", "keep-alive", "proxy-connection", "te", "upgrade", "http2-settings",
    // The route has been chosen by it; what the upstream gets is a setting of the upstream.
    "host"};

bool is_editable(std::string_view name) {
  for (const std::string_view fixed : kNoEdit) {
    if (equals_ignoring_case(name, fixed)) return false;
  }
  return true;
}

void check_name(std::string_view list, std::string_view name, conf::Scope& scope) {
  if (!http::is_token(name)) {
    const auto where = scope.node().nearest_to(list);
    const bool expanded = where.style() == conf::Node::Style::expanded;
    scope.problem(list, (expanded ? in_words(where) : in_quotes(name)) + " is not a header field name");
  } else if (equals_ignoring_case(name, "host")) {
    scope.problem(list, "Host is not edited here", "set `host` of the upstream");
  } else if (!is_editable(name)) {
    scope.problem(list, std::string(name) + " belongs to the connection, and the gateway writes it itself");
  }
}

std::string item(std::string_view list, std::string_view name) {
  return std::string(list) + (http::is_token(name) ? "." + std::string(name) : std::string{});
}

}  // namespace

void check_header_names(const HeaderEdits& edits, conf::Scope& scope, std::string_view set) {
  for (const auto& field : edits.set) check_name(item(set, field.name), field.name, scope);
  for (const auto& field : edits.add) check_name(item("add", field.name), field.name, scope);
  for (std::size_t i = 0; i < edits.remove.size(); ++i)
    check_name("remove[" + std::to_string(i) + "]", edits.remove[i], scope);
}

void check_request_only(const HeaderEdits& edits, conf::Scope& scope) {
  const auto check_value = [&](std::string_view list, const std::string& name, const Template& value) {
    if (value.needs_response())
      scope.problem(item(list, name), "{status} is not known before the response", "use response_headers");
  };
  for (const auto& field : edits.set) check_value("set", field.name, field.value);
  for (const auto& field : edits.add) {
    for (const Template& value : field.value) check_value("add", field.name, value);
  }
}

CompiledEdits::CompiledEdits(const HeaderEdits& edits) {
  for (const auto& name : edits.remove) remove_.push_back({http::field_name(name), name, {}});
  for (const auto& field : edits.set) set_.push_back({http::field_name(field.name), field.name, field.value});
  for (const auto& field : edits.add) {
    for (const Template& value : field.value)
      add_.push_back({http::field_name(field.name), field.name, value});
  }
}

void CompiledEdits::apply(Exchange& exchange, HeaderBlock& fields) const {
  // Values first: they are of the head as it came, whatever the edits do to it.
  Arena& arena = exchange.arena();
  const std::size_t count = set_.size() + add_.size();
  auto* values = arena.make_array<std::string_view>(count);
  std::size_t next = 0;
  for (const Edit& edit : set_) values[next++] = edit.value.expand(exchange, arena);
  for (const Edit& edit : add_) values[next++] = edit.value.expand(exchange, arena);

  next = 0;
  for (const Edit& edit : remove_)
    edit.token == FieldName::other ? fields.remove(edit.name) : fields.remove(edit.token);
  for (const Edit& edit : set_) fields.set(edit.name, values[next++]);
  for (const Edit& edit : add_) fields.add(edit.name, values[next++]);
}

}  // namespace sluice::middleware
