#include "conf/tree_builder.h"

#include <algorithm>
#include <istream>
#include <sstream>
#include <unordered_map>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"
#include "conf/expand.h"
#include "conf/yaml_words.h"

namespace sluice::conf {
namespace {

constexpr std::size_t most_levels = 100;         // yaml-cpp ends near 500, and does not say why
constexpr std::uint32_t most_nodes = 1'000'000;  // what aliases of aliases would otherwise multiply to
constexpr std::size_t most_text = 64 << 20;      // the same of long texts, and of files that ${…} reads

/// Ends the reading at once.
struct Broken {
  Location where;
  std::string message;
  std::string hint;
};

/// What relative paths in the file are relative to.
std::filesystem::path folder_of(const std::string& file) {
  std::error_code ignored;  // without a working directory the relative path must do
  const auto whole = std::filesystem::absolute(file.empty() ? "." : file, ignored);
  return (whole.empty() ? std::filesystem::path(file) : whole).parent_path();
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::shared_ptr<Tree>& tree, const Source& source, const Surroundings& surroundings,
              Problems& problems)
      : source_(source),
        surroundings_(surroundings),
        problems_(problems),
        folder_(folder_of(source.file())),
        tree_(tree),
        file_(static_cast<std::uint32_t>(tree->files.size())),
        root_(static_cast<std::uint32_t>(tree->nodes.size())) {
    tree_->files.push_back(source.file());
  }

  /// That of the text, made where there is none: an empty text is null.
  std::uint32_t root() {
    if (tree_->nodes.size() == root_) add(Node::Kind::null, {.line = 1, .column = 1}, 0);
    return root_;
  }
  /// The innermost list or map that is still open; nowhere when none is.
  Location innermost() const { return open_.empty() ? Location{} : tree_->nodes[open_.back().node].where; }

