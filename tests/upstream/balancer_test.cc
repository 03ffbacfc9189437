#include "upstream/balancer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace sluice::upstream {
namespace {

/// Endpoints of the given weights, all usable.
struct Endpoints {
  explicit Endpoints(const std::vector<unsigned>& weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      EndpointConfig config{.address = "10.0.0." + std::to_string(i + 1) + ":80", .weight = weights[i]};
      owned.push_back(std::make_unique<SharedEndpoint>(config, ConnectionsConfig{}, i));
    }
    keep([](std::size_t) { return true; });
  }
  template <class Predicate>
  void keep(Predicate usable) {
    candidates.clear();
    view = {};
    for (std::size_t i = 0; i < owned.size(); ++i) {
      if (!usable(i)) continue;
      candidates.push_back({owned[i]->id(), owned[i].get(), owned[i]->weight()});
      view.total_weight += owned[i]->weight();
      view.equal_weights = view.equal_weights && owned[i]->weight() == candidates[0].weight;
    }
    view.candidates = candidates;
  }

  std::vector<std::unique_ptr<SharedEndpoint>> owned;
  std::vector<Candidate> candidates;
  EndpointView view;
};

std::unique_ptr<Balancer> balancer_for(Balance kind, const Endpoints& endpoints, std::uint64_t first = 0) {
  auto balancer = make_balancer(kind, first);
  balancer->make_room(endpoints.owned.size());
  return balancer;
}

std::string sequence(Balancer& balancer, const Endpoints& endpoints, int picks) {
  Rng rng;
  PickContext context{rng};
  std::string out;
  for (int i = 0; i < picks; ++i) {
    const auto index = balancer.pick(endpoints.view, context);
    out += index ? static_cast<char>('a' + *index) : '-';
  }
  return out;
}

std::vector<double> shares(Balance kind, const Endpoints& endpoints, int picks,
                           const TriedSet* tried = nullptr) {
  Rng rng(7);
  PickContext context{rng, tried};
  const auto balancer = balancer_for(kind, endpoints);
  std::vector<double> out(endpoints.owned.size());
  for (int i = 0; i < picks; ++i) out[*balancer->pick(endpoints.view, context)] += 1;
  for (auto& share : out) share /= picks;
  return out;
}

TEST(RoundRobin, takes_equal_endpoints_in_turn) {
  const Endpoints endpoints({1, 1, 1});
  EXPECT_EQ(sequence(*balancer_for(Balance::round_robin, endpoints), endpoints, 7), "abcabca");
}

TEST(RoundRobin, begins_where_it_is_told) {
  const Endpoints endpoints({4, 4, 4});
  EXPECT_EQ(sequence(*balancer_for(Balance::round_robin, endpoints, 2), endpoints, 4), "cabc");
}

TEST(RoundRobin, spreads_weights_smoothly) {
  const Endpoints endpoints({5, 1, 1});
  EXPECT_EQ(sequence(*balancer_for(Balance::round_robin, endpoints), endpoints, 14), "aabacaaaabacaa");
}

TEST(RoundRobin, is_exact_over_each_round_of_weights) {
  const Endpoints endpoints({1, 2, 3, 4});
  const auto balancer = balancer_for(Balance::round_robin, endpoints);
  for (int round = 0; round < 5; ++round) {
    const auto picks = sequence(*balancer, endpoints, 10);
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_EQ(std::count(picks.begin(), picks.end(), static_cast<char>('a' + i)), static_cast<long>(i + 1));
  }
}

TEST(RoundRobin, passes_over_what_cannot_be_used) {
  Endpoints endpoints({1, 1, 1, 1});
  endpoints.keep([](std::size_t i) { return i != 1; });
  EXPECT_EQ(sequence(*balancer_for(Balance::round_robin, endpoints), endpoints, 6), "acdacd");
}

TEST(RoundRobin, gives_one_that_takes_the_place_of_another_a_turn_of_its_own) {
  Endpoints endpoints({1, 9});
  const auto balancer = balancer_for(Balance::round_robin, endpoints);
  sequence(*balancer, endpoints, 9);  // the first is long overdue
  const SharedEndpoint other({.address = "10.0.0.9:80"}, {}, successor(0));
  endpoints.candidates[0] = {other.id(), &other, 1};
  Rng rng;
  PickContext context{rng};
  std::vector<EndpointId> picked;
  for (int i = 0; i < 10; ++i) picked.push_back(*balancer->pick(endpoints.view, context));
  EXPECT_EQ(std::count(picked.begin(), picked.end(), other.id()), 1);
  EXPECT_EQ(std::count(picked.begin(), picked.end(), EndpointId{0}), 0);
}

