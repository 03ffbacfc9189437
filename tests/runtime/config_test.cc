// What is said of a whole configuration, as `sluice check` says it.
#include "runtime/config.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "runtime/snapshot.h"

namespace sluice::runtime {
namespace {

std::string problems_of(std::string_view text) {
  conf::Problems problems;
  if (auto config = parse_config(text, "c.yaml", problems)) compile(std::move(*config), problems);
  return problems.text();
}

TEST(Config, reports_what_stands_behind_a_duplicate_key) {
  EXPECT_EQ(
      problems_of(R"(workers: 2
workers: 3
listeners: [{ address: 127.0.0.1:80, trusted_proxies: here }]
upstreams: { app: [127.0.0.1:3000] }
routes: [{ match: { path: /a }, upstream: ap }, { upstream: app, middlewares: [limit] }, { upstream: app }]
)"),
      "c.yaml:2:1: workers: the key \"workers\" is written twice, first at 1:1\n"
      "c.yaml:3:55: listeners[0].trusted_proxies: wanted an address range like 10.0.0.0/8, an address, or "
      "unix, found \"here\"\n"
      "c.yaml:5:43: routes[0].upstream: no upstream is named \"ap\"; did you mean 'app'?\n"
      "c.yaml:5:80: routes[1].middlewares[0]: no middleware is named \"limit\"\n"
      "c.yaml:5:90: routes[2]: no request reaches this route: \"default\" in line 5 takes all that it "
      "matches\n");
}

TEST(Config, reports_dangling_references_beside_what_does_not_bind) {
  EXPECT_EQ(
      problems_of(R"(workers: many
listeners: [{ address: 127.0.0.1:80 }]
upstreams: { app: { endpoints: [127.0.0.1:3000], balance: fair } }
middlewares: { limit: { request_headers: { remove: 5 } } }
routes:
  - { match: { path: /a }, upstream: nowhere, timeout: soon, middlewares: [limit, limt] }
  - { upstream: app }
)"),
      "c.yaml:1:10: workers: wanted auto or a whole number, found \"many\"\n"
      "c.yaml:3:59: upstreams.app.balance: wanted one of round_robin, random or least_request, found "
      "\"fair\"\n"
      "c.yaml:4:52: middlewares.limit.request_headers.remove: wanted a text, found the number 5; put it in "
      "quotes\n"
      "c.yaml:6:38: routes[0].upstream: no upstream is named \"nowhere\"; there is only app\n"
      "c.yaml:6:56: routes[0].timeout: wanted a duration like 250ms, 5s, 10m, 1h or 7d, found \"soon\"\n"
      "c.yaml:6:83: routes[0].middlewares[1]: no middleware is named \"limt\"; did you mean 'limit'?\n");
}

TEST(Config, does_not_miss_names_that_may_stand_in_what_was_left_out) {
  constexpr std::string_view rest =
      "listeners: [{ address: 127.0.0.1:80 }]\nroutes: [{ upstream: app, middlewares: [limit] }]\n";
  const auto problems = [&](std::string_view text) {
    return problems_of(std::string(text) + std::string(rest));
  };
  EXPECT_EQ(problems("upstreams: { a: [127.0.0.1:1] }\nupstreams: { app: [127.0.0.1:1] }\n"
                     "middlewares: { limit: { request_headers: { remove: x-a } } }\n"),
            "c.yaml:2:1: upstreams: the key \"upstreams\" is written twice, first at 1:1\n");
  EXPECT_EQ(problems("upstrems: { app: [127.0.0.1:1] }\n"),
            "c.yaml:1:1: upstrems: there is no key \"upstrems\" here; did you mean 'upstreams'?\n");
  EXPECT_EQ(problems("upstreams: [app]\nmiddlewares: []\n"),
            "c.yaml:1:12: upstreams: wanted a map, found a list\nc.yaml:2:14: middlewares: wanted a map, "
            "found a list\n");
}

TEST(Config, does_not_miss_keys_that_may_stand_in_what_was_left_out) {
  EXPECT_EQ(problems_of("listeners: [{ <<: { address: 127.0.0.1:80 } }]\nroutes: [{ respond: {} }]\n"),
            "c.yaml:1:15: merge keys (<<) are not taken; write the fields out, or alias the whole value\n");
  EXPECT_EQ(problems_of("listeners: [{ adress: 127.0.0.1:80 }]\nroutes: [{ rspond: {} }]\n"),
            "c.yaml:1:15: listeners[0].adress: there is no key \"adress\" here; did you mean 'address'?\n"
            "c.yaml:2:12: routes[0].rspond: there is no key \"rspond\" here; did you mean 'respond'?\n");
}

TEST(Config, says_nothing_more_of_a_placeholder_that_stands_for_nothing) {
  EXPECT_EQ(
      problems_of("listeners: [{ address: \"${SLUICE_TEST_NO}\" }, { address: \"${SLUICE_TEST_NO}\" }]\n"
                  "routes: [{ name: a, match: { path: /a }, upstream: &no \"${SLUICE_TEST_NO}\" },\n"
                  "         { upstream: *no }]\n"),
      "c.yaml:1:24: listeners[0].address: the environment has no variable SLUICE_TEST_NO; a default is "
      "written "
      "${SLUICE_TEST_NO:-default}\n"
      "c.yaml:1:58: listeners[1].address: the environment has no variable SLUICE_TEST_NO; a default is "
      "written "
      "${SLUICE_TEST_NO:-default}\n"
      "c.yaml:2:52: routes[0].upstream: the environment has no variable SLUICE_TEST_NO; a default is written "
      "${SLUICE_TEST_NO:-default}\n");
}

TEST(Config, judges_only_routes_whose_match_is_sound) {
  EXPECT_EQ(
      problems_of(R"(listeners: [{ address: 127.0.0.1:80 }]
routes:
  - { match: { path: no-slash }, respond: {} }
  - { mtch: { path: /b }, respond: {} }
  - { name: all, respond: {}, timeout: soon }
  - { name: late, respond: { status: 1 } }
)"),
      "c.yaml:3:22: routes[0].match.path: \"no-slash\": a path begins with /\n"
      "c.yaml:4:7: routes[1].mtch: there is no key \"mtch\" here; did you mean 'match'?\n"
      "c.yaml:5:40: routes[2].timeout: wanted a duration like 250ms, 5s, 10m, 1h or 7d, found \"soon\"\n"
      "c.yaml:6:38: routes[3].respond.status: wanted 200 to 599, found 1\n");
  EXPECT_EQ(
      problems_of(R"(listeners: [{ address: 127.0.0.1:80 }]
routes:
  - { name: all, match: { path: /* }, respond: {}, timeout: soon }
  - { name: late, match: { path: /* }, respond: {} }
)"),
      "c.yaml:3:61: routes[0].timeout: wanted a duration like 250ms, 5s, 10m, 1h or 7d, found \"soon\"\n"
      "c.yaml:4:5: routes[1]: no request reaches this route: \"all\" in line 3 takes all that it matches\n");
}

TEST(Config, compares_the_addresses_and_names_of_sound_listeners) {
  EXPECT_EQ(
      problems_of(R"(listeners:
  - { address: 127.0.0.1:80 }
  - { address: 127.0.0.1:80 }
  - { address: nowhere }
  - { address: nowhere }
  - { name: a, address: nowhere }
  - { name: a, address: 127.0.0.1:81 }
routes: { respond: {} }
admin: { address: 127.0.0.1:81 }
)"),
      "c.yaml:3:16: listeners[1].address: another listener has this address too\n"
      "c.yaml:4:16: listeners[2].address: wanted an address to listen on, like 0.0.0.0:8080, [::]:8080 or "
      "unix:/run/sluice.sock, found \"nowhere\"; write 0.0.0.0:8080 for every address of the machine, or "
      "127.0.0.1:8080 for itself alone\n"
      "c.yaml:5:16: listeners[3].address: wanted an address to listen on, like 0.0.0.0:8080, [::]:8080 or "
      "unix:/run/sluice.sock, found \"nowhere\"; write 0.0.0.0:8080 for every address of the machine, or "
      "127.0.0.1:8080 for itself alone\n"
      "c.yaml:6:25: listeners[4].address: wanted an address to listen on, like 0.0.0.0:8080, [::]:8080 or "
      "unix:/run/sluice.sock, found \"nowhere\"; write 0.0.0.0:8080 for every address of the machine, or "
      "127.0.0.1:8080 for itself alone\n"
      "c.yaml:7:5: listeners[5]: another listener has this name too\n"
      "c.yaml:9:19: admin.address: a listener has this address too\n");
}

TEST(Config, says_once_that_an_address_is_taken) {
  EXPECT_EQ(problems_of(R"(listeners:
  - { address: 127.0.0.1:80 }
  - { address: 127.0.0.1:80 }
  - { address: 0.0.0.0:80 }
routes: { respond: {} }
admin: { address: 127.0.0.1:80 }
)"),
            "c.yaml:3:16: listeners[1].address: another listener has this address too\n"
            "c.yaml:4:16: listeners[2].address: another listener has this address too\n"
            "c.yaml:6:19: admin.address: a listener has this address too\n");
}

TEST(Config, says_once_that_a_text_with_a_colon_at_its_end_wants_quotes) {
  EXPECT_EQ(
      problems_of(R"(listeners: [{ address: "127.0.0.1:80" }]
upstreams: { a: { endpoints: [unix:] } }
routes: [{ upstream: a }]
)"),
      "c.yaml:2:31: upstreams.a.endpoints[0].unix: there is no key \"unix\" here; a text that ends with a "
      "colon must be in quotes\n");
}

TEST(Config, says_what_to_write_for_a_port_alone) {
  EXPECT_EQ(
      problems_of("listeners: [{ address: 8080 }]\nroutes: [{ respond: {} }]\n"),
      "c.yaml:1:24: listeners[0].address: wanted an address to listen on, like 0.0.0.0:8080, [::]:8080 or "
      "unix:/run/sluice.sock, found the number 8080; write 0.0.0.0:8080 for every address of the machine, or "
      "127.0.0.1:8080 for itself alone\n");
}

TEST(Config, never_shows_in_a_problem_what_a_placeholder_stands_for) {
  ASSERT_EQ(setenv("SLUICE_TEST_WORD", "hush", 1), 0);
  const auto problems = problems_of(R"(listeners: [{ address: "${SLUICE_TEST_WORD}:1" }]
upstreams: { app: ["${SLUICE_TEST_WORD}:1", "${SLUICE_TEST_WORD}:1"] }
middlewares: { m: { request_headers: { remove: "${SLUICE_TEST_WORD} it" } } }
routes:
  - { match: { path: "/${SLUICE_TEST_WORD}?", host: "${SLUICE_TEST_WORD}:1" }, upstream: "${SLUICE_TEST_WORD}" }
  - { match: { path_regex: "(${SLUICE_TEST_WORD}" }, upstream: app, middlewares: ["${SLUICE_TEST_WORD}"] }
  - { match: { path: /a, header: { x: { regex: "(${SLUICE_TEST_WORD}" } } }, upstream: app }
  - { name: "${SLUICE_TEST_WORD}", match: { path: /b }, upstream: app, rewrite: { path_regex: "(${SLUICE_TEST_WORD}" } }
  - { name: "${SLUICE_TEST_WORD}", match: { path: /c }, upstream: app }
)");
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 11) << problems;
  EXPECT_EQ(problems.find("hush"), problems.npos) << problems;
}

TEST(Config, never_shows_in_a_problem_the_path_of_a_file_that_a_placeholder_stands_for) {
  ASSERT_EQ(setenv("SLUICE_TEST_WORD", "hush", 1), 0);
  const auto problems = problems_of(R"(listeners:
  - address: 127.0.0.1:80
    tls:
      certificates: { certificate: "${SLUICE_TEST_WORD}", private_key: "${SLUICE_TEST_WORD}", ocsp_response: "${SLUICE_TEST_WORD}" }
      client_auth: { ca: "${SLUICE_TEST_WORD}" }
upstreams:
  a: { endpoints: 127.0.0.1:3, tls: { ca: "${SLUICE_TEST_WORD}", certificate: "${SLUICE_TEST_WORD}", private_key: "${SLUICE_TEST_WORD}" } }
routes: { upstream: a }
)");
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 7) << problems;
  EXPECT_EQ(problems.find("hush"), problems.npos) << problems;
  EXPECT_NE(problems.find("tls.certificates.certificate: ${SLUICE_TEST_WORD}: there is no such file"),
            problems.npos)
      << problems;
}

TEST(Config, wants_paths_and_server_names_that_can_be) {
  const auto problems = problems_of(R"(listeners:
  - address: 127.0.0.1:80
    tls: { certificates: { certificate: "a.crt\0x", private_key: "" } }
upstreams:
  a: { endpoints: 127.0.0.1:3, tls: { server_name: "*.a b" } }
  b: { endpoints: 127.0.0.1:3, tls: { server_name: "*.a" } }
  c: { endpoints: 127.0.0.1:3, tls: { server_name: "10.0.0.300" } }
  d: { endpoints: 127.0.0.1:3, tls: { server_name: "::1" } }
  e: { endpoints: 127.0.0.1:3, tls: { server_name: "10.0.0.1" } }
  f: { endpoints: 127.0.0.1:3, tls: { server_name: a.example } }
access_log: { output: "a\0b" }
routes: { upstream: a }
)");
  for (const std::string_view each : {
           "c.yaml:3:41: listeners[0].tls.certificates.certificate: \"a.crt",
           "private_key: wanted a path, found the text \"\"\n",
           "upstreams.a.tls.server_name: wanted a host name or an address, found the text \"*.a b\"\n",
           "upstreams.b.tls.server_name: wanted a host name or an address, found the text \"*.a\"\n",
           "upstreams.c.tls.server_name: wanted a host name or an address, found the text \"10.0.0.300\"\n",
           "access_log.output: \"a",
       }) {
    EXPECT_NE(problems.find(each), problems.npos) << each << "\n" << problems;
  }
  const std::string_view nul = ": a path has no NUL\n";
  EXPECT_NE(problems.find(nul), problems.rfind(nul)) << problems;
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 6) << problems;
}

TEST(Config, shows_no_credentials_in_header_fields) {
  conf::Problems problems;
  const auto config = parse_config(R"(listeners: [{ address: 127.0.0.1:80 }]
upstreams: { a: 127.0.0.1:3 }
middlewares:
  m: { response_headers: { set: { x-plain: seen }, add: { set-cookie: [hush, hush] } } }
routes:
  - match: { path: /a, header: { x-session-token: hush } }
    upstream: a
    request_headers: { set: { authorization: "Basic hush", X-API-Key: hush, x-plain: seen } }
  - respond: { headers: { x-my-secret: hush } }
)",
                                   "c.yaml", problems);
  ASSERT_TRUE(config) << problems.text();
  const auto text = to_json(*config, 1).dump();
  EXPECT_EQ(text.find("hush"), text.npos) << text;
  EXPECT_NE(text.find(R"("authorization":"***")"), text.npos) << text;
  EXPECT_NE(text.find(R"("x-plain":"seen")"), text.npos) << text;
}

TEST(Config, reports_the_files_of_tls_beside_what_is_wrong_elsewhere) {
  const std::string text = R"(workers: 0
listeners:
  - { address: 127.0.0.1:1, tls: { certificates: { certificate: /no/a.crt, private_key: /no/a.key, ocsp_response: /no/a.der } } }
  - address: 127.0.0.1:2
    tls:
      certificates: [{ certificate: /no/b.crt }]
      client_auth: { ca: /no/ca }
upstreams:
  a: { endpoints: 127.0.0.1:3, tls: { ca: /no/a-ca, certificate: /no/c.crt, private_key: /no/c.key } }
  b: { endpoints: 127.0.0.1:4, tls: { ca: /no/b-ca, certificate: /no/d.crt } }
  c: { endpoints: 127.0.0.1:5, tls: { ca: /no/c-ca, verify: false } }
routes: { upstream: a }
)";
  const auto problems = problems_of(text);
  for (const std::string_view each :
       {"workers:", "/no/a.crt", "/no/a.key", "/no/a.der", "certificates[0]", "/no/ca", "/no/a-ca",
        "/no/c.crt", "/no/c.key", "/no/b-ca", "a certificate without its key"}) {
    EXPECT_NE(problems.find(each), problems.npos) << each << "\n" << problems;
  }
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 11) << problems;
}

TEST(Config, finds_addresses_that_include_each_other) {
  const auto text = [](const std::string& one, const std::string& other) {
    return problems_of("listeners: [{ address: \"" + one + "\" }, { address: \"" + other +
                       "\" }]\nroutes: { respond: {} }\n");
  };
  for (const auto& [one, other] : {std::pair{"127.0.0.1:80", "0.0.0.0:80"}, {"[::]:80", "[::1]:80"}}) {
    EXPECT_NE(text(one, other).find("another listener has this address too"), std::string::npos) << one;
    EXPECT_NE(text(other, one).find("another listener has this address too"), std::string::npos) << one;
  }
  for (const auto& [one, other] :
       {std::pair{"unix:a.sock", "unix:./a.sock"}, {"unix:/r/a", "unix:/r//b/../a"}}) {
    EXPECT_NE(text(one, other).find("listeners[1].address: another listener has this address too"),
              std::string::npos)
        << one;
  }
  EXPECT_EQ(text("unix:@a", "unix:@./a"), "");
  EXPECT_EQ(text("127.0.0.1:80", "127.0.0.2:80"), "");
  EXPECT_EQ(text("0.0.0.0:80", "[::]:80"), "");
  EXPECT_EQ(text("127.0.0.1:0", "0.0.0.0:0"), "");
}

}  // namespace
}  // namespace sluice::runtime
