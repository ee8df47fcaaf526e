// SPDX-License-Identifier: Apache-2.0
// Client weights, caps and the arithmetic of masses.
#include "tocsin/defense/weights.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "support/rows.h"

namespace tocsin::defense {
namespace {
using support::error_of;
using Numbers = std::vector<double>;
constexpr WeightOptions kSamples{.weights = Weights::samples};
constexpr WeightOptions kCapped{.weights = Weights::capped};

/// Share of the total that the f heaviest hold.
double heaviest_share(Numbers weights, std::size_t f) {
  std::sort(weights.begin(), weights.end(), std::greater<>());
  return std::accumulate(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(f), 0.0) /
         std::accumulate(weights.begin(), weights.end(), 0.0);
}

TEST(ClientWeights, AreOnesOrTheCounts) {
  EXPECT_EQ(client_weights("rule", {}, {}, 3, 1), (Numbers{1, 1, 1}));
  EXPECT_EQ(client_weights("rule", kSamples, Numbers{5, 0, 7}, 3, 1), (Numbers{5, 0, 7}));
}

TEST(ClientWeights, AreLeftAloneWhereTheCapHolds) {
  EXPECT_EQ(client_weights("rule", kCapped, Numbers{4, 5, 5, 6}, 4, 1), (Numbers{4, 5, 5, 6}));
  EXPECT_EQ(client_weights("rule", kCapped, Numbers{1, 1, 1000}, 3, 0), (Numbers{1, 1, 1000}));
}

TEST(ClientWeights, AreCutOffAtTheLargestThresholdThatWillDo) {
  // One of U in 3 + U at 0.4: U = 2. Two of U, U in 2 + 2 U at 0.4 is never more than 1.
  EXPECT_EQ(client_weights("rule", {.weights = Weights::capped, .cap_share = 0.4}, Numbers{1, 1, 1, 9}, 4, 1),
            (Numbers{1, 1, 1, 2}));
  // f = 2, cap between the two heaviest: U + 2 of U + 2 + 3 at 0.5 needs U = 1, so both are cut to 1.5: 3 of 6.
  const Numbers both = client_weights("rule", {.weights = Weights::capped, .cap_share = 0.5}, Numbers{1, 1, 1, 2, 9}, 5, 2);
  EXPECT_EQ(both, (Numbers{1, 1, 1, 1.5, 1.5}));
}

TEST(ClientWeights, AreCutOffAtTheFullPrecisionOfTheThreshold) {
  const Numbers capped = client_weights("rule", kCapped, Numbers{100, 10, 10, 10, 10}, 5, 1);
  EXPECT_EQ(capped[0], 360.0 / 11.0);  // 0.45 of the total is 0.45 (40 + U)
  const Masses result = masses("rule", kCapped, Numbers{100, 10, 10, 10, 10}, 5, 1);
  EXPECT_NEAR(result.malicious, 0.45 * 5, 1e-14);
}

TEST(FewestToCap, AreOneOverTheShareForEachMaliciousRow) {
  EXPECT_EQ(fewest_to_cap(kSamples, 3), 1U);
  EXPECT_EQ(fewest_to_cap({.weights = Weights::capped, .cap_share = 0.2}, 3), 15U);
  EXPECT_EQ(fewest_to_cap({.weights = Weights::capped, .cap_share = 1e-300}, 3), std::size_t{1} << 52) << "more than there can be";
}

TEST(ClientWeights, SayWhenNoCapCanHelp) {
  EXPECT_EQ(
      error_of([] {
        client_weights("median", {.weights = Weights::capped, .cap_share = 0.3}, Numbers{1, 1, 8}, 3, 1);
      }),
      "median: weights = \"capped\" cannot help, 1 rows of 3 hold 0.333 of the total when all weigh the same, and cap_share = "
      "0.3 is asked for");
}

RC_GTEST_PROP(ClientWeights, AreCappedAsTightAsAllowedAndNoTighter, ()) {
  const auto n = *rc::gen::inRange<std::size_t>(3, 20);
  const auto f = *rc::gen::inRange<std::size_t>(1, (n + 1) / 2);
  RC_PRE(static_cast<double>(f) < 0.44 * static_cast<double>(n));
  Numbers samples(n);
  for (double& count : samples) count = std::pow(*rc::gen::inRange(1, 30), 2);
  const Numbers capped = client_weights("rule", kCapped, samples, n, f);
  const double most = *std::max_element(capped.begin(), capped.end());
  RC_ASSERT(heaviest_share(capped, f) <= 0.45 * (1 + 1e-12));
  for (std::size_t i = 0; i < n; ++i) RC_ASSERT(capped[i] == std::min(samples[i], most));
  if (capped == samples) return;
  Numbers looser = samples;
  for (double& weight : looser) weight = std::min(weight, most * (1 + 1e-9));
  RC_ASSERT(heaviest_share(looser, f) > 0.45);
}

TEST(Masses, AddUpToTheRowsThatHaveAny) {
  const Masses result = masses("rule", kSamples, Numbers{600, 300, 0, 600, 900, 600}, 6, 1);
  EXPECT_EQ(result.of_row, (Numbers{1, 0.5, 0, 1, 1.5, 1}));
  EXPECT_EQ(result.total, 5);
  EXPECT_EQ(result.malicious, 1.5);
}

TEST(Masses, ExactlyHalfIsTooMuchHoweverItRounds) {
  for (const auto& samples : {Numbers{57, 51, 21, 21, 21, 21, 21, 21, 21, 2, 1}, Numbers{46, 36, 28, 28, 28, 28, 25, 1}})
    EXPECT_THROW((void)masses("median", kSamples, samples, samples.size(), 3), TooFew);
}

TEST(Masses, RefuseHalf) {
  EXPECT_EQ(error_of([] {
              masses("krum", kSamples, Numbers{1, 1, 2}, 3, 1);
            }),
            "krum: the 1 heaviest of 3 rows hold 0.5 of the weight, and less than half is needed; use weights = \"capped\"");
  EXPECT_EQ(error_of([] {
              masses("krum", kSamples, Numbers{0, 0, 0}, 3, 1);
            }),
            "krum: no row has any weight, the clients report no samples");
}

TEST(Take, WalksTheOrderUntilTheMassIsReached) {
  const std::vector<std::size_t> order{2, 0, 1};
  EXPECT_EQ(take(order, Numbers{1, 1, 1.5}, 2), (Numbers{0.5, 0, 1.5}));
  EXPECT_EQ(take(order, Numbers{1, 1, 1.5}, 0), (Numbers{0, 0, 0}));
  EXPECT_EQ(take(order, Numbers{1, 1, 1.5}, 9), (Numbers{1, 1, 1.5}));
}

TEST(Take, LeavesCrumbsOfRounding) {
  const std::vector<std::size_t> order{0, 1, 2, 3};
  EXPECT_EQ(take(order, Numbers{0.1, 0.2, 0.3, 1}, 0.6000000000000001), (Numbers{0.1, 0.2, 0.3, 0}));
}

}  // namespace
}  // namespace tocsin::defense
