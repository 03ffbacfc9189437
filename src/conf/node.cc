#include "conf/node.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/text.h"
#include "conf/tree.h"

namespace sluice::conf {
namespace {

bool needs_no_quotes(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '_' || c == '-';
  });
}

void append_step(std::string& path, const Tree::Entry& entry) {
  if (entry.alone) return;
  if (!entry.keyed) {
    path.append("[").append(std::to_string(entry.index)).append("]");
    return;
  }
  if (!needs_no_quotes(entry.key)) {
    path.append("[").append(in_quotes(entry.key)).append("]");
    return;
  }
  if (!path.empty()) path += '.';
  path += shortened(entry.key);
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_real(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  constexpr std::array<std::string_view, 6> words{".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};
  if (std::find(words.begin(), words.end(), text) != words.end()) return true;
  const auto e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    auto exponent = text.substr(e + 1);
    if (exponent.starts_with('+') || exponent.starts_with('-')) exponent.remove_prefix(1);
    if (!all_digits(exponent)) return false;
    text = text.substr(0, e);
  }
  const auto point = text.find('.');
  if (point == std::string_view::npos) return e != std::string_view::npos && all_digits(text);
  const auto before = text.substr(0, point), after = text.substr(point + 1);
  return (before.empty() || all_digits(before)) && (after.empty() || all_digits(after)) &&
         !(before.empty() && after.empty());
}

bool is_integer(std::string_view text) {
  if (text.starts_with("0x")) {
    return text.size() > 2 && text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
  }
  if (text.starts_with("0o")) {
    return text.size() > 2 && text.find_first_not_of("01234567", 2) == std::string_view::npos;
  }
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return all_digits(text);
}

/// One step of a path below a node, cut from its front: `a.b[0]` is a, b, [0].
Node step_into(const Node& node, std::string_view& path) {
  if (path.starts_with('[')) {
    const auto close = std::min(path.find(']'), path.size() - 1);
    std::uint32_t index = 0;
    std::from_chars(path.data() + 1, path.data() + close, index);
    path.remove_prefix(close + 1);
    if (!node.is_list()) return index == 0 ? node : Node();  // a list of one may be written as that one
    Node item = node.first();
    while (item && index-- > 0) item = item.next();
    return item;
  }
  if (path.starts_with('.')) path.remove_prefix(1);
  const auto end = std::min(path.find_first_of(".["), path.size());
  const auto key = path.substr(0, end);
  path.remove_prefix(end);
  return node.find(key);
}

}  // namespace

Node::Node(std::shared_ptr<const Tree> tree, std::uint32_t index) noexcept
    : tree_(std::move(tree)), index_(index) {}

Node::Kind Node::kind() const noexcept { return tree_ ? tree_->nodes[index_].kind : Kind::null; }
Node::Style Node::style() const noexcept { return tree_ ? tree_->nodes[index_].style : Style::plain; }
bool Node::incomplete() const noexcept { return tree_ && tree_->nodes[index_].incomplete; }
std::uint32_t Node::size() const noexcept { return tree_ ? tree_->nodes[index_].size : 0; }
std::string_view Node::file() const noexcept {
  return tree_ ? std::string_view(tree_->files[tree_->nodes[index_].file]) : "";
}

std::string_view Node::text() const noexcept {
  return tree_ ? std::string_view(tree_->nodes[index_].text) : "";
}

std::string_view Node::written() const noexcept {
  if (style() != Style::expanded) return text();
  const auto found = tree_->expansions.find(index_);
  return found == tree_->expansions.end() ? text() : std::string_view(found->second.written);
}

std::string_view Node::template_text() const noexcept {
  if (!tree_) return {};
  const auto found = tree_->expansions.find(index_);
  return found == tree_->expansions.end() ? text() : std::string_view(found->second.template_text);
}

Location Node::location() const noexcept { return tree_ ? tree_->nodes[index_].where : Location{}; }

Location Node::key_location() const noexcept {
  if (!tree_) return {};
  const auto& entry = tree_->nodes[index_];
  return entry.keyed ? entry.key_where : entry.where;
}

std::string_view Node::key() const noexcept {
  return tree_ ? std::string_view(tree_->nodes[index_].key) : "";
}

std::string Node::path() const {
  if (!tree_) return {};
  std::vector<std::uint32_t> steps;
  for (auto i = index_; tree_->nodes[i].parent != Tree::none; i = tree_->nodes[i].parent) steps.push_back(i);
  std::string path;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) append_step(path, tree_->nodes[*step]);
  return path;
}

Node Node::first() const noexcept {
  if (!tree_ || tree_->nodes[index_].first == Tree::none) return {};
  return {tree_, tree_->nodes[index_].first};
}

Node Node::next() const noexcept {
  if (!tree_ || tree_->nodes[index_].next == Tree::none) return {};
  return {tree_, tree_->nodes[index_].next};
}

Node Node::find(std::string_view key) const noexcept {
  if (!is_map()) return {};
  for (auto i = tree_->nodes[index_].first; i != Tree::none; i = tree_->nodes[i].next)
    if (tree_->nodes[i].key == key) return {tree_, i};
  return {};
}

Node Node::nearest_to(std::string_view path) const {
  Node here = *this;
  while (!path.empty()) {
    Node below = step_into(here, path);
    if (!below) break;
    here = std::move(below);
  }
  return here;
}

Looks looks_like(std::string_view plain) noexcept {
  if (plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL")
    return Looks::null;
  constexpr std::array<std::string_view, 6> booleans{"true", "True", "TRUE", "false", "False", "FALSE"};
  if (std::find(booleans.begin(), booleans.end(), plain) != booleans.end()) return Looks::boolean;
  if (is_integer(plain)) return Looks::integer;
  return is_real(plain) ? Looks::real : Looks::text;
}

std::string in_words(const Node& node) {
  switch (node.kind()) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::scalar:
      break;
  }
  if (node.style() == Node::Style::expanded) return "what " + in_quotes(node.written()) + " stands for";
  if (node.style() == Node::Style::quoted) return "the text " + in_quotes(node.text());
  switch (looks_like(node.text())) {
    case Looks::boolean:
      return std::string(node.text());
    case Looks::integer:
    case Looks::real:
      return "the number " + shortened(node.text());
    default:
      return in_quotes(node.text());
  }
}

}  // namespace sluice::conf
