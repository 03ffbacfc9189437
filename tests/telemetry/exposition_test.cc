#include "telemetry/exposition.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/loop.h"
#include "telemetry/access_log.h"
#include "telemetry/metric_spec.h"
#include "telemetry/shard.h"

namespace sluice::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

/// The lines of one metric, HELP and TYPE included.
std::string lines_of(const std::string& text, std::string_view metric) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);)
    if (line.find(metric) != std::string::npos) out += line + "\n";
  return out;
}

TEST(Exposition, sums_the_shards) {
  Shard first(0), second(1);
  first.route("orders").record({.method = http::Method::get, .status = 200, .request_bytes = 100});
  second.route("orders").record({.method = http::Method::get, .status = 204, .request_bytes = 11});
  second.unmatched().record({.method = http::Method::other, .status = 404, .reason = http::Reason{1}});
  const std::string text = Exposition({.shards = {&first, &second}}).text();
  const std::string reason(http::name(http::Reason{1}));
  EXPECT_EQ(
      lines_of(text, "sluice_requests_total"),
      "# HELP sluice_requests_total " + std::string(spec(Metric::requests).help) +
          "\n"
          "# TYPE sluice_requests_total counter\n"
          "sluice_requests_total{route=\"unmatched\",method=\"other\",status_class=\"4xx\",reason=\"" +
          reason +
          "\"} 1\n"
          "sluice_requests_total{route=\"orders\",method=\"GET\",status_class=\"2xx\",reason=\"none\"} 2\n");
  EXPECT_THAT(text, HasSubstr("sluice_request_bytes_total{route=\"orders\"} 111\n"));
}

TEST(Exposition, counts_grpc_calls_by_their_status) {
  Shard first(0), second(1);
  first.route("orders").record({.status = 200, .is_grpc = true, .grpc_status = http::GrpcStatus::ok});
  second.route("orders").record({.status = 200, .is_grpc = true, .grpc_status = http::GrpcStatus::ok});
  second.route("orders").record(
      {.status = 200, .is_grpc = true, .grpc_status = http::GrpcStatus::unavailable});
  second.route("orders").record({.status = 200, .is_grpc = true});
  second.route("plain").record({.status = 200});
  const std::string text = Exposition({.shards = {&first, &second}}).text();
  EXPECT_EQ(lines_of(text, "sluice_grpc_responses_total{"),
            "sluice_grpc_responses_total{route=\"orders\",status=\"none\"} 1\n"
            "sluice_grpc_responses_total{route=\"orders\",status=\"0\"} 2\n"
            "sluice_grpc_responses_total{route=\"orders\",status=\"14\"} 1\n");
}

TEST(Exposition, shows_histograms_in_seconds_and_cumulated) {
  Shard shard(0);
  for (const Duration total : {Duration(200us), Duration(400us), Duration(2min)})
    shard.route("r").record({.status = 200, .total = total});
  const std::string text = Exposition({.shards = {&shard}}).text();
  const std::string name = "sluice_request_duration_seconds";
  EXPECT_THAT(text, HasSubstr(name + "_bucket{route=\"r\",le=\"0.00025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{route=\"r\",le=\"0.0005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{route=\"r\",le=\"0.0075\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{route=\"r\",le=\"60\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{route=\"r\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_count{route=\"r\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_sum{route=\"r\"} 120.0006\n"));
}

