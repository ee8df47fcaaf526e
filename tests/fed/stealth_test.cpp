// SPDX-License-Identifier: Apache-2.0
// Figures made with the truth, against plain loops over their definitions: pairs and verdicts, the paper's band, histograms.
#include "tocsin/fed/stealth.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "support/detectors.h"
#include "tocsin/core/random.h"
#include "tocsin/defense/distances.h"
#include "tocsin/defense/histogram.h"

namespace tocsin::fed {
namespace {
using Numbers = std::vector<double>;
using Positions = std::vector<std::size_t>;
using defense::Verdict;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Tally, CountsVerdictsOfEitherSide) {
  defense::Reading reading{Numbers(6, 0.0)};
  reading.verdicts = {Verdict::flagged, Verdict::passed, Verdict::flagged, Verdict::unknown, Verdict::passed, Verdict::unknown};
  const Tally found = tally(reading, Positions{2, 3});
  EXPECT_EQ(found.malicious_judged, 1U);
  EXPECT_EQ(found.malicious_flagged, 1U);
  EXPECT_EQ(found.benign_judged, 3U);
  EXPECT_EQ(found.benign_flagged, 1U);
}

TEST(Tally, CountsWonPairsAndHalfOfTies) {
  const defense::Reading reading{Numbers{1, 3, 3, kNan, 5, kInfinity}};
  const Tally found = tally(reading, Positions{1, 5});
  EXPECT_EQ(found.pairs, 6U);             // 1, 3 and 5 are the benign ones
  EXPECT_EQ(found.won, 1 + 0.5 + 0 + 3);  // 3 against each of them; infinity against each
  EXPECT_EQ(tally(reading, Positions{}).pairs, 0U);
  EXPECT_EQ(tally(reading, Positions{3}).pairs, 0U) << "a malicious row of which nothing was said";
  EXPECT_EQ(tally(reading, Positions{0, 1, 2, 3, 4, 5}).pairs, 0U);
}

TEST(Tally, TakesRowsSetAsideForFlaggedAndMostSuspicious) {
  defense::Reading reading{Numbers{1, kNan, kInfinity, kNan, 2, kNan}};
  reading.verdicts = {Verdict::passed, Verdict::flagged, Verdict::flagged, Verdict::flagged, Verdict::passed, Verdict::unknown};
  const Tally found = tally(reading, Positions{1, 4}, Positions{1, 3});  // rows 1 and 3 were set aside, of row 5 nothing is known
  EXPECT_EQ(found.malicious_judged, 2U);
  EXPECT_EQ(found.malicious_flagged, 1U);
  EXPECT_EQ(found.benign_judged, 3U);
  EXPECT_EQ(found.benign_flagged, 2U);
  EXPECT_EQ(found.pairs, 6U);                         // with rows 0, 2 and 3
  EXPECT_EQ(found.won, (1 + 1 + 0.5) + (1 + 0 + 0));  // 1 above even infinity and level with 3; 4 above 0 alone
}

TEST(Tally, GivesTheAreaUnderTheCurve) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Draws draws(Stream(seed).at("scores"));
    Numbers scores(12);
    for (double& score : scores) score = static_cast<double>(draws.below(5));
    const Positions malicious{2, 7, 8};
    const Tally found = tally(defense::Reading{scores}, malicious);
    // The curve: at every threshold the shares of malicious and of benign scores above it, joined by straight lines.
    double area = 0, x = 0, y = 0;
    for (int threshold = 4; threshold >= 0; --threshold) {
      double right = 0, up = 0;
      for (std::size_t i = 0; i < scores.size(); ++i) {
        if (scores[i] < threshold) continue;
        const bool bad = std::find(malicious.begin(), malicious.end(), i) != malicious.end();
        (bad ? up : right) += bad ? 1 / 3.0 : 1 / 9.0;
      }
      area += (right - x) * (up + y) / 2;
      x = right, y = up;
    }
    EXPECT_NEAR(found.won / static_cast<double>(found.pairs), area, 1e-12);
  }
}

