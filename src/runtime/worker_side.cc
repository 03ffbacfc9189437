#include "runtime/worker_side.h"

#include <unordered_map>
#include <utility>

namespace sluice::runtime {
namespace {

/// What a worker has of the things of two snapshots, by their number in the first.
template <class Thing>
std::unordered_map<const Thing*, std::size_t> numbers_of(const std::vector<std::shared_ptr<Thing>>& things) {
  std::unordered_map<const Thing*, std::size_t> numbers;
  for (std::size_t i = 0; i < things.size(); ++i) numbers.emplace(things[i].get(), i);
  return numbers;
}

/// Builds one worker's side of a snapshot.
class SideBuilder {
 public:
  SideBuilder(const Snapshot& snapshot, const SideParts& parts, const Snapshot& before,
              const WorkerSide& side_before)
      : snapshot_(snapshot), parts_(parts), before_(before), side_before_(side_before) {}

  WorkerSide run() {
    add_upstreams();
    auto generation = std::make_shared<proxy::Generation>();
    generation->table = snapshot_.table;
    generation->routes = routes();
    generation->refusal = refusal();
    side_.generation = std::move(generation);
    return std::move(side_);
  }

 private:
  void add_upstreams() {
    const auto old = numbers_of(before_.upstreams);
    for (const auto& shared : snapshot_.upstreams) {
      const auto known = old.find(shared.get());
      side_.upstreams.push_back(known != old.end()
                                    ? side_before_.upstreams[known->second]
                                    : std::make_shared<upstream::Upstream>(shared, parts_.loop, parts_.rng));
      upstreams_.emplace(shared.get(), side_.upstreams.back());
    }
  }

  std::vector<std::shared_ptr<proxy::Route>> routes() {
    const auto old = numbers_of(before_.routes);
    std::vector<std::shared_ptr<proxy::Route>> routes;
    routes.reserve(snapshot_.routes.size());
    for (const auto& compiled : snapshot_.routes) {
      const auto known = old.find(compiled.get());
      routes.push_back(known != old.end() ? side_before_.generation->routes[known->second]
                                          : build(*compiled));
    }
    return routes;
  }

  std::shared_ptr<proxy::Route> build(const CompiledRoute& compiled) {
    SlotLayout slots;
    std::vector<std::unique_ptr<Middleware>> chain;
    auto& shard = parts_.shard;
    BuildContext context{slots, shard.metrics(), shard.worker(), compiled.settings.name};
    for (const auto& link : compiled.plans) chain.push_back(link.plan->make(context));
    std::vector<proxy::RouteTarget> targets;
    for (const auto& shared : compiled.upstreams)
      targets.push_back({upstreams_.at(shared.get()), &shard.upstream(shared->name())});
    auto weights = compiled.weights.empty() ? std::vector<unsigned>{1} : compiled.weights;
    return std::make_shared<proxy::Route>(
        proxy::Route{compiled.settings, proxy::Chain(std::move(chain), std::move(slots)), std::move(targets),
                     proxy::Split(weights, shard.worker()), shard.route(compiled.settings.name)});
  }

  std::shared_ptr<Middleware> refusal() {
    if (!snapshot_.refusal) return nullptr;
    if (snapshot_.refusal == before_.refusal) return side_before_.generation->refusal;
    SlotLayout none;
    return snapshot_.refusal->make({none, parts_.shard.metrics(), parts_.shard.worker(), {}});
  }

  const Snapshot& snapshot_;
  const SideParts parts_;
  const Snapshot& before_;
  const WorkerSide& side_before_;
  WorkerSide side_;
  std::unordered_map<const upstream::SharedUpstream*, std::shared_ptr<upstream::Upstream>> upstreams_;
};

}  // namespace

WorkerSide build_side(const Snapshot& snapshot, const SideParts& parts, const Snapshot* before,
                      const WorkerSide* side_before) {
  static const Snapshot no_snapshot;
  static const WorkerSide no_side;
  return SideBuilder(snapshot, parts, before ? *before : no_snapshot, side_before ? *side_before : no_side)
      .run();
}

}  // namespace sluice::runtime
