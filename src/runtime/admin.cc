#include "runtime/admin.h"

#include "telemetry/exposition.h"

namespace sluice::runtime {
namespace {

constexpr std::string_view kIndex =
    "sluice admin\n"
    "  /metrics    Prometheus metrics\n"
    "  /healthz    the process is alive\n"
    "  /readyz     it takes new requests\n"
    "  /upstreams  endpoints, their health and their connections\n"
    "  /config     the configuration that is in force\n";

}  // namespace

AdminPage AdminHandler::page(std::string_view path) const {
  if (path == "/") return {.content_type = "text/plain; charset=utf-8", .body = std::string(kIndex)};
  if (path == "/metrics") {
    return {.content_type = std::string(telemetry::Exposition::content_type), .body = sources_.metrics()};
  }
  if (path == "/healthz") return {.content_type = "text/plain; charset=utf-8", .body = "ok\n"};
  if (path == "/readyz") {
    if (sources_.ready()) return {.body = "{\"ready\":true}\n"};
    return {.status = 503, .body = "{\"ready\":false,\"reason\":\"draining\"}\n"};
  }
  if (path == "/upstreams") return {.body = sources_.upstreams()};
  if (path == "/config") return {.body = sources_.config()};
  return {.status = 0, .body = {}};
}

Step AdminHandler::on_request(Exchange& exchange) {
  const auto method = exchange.request.method;
  if (method != http::Method::get && method != http::Method::head) {
    exchange.refuse(http::Reason::method_not_allowed);
    exchange.response.fields.set(http::FieldName::allow, "GET, HEAD");
    return Step::reply;
  }
  auto page = this->page(exchange.request.path);
  if (page.status == 0) return exchange.refuse(http::Reason::no_route, "See / for what there is.");
  exchange.reply(page.status, page.content_type, page.body);
  exchange.response.fields.set(http::FieldName::cache_control, "no-store");
  return Step::reply;
}

}  // namespace sluice::runtime