  std::uint32_t tab_line() const { return last_tab_line_; }

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_collection(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_collection(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override;

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t last = Tree::none;  ///< Its last child so far.
    bool has_key = false;             ///< A key was read, its value comes next.
    std::string key{};
    Location key_where{};
  };

  static Location place(const YAML::Mark& mark) {
    return {.line = static_cast<std::uint32_t>(mark.line + 1),
            .column = static_cast<std::uint32_t>(mark.column + 1)};
  }
  void complain(Location where, std::string message, std::string hint = {}) {
    problems_.add(source_.problem(where, std::move(message), std::move(hint)));
  }

  bool wants_key() const {
    return !open_.empty() && tree_->nodes[open_.back().node].kind == Node::Kind::map && !open_.back().has_key;
  }
  void take_key(Location where, const std::string& text);
  std::uint32_t add(Node::Kind kind, Location where, YAML::anchor_t anchor);
  void open_collection(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor);
  void open(std::uint32_t node, Location where);
  void set_text(std::uint32_t node, std::string text);
  void check_indentation(Location where);
  void check_tag(Location where, const std::string& tag);
  void expand_scalar(std::uint32_t node);
  void copy_into(std::uint32_t from, std::uint32_t to);
  void complain_twice(std::uint32_t first, std::uint32_t again);
  void drop(std::uint32_t map, std::vector<std::uint32_t> dropped);

  const Source& source_;
  const Surroundings& surroundings_;
  Problems& problems_;
  std::filesystem::path folder_;
  const std::shared_ptr<Tree>& tree_;
  const std::uint32_t file_;
  const std::uint32_t root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, std::uint32_t> anchors_;
  std::uint32_t last_tab_line_ = 0;
  bool seen_document_ = false;
};

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (seen_document_) {
    const auto where = place(mark);
    const bool marked = source_.line(where.line).starts_with("---") ||
                        (where.line > 1 && source_.line(where.line - 1).starts_with("..."));
    throw Broken{where,
                 marked ? "a second document begins here, wanted one a file"
                        : "this does not continue what stands above it",
                 {}};
  }
  seen_document_ = true;
}

void TreeBuilder::check_indentation(Location where) {
  const auto column = source_.tab_before(where);
  if (column == 0 || where.line == last_tab_line_) return;
  last_tab_line_ = where.line;
  complain({.line = where.line, .column = column}, "a tab in the indentation", "indent with spaces");
}

void TreeBuilder::check_tag(Location where, const std::string& tag) {
  if (tag.empty() || tag == "?" || tag == "!") return;
  constexpr std::string_view core = "tag:yaml.org,2002:";
  const auto shown = tag.starts_with(core) ? "!!" + tag.substr(core.size()) : tag;
  complain(where, "wanted a value without a tag, found the tag " + shortened(shown),
           "leave the tag out, fields know their types");
}

void TreeBuilder::take_key(Location where, const std::string& text) {
  Open& top = open_.back();
  top.has_key = true;
  top.key = text;
  top.key_where = where;
  if (text == "<<")
    complain(where, "merge keys (<<) are not taken", "write the fields out, or alias the whole value");
}

std::uint32_t TreeBuilder::add(Node::Kind kind, Location where, YAML::anchor_t anchor) {
  auto& nodes = tree_->nodes;
  if (wants_key()) throw Broken{where, "wanted a key of plain text, found something else", {}};
  if (nodes.size() >= most_nodes) throw Broken{where, "more than 1000000 values", {}};
  const auto index = static_cast<std::uint32_t>(nodes.size());
  auto& entry = nodes.emplace_back();
  entry.kind = kind;
  entry.file = file_;
  entry.where = where;
  if (!open_.empty()) {
    Open& top = open_.back();
    auto& parent = nodes[top.node];
    entry.parent = top.node;
    entry.index = parent.size++;
    entry.keyed = top.has_key;
    entry.key = std::move(top.key);
    entry.key_where = top.key_where;
    (top.last == Tree::none ? parent.first : nodes[top.last].next) = index;
    top.last = index;
    top.has_key = false;
    top.key.clear();
  }
  if (anchor != 0) anchors_[anchor] = index;
  return index;
}

void TreeBuilder::open_collection(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
                                  YAML::anchor_t anchor) {
  const auto where = place(mark);
  check_indentation(where);
  check_tag(where, tag);
  open(add(kind, where, anchor), where);
}

void TreeBuilder::open(std::uint32_t node, Location where) {
  if (open_.size() == most_levels)
    throw Broken{where, "lists and maps are nested deeper than 100 levels", {}};
  open_.push_back({.node = node});
}

void TreeBuilder::set_text(std::uint32_t node, std::string text) {
  tree_->text_bytes += text.size();
  if (tree_->text_bytes > most_text) throw Broken{tree_->nodes[node].where, "more than 64MiB of text", {}};
  tree_->nodes[node].text = std::move(text);
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  auto where = place(mark);
  if (wants_key()) return take_key(where, "");
  if (!open_.empty() && open_.back().has_key) {
    const Open& top = open_.back();
    const auto rest = source_.line(top.key_where.line);
    if (rest.find(':', std::min<std::size_t>(top.key_where.column, rest.size())) == std::string_view::npos &&
        rest.find_first_of("{[") == std::string_view::npos)
      complain(top.key_where, "wanted a colon after the key " + in_quotes(top.key));
    if (where.line != top.key_where.line) where = top.key_where;  // the mark of nothing is what follows it
  }
  add(Node::Kind::null, where, anchor);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  const auto where = place(mark);
  check_indentation(where);
  check_tag(where, tag);
  if (wants_key()) {
    if (anchor != 0) complain(where, "wanted a key without an anchor");
    return take_key(where, value);
  }
  const auto index = add(Node::Kind::scalar, where, anchor);
  tree_->nodes[index].style = tag == "!" ? Node::Style::quoted : Node::Style::plain;
  set_text(index, value);
  if (has_placeholder(value)) expand_scalar(index);
}

void TreeBuilder::expand_scalar(std::uint32_t node) {
  auto& entry = tree_->nodes[node];
  auto expanded = expand(entry.text, surroundings_, folder_);
  if (!expanded) {
    problems_.add(Node(tree_, node), expanded.error().message);
    entry.style = Node::Style::broken;
    return;
  }
  tree_->expansions[node] = {std::move(entry.text), std::move(expanded->template_text)};
  set_text(node, std::move(expanded->text));
  entry.style = Node::Style::expanded;
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto where = place(mark);
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) throw Broken{where, "this alias has no anchor", {}};
  const bool inside_itself =
      std::any_of(open_.begin(), open_.end(), [&](const Open& open) { return open.node == found->second; });
  if (inside_itself) throw Broken{where, "this alias stands inside what it refers to", {}};
  const auto from = found->second;
  const auto to = add(tree_->nodes[from].kind, where, 0);
  copy_into(from, to);
}

