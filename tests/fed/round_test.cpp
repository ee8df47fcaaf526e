// SPDX-License-Identifier: Apache-2.0
// Single rounds that can be checked by hand: linear regression of one weight on a few numbers, exact in binary.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/attacks.h"
#include "support/federation.h"

namespace tocsin::fed {
namespace {
using support::Federation;
using support::parameters;
using support::Scenario;
using Numbers = std::vector<double>;

/// Two clients with one sample each, (1, 2) and (2, 2); at w = 0 they send 1 and 2 with a rate of 1/2.
Scenario two_clients() {
  Scenario scenario{.problem = support::by_hand({1, 2}, {2, 2}), .network = "linear", .clients = 2, .rule = "mean"};
  scenario.training.optimizer.learning_rate = 0.5;
  scenario.federation.algorithm = Algorithm::fedsgd;
  return scenario;
}
/// Puts the samples where the comment says; `iid` would shuffle them.
void deal(Federation& federation, data::Partition partition) { federation.parts.partition = std::move(partition); }

TEST(Round, AveragesTheUpdatesOfTheCohort) {
  Federation federation(two_clients());
  deal(federation, {{{0}}, {{1}}});
  State state = federation.start(false);
  const RoundRecord record = federation.round(state);
  EXPECT_EQ(parameters(state), Numbers{1.5});
  EXPECT_EQ(record.update_norms, (Numbers{1, 2}));
  EXPECT_EQ(record.train_loss, (Numbers{2, 2}));
  EXPECT_EQ(record.distance_to_mean, (Numbers{0.5, 0.5}));
  EXPECT_EQ(record.cosine_to_mean, (Numbers{1, 1}));
  ASSERT_TRUE(record.result.has_value());
  EXPECT_EQ(record.result->distance, 0.0);
  EXPECT_EQ(record.result->cosine, 1.0);
  EXPECT_EQ(record.weights, (Numbers{0.5, 0.5}));
  EXPECT_EQ(record.test.loss, (0.125 + 0.5) / 2);
  EXPECT_EQ(record.test.samples, 2U);
  EXPECT_EQ(record.cohort, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_FALSE(record.selected.has_value());
  EXPECT_EQ(state.finished, 1U);
}

TEST(Round, OneLocalStepOnTheWholeShardIsFedSgd) {
  Scenario scenario = two_clients();
  scenario.federation.algorithm = Algorithm::fedavg;
  Federation federation(scenario);
  deal(federation, {{{0}}, {{1}}});
  State state = federation.start(false);
  federation.round(state);
  EXPECT_EQ(parameters(state), Numbers{1.5});
}

TEST(Round, WeighsBySampleCounts) {
  Scenario scenario = two_clients();
  scenario.problem = support::by_hand({1, 1, 1, 2}, {2, 2, 2, 2});
  scenario.rule = "weighted_mean";
  Federation federation(scenario);
  deal(federation, {{{0, 1, 2}}, {{3}}});
  State state = federation.start(false);
  EXPECT_EQ(federation.round(state).weights, (Numbers{0.75, 0.25}));
  EXPECT_EQ(parameters(state), Numbers{1.25});
}

TEST(Round, MomentumAndRateOfTheServerAct) {
  Scenario scenario = two_clients();
  scenario.federation.server = {.learning_rate = 2.0, .momentum = 0.5};
  Federation federation(scenario);
  deal(federation, {{{0}}, {{1}}});
  State state = federation.start(false);
  federation.round(state);
  EXPECT_EQ(parameters(state), Numbers{3});
  federation.round(state);  // rows -0.5 and -4, m = 0.5 * 1.5 - 2.25
  EXPECT_EQ(state.server_momentum, Numbers{-1.5});
  EXPECT_EQ(parameters(state), Numbers{0});
}

TEST(Round, FollowsTheScheduleOfTheLocalRate) {
  Scenario scenario = two_clients();
  scenario.training.optimizer.schedule = {{2, 0.25}};
  Federation federation(scenario);
  deal(federation, {{{0}}, {{1}}});
  State state = federation.start(false);
  federation.round(state);
  EXPECT_EQ(parameters(state), Numbers{1.5});
  federation.round(state);  // gradients -0.5 and 2
  EXPECT_EQ(parameters(state), Numbers{1.5 - 0.25 * 0.75});
}

TEST(Round, WeighsByAllClientsWhereThePublishedCodeIsAskedFor) {
  for (const std::string rule : {"mean", "weighted_mean"}) {
    Scenario scenario = two_clients();
    scenario.rule = rule;
    scenario.federation.participation = 0.5;
    scenario.federation.alpha = AlphaOver::all_clients;
    Federation federation(scenario);
    deal(federation, {{{0}}, {{1}}});
    State state = federation.start(false);
    const RoundRecord record = federation.round(state);
    ASSERT_EQ(record.cohort.size(), 1U);
    EXPECT_EQ(record.weights, Numbers{0.5});
    EXPECT_EQ(parameters(state), Numbers{record.cohort[0] == 0 ? 0.5 : 1.0});
  }
}

TEST(Round, RefusesAllClientsForARuleThatIsNoMean) {
  Scenario scenario = two_clients();
  scenario.rule = "median";
  scenario.federation.alpha = AlphaOver::all_clients;
  Federation federation(scenario);
  State state = federation.start(false);
  EXPECT_EQ(support::error_of([&] { federation.round(state); }),
            "federation: alpha = \"all_clients\" needs a weighted mean, and median is none; use alpha = \"cohort\"");
}

TEST(Round, AnEmptyShardSendsZeroAndIsNamed) {
  Scenario scenario = two_clients();
  scenario.rule = "weighted_mean";
  Federation federation(scenario);
  deal(federation, {{{}}, {{1}}});
  State state = federation.start(false);
  const RoundRecord record = federation.round(state);
  EXPECT_EQ(parameters(state), Numbers{2});
  EXPECT_EQ(record.update_norms, (Numbers{0, 2}));
  EXPECT_EQ(record.weights, (Numbers{0, 1}));
  EXPECT_EQ(record.notes, std::vector<std::string>{"client 0: empty shard, weight 0 in a weighted mean"});
}

TEST(Round, HoldsWhenEveryShardIsEmpty) {
  for (const bool keep_rows : {false, true}) {
    Scenario scenario = two_clients();
    scenario.rule = "weighted_mean";
    scenario.federation.keep_rows = keep_rows;
    Federation federation(scenario);
    deal(federation, {{{}}, {{}}});
    State state = federation.start(false);
    const RoundRecord record = federation.round(state);
    EXPECT_EQ(record.held, "no weight left: every row that may be used has weight 0") << keep_rows;
    EXPECT_TRUE(record.weights.empty());
    EXPECT_EQ(parameters(state), Numbers{0});
  }
}

/// Three clients that all send 1, client 2 being malicious and sending `value` instead.
struct Hostile {
  explicit Hostile(double value, std::string rule = "mean", std::size_t assumed = 0)
      : attack([value](Rows rows, const attack::Knowledge&, auto) { rows.assign(0, Numbers{value}); }), federation([&] {
          Scenario scenario = two_clients();
          scenario.problem = support::by_hand({1, 1, 1, 1, 1}, {2, 2, 2, 2, 2});
          scenario.clients = 5;
          scenario.rule = std::move(rule);
          scenario.malicious = {2};
          scenario.assumed = assumed;
          return scenario;
        }()) {
    federation.parts.attack = &attack;
    federation.parts.attack_entry = &support::kCraftsEntry;
  }
  support::CraftBy attack;
  Federation federation;
};

TEST(Round, SetsARowThatIsNotFiniteAside) {
  Hostile hostile(std::numeric_limits<double>::infinity());
  State state = hostile.federation.start(false);
  const RoundRecord record = hostile.federation.round(state);
  ASSERT_EQ(record.set_aside.size(), 1U);
  EXPECT_EQ(record.set_aside[0].client, 2U);
  EXPECT_EQ(record.set_aside[0].count, 1U);
  EXPECT_EQ(record.weights, (Numbers{0.25, 0.25, 0, 0.25, 0.25}));
  EXPECT_EQ(parameters(state), Numbers{1});
  EXPECT_EQ(state.set_aside_counts, (std::vector<std::size_t>{0, 0, 1, 0, 0}));
  EXPECT_EQ(record.held, "");
  EXPECT_EQ(record.distance_to_mean[0], 0.0);
}

TEST(Round, HoldsWhenTooFewRowsAreLeftAndEndsTheRunInTheThirdSuchRound) {
  Hostile hostile(std::numeric_limits<double>::quiet_NaN(), "krum", 1);
  hostile.federation.parts.nonfinite = defense::NonFiniteCounts::keep;
  hostile.federation.parts.federation.rounds = 10;
  State state = hostile.federation.start(false);
  for (std::size_t round = 1; round <= 3; ++round) {
    const RoundRecord record = hostile.federation.round(state);
    EXPECT_NE(record.held.find("got 4"), std::string::npos) << record.held;
    EXPECT_FALSE(record.diverged);
    EXPECT_FALSE(record.selected.has_value());
    EXPECT_EQ(parameters(state), Numbers{0});
    EXPECT_EQ(state.held_in_a_row, round);
    EXPECT_EQ(ending(state, hostile.federation.parts.federation, record), round < 3 ? Ending::none : Ending::held);
  }
}

TEST(Round, StopsWithAnErrorWhenTooFewRowsAreLeftAndThePlanSaysSo) {
  Hostile hostile(std::numeric_limits<double>::quiet_NaN(), "krum", 1);
  hostile.federation.parts.nonfinite = defense::NonFiniteCounts::keep;
  hostile.federation.parts.federation.hold_on_too_few = false;
  State state = hostile.federation.start(false);
  EXPECT_THROW(hostile.federation.round(state), RunError);
  EXPECT_EQ(state.finished, 0U);
}

TEST(Round, HoldsWhenTheStepLeavesTheRangeOfTheParameters) {
  Hostile hostile(1e300);
  hostile.federation.parts.federation.server.learning_rate = 1e10;
  State state = hostile.federation.start(false);
  const RoundRecord record = hostile.federation.round(state);
  EXPECT_TRUE(record.diverged);
  EXPECT_EQ(record.held, "diverged: the step leaves the range of the parameters");
  EXPECT_EQ(parameters(state), Numbers{0});
}

TEST(Round, NamesWhomKrumSelected) {
  Hostile hostile(50.0, "krum", 1);
  State state = hostile.federation.start(false);
  const RoundRecord record = hostile.federation.round(state);
  EXPECT_EQ(*record.selected, std::vector<std::uint32_t>{0});
  EXPECT_EQ(record.malicious, std::vector<std::uint32_t>{2});
  EXPECT_EQ(record.distance_to_mean, (Numbers{0, 0, 49, 0, 0}));
}

TEST(Round, GivesAClientWhoseLossIsNotFiniteNoVote) {
  Scenario scenario = two_clients();
  scenario.problem = support::by_hand({1, 2}, {2, std::numeric_limits<float>::infinity()});
  Federation federation(scenario);
  deal(federation, {{{0}}, {{1}}});
  State state = federation.start(false);
  const RoundRecord record = federation.round(state);
  ASSERT_EQ(record.set_aside.size(), 1U);
  EXPECT_EQ(record.set_aside[0].client, 1U);
  EXPECT_EQ(parameters(state), Numbers{1});
}

TEST(Ending, ComesWithTheAccuracyAskedForOrTheLastRound) {
  FederationPlan plan{.rounds = 3, .stop_at_accuracy = 0.9};
  State state;
  state.finished = 2;
  RoundRecord record;
  record.test = {.loss = 1, .accuracy = 0.89, .samples = 100};
  EXPECT_EQ(ending(state, plan, record), Ending::none);
  record.test.accuracy = 0.9;
  EXPECT_EQ(ending(state, plan, record), Ending::accuracy);
  record.test.accuracy = 0.1;
  state.finished = 3;
  EXPECT_EQ(ending(state, plan, record), Ending::rounds);
}

TEST(Cohort, HasTheRoundedShareOfClientsAndAtLeastOne) {
  FederationPlan plan;
  const Stream root(3);
  EXPECT_EQ(draw_cohort(plan, 4, root, 1), (std::vector<std::uint32_t>{0, 1, 2, 3}));
  plan.participation = 0.25;
  EXPECT_EQ(draw_cohort(plan, 10, root, 1).size(), 3U);
  plan.participation = 0.01;
  EXPECT_EQ(draw_cohort(plan, 10, root, 1).size(), 1U);
  plan.participation = 0.0;
  EXPECT_EQ(support::error_of([&] { draw_cohort(plan, 10, root, 1); }), "federation: participation must be in (0, 1], got 0");
}

TEST(Cohort, IsDrawnAnewEveryRoundAndBySeed) {
  const FederationPlan plan{.participation = 0.1};
  const auto first = draw_cohort(plan, 100, Stream(3), 1);
  EXPECT_TRUE(std::is_sorted(first.begin(), first.end()));
  EXPECT_EQ(draw_cohort(plan, 100, Stream(3), 1), first);
  EXPECT_NE(draw_cohort(plan, 100, Stream(3), 2), first);
  EXPECT_NE(draw_cohort(plan, 100, Stream(4), 1), first);
}

}  // namespace
}  // namespace tocsin::fed
