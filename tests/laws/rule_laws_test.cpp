// SPDX-License-Identifier: Apache-2.0
// The laws of rules (rules.md, section 7) for every entry of the registry and every named reading: L1 to L3, L5, L6, L8, L9, L12.
// Survival and degenerate rounds are in rule_survival_test.cpp, weights in rule_weights_test.cpp, references beside each rule.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "support/rule_case.h"
#include "tocsin/core/workers.h"
#include "tocsin/kernels/combine.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::defense {
namespace {
using support::aggregate;
using support::RuleCase;
using support::RuleRound;
using Numbers = std::vector<double>;
constexpr std::size_t kRows = 11, kColumns = 37, kMalicious = 2;

/// Every element of `actual` is that of `expected` to `relative` of the largest of them.
void expect_near(const Numbers& actual, const Numbers& expected, double relative) {
  ASSERT_EQ(actual.size(), expected.size());
  double largest = 1e-300;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  for (std::size_t j = 0; j < actual.size(); ++j) ASSERT_NEAR(actual[j], expected[j], relative * largest) << "coordinate " << j;
}

class RuleLaws : public testing::TestWithParam<RuleCase> {};

TEST_P(RuleLaws, L1PermutedRowsGiveThePermutedWeightsAndTheSameUpdate) {
  const RuleRound whole(kRows, kColumns, kMalicious);
  const std::vector<std::uint32_t> order = permutation(kRows, Stream(2));
  RuleRound turned = whole;
  for (std::size_t i = 0; i < kRows; ++i) {
    turned.updates.rows().assign(i, whole.updates.rows(), order[i]);
    turned.cohort[i] = whole.cohort[order[i]];
  }
  const Aggregation before = aggregate(GetParam(), whole), after = aggregate(GetParam(), turned);
  expect_near(after.update, before.update, 1e-12);
  Numbers weights(kRows);
  for (std::size_t i = 0; i < kRows; ++i) weights[order[i]] = after.weights[i];
  expect_near(weights, before.weights, 1e-12);
}

TEST_P(RuleLaws, L2EqualRowsGiveThatRow) {
  if (!GetParam().obeys('U')) GTEST_SKIP() << "facts: not unanimous";
  RuleRound equal(kRows, kColumns, kMalicious);
  for (std::size_t i = 1; i < kRows; ++i) equal.updates.rows().assign(i, equal.updates.rows(), 0);
  const Numbers update = aggregate(GetParam(), equal).update, row = equal.updates.rows().row(0);
  for (std::size_t j = 0; j < row.size(); ++j) ASSERT_EQ(static_cast<float>(update[j]), static_cast<float>(row[j]));

  Numbers fine(kColumns);  // of doubles that no float holds
  for (std::size_t j = 0; j < kColumns; ++j) fine[j] = 1.0 / static_cast<double>(3 + j);
  equal.updates = Updates(kRows, kColumns, Element::float64);
  for (std::size_t i = 0; i < kRows; ++i) equal.updates.rows().assign(i, fine);
  EXPECT_EQ(aggregate(GetParam(), equal).update, fine);
}

TEST_P(RuleLaws, L3ShiftedRowsGiveTheShiftedUpdate) {
  if (!GetParam().obeys('T')) GTEST_SKIP() << "facts: no translation";
  const RuleRound plain(kRows, kColumns, kMalicious, true);
  RuleRound shifted = plain;
  const auto shift = [](std::size_t j) { return static_cast<double>(j % 5) * 16 - 32; };  // exact in float
  shifted.change([&](std::size_t, std::size_t j, double x) { return x + shift(j); });
  Numbers expected = aggregate(GetParam(), plain).update;
  for (std::size_t j = 0; j < expected.size(); ++j) expected[j] += shift(j);
  expect_near(aggregate(GetParam(), shifted).update, expected, 1e-9);
}

TEST_P(RuleLaws, L3ScaledRowsGiveTheScaledUpdate) {
  if (!GetParam().obeys('S')) GTEST_SKIP() << "facts: no scale";
  const RuleRound plain(kRows, kColumns, kMalicious, true);
  const Numbers update = aggregate(GetParam(), plain).update;
  for (const double t : {0.125, 3.0, 1024.0}) {
    RuleRound scaled = plain;
    scaled.change([&](std::size_t, std::size_t, double x) { return t * x; });
    Numbers expected = update;
    for (double& value : expected) value *= t;
    const Numbers actual = aggregate(GetParam(), scaled).update;
    if (t == 3.0)
      expect_near(actual, expected, 1e-12);
    else
      EXPECT_EQ(actual, expected) << "powers of two are exact, t = " << t;
  }
  RuleRound fine(kRows, kColumns, kMalicious);  // doubles that no float holds
  fine.updates = Updates(kRows, kColumns, Element::float64);
  const auto scaled = [&](double t) {
    for (std::size_t i = 0; i < kRows; ++i) fine.updates.rows().assign(i, plain.updates.rows().row(i));
    fine.change([&](std::size_t i, std::size_t j, double x) { return t * (x + 1.0 / static_cast<double>(3 + i + j)); });
    return aggregate(GetParam(), fine).update;
  };
  const Numbers once = scaled(1.0), twice = scaled(2.0), less = scaled(0.0625);
  for (std::size_t j = 0; j < kColumns; ++j) {
    ASSERT_EQ(twice[j], 2.0 * once[j]);
    ASSERT_EQ(less[j], 0.0625 * once[j]);
  }
}

TEST_P(RuleLaws, L3MirroredRowsGiveTheMirroredUpdate) {
  if (!GetParam().obeys('O')) GTEST_SKIP() << "facts: not odd";
  for (const std::size_t n : {kRows, kRows + 1}) {
    const RuleRound plain(n, kColumns, kMalicious);
    RuleRound mirrored = plain;
    mirrored.change([](std::size_t, std::size_t, double x) { return -x; });
    Numbers expected = aggregate(GetParam(), plain).update;
    for (double& value : expected) value = -value;
    EXPECT_EQ(aggregate(GetParam(), mirrored).update, expected) << n << " rows";
  }
}

TEST_P(RuleLaws, L5AnyNumberOfWorkersGivesTheSameBits) {
  const RuleRound large(kRows, 140'001, kMalicious);
  const Aggregation alone = aggregate(GetParam(), large);
  for (const std::size_t count : {1U, 2U, 8U}) {
    Workers workers(count);
    const Aggregation shared = aggregate(GetParam(), large, "", &workers);
    EXPECT_EQ(0, std::memcmp(shared.update.data(), alone.update.data(), alone.update.size() * sizeof(double)))
        << count << " workers";
    EXPECT_EQ(shared.weights, alone.weights) << count << " workers";
  }
}

TEST_P(RuleLaws, L5AResumedRuleGoesOnAsIfNothingHadHappened) {
  const RuleRound first(kRows, kColumns, kMalicious, false, 1), second(kRows, kColumns, kMalicious, false, 2);
  const auto straight = GetParam().make();
  straight->aggregate(first.updates.rows(), first.round());
  const Snapshot snapshot = save(*straight);
  EXPECT_EQ(snapshot.fields.empty(), !GetParam().entry->facts.stateful) << "facts and `visit` disagree about state";
  const auto resumed = GetParam().make();
  load(*resumed, snapshot);
  const Aggregation expected = straight->aggregate(second.updates.rows(), second.round());
  const Aggregation actual = resumed->aggregate(second.updates.rows(), second.round());
  EXPECT_EQ(actual.update, expected.update);
  EXPECT_EQ(actual.weights, expected.weights);
  EXPECT_EQ(save(*resumed), save(*straight));
}

TEST_P(RuleLaws, L6ColumnShardsGiveTheWhole) {
  if (GetParam().entry->facts.shape != Shape::column) GTEST_SKIP() << "Gram matrices are sharded in tests/kernels";
  const RuleRound whole(kRows, kColumns, kMalicious);
  Numbers joined;
  for (const auto& [begin, end] : {std::pair<std::size_t, std::size_t>{0, 5}, {5, 6}, {6, kColumns}}) {
    const Aggregation part = GetParam().make()->aggregate(whole.updates.rows().columns(begin, end), whole.round());
    joined.insert(joined.end(), part.update.begin(), part.update.end());
  }
  EXPECT_EQ(joined, aggregate(GetParam(), whole).update);
}

TEST_P(RuleLaws, L8InputsAreLeftAsTheyWere) {
  const RuleRound round(kRows, kColumns, kMalicious), copy = round;
  aggregate(GetParam(), round);
  for (std::size_t i = 0; i < kRows; ++i)
    EXPECT_EQ(0, std::memcmp(round.updates.rows().pointer(i), copy.updates.rows().pointer(i), kColumns * sizeof(float)))
        << "row " << i;
  EXPECT_EQ(round.samples, copy.samples);
  EXPECT_EQ(round.cohort, copy.cohort);
  EXPECT_EQ(round.root.rows().row(0), copy.root.rows().row(0));
  EXPECT_EQ(round.global.rows().row(0), copy.global.rows().row(0));
}

TEST_P(RuleLaws, L9AStatelessRuleKnowsNeitherOtherRoundsNorWhoTheClientsAre) {
  if (GetParam().entry->facts.stateful) GTEST_SKIP() << "facts: stateful";
  const RuleRound earlier(kRows, kColumns, kMalicious, false, 8), now(kRows, kColumns, kMalicious, false, 9);
  const Aggregation fresh = aggregate(GetParam(), now);
  const auto used = GetParam().make();
  used->aggregate(earlier.updates.rows(), earlier.round());
  RuleRound others = now;
  for (std::uint32_t& client : others.cohort) client = 1000 + 7 * client;
  Round later = others.round();
  later.index = 77;
  const Aggregation again = used->aggregate(others.updates.rows(), later);
  EXPECT_EQ(again.update, fresh.update);
  EXPECT_EQ(again.weights, fresh.weights);
}

TEST_P(RuleLaws, L12WeightsReproduceTheUpdate) {
  const RuleRound round(kRows, kColumns, kMalicious);
  const Aggregation result = aggregate(GetParam(), round);
  ASSERT_EQ(result.weights.size(), kRows);
  double sum = 0;
  for (const double weight : result.weights) sum += weight;
  EXPECT_LE(sum, 1 + 1e-12);
  if (GetParam().entry->facts.shape == Shape::gram)
    expect_near(kernels::combine(round.updates.rows(), result.weights), result.update, 1e-12);
  else
    EXPECT_NEAR(sum, 1, 1e-12) << "shares of all coordinates";
}

TEST_P(RuleLaws, ARuleOfDoublesIsTheRuleOfTheSameFloats) {
  const RuleRound floats(kRows, kColumns, kMalicious);
  RuleRound doubles = floats;
  doubles.updates = Updates(kRows, kColumns, Element::float64);
  for (std::size_t i = 0; i < kRows; ++i) doubles.updates.rows().assign(i, floats.updates.rows(), i);
  const Aggregation narrow = aggregate(GetParam(), floats), wide = aggregate(GetParam(), doubles);
  EXPECT_EQ(narrow.update, wide.update);
  EXPECT_EQ(narrow.weights, wide.weights);
}

TEST_P(RuleLaws, FoldedRowsGiveTheSameBits) {
  const RuleRound round(kRows, kColumns, kMalicious);
  const auto rule = GetParam().make();
  const Numbers weights = rule->fixed_weights(round.round());
  EXPECT_EQ(weights.empty(), !GetParam().entry->facts.averages) << "facts and fixed_weights disagree";
  EXPECT_TRUE(GetParam().entry->facts.averages || !rule->folds()) << "facts and folds() disagree";
  if (weights.empty()) return;
  kernels::RunningMean mean(kColumns, kRows);
  for (std::size_t i = 0; i < kRows; ++i) mean.add(weights[i], round.updates.rows(), i);
  EXPECT_EQ(mean.take(), rule->aggregate(round.updates.rows(), round.round()).update);
}

INSTANTIATE_TEST_SUITE_P(Of, RuleLaws, testing::ValuesIn(support::rule_cases()),
                         [](const auto& rule) { return support::name_of(rule.param); });

}  // namespace
}  // namespace tocsin::defense
