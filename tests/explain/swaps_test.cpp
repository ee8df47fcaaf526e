// SPDX-License-Identifier: Apache-2.0
// The swap test: values worked out by hand, its definition with the runs really exchanged, and its rate of false alarms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "support/cells.h"
#include "tocsin/explain/comparison.h"
#include "tocsin/explain/swap_test.h"

namespace tocsin::explain {
namespace {

using Numbers = std::vector<double>;
using support::Table;

TEST(Swap, ExchangesEverySetOfSeedsWithoutTheFirst) {
  const Cell cell = support::cell_of({{0, 2, 5}, {1, 3, 2}}, {{4, 9, 7}, {2, 8, 6}});
  EXPECT_THAT(swap_statistics(cell), testing::Pointwise(testing::DoubleNear(1e-15), {7.0 / 6, -7.0 / 6, -1.0 / 2, 1.0 / 2}));
  EXPECT_EQ(swap_p(swap_statistics(cell)), 0.25);
}

/// T as it is defined, on models given by one number each.
double statistic(const Table& benign, const Table& attacked, bool shared) {
  const Cell cell = support::cell_of(benign, attacked, shared);
  double images = 0;
  for (std::size_t x = 0; x < cell.images; ++x) {
    double within_benign = 0, within_attacked = 0, across = 0;
    for (std::size_t i = 0; i < cell.benign; ++i)
      for (std::size_t j = 0; j < cell.benign; ++j) within_benign += i == j ? 0 : cell.of_benign(x, i, j);
    for (std::size_t i = 0; i < cell.attacked; ++i)
      for (std::size_t j = 0; j < cell.attacked; ++j) within_attacked += i == j ? 0 : cell.of_attacked(x, i, j);
    for (std::size_t i = 0; i < cell.benign; ++i)
      for (std::size_t j = 0; j < cell.attacked; ++j) across += shared && i == j ? 0 : cell.of_both(x, i, j);
    const auto b = static_cast<double>(cell.benign), a = static_cast<double>(cell.attacked);
    images += (within_benign / (b * (b - 1)) + within_attacked / (a * (a - 1))) / 2 - across / (b * a - (shared ? b : 0));
  }
  return images / static_cast<double>(cell.images);
}

Table table(std::size_t images, std::size_t runs, std::uint64_t seed) {
  Draws draws(Stream(seed).at("table"));
  Table result(images, Numbers(runs));
  for (Numbers& row : result)
    for (double& value : row) value = static_cast<double>(draws.below(50));
  return result;
}

RC_GTEST_PROP(Swap, IsItsDefinitionWithTheRunsExchanged, ()) {
  const auto runs = *rc::gen::inRange<std::size_t>(2, 7), images = *rc::gen::inRange<std::size_t>(1, 4);
  const Table benign = table(images, runs, *rc::gen::arbitrary<std::uint32_t>());
  const Table attacked = table(images, runs, *rc::gen::arbitrary<std::uint32_t>());
  const Numbers found = swap_statistics(support::cell_of(benign, attacked));
  RC_ASSERT(found.size() == std::size_t{1} << (runs - 1));
  for (std::size_t pattern = 0; pattern < found.size(); ++pattern) {
    Table first = benign, second = attacked;
    for (std::size_t x = 0; x < images; ++x)
      for (std::size_t i = 1; i < runs; ++i)
        if ((pattern >> (i - 1) & 1) != 0) std::swap(first[x][i], second[x][i]);
    RC_ASSERT(std::abs(found[pattern] - statistic(first, second, true)) < 1e-12);
  }
}

RC_GTEST_PROP(Swap, TriesAllLabelsWhereNoSeedIsShared, ()) {
  const auto benign = *rc::gen::inRange<std::size_t>(2, 5), attacked = *rc::gen::inRange<std::size_t>(2, 5);
  const Table all = table(2, benign + attacked, *rc::gen::arbitrary<std::uint32_t>());
  const auto split = [&](const std::vector<char>& is_benign) {
    Table first(2), second(2);
    for (std::size_t x = 0; x < 2; ++x)
      for (std::size_t u = 0; u < is_benign.size(); ++u) (is_benign[u] != 0 ? first : second)[x].push_back(all[x][u]);
    return std::pair(first, second);
  };
  std::vector<char> labels(benign + attacked, 0);
  std::fill_n(labels.begin(), benign, 1);
  const auto [first, second] = split(labels);
  Numbers expected;
  std::sort(labels.begin(), labels.end());
  do {
    const auto [x, y] = split(labels);
    expected.push_back(statistic(x, y, false));
  } while (std::next_permutation(labels.begin(), labels.end()));
  Numbers found = swap_statistics(support::cell_of(first, second, false));
  RC_ASSERT(std::abs(found.front() - statistic(first, second, false)) < 1e-12);
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  RC_ASSERT(found.size() == expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) RC_ASSERT(std::abs(found[k] - expected[k]) < 1e-12);
}

TEST(Swap, OfALoneRunAsksWhichOfAllIsTheOddOne) {
  const Numbers found = swap_statistics(support::cell_of({{0, 1, 2}}, {{9}}, false));
  EXPECT_EQ(found.size(), 4);
  EXPECT_EQ(found.front(), -4.0 / 3 + 8);
  EXPECT_EQ(swap_p(found), 0.25);
}
TEST(Swap, DrawsPatternsWhereThereAreTooMany) {
  const Stream stream = Stream(2).at("cells");
  for (const bool shared : {true, false}) {
    const Cell cell = support::drawn_cell({.images = 3, .benign = 15, .attacked = 15, .shared_seeds = shared, .shift = 9}, stream);
    EXPECT_EQ(swap_statistics(cell, 1).size(), 10'001);
    EXPECT_EQ(swap_statistics(cell, 1), swap_statistics(cell, 1));
    EXPECT_NE(swap_statistics(cell, 1), swap_statistics(cell, 2));
    EXPECT_LE(swap_p(swap_statistics(cell, 1)), 0.001);  // the identity may be drawn again
  }
}
TEST(Swap, LeavesOutImagesWithAnUndefinedPair) {
  Cell cell = support::cell_of({{0, 2, 5}, {1, 3, 2}}, {{4, 9, 7}, {2, 8, 6}});
  const Cell first = support::cell_of({{0, 2, 5}}, {{4, 9, 7}});
  cell.across[9] = NAN;  // (B_1, A_1): not read
  EXPECT_NEAR(swap_statistics(cell).front(), 7.0 / 6, 1e-15);
  cell.across[10] = NAN;
  EXPECT_EQ(swap_statistics(cell), swap_statistics(first));
  cell.among_attacked[1] = NAN;
  EXPECT_TRUE(swap_statistics(cell).empty());
  EXPECT_TRUE(std::isnan(swap_p({})));
}
TEST(Swap, UsesTheSeedsThatBothKindsHave) {
  const Cell cell = support::cell_of({{0, 2, 5, 77}, {1, 3, 2, 55}}, {{4, 9, 7}, {2, 8, 6}});
  EXPECT_NEAR(swap_statistics(cell).front(), 7.0 / 6, 1e-15);
  EXPECT_TRUE(swap_statistics(support::cell_of({{0, 1}}, {{2}})).empty());
}
TEST(Swap, OfAFamilyComparesWithTheLargestOfAllMethods) {
  const std::vector<Numbers> methods{{2, 0, 0, 0}, {0, 20, 0, 0}, {}, {1, 1, 1, 1}, {3, 1, 3, 1}};
  const Numbers p = family_wise_p(methods);
  EXPECT_EQ(p[0], 0.75);  // the largest of all are 3, 2.31, 3 and 1; its own is 2.31
  EXPECT_EQ(p[1], 1);
  EXPECT_TRUE(std::isnan(p[2]));
  EXPECT_TRUE(std::isnan(p[3]));
  EXPECT_EQ(p[4], 0.5);
  EXPECT_EQ(family_wise_p(std::vector<Numbers>{{3, 1, 3, 1}}), (Numbers{0.5}));
  EXPECT_THROW(family_wise_p(std::vector<Numbers>{{2, 0}, {2, 0, 0}}), std::invalid_argument);
}

/// Within `deviations` standard deviations of what a coin of this probability gives.
void expect_binomial(std::size_t count, std::size_t trials, double probability, double deviations = 4) {
  const double mean = static_cast<double>(trials) * probability, deviation = std::sqrt(mean * (1 - probability));
  EXPECT_NEAR(static_cast<double>(count), mean, deviations * deviation) << "of " << trials << " trials at " << probability;
}

TEST(SlowSwap, RejectsAsOftenAsItSaysWhenRunsAreExchangeable) {
  constexpr std::size_t kTrials = 10'000;
  for (const double of_seed : {0.0, 2.0}) {  // runs of one seed are alike, or not
    std::size_t rejected = 0, below_half = 0;
    for (std::size_t trial = 0; trial < kTrials; ++trial) {
      const Stream stream = Stream(3).at("exchangeable").at(trial);
      const double p =
          swap_p(swap_statistics(support::drawn_cell({.images = 10, .benign = 6, .attacked = 6, .of_seed = of_seed}, stream)));
      rejected += p <= 0.05 ? 1U : 0U;
      below_half += p <= 0.5 ? 1U : 0U;
    }
    expect_binomial(rejected, kTrials, 1.0 / 32);
    expect_binomial(below_half, kTrials, 0.5);
  }
}
TEST(SlowSwap, RejectsAsOftenAsItSaysOverAFamilyOfMethods) {
  constexpr std::size_t kTrials = 2000, kMethods = 5;
  std::size_t any = 0;
  for (std::size_t trial = 0; trial < kTrials; ++trial) {
    std::vector<Numbers> methods;
    for (std::size_t m = 0; m < kMethods; ++m)
      methods.push_back(swap_statistics(
          support::drawn_cell({.images = 5, .benign = 6, .attacked = 6}, Stream(4).at("families").at(trial).at(m))));
    const Numbers p = family_wise_p(methods);
    any += *std::min_element(p.begin(), p.end()) <= 0.05 ? 1U : 0U;
  }
  expect_binomial(any, kTrials, 1.0 / 32);
}
TEST(SlowSwap, AndTheIntervalOverRunsSeldomCallsExchangeableRunsDistinguishable) {
  constexpr std::size_t kTrials = 500;
  std::size_t distinguishable = 0, alike = 0;
  for (std::size_t trial = 0; trial < kTrials; ++trial) {
    const std::vector<Cell> cells{
        support::drawn_cell({.images = 30, .benign = 6, .attacked = 6}, Stream(5).at("intervals").at(trial))};
    const Comparison found = compare(cells, {.bootstrap = {.resamples = 400}}).front();
    distinguishable += found.verdict == Verdict::distinguishable ? 1U : 0U;
    alike += found.verdict == Verdict::indistinguishable ? 1U : 0U;
  }
  EXPECT_LE(distinguishable, kTrials / 40);  // the nominal 2.5 %
  RecordProperty("distinguishable", static_cast<int>(distinguishable));
  RecordProperty("indistinguishable", static_cast<int>(alike));
}

TEST(SlowSwap, AnIntervalOverImagesAloneDoesCallThreeExchangeableModelsDifferent) {
  constexpr std::size_t kTrials = 400;
  std::size_t above = 0;
  for (std::size_t trial = 0; trial < kTrials; ++trial) {
    const Stream stream = Stream(6).at("triples").at(trial);
    const std::vector<Cell> cells{support::drawn_cell({.images = 80, .benign = 2, .attacked = 1, .shared_seeds = false}, stream)};
    const Comparison found = compare(cells, {.bootstrap = {.resamples = 400}}).front();
    above += found.auc[at(Set::seeds)].interval->low > 0.5 ? 1U : 0U;
    EXPECT_TRUE(found.words.ends_with("(these models)"));
  }
  EXPECT_GT(above, kTrials / 10);  // nominal: a fortieth; three models always have an odd one
  RecordProperty("above", static_cast<int>(above));
}

}  // namespace
}  // namespace tocsin::explain
