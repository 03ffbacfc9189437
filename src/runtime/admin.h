// What the admin listener answers: /metrics, /healthz, /readyz, /upstreams, /config, /reload.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "conf/secret.h"
#include "net/loop.h"
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
  std::function<AdminPage()> ready;
  std::function<std::string()> upstreams;  ///< JSON.
  std::function<std::string()> config;     ///< JSON, without secrets and what a ${…} stands for.
  /// Begins a reload for whom the text names, and says later, on any thread, what became of it. Empty: there
  /// is no file to read again.
  std::function<void(std::string by, std::function<void(AdminPage)> answer)> reload{};
};

/// Who may change something by the admin listener.
struct AdminRights {
  std::optional<conf::Secret> key;  ///< Whoever shows it as a bearer token (RFC 6750 2.1).
  bool everybody = false;           ///< Whoever can connect: on a unix socket, its file's mode decides.
};

class AdminHandler final : public Middleware {
 public:
  /// Both outlive it.
  AdminHandler(const AdminSources& sources, const AdminRights& rights, net::Loop& loop)
      : sources_(sources), rights_(rights), loop_(loop) {}
  Step on_request(Exchange& exchange) override;
  /// Of a reload.
  Task<Step> decide(Exchange& exchange) override;

 private:
  std::optional<AdminPage> page(std::string_view path) const;
  Step begin_reload(Exchange& exchange);

  const AdminSources& sources_;
  const AdminRights& rights_;
  net::Loop& loop_;
};

}  // namespace sluice::runtime
