#include "conf/merge.h"

#include <utility>

#include "base/text.h"

namespace sluice::conf {
namespace {

bool grows_as_list(const FieldSpec* field) {
  return field != nullptr && dynamic_cast<const ListType*>(&field->type()) != nullptr;
}

bool grows_as_map(const FieldSpec* field) {
  return field != nullptr && dynamic_cast<const MapType*>(&field->type()) != nullptr;
}

}  // namespace

Merge::Merge(std::shared_ptr<Tree> tree, const ObjectSpec& spec, Problems& problems)
    : tree_(std::move(tree)), spec_(spec), problems_(problems) {}

void Merge::add(std::uint32_t root) {
  const auto& from = tree_->nodes[root];
  if (from.kind == Node::Kind::null) return;
  if (from.kind != Node::Kind::map) {
    const Node node(tree_, root);
    problems_.add(node, "wanted a map of the configuration's keys, found " + in_words(node));
    return leave_open();
  }
  if (from.incomplete) leave_open();
  for (auto value = from.first; value != Tree::none;) {
    const auto next = tree_->nodes[value].next;  // linked anew below
    if (tree_->nodes[value].key != include_key) add_value(value);
    value = next;
  }
}

void Merge::leave_open() {
  auto& nodes = tree_->nodes;
  nodes[0].incomplete = true;
  for (auto value = nodes[0].first; value != Tree::none; value = nodes[value].next) {
    const auto* field = spec_.field(nodes[value].key);
    if (grows_as_list(field) || grows_as_map(field)) nodes[value].incomplete = true;
  }
}

void Merge::add_value(std::uint32_t value) {
  auto& root = growing(0);
  const auto& entry = tree_->nodes[value];
  const auto [known, is_new] = root.by_key.try_emplace(entry.key, value);
  if (is_new) return append(0, value);
  const auto first = known->second;
  const auto* field = spec_.field(entry.key);
  const bool both_maps = entry.kind == Node::Kind::map && tree_->nodes[first].kind == Node::Kind::map;
  if (grows_as_list(field)) return append_items(first, value);
  if (grows_as_map(field) && both_maps) return append_named(first, value);
  complain_twice(first, value, "key");
}

void Merge::append_items(std::uint32_t to, std::uint32_t value) {
  make_list(to);
  make_list(value);
  auto& nodes = tree_->nodes;
  nodes[to].incomplete = nodes[to].incomplete || nodes[value].incomplete;
  for (auto item = nodes[value].first; item != Tree::none;) {
    const auto next = nodes[item].next;
    append(to, item);
    item = next;
  }
}

void Merge::append_named(std::uint32_t to, std::uint32_t map) {
  auto& nodes = tree_->nodes;
  nodes[to].incomplete = nodes[to].incomplete || nodes[map].incomplete;
  for (auto item = nodes[map].first; item != Tree::none;) {
    const auto next = nodes[item].next;
    const auto [known, is_new] = growing(to).by_key.try_emplace(nodes[item].key, item);
    if (is_new) {
      append(to, item);
    } else {
      complain_twice(known->second, item, "name");
    }
    item = next;
  }
}

Merge::Growing& Merge::growing(std::uint32_t node) {
  const auto [at, is_new] = growing_.try_emplace(node);
  if (is_new) {
    auto& nodes = tree_->nodes;
    for (auto child = nodes[node].first; child != Tree::none; child = nodes[child].next) {
      at->second.last = child;
      at->second.by_key.emplace(nodes[child].key, child);
    }
  }
  return at->second;
}

void Merge::append(std::uint32_t to, std::uint32_t child) {
  auto& nodes = tree_->nodes;
  auto& into = growing(to);
  nodes[child].parent = to;
  nodes[child].next = Tree::none;
  (into.last == Tree::none ? nodes[to].first : nodes[into.last].next) = child;
  into.last = child;
  ++nodes[to].size;
}

// An item that was written without the list gets one, unseen in its path.
void Merge::make_list(std::uint32_t node) {
  auto& nodes = tree_->nodes;
  if (nodes[node].kind == Node::Kind::list) return;
  const auto item = static_cast<std::uint32_t>(nodes.size());
  nodes.push_back(nodes[node]);
  auto& inside = nodes.back();
  inside.alone = true;
  inside.keyed = false;
  inside.key.clear();
  inside.parent = node;
  inside.next = Tree::none;
  for (auto child = inside.first; child != Tree::none; child = nodes[child].next) nodes[child].parent = item;
  if (auto expansion = tree_->expansions.extract(node)) {
    expansion.key() = item;
    tree_->expansions.insert(std::move(expansion));
  }
  auto& list = nodes[node];
  list.kind = Node::Kind::list;
  list.style = Node::Style::plain;
  list.text.clear();
  list.first = item;
  list.size = 1;
}

// The first one stays; what is missing in it may stand in the other.
void Merge::complain_twice(std::uint32_t first, std::uint32_t again, const std::string& what) {
  const Node earlier(tree_, first), later(tree_, again);
  const auto at = earlier.key_location(), here = later.key_location();
  problems_.add({.file = std::string(later.file()),
                 .line = here.line,
                 .column = here.column,
                 .path = later.path(),
                 .message = "the " + what + " " + in_quotes(later.key()) +
                            " is in another file too, first at " + std::string(earlier.file()) + ":" +
                            std::to_string(at.line) + ":" + std::to_string(at.column),
                 .hint = {}});
  tree_->nodes[first].incomplete = true;
}

}  // namespace sluice::conf
