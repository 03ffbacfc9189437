#include "runtime/demo.h"

#include <cstring>

#include <fmt/format.h>

#include "net/listen.h"
#include "runtime/origins.h"
#include "runtime/server.h"

namespace sluice::runtime {
namespace {

// GATEWAY, TLS, CERTIFICATE, KEY, ADMIN, FAST, SLOW, FLAKY and CALLED are replaced.
constexpr std::string_view kConfig = R"(listeners:
  - { name: demo, address: GATEWAY }
  - name: demo-tls
    address: TLS
    tls: { certificates: { certificate: "CERTIFICATE", private_key: "KEY" } }

upstreams:
  fast:  [FAST]
  fast-h2: { endpoints: FAST, protocol: h2 }
  called: { endpoints: CALLED, protocol: h2, health_check: { type: grpc, interval: 5s } }
  slow:  { endpoints: SLOW, timeouts: { first_byte: 5s } }
  flaky: { endpoints: FLAKY, health_check: { path: /healthz, expect: [200-299, 503], interval: 5s } }

middlewares:
  marked: { response_headers: { set: { x-demo: "route {route}" } } }

routes:
  - { name: fast, match: { path: /fast/* }, upstream: fast, middlewares: [marked] }
  - { name: h2, match: { path: /h2/* }, upstream: fast-h2 }
  - { name: grpc, match: { path: /demo.Greeter/* }, upstream: called, grpc_web: true }
  - { name: slow, match: { path: /slow/* }, upstream: slow, timeout: 3s }
  - { name: flaky, match: { path: /flaky/* }, upstream: flaky }
  - { name: again, match: { path: /again/* }, upstream: flaky, retry: { attempts: 3, on: [503] } }
  - name: split
    match: { path: /split }
    upstream: [{ upstream: fast, weight: 3 }, { upstream: flaky, weight: 1 }]
  - name: headers
    match: { path: /headers/* }
    request_headers: { set: { x-client: "{client.ip}", x-asked-for: "{path}" }, remove: [user-agent] }
    response_headers: { set: { cache-control: no-store } }
    rewrite: { path_prefix: /seen }
    upstream: fast
  - { name: old, match: { path: /old/* }, redirect: { to: "/fast/{path.rest}", status: 308 } }
  - { name: hello, match: { path: /hello, method: GET }, respond: { status: 200, body: "hello\n" } }
  - { name: upload, match: { path: /upload, method: POST }, max_body: 1KiB, upstream: fast }
  - { name: nobody, match: { path: /nobody }, upstream: nowhere }

access_log: { format: text }
admin: { address: ADMIN }
shutdown: { grace: 0s, drain: 2s }
)";

std::string replaced(std::string text, std::string_view word, const std::string& with) {
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + with.size())) {
    text.replace(at, word.size(), with);
  }
  return text;
}

net::ListenSocket any_port() {
  auto sockets = net::listen_on(net::Address::ipv4_loopback(0), {});
  if (!sockets) {
    throw StartError(fmt::format("cannot listen on 127.0.0.1: {}", std::strerror(sockets.error().os_error)));
  }
  return sockets->front();
}

}  // namespace

Demo::Demo(const Ports& ports) : certificate_(demo_certificate()) {
  origins_.push_back(std::make_unique<EmbeddedServer>("fast-origin", any_port(), fast_origin));
  origins_.push_back(std::make_unique<EmbeddedServer>("slow-origin", any_port(), slow_origin));
  origins_.push_back(std::make_unique<EmbeddedServer>("flaky-origin", any_port(), flaky_origin));
  origins_.push_back(std::make_unique<EmbeddedServer>("grpc-origin", any_port(), grpc_origin));
  config_ = replaced(std::string(kConfig), "GATEWAY", fmt::format("127.0.0.1:{}", ports.gateway));
  config_ = replaced(config_, "TLS", fmt::format("127.0.0.1:{}", ports.tls));
  config_ = replaced(config_, "CERTIFICATE", certificate_.certificate);
  config_ = replaced(config_, "KEY", certificate_.private_key);
  config_ = replaced(config_, "ADMIN", fmt::format("127.0.0.1:{}", ports.admin));
  config_ = replaced(config_, "FAST", origins_[0]->address().to_string());
  config_ = replaced(config_, "SLOW", origins_[1]->address().to_string());
  config_ = replaced(config_, "FLAKY", origins_[2]->address().to_string());
  config_ = replaced(config_, "CALLED", origins_[3]->address().to_string());
  // A port where nobody listens: port 1 of loopback.
  config_ = replaced(config_, "  flaky: {", "  nowhere: [127.0.0.1:1]\n  flaky: {");
}

std::string Demo::guide(const std::vector<net::Address>& gateway, const net::Address& admin) const {
  return fmt::format(R"guide(
  curl http://{0}/fast/a                     # proxied: what the origin saw
  curl --cacert {3} https://{2}/hello   # the same under TLS
  curl -i --http2-prior-knowledge http://{0}/hello   # HTTP/2 in the clear; over TLS it is chosen by itself
  curl -i http://{0}/h2/a                    # proxied in HTTP/2
  printf '\0\0\0\0\0' | curl -i -H content-type:application/grpc --data-binary @- -o - http://{0}/demo.Greeter/Hello   # a gRPC call, here by HTTP/1.1: grpc-status 0
  curl -i http://{0}/headers/a               # headers edited, path rewritten
  curl -i http://{0}/old/page                # 308 to /fast/page
  curl http://{0}/hello                      # answered by the gateway itself
  curl -i 'http://{0}/slow/?ms=4000'         # 504 route_timeout after 3 s, and it says so
  curl -i http://{0}/nobody                  # 502 upstream_connect_refused
  curl -i -X DELETE http://{0}/hello         # 405 with Allow
  curl -i -d "$(head -c 2000 /dev/zero | tr '\0' x)" http://{0}/upload   # 413 body_too_large
  for i in 1 2 3; do curl -s -o /dev/null -w '%{{http_code}}\n' http://{0}/flaky/; done
  for i in 1 2 3; do curl -s -o /dev/null -w '%{{http_code}}\n' http://{0}/again/; done   # the same with retries
  curl http://{1}/upstreams                  # endpoints, health, pools
  curl http://{1}/metrics                    # Prometheus

)guide",
                     gateway.at(0).to_string(), admin.to_string(), gateway.at(1).to_string(),
                     certificate_.certificate);
}

}  // namespace sluice::runtime