TEST(Tally, AddsUpOverRounds) {
  Tally sum;
  const Tally one{.malicious_judged = 1, .malicious_flagged = 1, .benign_judged = 9, .benign_flagged = 2, .pairs = 9, .won = 8.5};
  sum.add(one);
  sum.add(one);
  EXPECT_EQ(sum.benign_flagged, 4U);
  EXPECT_EQ(sum.benign_judged, 18U);
  EXPECT_EQ(sum.malicious_judged, 2U);
  EXPECT_EQ(sum.malicious_flagged, 2U);
  EXPECT_EQ(sum.pairs, 18U);
  EXPECT_EQ(sum.won, 17.0);
}

/// The paper's figure, word for word.
double figure(const Numbers& d, std::size_t n, std::size_t m, const Positions& benign) {
  const auto range = [&](std::size_t i) {
    double least = kInfinity, most = -kInfinity;
    for (const std::size_t j : benign)
      if (j != i) least = std::min(least, d[i * n + j]), most = std::max(most, d[i * n + j]);
    return std::pair(least, most);
  };
  double lowest = kInfinity, highest = -kInfinity;
  for (const std::size_t i : benign) lowest = std::min(lowest, range(i).first), highest = std::max(highest, range(i).second);
  return std::max(std::abs(range(m).second - lowest), std::abs(range(m).first - highest));
}

TEST(BandRecord, IsThePapersFigureAgainstTheBenignOnesAlone) {
  Draws draws(Stream(3));
  std::vector<Numbers> values(8, Numbers(5));
  for (Numbers& row : values)
    for (double& value : row) value = static_cast<double>(draws.below(21)) - 10;
  const Updates rows = support::rows(values);
  const Numbers d = defense::pair_distances(rows.rows(), nullptr).all;
  const Positions malicious{3, 6}, benign{0, 1, 2, 4, 7};  // row 5 was set aside
  const BandRecord found = band_record(d, 8, malicious, benign, 4.0);
  EXPECT_EQ(found.figure, std::max(figure(d, 8, 3, benign), figure(d, 8, 6, benign)));
  double least = kInfinity, most = 0, low = kInfinity, high = 0;
  for (const std::size_t b : benign) {
    for (const std::size_t m : malicious) least = std::min(least, d[m * 8 + b]), most = std::max(most, d[m * 8 + b]);
    for (const std::size_t c : benign)
      if (c != b) low = std::min(low, d[c * 8 + b]), high = std::max(high, d[c * 8 + b]);
  }
  EXPECT_EQ(found.malicious_least, least);
  EXPECT_EQ(found.malicious_most, most);
  EXPECT_EQ(found.benign_least, low);
  EXPECT_EQ(found.benign_most, high);
  EXPECT_EQ(found.kappa, 4.0);
}

TEST(BandRecord, HasNoFigureForFewerThanTwoBenignRowsOrWithoutAMaliciousOne) {
  const Numbers d{0, 1, 2, 1, 0, 3, 2, 3, 0};
  EXPECT_TRUE(std::isnan(band_record(d, 3, Positions{0, 1}, Positions{2}, {}).figure));
  EXPECT_TRUE(std::isnan(band_record(d, 3, Positions{0, 1}, Positions{2}, {}).benign_least));
  EXPECT_TRUE(std::isnan(band_record(d, 3, Positions{0, 1}, Positions{2}, {}).malicious_least));
  const BandRecord clean = band_record(d, 3, Positions{}, Positions{0, 1, 2}, {});
  EXPECT_TRUE(std::isnan(clean.figure));
  EXPECT_EQ(clean.benign_least, 1.0);
  EXPECT_EQ(clean.benign_most, 3.0);
}

defense::LayerSample sample(std::vector<Numbers> values, std::size_t size = 100) {
  for (Numbers& row : values) std::sort(row.begin(), row.end());
  Numbers shares(values.size(), 0.5);
  return {.name = "0.weight", .size = size, .values = std::move(values), .shares = shares};
}

TEST(LayerHistograms, CountEveryValueInBinsThatTheBenignOnesSet) {
  const auto layers = layer_histograms({sample({{-2, 0, 1}, {0.5, 1, 1.99}, {-5, 0, 7}, {}})}, Positions{2});
  ASSERT_EQ(layers.size(), 1U);
  const LayerHistogram& found = layers[0];
  EXPECT_EQ(found.low, -2.0);
  EXPECT_EQ(found.high, 2.0);
  EXPECT_EQ(found.sampled, 3U);
  ASSERT_EQ(found.benign.size(), LayerHistogram::kBins + 2);
  std::vector<std::size_t> expected(LayerHistogram::kBins + 2, 0);
  for (const double value : {-2.0, 0.0, 1.0, 0.5, 1.0, 1.99}) ++expected[1 + static_cast<std::size_t>((value + 2) * 10)];
  EXPECT_EQ(found.benign, expected);
  EXPECT_EQ(found.malicious.front(), 1U);
  EXPECT_EQ(found.malicious[21], 1U);
  EXPECT_EQ(found.malicious.back(), 1U);
  EXPECT_EQ(std::accumulate(found.malicious.begin(), found.malicious.end(), std::size_t{0}), 3U);
}