TEST(Random, follows_the_weights) {
  const Endpoints endpoints({1, 2, 5});
  const auto got = shares(Balance::random, endpoints, 40000);
  EXPECT_NEAR(got[0], 0.125, 0.01);
  EXPECT_NEAR(got[1], 0.25, 0.01);
  EXPECT_NEAR(got[2], 0.625, 0.01);
}

TEST(Random, is_even_over_equal_weights) {
  const Endpoints endpoints({3, 3, 3, 3});
  for (const double share : shares(Balance::random, endpoints, 40000)) EXPECT_NEAR(share, 0.25, 0.01);
}

TEST(LeastRequest, follows_the_weights_while_all_are_idle) {
  const Endpoints endpoints({1, 3});
  EXPECT_NEAR(shares(Balance::least_request, endpoints, 40000)[1], 0.75, 0.01);
}

TEST(LeastRequest, always_takes_the_less_busy_of_two) {
  const Endpoints endpoints({1, 1});
  endpoints.owned[0]->begin_request();
  EXPECT_DOUBLE_EQ(shares(Balance::least_request, endpoints, 1000)[1], 1.0);
}

TEST(LeastRequest, never_takes_the_busiest_of_three) {
  const Endpoints endpoints({1, 1, 1});
  for (int i = 0; i < 9; ++i) endpoints.owned[1]->begin_request();
  const auto got = shares(Balance::least_request, endpoints, 10000);
  EXPECT_EQ(got[1], 0.0);
  EXPECT_NEAR(got[0], 0.5, 0.02);
}

TEST(LeastRequest, measures_load_by_weight) {
  const Endpoints endpoints({1, 4});
  endpoints.owned[0]->begin_request();
  for (int i = 0; i < 3; ++i) endpoints.owned[1]->begin_request();
  EXPECT_DOUBLE_EQ(shares(Balance::least_request, endpoints, 1000)[1], 1.0) << "3 of 4 is less than 1 of 1";
  endpoints.owned[1]->begin_request();
  endpoints.owned[1]->begin_request();
  EXPECT_DOUBLE_EQ(shares(Balance::least_request, endpoints, 1000)[0], 1.0) << "5 of 4 is more than 1 of 1";
}

struct EveryBalancer : ::testing::TestWithParam<Balance> {};
INSTANTIATE_TEST_SUITE_P(All, EveryBalancer,
                         ::testing::Values(Balance::round_robin, Balance::random, Balance::least_request));

TEST_P(EveryBalancer, skips_what_was_tried_and_has_nothing_when_all_were) {
  for (const auto& weights : {std::vector<unsigned>{1, 1, 1}, std::vector<unsigned>{3, 1, 2}}) {
    const Endpoints endpoints(weights);
    const auto balancer = balancer_for(GetParam(), endpoints);
    Rng rng;
    TriedSet tried;
    PickContext context{rng, &tried};
    for (int i = 0; i < 3; ++i) {
      const auto index = balancer->pick(endpoints.view, context);
      ASSERT_TRUE(index);
      EXPECT_FALSE(tried.contains(*index));
      tried.add(*index);
    }
    EXPECT_FALSE(balancer->pick(endpoints.view, context));
  }
}

TEST_P(EveryBalancer, has_nothing_without_candidates) {
  Endpoints endpoints({1, 1});
  endpoints.keep([](std::size_t) { return false; });
  EXPECT_EQ(sequence(*balancer_for(GetParam(), endpoints), endpoints, 1), "-");
}

TEST_P(EveryBalancer, takes_the_only_one) {
  Endpoints endpoints({1, 2, 3});
  endpoints.keep([](std::size_t i) { return i == 2; });
  EXPECT_EQ(sequence(*balancer_for(GetParam(), endpoints), endpoints, 3), "ccc");
}

TEST(TriedSet, remembers_the_last_eight) {
  TriedSet tried;
  for (std::size_t i = 0; i < 9; ++i) tried.add(i);
  EXPECT_FALSE(tried.contains(0));
  for (std::size_t i = 1; i < 9; ++i) EXPECT_TRUE(tried.contains(i));
}

}  // namespace
}  // namespace sluice::upstream
