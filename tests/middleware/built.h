// A middleware made from YAML, as a configuration would make it.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/metrics.h"
#include "sluice/registry.h"

namespace sluice::middleware {

class PlainMetrics final : public MetricSet {
 public:
  Counter& counter(std::string_view, std::string_view, Labels) override { return counters_.emplace_back(); }
  Gauge& gauge(std::string_view, std::string_view, Labels) override { return gauges_.emplace_back(); }
  Histogram& histogram(std::string_view, std::string_view, const Buckets& buckets, Labels) override {
    return histograms_.emplace_back(buckets);
  }

 private:
  std::deque<Counter> counters_;
  std::deque<Gauge> gauges_;
  std::deque<Histogram> histograms_;
};

/// `text` is what stands below the kind's key, in flow style.
class Built {
 public:
  Built(const MiddlewareKind& kind, std::string_view text) {
    conf::Catalog catalog;
    add_kinds(catalog, {&kind, 1});
    conf::Problems found;
    const std::string document = "use: { " + std::string(kind.name) + ": " + std::string(text) + " }";
    const conf::Node root = conf::read_text(document, "test.yaml", found);
    Use use;
    conf::bind(root, use, found, catalog);
    problems = found.text();
    if (!problems.empty()) return;
    plan_ = plan_of(use.use.definition);
    instance_ = plan_->make({.slots = slots, .metrics = metrics, .route = "r"});
  }

  Middleware& operator*() { return *instance_; }
  Middleware* operator->() { return instance_.get(); }
  std::unique_ptr<Middleware> another() {
    return plan_->make({.slots = slots, .metrics = metrics, .route = "r"});
  }

  std::string problems;
  SlotLayout slots;
  PlainMetrics metrics;

 private:
  struct Use {
    conf::Tagged use;
    static const conf::ObjectSpec& spec() {
      static const conf::ObjectSpec spec =
          conf::object<Use>("Use", "For tests.").field("use", &Use::use, "One.", conf::kinds("middleware"));
      return spec;
    }
  };
  std::shared_ptr<const MiddlewarePlan> plan_;
  std::unique_ptr<Middleware> instance_;
};

}  // namespace sluice::middleware
