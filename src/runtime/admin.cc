#include "runtime/admin.h"

#include <coroutine>
#include <utility>

#include "http/chars.h"
#include "telemetry/exposition.h"

namespace sluice::runtime {
namespace {

constexpr std::string_view kIndex =
    "sluice admin\n"
    "  /metrics      Prometheus metrics\n"
    "  /healthz      the process is alive\n"
    "  /readyz       it takes new requests; whether the configuration is the one of its file\n"
    "  /upstreams    endpoints, their health and their connections\n"
    "  /config       the configuration that is in force\n"
    "  POST /reload  reads the configuration again; wants admin.key, or a unix socket\n";

Step refuse_method(Exchange& exchange, std::string_view allowed) {
  exchange.refuse(http::Reason::method_not_allowed);
  exchange.response.fields.set(http::FieldName::allow, allowed);
  return Step::reply;
}

Step reply(Exchange& exchange, const AdminPage& page) {
  exchange.reply(page.status, page.content_type, page.body);
  exchange.response.fields.set(http::FieldName::cache_control, "no-store");
  return Step::reply;
}

bool shows_key(const Exchange& exchange, const conf::Secret& key) {
  constexpr std::string_view scheme = "Bearer ";
  const auto value = exchange.request.fields.find(http::FieldName::authorization).value_or("");
  if (!http::equal_ignore_case(value.substr(0, scheme.size()), scheme)) return false;
  return key.is(value.substr(scheme.size()));
}

/// Waits for an answer that another thread gives.
class Answer {
 public:
  Answer(net::Loop& loop, const AdminSources& sources, std::string by)
      : loop_(loop), sources_(sources), by_(std::move(by)) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    sources_.reload(std::move(by_), [this, waiter](AdminPage page) {
      loop_.post([this, waiter, page = std::move(page)]() mutable {
        page_ = std::move(page);
        waiter.resume();
      });
    });
  }
  AdminPage await_resume() noexcept { return std::move(page_); }

 private:
  net::Loop& loop_;
  const AdminSources& sources_;
  std::string by_;
  AdminPage page_;
};

}  // namespace

std::optional<AdminPage> AdminHandler::page(std::string_view path) const {
  if (path == "/") return AdminPage{.content_type = "text/plain; charset=utf-8", .body = std::string(kIndex)};
  if (path == "/metrics")
    return AdminPage{.content_type = std::string(telemetry::Exposition::content_type),
                     .body = sources_.metrics()};
  if (path == "/healthz") return AdminPage{.content_type = "text/plain; charset=utf-8", .body = "ok\n"};
  if (path == "/readyz") return sources_.ready();
  if (path == "/upstreams") return AdminPage{.body = sources_.upstreams()};
  if (path == "/config") return AdminPage{.body = sources_.config()};
  return std::nullopt;
}

Step AdminHandler::on_request(Exchange& exchange) {
  if (exchange.request.path == "/reload") return begin_reload(exchange);
  const auto method = exchange.request.method;
  if (method != http::Method::get && method != http::Method::head)
    return refuse_method(exchange, "GET, HEAD");
  const auto page = this->page(exchange.request.path);
  if (!page) return exchange.refuse(http::Reason::no_route, "See / for what there is.");
  return reply(exchange, *page);
}

Step AdminHandler::begin_reload(Exchange& exchange) {
  if (exchange.request.method != http::Method::post) return refuse_method(exchange, "POST");
  if (!rights_.everybody && !rights_.key)
    return exchange.refuse(
        http::Reason::forbidden,
        "Over TCP a change wants a key: set admin.key, or let the admin listener have a unix "
        "socket.");
  if (!rights_.everybody && !shows_key(exchange, *rights_.key)) {
    exchange.refuse(http::Reason::unauthorized, "A change wants Authorization: Bearer with admin.key.");
    exchange.response.fields.set(http::FieldName::www_authenticate, "Bearer");
    return Step::reply;
  }
  if (!sources_.reload) return exchange.refuse(http::Reason::no_route, "There is no file to read again.");
  return Step::wait;
}

Task<Step> AdminHandler::decide(Exchange& exchange) {
  Answer answer(loop_, sources_, "POST /reload from " + std::string(exchange.client.peer));
  const auto page = co_await std::move(answer);
  co_return reply(exchange, page);
}

}  // namespace sluice::runtime
