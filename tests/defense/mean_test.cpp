// SPDX-License-Identifier: Apache-2.0
// The mean and the weighted mean, their fixed weights, and what the median does that they do not.
#include <gtest/gtest.h>

#include "support/rows.h"
#include "tocsin/defense/registry.h"
#include "tocsin/kernels/combine.h"

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

TEST(WeightedMean, FoldsToTheSameBits) {
  const Numbers samples{7, 11, 13, 17};
  const Round round{.cohort = kCohort, .samples = samples, .assumed_malicious = 1};
  for (const char* toml : {"weights = 'none'", "weights = 'samples'", "weights = 'capped'\ncap_share = 0.3"}) {
    const auto rule = support::make(weighted_mean_entry, toml);
    const Numbers weights = rule->fixed_weights(round);
    Numbers sum(2, 0.0);
    for (std::size_t i = 0; i < 4; ++i) kernels::accumulate(sum, weights[i], kFour.rows(), i);
    const Aggregation whole = rule->aggregate(kFour.rows(), round);
    EXPECT_EQ(whole.update, sum) << toml;
    EXPECT_EQ(whole.weights, weights) << toml;
  }
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
