// Any bytes as a configuration file: read, bind, dump and hash must neither crash nor hang, and what was
// taken must read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "conf/binder.h"

namespace {

using namespace sluice;

enum class Choice : std::uint8_t { a, b };
const conf::EnumSpec& enum_spec(Choice) {
  static const auto spec = conf::enumeration<Choice>("choice", {{"a", Choice::a}, {"b", Choice::b}});
  return spec;
}

struct Everything {
  std::optional<int> i;
  double d = 0;
  bool b = false;
  std::string s;
  Duration t{};
  Bytes z;
  Rate r;
  ByteRate br;
  Percent p;
  conf::Secret k;
  Choice c = Choice::a;
  std::vector<Everything> l;
  conf::NamedList<conf::Located<std::string>> n;
  std::map<std::string, long> m;
  std::vector<conf::Tagged> u;

  static const conf::ObjectSpec& spec();
};

const conf::ObjectSpec& Everything::spec() {
  using E = Everything;
  static const conf::ObjectSpec spec = conf::object<E>("Everything", "One of each.")
                                           .field("i", &E::i, "", conf::or_word("auto"))
                                           .field("d", &E::d, "")
                                           .field("b", &E::b, "")
                                           .field("s", &E::s, "")
                                           .field("t", &E::t, "")
                                           .field("z", &E::z, "")
                                           .field("r", &E::r, "")
                                           .field("br", &E::br, "")
                                           .field("p", &E::p, "")
                                           .field("k", &E::k, "")
                                           .field("c", &E::c, "")
                                           .field("l", &E::l, "", conf::count(0, 100))
                                           .field("n", &E::n, "")
                                           .field("m", &E::m, "")
                                           .field("u", &E::u, "", conf::kinds("any"))
                                           .shorthand(conf::Node::Kind::scalar, "s")
                                           .shorthand(conf::Node::Kind::list, "l")
                                           .at_most_one({"i", "d"});
  return spec;
}

const conf::Catalog& catalog() {
  static const conf::Catalog all = [] {
    conf::Catalog made;
    made.add("any", {.name = "every", .spec = &Everything::spec});
    return made;
  }();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  conf::Surroundings nothing;
  nothing.environment = [](std::string_view) { return std::optional<std::string>("1"); };
  nothing.file = [](const std::filesystem::path&) { return Parsed<std::string>("x\n"); };
  conf::Problems problems;
  const auto root = conf::read_text({reinterpret_cast<const char*>(data), size}, "f", problems, nothing);
  Everything value;
  if (!root || !conf::bind(root, value, problems, catalog()) || !problems.empty()) {
    if (problems.text().empty() || problems.json().size() < 3) std::abort();
    return 0;
  }
  if (conf::content_hash(value) != conf::content_hash(value)) std::abort();
  (void)conf::to_json(value).dump();
  return 0;
}
