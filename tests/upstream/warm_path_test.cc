#include "support/allocations.h"
#include "world.h"

namespace sluice::upstream {
namespace {

using namespace testing;

struct WarmPath : ::testing::TestWithParam<Balance> {};
INSTANTIATE_TEST_SUITE_P(Every, WarmPath,
                         ::testing::Values(Balance::round_robin, Balance::random, Balance::least_request));

Task<void> use_once(Upstream& upstream, Rng& rng, int& reused) {
  TriedSet tried;
  PickContext context{rng, &tried};
  const auto index = upstream.pick(context);
  if (!index) co_return;
  auto lease = co_await upstream.connect(*index);
  if (lease && lease->reused()) ++reused;
}

TEST_P(WarmPath, does_not_touch_the_heap) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "frames are not recycled under AddressSanitizer";
#endif
  World world;
  world.serve("10.0.0.1:80");
  world.serve("10.0.0.2:80");
  const auto shared = shared_upstream({"10.0.0.1:80", "10.0.0.2:80"}, [](UpstreamConfig& config) {
    config.balance = GetParam();
    config.endpoints[1].weight = 2;
  });
  Upstream upstream(shared, world.loop, world.rng, &FakeClient::make);
  for (std::size_t i = 0; i < 2; ++i) world.connect(upstream, {}, i)->end();
  int reused = 0;
  world.tasks.spawn(use_once(upstream, world.rng, reused));
  const auto before = test::allocations();
  for (int i = 0; i < 100; ++i) world.tasks.spawn(use_once(upstream, world.rng, reused));
  EXPECT_EQ(test::allocations() - before, 0U);
  EXPECT_EQ(reused, 101);
}

}  // namespace
}  // namespace sluice::upstream
