// What the admin listener answers: /metrics, /healthz, /readyz, /upstreams, /config.
#pragma once

#include <functional>
#include <string>

#include "sluice/middleware.h"

namespace sluice::runtime {

/// A page: what it is called by a GET or HEAD, and what it says.
struct AdminPage {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

/// Where the pages come from; called on the admin thread.
struct AdminSources {
  std::function<std::string()> metrics;  ///< Prometheus text.
  std::function<bool()> ready;
  std::function<std::string()> upstreams;  ///< JSON.
  std::function<std::string()> config;     ///< JSON, without secrets and what a ${…} stands for.
};

class AdminHandler final : public Middleware {
 public:
  explicit AdminHandler(const AdminSources& sources) : sources_(sources) {}
  Step on_request(Exchange& exchange) override;

 private:
  AdminPage page(std::string_view path) const;
  const AdminSources& sources_;
};

}  // namespace sluice::runtime