/// What both share but the place in the tree; problems below point at the original's text.
void TreeBuilder::copy_into(std::uint32_t from, std::uint32_t to) {
  auto& nodes = tree_->nodes;
  nodes[to].style = nodes[from].style;
  nodes[to].incomplete = nodes[from].incomplete;
  set_text(to, nodes[from].text);
  if (const auto raw = tree_->expansions.find(from); raw != tree_->expansions.end()) {
    auto copy = raw->second;
    tree_->expansions[to] = std::move(copy);
  }
  if (nodes[from].kind != Node::Kind::list && nodes[from].kind != Node::Kind::map) return;
  open(to, nodes[to].where);
  for (auto child = nodes[from].first; child != Tree::none; child = nodes[child].next) {
    open_.back().has_key = nodes[child].keyed;
    open_.back().key = nodes[child].key;
    open_.back().key_where = nodes[child].key_where;
    const auto kind = nodes[child].kind;
    const auto where = nodes[child].where;
    copy_into(child, add(kind, where, 0));
  }
  open_.pop_back();
}

/// The first of each key stays, and merge keys go: both have been reported.
void TreeBuilder::OnMapEnd() {
  const auto map = open_.back().node;
  open_.pop_back();
  auto& nodes = tree_->nodes;
  std::vector<std::uint32_t> children, dropped;
  for (auto i = nodes[map].first; i != Tree::none; i = nodes[i].next) {
    children.push_back(i);
    if (nodes[i].key != "<<") continue;
    nodes[map].incomplete = true;
    dropped.push_back(i);
  }
  std::stable_sort(children.begin(), children.end(),
                   [&](auto a, auto b) { return nodes[a].key < nodes[b].key; });
  for (std::size_t i = 1; i < children.size(); ++i) {
    if (nodes[children[i]].key != nodes[children[i - 1]].key) continue;
    complain_twice(children[i - 1], children[i]);
    nodes[children[i - 1]].incomplete = true;
    dropped.push_back(children[i]);
    children[i] = children[i - 1];  // a third one names the first too
  }
  if (!dropped.empty()) drop(map, dropped);
}

void TreeBuilder::complain_twice(std::uint32_t first, std::uint32_t again) {
  const auto& nodes = tree_->nodes;
  const auto earlier = nodes[first].key_where;
  auto problem = source_.problem(nodes[again].key_where,
                                 "the key " + in_quotes(nodes[again].key) + " is written twice, first at " +
                                     std::to_string(earlier.line) + ":" + std::to_string(earlier.column));
  problem.path = Node(tree_, again).path();
  problems_.add(std::move(problem));
}

void TreeBuilder::drop(std::uint32_t map, std::vector<std::uint32_t> dropped) {
  std::sort(dropped.begin(), dropped.end());
  auto& nodes = tree_->nodes;
  auto child = nodes[map].first;
  auto last = Tree::none;
  nodes[map].first = Tree::none;
  nodes[map].size = 0;
  while (child != Tree::none) {
    const auto next = nodes[child].next;
    if (!std::binary_search(dropped.begin(), dropped.end(), child)) {
      nodes[child].index = nodes[map].size++;
      nodes[child].next = Tree::none;
      (last == Tree::none ? nodes[map].first : nodes[last].next) = child;
      last = child;
    }
    child = next;
  }
}

}  // namespace

std::optional<std::uint32_t> add_to_tree(const std::shared_ptr<Tree>& tree, const Source& source,
                                         const Surroundings& surroundings, Problems& problems) {
  TreeBuilder builder(tree, source, surroundings, problems);
  try {
    std::istringstream in{std::string(source.text())};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.root();
  } catch (const Broken& broken) {
    problems.add(source.problem(broken.where, broken.message, broken.hint));
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    auto problem = explain(error, source, builder.innermost());
    const bool said = builder.tab_line() > 0 && problem.line == builder.tab_line();
    if (!said) problems.add(std::move(problem));
    return std::nullopt;
  }
}

}  // namespace sluice::conf
