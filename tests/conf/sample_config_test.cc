#include "conf/sample_config.h"

#include <charconv>

namespace sluice::conf {

using namespace std::chrono_literals;

namespace {

Parsed<sample::Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  sample::Address address{.host = std::string(text.substr(0, colon))};
  if (colon == std::string_view::npos || colon == 0)
    return Malformed{"wanted an address like a:1, found none"};
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), address.port);
  return address;
}

}  // namespace

const TypeSpec& Type<sample::Address>::spec() {
  static const auto type = scalar<sample::Address>(
      {.title = "address", .wanted = "an address like a:1", .pattern = "^.+:[0-9]+$"}, &parse_address,
      [](const sample::Address& a) { return a.host + ":" + std::to_string(a.port); });
  return type;
}

namespace sample {

const EnumSpec& enum_spec(Balance) {
  static const auto spec = enumeration<Balance>(
      "balance",
      {{"round_robin", Balance::round_robin, "Each in turn."}, {"random", Balance::random, "Any."}});
  return spec;
}

const ObjectSpec& Timeouts::spec() {
  static const ObjectSpec spec =
      object<Timeouts>("Timeouts", "How long to wait for an upstream.")
          .field("connect", &Timeouts::connect, "Until the connection stands.", between(1ms, 5min))
          .field("first_byte", &Timeouts::first_byte, "Until the response begins.", at_least(1ms));
  return spec;
}

const ObjectSpec& Endpoint::spec() {
  static const ObjectSpec spec = object<Endpoint>("Endpoint", "One server.")
                                     .field("address", &Endpoint::address, "Host and port.", required())
                                     .field("weight", &Endpoint::weight, "Its share.", between(1, 1000))
                                     .shorthand(Node::Kind::scalar, "address");
  return spec;
}

const ObjectSpec& Upstream::spec() {
  static const ObjectSpec spec =
      object<Upstream>("Upstream", "Where requests go.")
          .field("endpoints", &Upstream::endpoints, "Its servers.", required(), count(1, 4))
          .field("balance", &Upstream::balance, "Who is next.")
          .field("timeouts", &Upstream::timeouts, "Patience.")
          .field("panic", &Upstream::panic, "Below so many healthy ones, all are used.")
          .shorthand(Node::Kind::list, "endpoints")
          .where(&Upstream::where)
          .check([](const Upstream& upstream, Scope& scope) {
            if (upstream.endpoints.size() == 1 && scope.written("balance"))
              scope.problem("balance", "there is one endpoint, so nothing to balance");
            if (upstream.endpoints.back().address.port == 0)
              scope.problem("endpoints[" + std::to_string(upstream.endpoints.size() - 1) + "].address",
                            "port 0 is none");
          });
  return spec;
}

const ObjectSpec& Route::spec() {
  const auto lower_case = [](std::string_view text) {
    return text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
  };
  static const ObjectSpec spec =
      object<Route>("Route", "One route.")
          .field("name", &Route::name, "Its name.", not_empty())
          .field("path", &Route::path, "Exact, or a prefix | with *.",
                 matching("a path in small letters", "^[^A-Z]*$", lower_case))
          .field("header", &Route::header, "Fields that must be there.")
          .field("upstream", &Route::upstream, "Where it goes.")
          .field("respond", &Route::respond, "The status to answer with.", between(200, 599))
          .field("middlewares", &Route::middlewares, "In order.", kinds("middleware"))
          .field("body", &Route::body, "The largest body.", at_most(Bytes{1 << 20}), or_word("none"))
          .field("log", &Route::log, "Whether it is logged.")
          .field("sample", &Route::sample, "How much is traced.", between(0.0, 1.0))
          .exactly_one({"upstream", "respond"});
  return spec;
}

const ObjectSpec& RateLimit::spec() {
  static const ObjectSpec spec =
      object<RateLimit>("RateLimit", "Limits how often.")
          .field("rate", &RateLimit::rate, "How often.", at_least(Rate{.count = 1, .per = 24h}))
          .field("bandwidth", &RateLimit::bandwidth, "How much.")
          .field("key", &RateLimit::key, "Signs the tokens.");
  return spec;
}

const ObjectSpec& Fallback::spec() {
  static const ObjectSpec spec = object<Fallback>("Fallback", "Something else, and then something else.")
                                     .field("then", &Fallback::then, "The next.")
                                     .field("extra", &Fallback::extra, "Anything.");
  return spec;
}

const ObjectSpec& Config::spec() {
  static const ObjectSpec spec =
      object<Config>("Configuration", "The whole file.")
          .field("workers", &Config::workers, "Event loops.", between(1, 1024), or_word("auto"))
          .field("upstreams", &Config::upstreams, "By name.")
          .field("routes", &Config::routes, "In order.")
          .field("middlewares", &Config::middlewares, "By name.", kinds("middleware"))
          .where(&Config::where);
  return spec;
}

const Catalog& catalog() {
  static const Catalog all = [] {
    Catalog made;
    made.add("middleware", {.name = "rate_limit", .spec = &RateLimit::spec});
    made.add("middleware", {.name = "fallback", .spec = &Fallback::spec});
    return made;
  }();
  return all;
}

Outcome load(std::string_view yaml) {
  Surroundings surroundings;
  surroundings.environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "HOST") return "a";
    if (name == "PORT") return "8080";
    if (name == "EMPTY") return "";
    if (name == "WORD") return "hush";
    return std::nullopt;
  };
  surroundings.file = [](const std::filesystem::path& path) -> Parsed<std::string> {
    if (path == std::filesystem::absolute("files/secret.txt")) return "s3cret\n";
    return Malformed{"there is no such file"};
  };
  Outcome outcome;
  if (const Node root = read_text(yaml, "c.yaml", outcome.problems, surroundings))
    bind(root, outcome.config, outcome.problems, catalog());
  return outcome;
}

std::string complaints(std::string_view yaml) { return load(yaml).problems.text(); }

}  // namespace sample
}  // namespace sluice::conf
