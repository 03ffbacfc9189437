// A small configuration with one of everything, for the tests of conf.
#pragma once

#include <string>
#include <vector>

#include "conf/schema.h"

namespace sluice::conf::sample {

enum class Balance : std::uint8_t { round_robin, random };
const EnumSpec& enum_spec(Balance);

/// A type with a text form of its own: `a:1`.
struct Address {
  std::string host;
  int port = 0;
};

struct Timeouts {
  Duration connect = std::chrono::seconds{1};
  std::optional<Duration> first_byte;
  static const ObjectSpec& spec();
};

struct Endpoint {
  Address address;
  int weight = 1;
  static const ObjectSpec& spec();
};

struct Upstream {
  std::vector<Endpoint> endpoints;
  Balance balance = Balance::round_robin;
  Timeouts timeouts;
  Percent panic{50};
  Node where;
  static const ObjectSpec& spec();
};

struct Named {
  std::string name;
};

struct Route : Named {
  std::string path = "/*";
  std::map<std::string, std::string> header;
  std::optional<Located<std::string>> upstream;
  std::optional<int> respond;
  std::vector<Tagged> middlewares;
  std::optional<Bytes> body;
  bool log = true;
  double sample = 0.5;
  static const ObjectSpec& spec();
};

struct RateLimit {
  Rate rate{.count = 100};
  ByteRate bandwidth{.bytes = {1024}};
  Secret key;
  static const ObjectSpec& spec();
};

struct Fallback {
  std::vector<Fallback> then;
  Node extra;
  static const ObjectSpec& spec();
};

struct Config {
  std::optional<int> workers;
  NamedList<Upstream> upstreams;
  std::vector<Route> routes;
  NamedList<Definition> middlewares;
  Node where;
  static const ObjectSpec& spec();
};

/// With the kinds rate_limit and fallback of the category "middleware".
const Catalog& catalog();

/// One text read and bound.
struct Outcome {
  Config config;
  Problems problems;
};
/// The file is called `c.yaml`; the environment has HOST=a, PORT=8080, EMPTY= and files/secret.txt
/// holds "s3cret\n".
Outcome load(std::string_view yaml);
/// The problems of one text, a line each.
std::string complaints(std::string_view yaml);

}  // namespace sluice::conf::sample

template <>
struct sluice::conf::Type<sluice::conf::sample::Address> {
  static const TypeSpec& spec();
};
