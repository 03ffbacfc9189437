#include "runtime/changes.h"

#include <algorithm>
#include <initializer_list>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sluice::runtime {

std::uint64_t content_of(const std::vector<upstream::EndpointConfig>& endpoints) {
  std::uint64_t content = 1;
  for (const auto& endpoint : endpoints) content = content * 0x100'0000'01B3 ^ conf::content_hash(endpoint);
  return content;
}

namespace {

std::uint64_t content_of(const conf::Definition& definition) {
  if (!definition.entry) return 0;
  const auto content = conf::content_hash({definition.entry->spec(), definition.value.get()});
  return content ^ std::hash<std::string>{}(definition.kind);
}

std::uint64_t content_of(std::uint64_t number) { return number; }

template <conf::ConfigObject T>
std::uint64_t content_of(const T& object) {
  return conf::content_hash(object);
}

// What is not there differs from everything that is.
template <class T>
std::uint64_t content_of(const std::optional<T>& object) {
  return object ? content_of(*object) ^ 1 : 0;
}

std::uint64_t content_of(const upstream::UpstreamConfig& upstream) {
  auto settings = upstream;
  settings.endpoints.clear();
  settings.endpoints_file.reset();
  return conf::content_hash(settings);
}

template <class T>
std::vector<Part> named_parts(const conf::NamedList<T>& list) {
  std::vector<Part> parts;
  for (const auto& item : list) parts.push_back({item.name, content_of(item.value)});
  return parts;
}

template <class T>
std::vector<Part> named_parts(const std::vector<T>& list) {
  std::vector<Part> parts;
  for (const auto& item : list) parts.push_back({item.name, content_of(item)});
  return parts;
}

std::vector<Part> endpoint_parts(const conf::NamedList<upstream::UpstreamConfig>& upstreams) {
  std::vector<Part> parts;
  for (const auto& upstream : upstreams) {
    const auto& file = upstream.value.endpoints_file;
    const auto named = std::hash<std::string>{}(file ? **file : std::string());
    parts.push_back({upstream.name, runtime::content_of(upstream.value.endpoints) ^ named});
  }
  return parts;
}

PartChanges compare(const std::vector<Part>& before, const std::vector<Part>& after) {
  PartChanges changes;
  std::unordered_map<std::string_view, std::uint64_t> old;
  for (const auto& part : before) old.emplace(part.name, part.content);
  for (const auto& part : after) {
    const auto known = old.find(part.name);
    if (known == old.end()) {
      changes.added.push_back(part.name);
      continue;
    }
    if (known->second != part.content) changes.changed.push_back(part.name);
    old.erase(known);
  }
  for (const auto& part : before) {
    if (old.contains(part.name)) changes.removed.push_back(part.name);
  }
  return changes;
}

std::vector<std::string> differing(const std::vector<Part>& before, const std::vector<Part>& after) {
  return compare(before, after).changed;
}

// Of upstreams that are taken over: a changed one is new with all that it has.
std::vector<std::string> endpoint_changes(const Parts& before, const Parts& after) {
  auto names = compare(before.endpoints, after.endpoints).changed;
  const auto replaced = compare(before.upstreams, after.upstreams).changed;
  std::erase_if(names, [&](const auto& name) {
    return std::find(replaced.begin(), replaced.end(), name) != replaced.end();
  });
  return names;
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void say(std::string& out, const std::string& words) { out += (out.empty() ? "" : ", ") + words; }

void say(std::string& out, const PartChanges& changes, std::string_view what) {
  if (!changes.added.empty()) say(out, counted(changes.added.size(), what) + " added");
  if (!changes.changed.empty()) say(out, counted(changes.changed.size(), what) + " changed");
  if (!changes.removed.empty()) say(out, counted(changes.removed.size(), what) + " removed");
}

void list(std::string& out, const PartChanges& changes, std::string_view what) {
  for (const auto& name : changes.added) out += fmt::format("+ {} {}\n", what, name);
  for (const auto& name : changes.changed) out += fmt::format("~ {} {}\n", what, name);
  for (const auto& name : changes.removed) out += fmt::format("- {} {}\n", what, name);
}

nlohmann::ordered_json to_json(const PartChanges& changes) {
  return {{"added", changes.added}, {"changed", changes.changed}, {"removed", changes.removed}};
}

}  // namespace

const Part* Parts::find(const std::vector<Part>& parts, std::string_view name) noexcept {
  const auto at =
      std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.name == name; });
  return at == parts.end() ? nullptr : &*at;
}

Parts parts_of(const Config& config) {
  return {.listeners = named_parts(config.listeners),
          .upstreams = named_parts(config.upstreams),
          .middlewares = named_parts(config.middlewares),
          .routes = named_parts(config.routes),
          .endpoints = endpoint_parts(config.upstreams),
          .settings = {{"refusal", content_of(config.refusal)},
                       {"log", content_of(config.log)},
                       {"shutdown", content_of(config.shutdown)},
                       {"dns", content_of(config.dns)},
                       {"reload", content_of(config.reload)}},
          .start_settings = {{"workers", content_of(std::uint64_t{config.workers.value_or(0)})},
                             {"event_loop", content_of(static_cast<std::uint64_t>(config.event_loop))},
                             {"access_log", content_of(config.access_log)},
                             {"admin", content_of(config.admin)},
                             {"limits", content_of(config.limits)}}};
}

bool Changes::none() const noexcept {
  return listeners.none() && upstreams.none() && endpoints.empty() && middlewares.none() && routes.none() &&
         settings.empty() && at_next_start.empty();
}

std::string Changes::summary() const {
  std::string out;
  say(out, listeners, "listener");
  say(out, routes, "route");
  say(out, middlewares, "middleware");
  say(out, upstreams, "upstream");
  if (!endpoints.empty()) say(out, "endpoints of " + counted(endpoints.size(), "upstream") + " changed");
  for (const auto& key : settings) say(out, key + " changed");
  if (out.empty()) out = "nothing changed";
  out += ", 0 streams cut, 0 counters reset";
  if (!at_next_start.empty()) out += fmt::format("; at the next start: {}", fmt::join(at_next_start, ", "));
  return out;
}

std::string Changes::text() const {
  std::string out;
  list(out, listeners, "listener");
  list(out, routes, "route");
  list(out, middlewares, "middleware");
  list(out, upstreams, "upstream");
  for (const auto& name : endpoints) out += fmt::format("~ endpoints of {}\n", name);
  for (const auto& key : settings) out += "~ " + key + "\n";
  for (const auto& key : at_next_start) out += "! " + key + " (at the next start)\n";
  return out + summary();
}

Changes changes_between(const Parts& before, const Parts& after) {
  return {.listeners = compare(before.listeners, after.listeners),
          .upstreams = compare(before.upstreams, after.upstreams),
          .middlewares = compare(before.middlewares, after.middlewares),
          .routes = compare(before.routes, after.routes),
          .endpoints = endpoint_changes(before, after),
          .settings = differing(before.settings, after.settings),
          .at_next_start = differing(before.start_settings, after.start_settings)};
}

nlohmann::ordered_json to_json(const Changes& changes) {
  return {{"summary", changes.summary()},
          {"listeners", to_json(changes.listeners)},
          {"routes", to_json(changes.routes)},
          {"middlewares", to_json(changes.middlewares)},
          {"upstreams", to_json(changes.upstreams)},
          {"endpoints", changes.endpoints},
          {"settings", changes.settings},
          {"at_next_start", changes.at_next_start}};
}

}  // namespace sluice::runtime
