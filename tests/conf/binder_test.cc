#include "conf/binder.h"

#include <gtest/gtest.h>

#include "conf/sample_config.h"

namespace sluice::conf::sample {
namespace {

using namespace std::chrono_literals;

TEST(Binder, fills_a_struct_and_keeps_the_defaults_of_what_is_not_written) {
  const auto [config, problems] = load(R"(
workers: 4
upstreams:
  orders:
    endpoints: [a:1, { address: "b:2", weight: 3 }]
    balance: random
    timeouts: { first_byte: 250ms }
    panic: 12.5%
routes:
  - { name: r, path: /x/*, header: { x-beta: "1" }, upstream: orders, body: 64KiB, log: false, sample: 1 }
)");
  ASSERT_EQ(problems.text(), "");
  EXPECT_EQ(config.workers, 4);
  const auto* orders = config.upstreams.find("orders");
  ASSERT_NE(orders, nullptr);
  ASSERT_EQ(orders->endpoints.size(), 2U);
  EXPECT_EQ(orders->endpoints[0].address.host, "a");
  EXPECT_EQ(orders->endpoints[0].weight, 1);
  EXPECT_EQ(orders->endpoints[1].address.port, 2);
  EXPECT_EQ(orders->endpoints[1].weight, 3);
  EXPECT_EQ(orders->balance, Balance::random);
  EXPECT_EQ(orders->timeouts.connect, 1s);
  EXPECT_EQ(orders->timeouts.first_byte, 250ms);
  EXPECT_DOUBLE_EQ(orders->panic.fraction(), 0.125);
  const auto& route = config.routes.at(0);
  EXPECT_EQ(route.header.at("x-beta"), "1");
  EXPECT_EQ(route.upstream->value, "orders");
  EXPECT_EQ(route.body, Bytes{65536});
  EXPECT_FALSE(route.log);
  EXPECT_EQ(route.sample, 1.0);
}

TEST(Binder, takes_one_thing_for_a_list_of_one_and_a_list_or_text_for_a_map) {
  const auto [config, problems] =
      load("upstreams: { a: [a:1], b: { endpoints: a:2 } }\nroutes: { respond: 200 }\n");
  ASSERT_EQ(problems.text(), "");
  EXPECT_EQ(config.upstreams.find("a")->endpoints.at(0).address.port, 1);
  EXPECT_EQ(config.upstreams.find("b")->endpoints.at(0).address.port, 2);
  EXPECT_EQ(config.routes.at(0).respond, 200);
}

TEST(Binder, keeps_the_order_of_the_file_in_named_lists) {
  const auto [config, problems] = load("upstreams: { z: [a:1], a: [a:1], m: [a:1] }");
  EXPECT_EQ(config.upstreams.names(), (std::vector<std::string_view>{"z", "a", "m"}));
  EXPECT_EQ(config.upstreams[1].where.key_location(), (Location{.line = 1, .column = 24}));
}

TEST(Binder, remembers_where_things_were_written) {
  auto [config, problems] = load("upstreams:\n  app: [a:1]\nroutes:\n  - upstream: ordrs\n");
  EXPECT_EQ(config.upstreams.find("app")->where.path(), "upstreams.app");
  const auto& where = config.routes.at(0).upstream->where;
  problems.add(where, "no upstream is named 'ordrs'", suggest("ordrs", {"orders", "app"}));
  EXPECT_EQ(problems.text(),
            "c.yaml:4:15: routes[0].upstream: no upstream is named 'ordrs'; did you mean 'orders'?\n");
}

TEST(Binder, takes_an_empty_value_for_a_struct_without_required_keys) {
  const auto [config, problems] = load("upstreams:\n  a:\n    endpoints: a:1\n    timeouts:\n");
  EXPECT_EQ(problems.text(), "");
}

TEST(Binder, takes_the_word_of_an_optional_for_its_absence) {
  const auto [config, problems] = load("workers: auto\nroutes: [{ respond: 200, body: none }]");
  EXPECT_EQ(problems.text(), "");
  EXPECT_FALSE(config.workers);
  EXPECT_FALSE(config.routes.at(0).body);
}

TEST(Binder, takes_plain_digits_as_bytes) {
  EXPECT_EQ(load("routes: [{ respond: 200, body: 500 }]").config.routes.at(0).body, Bytes{500});
}

TEST(Binder, tells_references_from_definitions_by_their_shape) {
  const auto [config, problems] = load(R"(
middlewares:
  limit: { rate_limit: { rate: 5/m, key: "k" } }
routes:
  - respond: 200
    middlewares: [limit, { rate_limit: }, { fallback: { then: {}, extra: [1, a] } }]
)");
  ASSERT_EQ(problems.text(), "");
  const auto& limit = *config.middlewares.find("limit");
  EXPECT_EQ(limit.kind, "rate_limit");
  EXPECT_EQ(limit.entry->name, "rate_limit");
  EXPECT_EQ(limit.as<RateLimit>().rate, (Rate{.count = 5, .per = 1min}));
  EXPECT_EQ(limit.as<RateLimit>().key.reveal(), "k");
  const auto& uses = config.routes.at(0).middlewares;
  EXPECT_EQ(uses.at(0).reference, "limit");
  EXPECT_EQ(uses.at(0).where.path(), "routes[0].middlewares[0]");
  EXPECT_FALSE(uses.at(1).is_reference());
  EXPECT_EQ(uses.at(1).definition.as<RateLimit>().rate.count, 100U);
  EXPECT_EQ(uses.at(2).definition.as<Fallback>().then.size(), 1U);
  EXPECT_EQ(uses.at(2).definition.as<Fallback>().extra.size(), 2U);
}

TEST(Binder, binds_a_kept_node_later_with_its_place) {
  const auto [config, problems] = load("middlewares:\n  f: { fallback: { extra: { rat: 5/s } } }");
  ASSERT_EQ(problems.text(), "");
  Problems later;
  RateLimit limit;
  EXPECT_FALSE(bind(config.middlewares.find("f")->as<Fallback>().extra, limit, later));
  EXPECT_EQ(
      later.text(),
      "c.yaml:2:29: middlewares.f.fallback.extra.rat: there is no key \"rat\" here; did you mean 'rate'?\n");
}

struct Refusal {
  std::string_view name, yaml, complaint;
};

class BinderRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(BinderRefusal, names_the_place_what_was_found_and_what_was_wanted) {
  EXPECT_EQ(complaints(GetParam().yaml), GetParam().complaint);
}

const Refusal refusals[] = {
    {"unknown_key_with_a_near_one", "wrokers: 1",
     "c.yaml:1:1: wrokers: there is no key \"wrokers\" here; did you mean 'workers'?\n"},
    {"unknown_key_with_none_near", "upstreams: { a: { endpoints: a:1, nonsense: 1 } }",
     "c.yaml:1:35: upstreams.a.nonsense: there is no key \"nonsense\" here; there are endpoints, balance, "
     "timeouts and panic\n"},
    {"missing_key", "upstreams:\n  a: { balance: random }",
     "c.yaml:2:6: upstreams.a: the key \"endpoints\" is missing\n"},
    {"list_for_a_duration", "upstreams: { a: { endpoints: a:1, timeouts: { connect: [1s] } } }",
     "c.yaml:1:56: upstreams.a.timeouts.connect: wanted a duration like 5s, found a list\n"},
    {"duration_without_unit", "upstreams: { a: { endpoints: a:1, timeouts: { connect: 5 } } }",
     "c.yaml:1:56: upstreams.a.timeouts.connect: wanted a duration like 250ms, 5s, 10m, 1h or 7d, found "
     "\"5\": "
     "the unit is missing\n"},
    {"duration_out_of_bounds", "upstreams: { a: { endpoints: a:1, timeouts: { connect: 10m } } }",
     "c.yaml:1:56: upstreams.a.timeouts.connect: wanted 1ms to 5m, found 10m\n"},
    {"duration_below_its_bound", "upstreams: { a: { endpoints: a:1, timeouts: { first_byte: 1us } } }",
     "c.yaml:1:59: upstreams.a.timeouts.first_byte: wanted at least 1ms, found 1us\n"},
    {"size_out_of_bounds", "routes: { respond: 200, body: 2MiB }",
     "c.yaml:1:31: routes.body: wanted at most 1MiB, found 2MiB\n"},
    {"rate_out_of_bounds", "middlewares: { a: { rate_limit: { rate: 0/s } } }",
     "c.yaml:1:41: middlewares.a.rate_limit.rate: wanted at least 1/d, found 0/s\n"},
    {"leading_zero", "workers: 010",
     "c.yaml:1:10: workers: wanted auto or a whole number, found \"010\": leave the "
     "leading zero out\n"},
    {"hexadecimal", "workers: 0x10", "c.yaml:1:10: workers: wanted auto or a whole number, found \"0x10\"\n"},
    {"too_large_a_number", "workers: 99999999999",
     "c.yaml:1:10: workers: wanted 1 to 1024, found 99999999999\n"},
    {"number_out_of_bounds", "workers: 0", "c.yaml:1:10: workers: wanted 1 to 1024, found 0\n"},
    {"quoted_number", "workers: \"4\"",
     "c.yaml:1:10: workers: wanted auto or a whole number, found the text \"4\"; write it without quotes\n"},
    {"number_for_a_text", "routes: { respond: 200, header: { x: 1.0 } }",
     "c.yaml:1:38: routes.header.x: wanted a text, found the number 1.0; put it in quotes\n"},
    {"truth_value_for_a_text", "routes: { respond: 200, upstream: true }",
     "c.yaml:1:25: routes.upstream: wanted only one of upstream and respond, found upstream and respond\n"
     "c.yaml:1:35: routes.upstream: wanted a text, found true; put it in quotes\n"},
    {"yes_for_true", "routes: { respond: 200, log: yes }",
     "c.yaml:1:30: routes.log: wanted true or false, found \"yes\"\n"},
    {"text_for_a_real", "routes: { respond: 200, sample: half }",
     "c.yaml:1:33: routes.sample: wanted a number like 0.5, found \"half\"\n"},
    {"not_a_number_for_a_real", "routes: { respond: 200, sample: .nan }",
     "c.yaml:1:33: routes.sample: wanted a number like 0.5, found \".nan\"\n"},
    {"real_out_of_bounds", "routes: { respond: 200, sample: 1.5 }",
     "c.yaml:1:33: routes.sample: wanted 0 to 1, found 1.5\n"},
    {"unknown_name", "upstreams: { a: { endpoints: [a:1, b:2], balance: randm } }",
     "c.yaml:1:51: upstreams.a.balance: wanted one of round_robin or random, found \"randm\"; did you mean "
     "'random'?\n"},
    {"nothing_for_an_optional", "workers:\n",
     "c.yaml:1:1: workers: wanted auto or a whole number, found nothing; leave the key out if it is not "
     "meant\n"},
    {"nothing_for_a_list", "routes:\n",
     "c.yaml:1:1: routes: wanted a map, or a list of such, found nothing; an empty list is written []\n"},
    {"list_for_a_map", "upstreams: [a]", "c.yaml:1:12: upstreams: wanted a map, found a list\n"},
    {"number_for_a_struct", "upstreams: { a: 5 }",
     "c.yaml:1:17: upstreams.a: wanted a list or a map of endpoints, balance, timeouts and panic, found the "
     "number "
     "5\n"},
    {"custom_type", "upstreams: { a: [x] }",
     "c.yaml:1:18: upstreams.a[0]: wanted an address like a:1, found none\n"},
    {"too_many_items", "upstreams: { a: [a:1, a:1, a:1, a:1, a:1] }",
     "c.yaml:1:17: upstreams.a: wanted 1 to 4 items, found 5\n"},
    {"too_few_items", "upstreams: { a: [] }", "c.yaml:1:17: upstreams.a: wanted 1 to 4 items, found none\n"},
    {"text_that_does_not_match", "routes: { respond: 200, path: /A }",
     "c.yaml:1:31: routes.path: wanted a path in small letters, found \"/A\"\n"},
    {"empty_text", "routes: { respond: 200, name: \"\" }",
     "c.yaml:1:31: routes.name: wanted a text that is not empty, found the text \"\"\n"},
    {"none_of_a_group", "routes:\n  - name: a",
     "c.yaml:2:5: routes[0]: wanted exactly one of upstream and respond, found none\n"},
    {"two_of_a_group", "routes:\n  - upstream: a\n    respond: 200",
     "c.yaml:3:5: routes[0].respond: wanted only one of upstream and respond, found upstream and respond\n"},
    {"failed_check", "upstreams: { a: { endpoints: [a:1], balance: random } }",
     "c.yaml:1:46: upstreams.a.balance: there is one endpoint, so nothing to balance\n"},
    {"failed_check_below_a_shorthand", "upstreams:\n  a: [a:1, b:0]",
     "c.yaml:2:12: upstreams.a[1]: port 0 is none\n"},
    {"unknown_kind", "middlewares: { a: { rate_limt: {} } }",
     "c.yaml:1:21: middlewares.a.rate_limt: there is no middleware of the kind \"rate_limt\"; did you mean "
     "'rate_limit'?\n"},
    {"two_kinds", "middlewares: { a: { rate_limit: {}, fallback: {} } }",
     "c.yaml:1:19: middlewares.a: wanted a map of one key, the kind of middleware, found a map of 2 keys\n"},
    {"list_for_a_use", "routes: { respond: 200, middlewares: [[]] }",
     "c.yaml:1:39: routes.middlewares[0]: wanted the name of a middleware or a map of one key, its kind, "
     "found a "
     "list\n"},
    {"problem_in_a_definition", "routes: { respond: 200, middlewares: { rate_limit: { rate: fast } } }",
     "c.yaml:1:60: routes.middlewares.rate_limit.rate: wanted a rate like 100/s, 6000/m or 1000000/d, found "
     "\"fast\"\n"},
    {"empty_name", "upstreams: { \"\": [a:1] }",
     "c.yaml:1:18: upstreams[\"\"]: wanted a name, found an empty key\n"},
    {"list_for_the_whole", "[a]",
     "c.yaml:1:1: wanted a map of workers, upstreams, routes and middlewares, found a list\n"},
};

INSTANTIATE_TEST_SUITE_P(All, BinderRefusal, testing::ValuesIn(refusals),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(Binder, reports_everything_at_once_in_the_order_of_the_file) {
  std::string yaml = "routes:\n";
  for (int i = 0; i < 150; ++i) yaml += "  - { respond: 1 }\n";
  yaml += "workers: 0\n";
  const auto outcome = load(yaml);
  ASSERT_EQ(outcome.problems.size(), 151U);
  const auto sorted = outcome.problems.sorted();
  EXPECT_EQ(sorted.front().line, 2U);
  EXPECT_EQ(sorted[149].path, "routes[149].respond");
  EXPECT_EQ(sorted.back().line, 152U);
}

TEST(Binder, never_shows_a_secret_in_a_complaint) {
  EXPECT_EQ(
      complaints("middlewares: { a: { rate_limit: { key: 12345 } } }"),
      "c.yaml:1:40: middlewares.a.rate_limit.key: wanted a secret text, found something else; put it in "
      "quotes\n");
}

TEST(Binder, loads_ten_thousand_routes_in_a_blink) {
  std::string yaml = "routes:\n";
  for (int i = 0; i < 10'000; ++i)
    yaml += "  - { name: r" + std::to_string(i) + ", path: /orders/" + std::to_string(i) +
            "/*, header: { x-a: \"1\" }, upstream: app, body: 1KiB }\n";
  const auto begin = std::chrono::steady_clock::now();
  const auto outcome = load(yaml);
  EXPECT_EQ(outcome.config.routes.size(), 10'000U);
  EXPECT_EQ(outcome.problems.text(), "");
  // A guard against quadratic behaviour, generous for sanitizers on a busy machine.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
}

}  // namespace
}  // namespace sluice::conf::sample
