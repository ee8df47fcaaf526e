// SPDX-License-Identifier: Apache-2.0
// The mean and the weighted mean, their fixed weights, and what the median does that they do not.
#include <gtest/gtest.h>

#include "support/rows.h"
#include "tocsin/defense/registry.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::defense {
namespace {
using support::error_of;
using Numbers = std::vector<double>;

const Updates kFour = support::rows({{1, 8}, {2, 0}, {3, 4}, {10, -4}});
const std::vector<std::uint32_t> kCohort{3, 5, 6, 9};

Aggregation aggregate(const Entry<Aggregator>& entry, const std::string& toml, const Updates& updates, const Round& round) {
  return support::make(entry, toml)->aggregate(updates.rows(), round);
}

TEST(Mean, IsTheSumOverTheNumber) {
  const Aggregation result = aggregate(mean_entry, "", kFour, Round{});
  EXPECT_EQ(result.update, (Numbers{4, 2}));
  EXPECT_EQ(result.weights, (Numbers{0.25, 0.25, 0.25, 0.25}));
}

TEST(WeightedMean, WeighsByReportedSamples) {
  const Numbers samples{100, 300, 400, 0};
  EXPECT_EQ(aggregate(weighted_mean_entry, "", kFour, Round{.samples = samples}).update, (Numbers{2.375, 3}));
  EXPECT_EQ(aggregate(mean_entry, "weights = 'samples'", kFour, Round{.samples = samples}).update, (Numbers{2.375, 3}));
  EXPECT_EQ(aggregate(weighted_mean_entry, "weights = 'none'", kFour, Round{.samples = samples}).update, (Numbers{4, 2}));
}

TEST(WeightedMean, CapsTheHeaviest) {
  // 100, 100, 100, 700 and one malicious row: at most 0.25 of the total leaves the mean.
  const Numbers samples{100, 100, 100, 700};
  const Round round{.samples = samples, .assumed_malicious = 1};
  EXPECT_EQ(aggregate(weighted_mean_entry, "weights = 'capped'\ncap_share = 0.25", kFour, round).update, (Numbers{4, 2}));
  EXPECT_EQ(aggregate(weighted_mean_entry, "weights = 'capped'\ncap_share = 0.4", kFour, round).weights,
            (Numbers{0.2, 0.2, 0.2, 0.4}));
}

TEST(Mean, DividesLast) {
  EXPECT_EQ(aggregate(mean_entry, "", support::rows({{1}, {1}, {1}, {1}, {1}, {1}}), Round{}).update, Numbers{1});
  EXPECT_EQ(aggregate(mean_entry, "", support::rows({{1, 7}, {1, 0}, {3, 9}}), Round{}).update, (Numbers{5.0 / 3, 16.0 / 3}));
  const Numbers samples{100, 300, 600};
  EXPECT_EQ(aggregate(weighted_mean_entry, "", support::rows({{1, 7}, {1, 9}, {3, 0}}), Round{.samples = samples}).update,
            (Numbers{2.2, 3.4}));
}

TEST(WeightedMean, CapsAtTheVeryThreshold) {
  // U = 0.45 * 40 / 0.55 = 360 / 11, so the total is 800 / 11: shares 0.45 and four of 0.1375.
  const Numbers samples{100, 10, 10, 10, 10};
  const Aggregation result =
      aggregate(weighted_mean_entry, "weights = 'capped'", support::rows({{1, 0}, {0, 0}, {0, 1}, {0, 0}, {0, 0}}),
                Round{.samples = samples, .assumed_malicious = 1});
  EXPECT_NEAR(result.update[0], 0.45, 1e-15);
  EXPECT_NEAR(result.update[1], 0.1375, 1e-15);
}

TEST(WeightedMean, KnowsItsWeightsBeforeTheRows) {
  const Numbers samples{7, 11, 13, 17};
  const Round round{.cohort = kCohort, .samples = samples, .assumed_malicious = 1};
  for (const char* toml : {"weights = 'none'", "weights = 'samples'", "weights = 'capped'\ncap_share = 0.3"}) {
    const auto rule = support::make(weighted_mean_entry, toml);
    const Numbers weights = rule->fixed_weights(round);
    EXPECT_EQ(rule->aggregate(kFour.rows(), round).update, kernels::weighted_mean(kFour.rows(), weights)) << toml;
  }
  EXPECT_EQ(support::make(weighted_mean_entry)->fixed_weights(round), samples);
}

TEST(WeightedMean, FoldsUnlessACapDependsOnTheRowsThatAreLeft) {
  EXPECT_TRUE(support::make(mean_entry)->folds());
  EXPECT_TRUE(support::make(weighted_mean_entry)->folds());
  EXPECT_FALSE(support::make(weighted_mean_entry, "weights = 'capped'")->folds());
  EXPECT_FALSE(support::make(median_entry)->folds());
}

TEST(WeightedMean, WithoutAnySamplesHasNoUpdate) {
  const Numbers none(4, 0.0);
  const Aggregation result = aggregate(weighted_mean_entry, "", kFour, Round{.cohort = kCohort, .samples = none});
  EXPECT_TRUE(result.update.empty());
  EXPECT_EQ(result.note, "no weight left: every row that may be used has weight 0");
  EXPECT_EQ(support::make(weighted_mean_entry)->fixed_weights(Round{.cohort = kCohort, .samples = none}), none);
}

TEST(WeightedMean, WithoutACapThatHelpsHasNoWeights) {
  // One of two rows that report samples holds half, whatever the cap.
  const Numbers samples{0, 600, 0, 600};
  const Round round{.cohort = kCohort, .samples = samples, .assumed_malicious = 1};
  const auto rule = support::make(weighted_mean_entry, "weights = 'capped'");
  EXPECT_EQ(rule->fixed_weights(round), Numbers(4, 0.0));
  EXPECT_THROW(rule->aggregate(kFour.rows(), round), TooFew);
}

TEST(WeightedMean, RefusesCountsThatAreNone) {
  EXPECT_EQ(error_of([] { aggregate(weighted_mean_entry, "", kFour, Round{}); }),
            "weighted_mean: weights need the sample counts of 4 rows, got 0");
  const Numbers bad{1, 2, 3, -4};
  EXPECT_EQ(error_of([&] { aggregate(weighted_mean_entry, "", kFour, Round{.samples = bad}); }),
            "weighted_mean: a client reports -4 samples");
}

TEST(Median, HasThreeReadingsOfAnEvenNumber) {
  EXPECT_EQ(aggregate(median_entry, "", kFour, Round{}).update, (Numbers{2.5, 2}));
  EXPECT_EQ(aggregate(median_entry, "even = 'lower'", kFour, Round{}).update, (Numbers{2, 0}));
  EXPECT_EQ(aggregate(median_entry, "even = 'upper'", kFour, Round{}).update, (Numbers{3, 4}));
}

TEST(Median, ReportsTheShareOfCoordinates) {
  EXPECT_EQ(aggregate(median_entry, "", kFour, Round{}).weights, (Numbers{0, 0.5, 0.5, 0}));
}

TEST(Median, IsThePublishedOne) {
  EXPECT_EQ(aggregate(median_entry, "", support::rows({{1, 9, 2}, {3, 1, 5}, {5, 4, 8}}), Round{}).update, (Numbers{3, 4, 5}));
}

TEST(Median, WeighsByMass) {
  const Updates rows = support::rows({{1}, {2}, {10}, {11}});
  const Numbers samples{1, 1, 4, 1};
  EXPECT_EQ(aggregate(median_entry, "weights = 'samples'", rows, Round{.samples = samples}).update, (Numbers{10}));
  EXPECT_EQ(
      error_of([&] { aggregate(median_entry, "weights = 'samples'", rows, Round{.samples = samples, .assumed_malicious = 1}); }),
      "median: the 1 heaviest of 4 rows hold 0.571 of the weight, and less than half is needed; use weights = \"capped\"");
  // mass = "mean" takes f average rows for malicious, so the same weights pass.
  EXPECT_EQ(
      aggregate(median_entry, "weights = 'samples'\nmass = 'mean'", rows, Round{.samples = samples, .assumed_malicious = 1}).update,
      (Numbers{10}));
}

TEST(Median, FindsHalfOfACappedMassInAnyOrder) {
  // Both heavy counts are cut to U = 0.28 * 16 / (1 - 2 * 0.28) = 112 / 11, no double. U + 7 + 1 is half of 2 U + 16.
  const Updates rows = support::rows({{0, 2, 1, 8}, {1, 1, 0, 6}, {9, 4, 8, 2}, {6, 5, 6, 1}, {2, 0, 2, 7}, {5, 6, 7, 0}});
  const Numbers samples{500, 7, 500, 7, 1, 1};
  const Round round{.samples = samples, .assumed_malicious = 1};
  EXPECT_EQ(aggregate(median_entry, "weights = 'capped'\ncap_share = 0.28", rows, round).update, (Numbers{3.5, 3, 4, 4}));
}

TEST(Median, OverWeightsGivesBiasesTheMean) {
  const Updates rows = support::rows({{1, 0, 0, 9}, {2, 0, 3, 8}, {9, 6, 9, 1}});
  Layout layout;
  layout.tensors = {{.name = "0.weight", .shape = {1}, .offset = 0, .size = 1, .is_bias = false},
                    {.name = "0.bias", .shape = {2}, .offset = 1, .size = 2, .is_bias = true},
                    {.name = "1.weight", .shape = {1}, .offset = 3, .size = 1, .is_bias = false}};
  const Aggregation result = aggregate(median_entry, "over = 'weights'", rows, Round{.layout = &layout});
  EXPECT_EQ(result.update, (Numbers{2, 2, 4, 8}));
  EXPECT_EQ(result.weights, (Numbers{1.0 / 6, 2.0 / 3, 1.0 / 6}));
  const Numbers samples{1, 2, 1};
  EXPECT_EQ(
      aggregate(median_entry, "over = 'weights'\nweights = 'samples'", rows, Round{.samples = samples, .layout = &layout}).update,
      (Numbers{2, 1.5, 3.75, 8}));
}

TEST(Median, SaysHowManyRowsItNeeds) {
  EXPECT_EQ(error_of([] { aggregate(median_entry, "", kFour, Round{.assumed_malicious = 2}); }),
            "median: needs n >= 2f+1 = 5 rows for f = 2, got 4");
}

}  // namespace
}  // namespace tocsin::defense
