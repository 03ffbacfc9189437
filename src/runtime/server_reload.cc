// How a running Server takes another configuration into force. On the reloader's thread, but for the first
// one.
#include <algorithm>
#include <cstring>
#include <future>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "net/listen.h"
#include "runtime/certificates.h"
#include "runtime/server.h"
#include "telemetry/log.h"

namespace sluice::runtime {
namespace {

template <class Thing>
std::vector<std::shared_ptr<Thing>> without(const std::vector<std::shared_ptr<Thing>>& things,
                                            const std::vector<std::shared_ptr<Thing>>& others) {
  std::unordered_set<const Thing*> known;
  for (const auto& other : others) known.insert(other.get());
  std::vector<std::shared_ptr<Thing>> rest;
  for (const auto& thing : things) {
    if (!known.contains(thing.get())) rest.push_back(thing);
  }
  return rest;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<Config> Server::load_again(conf::Problems& problems) {
  source_.read = {};
  auto config = source_.load(problems, source_.read);
  if (watch_) watch_->watch(source_.read);  // what is wrong with it may be mended in a file that is new
  return config;
}

void Server::follow_files(const Snapshot& in_force) {
  if (!reloader_ || !in_force.config.reload.watch) return watch_.reset();
  if (watch_) return;
  watch_ = std::make_unique<FileWatch>([this] { reloader_->ask("a changed file"); });
  watch_->watch(source_.read);
}

// Whatever can fail comes before anything that is in force is touched.
std::optional<Changes> Server::apply(Config config, conf::Problems& problems) {
  const auto before = snapshot();
  auto next = compile(std::move(config), problems, before.get());
  if (!next || !has_descriptors_for(*next, problems)) return std::nullopt;
  auto opened = bind_new(*next, problems);
  if (!problems.empty()) return std::nullopt;
  control_->resolve(without(next->upstreams, before->upstreams));
  put_in_force(next, std::move(opened));
  problems = refresh_certificates(*next).refused;
  return next->changes;
}

bool Server::has_descriptors_for(const Snapshot& next, conf::Problems& problems) const {
  const auto least = least_descriptor_limit(runtime::descriptor_needs(next.config, workers()));
  if (descriptor_limit_ >= least) return true;
  problems.add(next.config.where,
               fmt::format("the limit of open files is {}, at least {} are needed", descriptor_limit_, least),
               "raise LimitNOFILE (ulimit -n)");
  return false;
}

// Those that are listened on already are not asked for again.
Server::Listenings Server::bind_new(const Snapshot& next, conf::Problems& problems) {
  Listenings opened;
  for (const auto& listener : next.config.listeners) {
    if (find(listening_, listener) != listening_.end()) continue;
    auto sockets = net::listen_on(*net::Address::parse(*listener.address), {.copies = workers()});
    if (!sockets) {
      problems.add(listener.address.where,
                   fmt::format("cannot listen there: {}", std::strerror(sockets.error().os_error)),
                   own_holder_of(listener));
      continue;
    }
    const auto address = sockets->front().address;
    opened.push_back({place_of(listener), address, std::move(*sockets), net::SocketFile(address)});
  }
  if (problems.empty()) return opened;
  std::vector<net::ListenSocket> in_vain;
  for (const auto& one : opened) in_vain.insert(in_vain.end(), one.sockets.begin(), one.sockets.end());
  opened.clear();  // removes the files of sockets, which comes before they are closed
  net::close_all(in_vain);
  return opened;
}

// The way out where a listener of ours has the port, under another address.
std::string Server::own_holder_of(const ListenerConfig& listener) const {
  const auto wanted = *net::Address::parse(*listener.address);
  const auto has_port = [&](const Listening& one) {
    return !wanted.is_unix() && !one.address.is_unix() && one.address.port() == wanted.port();
  };
  const auto at = std::find_if(listening_.begin(), listening_.end(), has_port);
  if (at == listening_.end()) return {};
  return fmt::format("this gateway itself listens on {}: remove that listener in a reload of its own first",
                     at->address.to_string());
}

Server::Listenings::iterator Server::find(Listenings& listening, const ListenerConfig& listener) {
  const auto place = place_of(listener);
  return std::find_if(listening.begin(), listening.end(),
                      [&](const Listening& one) { return one.place == place; });
}

void Server::put_in_force(std::shared_ptr<const Snapshot> next, Listenings opened) {
  std::vector<std::future<void>> adopted;
  std::vector<WorkerSide> sides;
  std::vector<WorkerOrders> orders;
  for (unsigned i = 0; i < workers_.size(); ++i) {
    orders.push_back(orders_for(*next, opened, i));
    sides.push_back(orders.back().side);
  }
  log::configure(next->config.log);
  limit_connections(*next);
  for (std::size_t i = 0; i < next->upstreams.size(); ++i) {
    if (const auto& endpoints = next->endpoints[i]) next->upstreams[i]->update(*endpoints);
  }
  if (contains(next->changes.settings, "dns")) control_->configure(next->config.dns);
  control_->adopt(next->upstreams);
  for (unsigned i = 0; i < workers_.size(); ++i) adopted.push_back(workers_[i]->adopt(std::move(orders[i])));
  for (auto& one : adopted) one.wait();
  // No worker begins anything with what was in force: it ends here, on this thread, but for what exchanges
  // hold.
  sides_ = std::move(sides);
  listening_ = merge(*next, std::move(opened));
  follow_files(*next);
  const std::lock_guard lock(snapshot_mutex_);
  snapshot_.swap(next);
}

// The workers have the sockets.
Server::Listenings Server::merge(const Snapshot& next, Listenings opened) {
  Listenings listening;
  for (const auto& listener : next.config.listeners) {
    auto at = find(opened, listener);
    if (at == opened.end()) at = find(listening_, listener);
    at->sockets.clear();
    listening.push_back(std::move(*at));
  }
  return listening;
}

void Server::limit_connections(const Snapshot& next) {
  descriptor_needs_ = runtime::descriptor_needs(next.config, workers());
  const auto shares = runtime::share_descriptors(descriptor_limit_, descriptor_needs_);
  most_clients_ = shares.clients;
  clients_->set_limit(shares.clients);
  refusals_->set_limit(shares.refusals);
  for (const auto& listener : next.listeners) {
    auto& counts = *listener->counts;
    counts.connections.set_limit(listener->max_connections);
    if (listener->clients) listener->clients->set_limit(listener->max_connections_of_client);
    if (counts.connections.is_within(*clients_)) continue;
    counts.connections.within(*clients_);
    counts.refusals.within(*refusals_);
    counts.shed.within(*clients_);
  }
}

WorkerOrders Server::orders_for(const Snapshot& next, Listenings& opened, unsigned worker) {
  const bool first = sides_.empty();
  const SideParts parts{workers_[worker]->loop(), *shards_[worker], rng_};
  WorkerOrders orders;
  orders.side = first ? build_side(next, parts) : build_side(next, parts, snapshot_.get(), &sides_[worker]);
  orders.doors = door_orders(next, opened, worker);
  if (!first) orders.leaving = without(sides_[worker].upstreams, orders.side.upstreams);
  return orders;
}

std::vector<DoorOrder> Server::door_orders(const Snapshot& next, Listenings& opened, unsigned worker) {
  std::vector<DoorOrder> doors;
  for (std::size_t i = 0; i < next.listeners.size(); ++i) {
    const auto& listener = next.config.listeners[i];
    DoorOrder order{next.listeners[i], &shards_[worker]->listener(listener.name)};
    if (const auto at = find(opened, listener); at != opened.end()) {
      order.socket = at->sockets[worker];
    } else {
      order.stays = static_cast<std::size_t>(find(listening_, listener) - listening_.begin());
    }
    doors.push_back(std::move(order));
  }
  return doors;
}

}  // namespace sluice::runtime