TEST(LayerHistograms, PutTheLargestValueIntoTheLastBin) {
  const auto layers = layer_histograms({sample({{-1, 3}, {0, 3}})}, Positions{});
  EXPECT_EQ(layers[0].high, 3.0);
  EXPECT_EQ(layers[0].benign[LayerHistogram::kBins], 2U);
  EXPECT_EQ(layers[0].benign.back(), 0U);
  EXPECT_EQ(layers[0].benign[1 + 13], 1U);  // -1 of [-3, 3]
}

TEST(LayerHistograms, HaveEdgesWhereThereIsNothingButZeros) {
  const auto layers = layer_histograms({sample({{0, 0}, {0, 0}, {0, 4}})}, Positions{2});
  EXPECT_EQ(layers[0].low, -1.0);
  EXPECT_EQ(layers[0].benign[21], 4U);
  EXPECT_EQ(layers[0].malicious.back(), 1U);
}

TEST(LayerHistograms, MeasureEachClientAgainstTheOtherBenignOnes) {
  const std::vector<Numbers> rows{{0, 1, 2}, {0, 2, 4}, {9, 9, 9}, {}, {1, 1, 5}};
  const auto layers = layer_histograms({sample(rows)}, Positions{2});
  const auto expected = [&](std::size_t i, const Positions& others) {
    Numbers pooled;
    for (const std::size_t j : others) pooled.insert(pooled.end(), rows[j].begin(), rows[j].end());
    std::sort(pooled.begin(), pooled.end());
    return defense::value_distance(rows[i], pooled);
  };
  EXPECT_NEAR(layers[0].wasserstein[0], expected(0, {1, 4}).wasserstein, 1e-14);
  EXPECT_NEAR(layers[0].wasserstein[4], expected(4, {0, 1}).wasserstein, 1e-14);
  EXPECT_NEAR(layers[0].ks[1], expected(1, {0, 4}).kolmogorov_smirnov, 1e-15);
  EXPECT_EQ(layers[0].wasserstein[2], expected(2, {0, 1, 4}).wasserstein);
  EXPECT_EQ(layers[0].ks[2], 1.0);
  EXPECT_TRUE(std::isnan(layers[0].wasserstein[3]));
}

TEST(LayerHistograms, MeasureNothingBesideASingleBenignRow) {
  const auto layers = layer_histograms({sample({{0, 1}, {5, 5}})}, Positions{1});
  EXPECT_TRUE(std::isnan(layers[0].ks[0]));
  EXPECT_TRUE(std::isnan(layers[0].ks[1]));
  const HistogramRecord record = histogram_record(layers, Positions{1});
  EXPECT_TRUE(std::isnan(record.ks) && std::isnan(record.wasserstein_benign));
  EXPECT_TRUE(std::isnan(histogram_record({}, Positions{1}).ks));
}

TEST(HistogramRecord, WeighsTensorsBySizeForOneDistanceAndAlikeForTheOther) {
  LayerHistogram large, small;
  large.size = 90, small.size = 10;
  large.wasserstein = {1, 2, 8}, small.wasserstein = {3, 1, 2};
  large.ks = {0.25, 0.5, 0.75}, small.ks = {0.75, 0.25, 0.5};
  const HistogramRecord record = histogram_record({large, small}, Positions{2});
  EXPECT_DOUBLE_EQ(record.wasserstein, 0.9 * 8 + 0.1 * 2);
  EXPECT_DOUBLE_EQ(record.wasserstein_benign, 0.9 * 2 + 0.1 * 1);
  EXPECT_EQ(record.ks, 0.625);
  EXPECT_EQ(record.ks_benign, 0.5);
}

}  // namespace
}  // namespace tocsin::fed
