// SPDX-License-Identifier: Apache-2.0
// The laws of rules, L11: what `weights` may and may not do, for every rule whose facts say that it takes them.
#include <gtest/gtest.h>

#include <cmath>

#include "support/rule_case.h"

namespace tocsin::defense {
namespace {
using support::aggregate;
using support::RuleCase;
using support::RuleRound;
using Numbers = std::vector<double>;
constexpr std::size_t kRows = 13, kColumns = 29, kMalicious = 2;
const std::string kSamples = "weights = 'samples'", kNone = "weights = 'none'";

void expect_near(const Numbers& actual, const Numbers& expected, double absolute) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t j = 0; j < actual.size(); ++j) ASSERT_NEAR(actual[j], expected[j], absolute) << "position " << j;
}

class RuleWeights : public testing::TestWithParam<RuleCase> {
 protected:
  void SetUp() override {
    if (GetParam().entry->facts.weights == WeightUse::none) GTEST_SKIP() << "facts: takes no weights";
  }
};

TEST_P(RuleWeights, L11EqualCountsAreThePlainRule) {
  for (const double count : {1.0, 600.0}) {
    RuleRound round(kRows, kColumns, kMalicious);
    round.samples.assign(kRows, count);
    const Aggregation weighted = aggregate(GetParam(), round, kSamples), plain = aggregate(GetParam(), round, kNone);
    EXPECT_EQ(weighted.update, plain.update);
    EXPECT_EQ(weighted.weights, plain.weights);
  }
}

TEST_P(RuleWeights, L11IntegerCountsAreRepeatedRows) {
  if (!GetParam().repeats) GTEST_SKIP() << "a count in it is not proportional to n";
  RuleRound round(kRows, kColumns, kMalicious);
  round.samples = {1, 2, 1, 3, 1, 1, 2, 1, 3, 2, 1, 2, 1};  // 21 in all, the two heaviest 6
  std::vector<std::size_t> repeated;
  for (std::size_t i = 0; i < kRows; ++i) repeated.insert(repeated.end(), static_cast<std::size_t>(round.samples[i]), i);
  RuleRound plain(repeated.size(), kColumns, GetParam().entry->facts.weights == WeightUse::mass ? 6 : kMalicious);
  for (std::size_t k = 0; k < repeated.size(); ++k) plain.updates.rows().assign(k, round.updates.rows(), repeated[k]);
  const Aggregation weighted = aggregate(GetParam(), round, kSamples), expected = aggregate(GetParam(), plain, kNone);
  expect_near(weighted.update, expected.update, 1e-9);
  if (GetParam().entry->facts.shape != Shape::gram) return;
  Numbers weights(kRows, 0.0);
  for (std::size_t k = 0; k < repeated.size(); ++k) weights[repeated[k]] += expected.weights[k];
  if (GetParam().entry->name != "krum") expect_near(weighted.weights, weights, 1e-9);
}

TEST_P(RuleWeights, L11ARowOfWeightZeroIsAbsent) {
  RuleRound round(kRows, kColumns, kMalicious);
  round.samples = {5, 4, 6, 5, 0, 4, 6, 5, 4, 0, 6, 5, 4};
  const Aggregation whole = aggregate(GetParam(), round, kSamples);
  const Aggregation rest = aggregate(GetParam(), round.without({4, 9}, kMalicious), kSamples);
  EXPECT_EQ(whole.update, rest.update);
  EXPECT_EQ(whole.weights[4], 0);
  EXPECT_EQ(whole.weights[9], 0);
  EXPECT_EQ(whole.weights[12], rest.weights[10]);
}

TEST_P(RuleWeights, L11HalfOfTheMassInFHandsIsRefused) {
  if (GetParam().entry->facts.weights != WeightUse::mass || GetParam().selects_plainly) GTEST_SKIP() << "counts are no masses";
  RuleRound round(kRows, kColumns, kMalicious);
  round.samples[3] = round.samples[7] = 600 * 6;  // 12 of 23
  const auto rule = GetParam().make(kSamples);
  const std::string message = support::error_of([&] { rule->aggregate(round.updates.rows(), round.round()); });
  EXPECT_NE(message.find("capped"), std::string::npos) << message;
  EXPECT_NE(message.find("0.522"), std::string::npos) << "the share is named: " << message;
}

TEST_P(RuleWeights, L4HeavyLoudRowsDoNotMoveARobustRuleByMass) {
  if (GetParam().entry->facts.weights != WeightUse::mass || !GetParam().obeys('R')) GTEST_SKIP() << "facts: not robust by mass";
  RuleRound round(kRows, kColumns, kMalicious);
  round.samples[11] = round.samples[12] = 6000;
  double greatest = 0;
  round.change([&](std::size_t i, std::size_t, double x) {
    if (i < 11) greatest = std::max(greatest, std::abs(x));
    return i < 11 ? x : 1e30;
  });
  const Numbers update = aggregate(GetParam(), round, "weights = 'capped'\ncap_share = 0.4").update;
  for (const double value : update) EXPECT_LE(std::abs(value), greatest);
}

INSTANTIATE_TEST_SUITE_P(Of, RuleWeights, testing::ValuesIn(support::rule_cases()),
                         [](const auto& rule) { return support::name_of(rule.param); });

}  // namespace
}  // namespace tocsin::defense
