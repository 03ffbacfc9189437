// The kinds of middleware that a configuration may name, and how one becomes an instance.
//
//   YAML    --binder-->        Config  (the struct that lists its fields)
//   Config  --kind.plan-->     plan    (shared, immutable, made once on the control thread)
//   plan    --make(context)--> M       (one for each chain and worker)
//
// A kind is one line: middleware_kind<Config, M>("name"). See docs/extending.md.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sluice/config_node.h"
#include "sluice/middleware.h"
#include "sluice/slots.h"

namespace sluice {

class MetricSet;  // sluice/metrics.h

/// What a middleware is built with, on the control thread, before any request.
struct BuildContext {
  SlotLayout& slots;   ///< Of the chain that is built.
  MetricSet& metrics;  ///< This worker's shard.
  unsigned worker = 0;
  std::string_view route;  ///< Name of the route whose chain is built.
};

/// A checked configuration of one middleware, from which the instances of all workers come. It
/// outlives them. One that is named under `middlewares` is one plan for all routes that use it.
class MiddlewarePlan {
 public:
  virtual ~MiddlewarePlan() = default;
  virtual std::unique_ptr<Middleware> make(const BuildContext& context) const = 0;
};

/// A name that a configuration may use, the fields it takes, and what they become.
struct MiddlewareKind {
  static constexpr std::string_view category = "middleware";  ///< In the conf::Catalog.

  std::string_view name;
  const conf::ObjectSpec& (*spec)() = nullptr;
  /// `config` is a bound, checked value of the struct that has `spec`. `before`, which may be null, is the
  /// plan of this kind that a reload replaces.
  std::shared_ptr<const MiddlewarePlan> (*plan)(std::shared_ptr<const void> config,
                                                const MiddlewarePlan* before) = nullptr;
};

/// The kind whose configuration is Config and whose instances are M. M is made by the first of
/// these constructors that it has; references stay good for the life of the instance:
///   M(const Config&, M::Shared&, const BuildContext&)   state that all workers share (thread-safe),
///                                                       one M::Shared(const Config&) a plan
///   M(const Config&, const BuildContext&)
///   M(const Config&)
/// A reload that leaves the configuration of a middleware as it is keeps its plan, and with it M::Shared.
/// Where it changes, a constructor M::Shared(const Config&, M::Shared& before) declares what is carried over.
/// What is under way goes on with `before`, and everything does where the reload comes to nothing: copy from
/// it, or share with it, and leave it as it is.
template <class Config, class M>
MiddlewareKind middleware_kind(std::string_view name);

/// The plan of a configuration made in code.
template <class M, class Config>
std::shared_ptr<const MiddlewarePlan> middleware_plan(std::shared_ptr<const Config> config,
                                                      const MiddlewarePlan* before = nullptr);

/// Makes the kinds known to the binder. They must outlive the catalog.
void add_kinds(conf::Catalog& catalog, std::span<const MiddlewareKind> kinds);

/// The plan of what the binder has read. Null for a definition that was not bound. `before`, which may be
/// null, is the plan of the same kind that it replaces.
std::shared_ptr<const MiddlewarePlan> plan_of(const conf::Definition& definition,
                                              const MiddlewarePlan* before = nullptr);

// ---- what the templates above are made of

namespace detail {

struct NothingShared {
  explicit NothingShared(const auto&) {}
};
template <class M>
concept SharesState = requires {
  typename M::Shared;
};
template <class M>
struct SharedOf {
  using Type = NothingShared;
};
template <SharesState M>
struct SharedOf<M> {
  using Type = typename M::Shared;
};

template <class Config, class M>
class PlanOf final : public MiddlewarePlan {
 public:
  PlanOf(std::shared_ptr<const Config> config, const MiddlewarePlan* before)
      : config_(std::move(config)), shared_(shared_state(*config_, dynamic_cast<const PlanOf*>(before))) {}

  std::unique_ptr<Middleware> make(const BuildContext& context) const override {
    if constexpr (SharesState<M>) {
      return std::make_unique<M>(*config_, shared_, context);
    } else if constexpr (std::is_constructible_v<M, const Config&, const BuildContext&>) {
      return std::make_unique<M>(*config_, context);
    } else {
      return std::make_unique<M>(*config_);
    }
  }

 private:
  using Shared = typename SharedOf<M>::Type;

  static Shared shared_state(const Config& config, const PlanOf* before) {
    if constexpr (std::is_constructible_v<Shared, const Config&, Shared&>) {
      if (before) return Shared(config, before->shared_);
    }
    return Shared(config);
  }

  std::shared_ptr<const Config> config_;
  mutable Shared shared_;  // thread-safe by contract
};

}  // namespace detail

template <class M, class Config>
std::shared_ptr<const MiddlewarePlan> middleware_plan(std::shared_ptr<const Config> config,
                                                      const MiddlewarePlan* before) {
  return std::make_shared<const detail::PlanOf<Config, M>>(std::move(config), before);
}

template <class Config, class M>
MiddlewareKind middleware_kind(std::string_view name) {
  return {name, &Config::spec, [](std::shared_ptr<const void> config, const MiddlewarePlan* before) {
            return middleware_plan<M>(std::static_pointer_cast<const Config>(std::move(config)), before);
          }};
}

}  // namespace sluice
