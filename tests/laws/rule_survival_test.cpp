// SPDX-License-Identifier: Apache-2.0
// The laws of rules, L4 and L10: loud rows, rows that are not finite, and rounds at the edge of what a rule is defined for.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "support/rule_case.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::defense {
namespace {
using support::aggregate;
using support::RuleCase;
using support::RuleRound;
using Numbers = std::vector<double>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr std::size_t kRows = 13, kColumns = 29, kMalicious = 3;

/// Rules whose output lies between the least and the greatest benign value of every coordinate.
const std::set<std::string_view> kInsideTheBox{"median", "trimmed_mean", "meamed", "phocas", "bulyan", "krum", "multi_krum"};

bool all_finite(const Numbers& values) {
  for (const double value : values)
    if (!std::isfinite(value)) return false;
  return true;
}

class RuleSurvival : public testing::TestWithParam<RuleCase> {};

/// The benign rows are kept from being moved: inside their box, or (other rules) of no more than ten times their greatest length.
void expect_survival(const RuleCase& rule, const RuleRound& attacked, const std::string& attack) {
  const Numbers update = aggregate(rule, attacked).update;
  ASSERT_TRUE(all_finite(update)) << attack;
  const ConstRows benign = attacked.updates.rows().slice(0, kRows - kMalicious);
  if (kInsideTheBox.count(rule.entry->name) > 0) {
    for (std::size_t j = 0; j < kColumns; ++j) {
      double least = kInf, greatest = -kInf;
      for (std::size_t i = 0; i < benign.clients(); ++i) {
        least = std::min(least, benign.at(i, j));
        greatest = std::max(greatest, benign.at(i, j));
      }
      const double rounding = 1e-12 * (std::abs(least) + std::abs(greatest));
      ASSERT_GE(update[j], least - rounding) << attack << ", coordinate " << j;
      ASSERT_LE(update[j], greatest + rounding) << attack << ", coordinate " << j;
    }
    return;
  }
  double length = 0, longest = 0;
  for (const double value : update) length += value * value;
  for (const double norm : kernels::norms(benign)) longest = std::max(longest, norm);
  EXPECT_LE(std::sqrt(length), 10 * longest) << attack;
}

TEST_P(RuleSurvival, L4LoudRowsDoNotMoveARobustRule) {
  if (!GetParam().obeys('R')) GTEST_SKIP() << "facts: not robust";
  const RuleRound honest(kRows, kColumns, kMalicious);
  const auto replaced = [&](const auto& value) {
    RuleRound attacked = honest;
    attacked.change([&](std::size_t i, std::size_t j, double x) { return i < kRows - kMalicious ? x : value(i, j); });
    return attacked;
  };
  expect_survival(GetParam(), replaced([](std::size_t, std::size_t) { return 1e7; }), "all 1e7");
  expect_survival(GetParam(), replaced([](std::size_t, std::size_t) { return 1e30; }), "all 1e30");
  expect_survival(GetParam(), replaced([](std::size_t i, std::size_t) { return i % 2 == 0 ? 1e30 : -1e30; }),
                  "1e30 and -1e30 in turn");
  expect_survival(GetParam(), replaced([](std::size_t i, std::size_t j) { return j == 4 ? (i % 2 == 0 ? 1e30 : -1e30) : 0.0; }),
                  "1e30 and -1e30 along one direction");
  expect_survival(GetParam(), replaced([](std::size_t, std::size_t) { return 3e38; }), "all 3e38");
}

TEST_P(RuleSurvival, L4NonFiniteRowsAreAsIfTheyHadNotBeenSent) {
  for (const double bad : {kNan, kInf, -kInf}) {
    RuleRound attacked(kRows, kColumns, kMalicious);
    attacked.change([&](std::size_t i, std::size_t j, double x) { return (i == 2 && j == 7) || (i == 9 && j % 2 == 0) ? bad : x; });
    const Decision decision = support::decide(GetParam(), attacked);
    const Aggregation rest = aggregate(GetParam(), attacked.without({2, 9}, kMalicious - 2));
    ASSERT_EQ(decision.held, "");
    EXPECT_EQ(decision.aggregation.update, rest.update);
    ASSERT_EQ(decision.aggregation.weights.size(), kRows);
    EXPECT_EQ(decision.aggregation.weights[2], 0);
    EXPECT_EQ(decision.aggregation.weights[9], 0);
    EXPECT_EQ(decision.aggregation.weights[12], rest.weights[10]);
    ASSERT_EQ(decision.set_aside.size(), 2U);
    EXPECT_EQ(decision.set_aside[1].client, attacked.cohort[9]);
  }
}

TEST_P(RuleSurvival, L10TheFewestRowsAreEnoughAndOneLessIsNot) {
  for (const std::size_t f : {0U, 1U, 2U, 3U}) {
    const std::size_t least = support::fewest(GetParam(), f);
    EXPECT_TRUE(all_finite(aggregate(GetParam(), RuleRound(least, kColumns, f)).update)) << least << " rows, f = " << f;
    if (least == 1) continue;
    const RuleRound few(least - 1, kColumns, f);
    EXPECT_THROW(aggregate(GetParam(), few), std::invalid_argument) << least - 1 << " rows, f = " << f;
    const Decision decision = support::decide(GetParam(), few);
    EXPECT_TRUE(decision.too_few);
    EXPECT_NE(decision.held.find(fmt::format("got {}", least - 1)), std::string::npos) << decision.held;
    EXPECT_TRUE(decision.aggregation.update.empty());
  }
}

TEST_P(RuleSurvival, L10DegenerateRowsGiveFiniteUpdates) {
  const auto finite = [](const RuleRound& round) { return all_finite(aggregate(GetParam(), round).update); };
  RuleRound round(kRows, kColumns, kMalicious);
  round.change([](std::size_t, std::size_t, double) { return 0.0; });
  EXPECT_TRUE(finite(round)) << "all zero";
  EXPECT_EQ(aggregate(GetParam(), round).update, Numbers(kColumns, 0.0));
  round.change([](std::size_t, std::size_t j, double) { return static_cast<double>(j) - 3.3; });
  EXPECT_TRUE(finite(round)) << "all equal";
  round = RuleRound(kRows, kColumns, kMalicious);
  for (std::size_t i = 0; i + 1 < kRows; i += 2) round.updates.rows().assign(i + 1, round.updates.rows(), i);
  EXPECT_TRUE(finite(round)) << "duplicates";
  round.change([](std::size_t i, std::size_t j, double) { return static_cast<double>(i * j % 7) * 1.4012984643e-45; });
  EXPECT_TRUE(finite(round)) << "denormals";
  EXPECT_TRUE(finite(RuleRound(kRows, 1, kMalicious))) << "d = 1";
  EXPECT_TRUE(finite(RuleRound(kRows, kColumns, 0))) << "f = 0";
}

TEST_P(RuleSurvival, L10OneSurvivorDecidesOrTheRoundHolds) {
  RuleRound round(4, kColumns, 3);
  round.change([](std::size_t i, std::size_t, double x) { return i == 1 ? x : kNan; });
  const Decision decision = support::decide(GetParam(), round);
  if (support::fewest(GetParam(), 0) > 1) {
    EXPECT_TRUE(decision.too_few);
    return;
  }
  ASSERT_EQ(decision.held, "");
  EXPECT_TRUE(all_finite(decision.aggregation.update));
}

INSTANTIATE_TEST_SUITE_P(Of, RuleSurvival, testing::ValuesIn(support::rule_cases()),
                         [](const auto& rule) { return support::name_of(rule.param); });

}  // namespace
}  // namespace tocsin::defense
