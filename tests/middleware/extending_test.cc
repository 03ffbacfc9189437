// The middleware of docs/extending.md: compiled as it is printed there, and run.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "middleware/built.h"
#include "middleware/extending_example.inc"
#include "support/request.h"

namespace sluice::middleware {
namespace {

std::string content(const std::string& path) {
  std::ifstream in(std::string(SLUICE_SOURCE_DIR) + "/" + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Extending, the_manual_prints_the_example_that_is_compiled_here) {
  const std::string example = content("tests/middleware/extending_example.inc");
  ASSERT_FALSE(example.empty());
  EXPECT_NE(content("docs/extending.md").find("```cpp\n" + example + "```\n"), std::string::npos);
}

TEST(Extending, the_example_runs) {
  Built timing(example::server_timing_kind(), "{ name: edge, slow: 100ms }");
  ASSERT_EQ(timing.problems, "");
  test::Request request;
  request->make_slots(timing.slots);
  EXPECT_EQ(timing->on_request(*request), Step::next);
  request.advance(std::chrono::milliseconds(120));
  timing->on_response(*request);
  EXPECT_EQ(request->response.fields.find("server-timing"), "edge;dur=120");
  timing->on_done(*request);
}

TEST(Extending, a_mistake_in_its_configuration_is_located) {
  Built timing(example::server_timing_kind(), "{ nme: edge }");
  EXPECT_NE(timing.problems.find("did you mean 'name'?"), std::string::npos);
}

struct Shared {
  explicit Shared(const example::ServerTiming&) {}
  int made = 0;
};
class Sharing final : public Middleware {
 public:
  using Shared = middleware::Shared;
  Sharing(const example::ServerTiming&, Shared& shared, const BuildContext&) : number(++shared.made) {}
  int number;
};

TEST(Extending, the_instances_of_one_plan_share_what_they_ask_to_share) {
  const auto kind = middleware_kind<example::ServerTiming, Sharing>("sharing");
  Built sharing(kind, "{}");
  EXPECT_EQ(static_cast<Sharing&>(*sharing).number, 1);
  EXPECT_EQ(static_cast<Sharing&>(*sharing.another()).number, 2);
}

}  // namespace
}  // namespace sluice::middleware