TEST(Exposition, shows_connections_of_listeners_and_upstreams) {
  Shard shard(0);
  shard.listener("public").opened();
  shard.listener("public").opened();
  shard.listener("public").ended(ConnectionEnd::idle_timeout);
  shard.upstream("app").attempt_failed(Fault::refused);
  shard.upstream("app").retry({RetryCause::Kind::status, 503});
  shard.upstream("app").retry({RetryCause::Kind::grpc_status, 14});
  shard.upstream("app").retry({RetryCause::Kind::status, 503});
  shard.upstream("app").retry_refused(RetryRefusal::budget);
  const std::string text =
      Exposition({.shards = {&shard},
                  .pools = [] { return std::vector<PoolState>{{.upstream = "app", .idle = 3}}; }})
          .text();
  EXPECT_THAT(text, HasSubstr("sluice_connections_accepted_total{listener=\"public\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sluice_connections_active{listener=\"public\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("sluice_connections_closed_total{listener=\"public\",reason=\"idle_timeout\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("reason=\"drained\"")));
  EXPECT_THAT(text, HasSubstr("sluice_upstream_connections_idle{upstream=\"app\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("sluice_upstream_retries_total{upstream=\"app\",cause=\"503\"} 2\n"));
  EXPECT_THAT(text,
              HasSubstr("sluice_upstream_retries_total{upstream=\"app\",cause=\"grpc_unavailable\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("sluice_upstream_retries_refused_total{upstream=\"app\",reason=\"budget\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_upstream_attempt_failures_total{upstream=\"app\",fault=\"" +
                              std::string(name(Fault::refused)) + "\"} 1\n"));
}

TEST(Exposition, shows_what_middlewares_count) {
  Shard first(0), second(1);
  for (Shard* shard : {&first, &second}) {
    shard->metrics().counter("sluice_cache_hits_total", "Hits.", {{"route", "a"}}).add(2);
    shard->metrics()
        .histogram("sluice_cache_object_bytes", "Sizes.", size_buckets)
        .observe(std::uint64_t{300});
  }
  const std::string text = Exposition({.shards = {&first, &second}}).text();
  EXPECT_THAT(text, HasSubstr("# HELP sluice_cache_hits_total Hits.\n# TYPE sluice_cache_hits_total counter\n"
                              "sluice_cache_hits_total{route=\"a\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("sluice_cache_object_bytes_bucket{le=\"1024\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sluice_cache_object_bytes_sum 600\n"));
}

TEST(Exposition, escapes_label_values) {
  Shard shard(0);
  shard.route("a\"b\\c\nd").record({.status = 200});
  EXPECT_THAT(Exposition({.shards = {&shard}}).text(), HasSubstr("route=\"a\\\"b\\\\c\\nd\""));
}

/// With every metric of the gateway in it.
std::string full_text() {
  Shard shard(0);
  net::LoopStats loop;
  shard.watch_loop(&loop);
  shard.route("r").record({.status = 200, .is_grpc = true, .upstream = 1ms});
  shard.listener("public").opened();
  shard.listener("public").ended(ConnectionEnd::finished);
  shard.listener("public").handshake(true, true);
  shard.upstream("app").attempt_failed(Fault::reset);
  shard.upstream("app").retry({RetryCause::Kind::reset});
  shard.upstream("app").retry_refused(RetryRefusal::attempts);
  AccessLog log({.output = "none"}, 1);
  return Exposition({.shards = {&shard},
                     .access_log = &log,
                     .endpoints =
                         [] {
                           return std::vector<EndpointState>{{"app", "127.0.0.1:3000", false}};
                         },
                     .pools = [] { return std::vector<PoolState>{{.upstream = "app"}}; },
                     .names =
                         [] {
                           return std::vector<NameState>{{"app", "app.test:80", 1.5, true}};
                         },
                     .memory = [] { return MemoryState{.resident = 1, .ceiling = 2, .pressure = true}; },
                     .config = [] { return ConfigState{.stale = true, .taken = 3, .refused = 1}; },
                     .certificates =
                         [] {
                           return std::vector<CertificateState>{{"public", "tls/api.crt", 1798112089}};
                         },
                     .version = "1.2.3",
                     .event_loop = "epoll"})
      .text();
}

TEST(Exposition, shows_every_metric_once_it_has_occurred) {
  const std::string text = full_text();
  for (const MetricSpec& spec : all_metrics())
    EXPECT_THAT(text, HasSubstr("# TYPE " + std::string(spec.name) + " ")) << spec.name;
  EXPECT_THAT(text, HasSubstr("sluice_build_info{version=\"1.2.3\",event_loop=\"epoll\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_memory_pressure 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_config_stale 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_config_reloads_total{result=\"refused\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_endpoint_healthy{upstream=\"app\",endpoint=\"127.0.0.1:3000\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sluice_tls_handshakes_total{listener=\"public\",result=\"resumed\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("sluice_certificate_stale{listener=\"public\",certificate=\"tls/api.crt\"} 0\n"));
}

TEST(Exposition, asks_at_each_scrape_which_certificates_are_stale) {
  bool stale = false;
  const Exposition exposition({.shards = {}, .certificates = [&] {
                                 return std::vector<CertificateState>{
                                     {.listener = "public", .certificate = "tls/ca.crt", .stale = stale}};
                               }});
  constexpr auto line = "sluice_certificate_stale{listener=\"public\",certificate=\"tls/ca.crt\"} ";
  EXPECT_THAT(exposition.text(), HasSubstr(line + std::string("0\n")));
  stale = true;
  EXPECT_THAT(exposition.text(), HasSubstr(line + std::string("1\n")));
  EXPECT_THAT(exposition.text(), Not(HasSubstr("sluice_certificate_not_after_seconds{")));
}

TEST(Exposition, costs_nothing_for_ten_thousand_routes_without_traffic) {
  Shard shard(0);
  for (int i = 0; i < 10'000; ++i) shard.route("route-" + std::to_string(i));
  shard.route("route-77").record({.status = 200});
  const std::string text = Exposition({.shards = {&shard}}).text();
  EXPECT_LT(text.size(), 20'000u);
  EXPECT_THAT(text, HasSubstr("route-77"));
}

TEST(MetricNames, follow_the_prometheus_conventions) {
  for (const MetricSpec& spec : all_metrics()) {
    EXPECT_EQ(spec.name.ends_with("_total"), spec.type == MetricType::counter) << spec.name;
    EXPECT_TRUE(spec.help.ends_with('.')) << spec.name;
    EXPECT_TRUE(spec.name.starts_with("sluice_") || spec.name.starts_with("process_")) << spec.name;
  }
}

TEST(MetricNames, are_all_in_the_documentation) {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/metrics.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_THAT(page.str(), HasSubstr(metrics_markdown())) << "put this table into docs/metrics.md";
}

}  // namespace
}  // namespace sluice::telemetry
