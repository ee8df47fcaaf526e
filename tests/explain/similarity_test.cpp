// SPDX-License-Identifier: Apache-2.0
// Similarities of two maps against values worked out beforehand, on maps where the measures differ.
#include "tocsin/explain/similarity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tocsin/explain/drawn.h"

namespace tocsin::explain {
namespace {

using Map = std::vector<double>;
using Indices = std::vector<std::uint8_t>;

template <class Value>
Map map_28(Value&& value) {
  Map result(28 * 28);
  for (int i = 0; i < 28; ++i)
    for (int j = 0; j < 28; ++j) result[static_cast<std::size_t>(28 * i + j)] = value(i, j);
  return result;
}

/// The smooth pair and the pair of small integers on which all values below were worked out.
const Map kA = map_28([](double i, double j) { return std::sin(0.3 * i + 0.7 * j); });
const Map kB = map_28([](double i, double j) { return std::cos(0.2 * i - 0.5 * j) + 0.25 * std::sin(0.3 * i + 0.7 * j); });
const Map kP = map_28([](int i, int j) { return (13 * i + 29 * j) % 101 - 50; });
const Map kQ = map_28([](int i, int j) { return (7 * i * j + 3 * i + 11 * j) % 97 - 40 + (13 * i + 29 * j) % 101 - 50; });
const Map kU{0, 0, 1, 2, 2, 2, 5}, kV{1, 0, 0, 3, 2, 2, 4};
const Map kX{0, 0, 0, 1, 2, -3}, kY{0, 0, 0, 2, 1, 0};

double sum(const auto& values) {
  double result = 0;
  for (const double value : values) result += value;
  return result;
}
double drawn_ssim(const Map& a, const Map& b, Sign sign) { return ssim_drawn(drawn(a, sign), drawn(b, sign), 28, 28); }
double drawn_magnitudes_ssim(const Map& a, const Map& b) {
  return drawn_ssim(reduced(a, 1, true), reduced(b, 1, true), Sign::positive);
}

TEST(Similarity, OfTheSmoothPairInLinearMeasures) {
  EXPECT_NEAR(pearson(kA, kB), 0.2766884788053777, 1e-14);
  EXPECT_NEAR(cosine(kA, kB), 0.2766035944076189, 1e-14);
}
TEST(Similarity, OfTheSmoothPairInStructure) {
  const double range = 2.4972585442836115;
  EXPECT_NEAR(ssim_raw(kA, kB, 28, 28), 0.0150019490536483, 1e-14);
  EXPECT_NEAR(ssim(kA, kB, 28, 28, {.range = range}), 0.0150019490536483, 1e-14);
  EXPECT_NEAR(ssim(kA, kB, 28, 28, {.range = range, .gaussian = true}), 0.1161173564969677, 1e-14);
  EXPECT_NEAR(ssim(kA, kB, 28, 28, {.range = range, .gaussian = true, .sample = false}), 0.1161130072117778, 1e-14);
  EXPECT_NEAR(ssim_uniform(kA, kB, 28, 28), 0.0180726281543129, 1e-14);
  EXPECT_NEAR(ssim_abs(kA, kB, 28, 28), 0.0272534764292164, 1e-14);
  const double a = largest(kA), b = largest(kB);
  EXPECT_NEAR(
      ssim(reduced(times(kA, 1 / a), 1, true), reduced(times(kB, 1 / b), 1, true), 28, 28, {.gaussian = true, .sample = false}),
      0.0284541918513598, 1e-14);
}
TEST(Similarity, OfTheSmoothPairAsDrawn) {
  EXPECT_NEAR(drawn_ssim(kA, kB, Sign::both), 0.2230774250899781, 1e-14);
  EXPECT_NEAR(drawn_magnitudes_ssim(kA, kB), 0.0287351918805529, 1e-14);
}
TEST(Similarity, OfTheSmoothPairAsDistributions) {
  EXPECT_NEAR(w1_values(kA, kB), 0.0437354071635958, 1e-14);
  EXPECT_NEAR(w1_space(kA, kB, 28, 28), 0.1187972241140 + 0.1655563270419, 2e-13);
  EXPECT_NEAR(center(kA, 28, 28).row, 13.5320375341568, 1e-12);
  EXPECT_NEAR(center(kA, 28, 28).column, 13.4659377066285, 1e-12);
  EXPECT_NEAR(center(kB, 28, 28).row, 13.4132403100428, 1e-12);
  EXPECT_NEAR(center(kB, 28, 28).column, 13.3806489962651, 1e-12);
  EXPECT_NEAR(center_shift(kA, kB, 28, 28), 0.1462427590435, 1e-12);
  EXPECT_NEAR(mse(kA, kB), 7.844520980688e-07, 1e-18);
  EXPECT_NEAR(entropy(kA), 6.5193344234932, 1e-12);
  EXPECT_NEAR(entropy(kB), 6.5051219484180, 1e-12);
  EXPECT_NEAR(gini(kA), 0.2733441697490, 1e-12);
  EXPECT_NEAR(gini(kB), 0.2987328810597, 1e-12);
}
TEST(Similarity, OfTheSmoothPairInRanksWithinWhatRoundingDoesToItsTies) {
  EXPECT_NEAR(spearman(kA, kB), 0.29194, 3e-5);
  EXPECT_NEAR(spearman_abs(kA, kB), 0.0317, 3e-5);
  EXPECT_NEAR(kendall(kA, kB), 0.20502, 3e-5);
}
TEST(Similarity, OfTheIntegerPair) {
  EXPECT_EQ(sum(kP), 217);
  EXPECT_EQ(sum(kQ), 6668);
  EXPECT_NEAR(pearson(kP, kQ), 0.7185602724136202, 1e-14);
  EXPECT_NEAR(spearman(kP, kQ), 0.7143959048789372, 1e-14);
  EXPECT_NEAR(spearman_abs(kP, kQ), 0.2280135438578702, 1e-14);
  EXPECT_NEAR(kendall(kP, kQ), 0.5136620976247207, 1e-14);
  EXPECT_NEAR(cosine(kP, kQ), 0.7050139500282766, 1e-14);
  EXPECT_EQ(topk(kP, kQ, 10), 0);
  EXPECT_EQ(topk(kP, kQ, 39), 5.0 / 39);
  EXPECT_EQ(topk(kP, kQ, 100), 37.0 / 100);
  EXPECT_EQ(w1_values(kP, kQ), 9437.0 / 784);
  EXPECT_NEAR(gini(kP), 0.3330666765217, 1e-12);
  EXPECT_NEAR(gini(kQ), 0.3957955440119, 1e-12);
  EXPECT_NEAR(entropy_100(kP), 4.586900132926307, 1e-14);
  EXPECT_NEAR(entropy_100(kQ), 4.374970398404581, 1e-14);
}
TEST(Similarity, OfTheIntegerPairAsDrawn) {
  EXPECT_EQ(sum(drawn(kP, Sign::both)), 100146);
  EXPECT_EQ(sum(drawn(kQ, Sign::both)), 108000);
  EXPECT_NEAR(drawn_ssim(kP, kQ, Sign::both), 0.6719519927221692, 1e-14);
  EXPECT_NEAR(drawn_magnitudes_ssim(kP, kQ), 0.2616161510271744, 1e-14);
}

TEST(Similarity, GivesTiesTheMeanOfTheirRanks) {
  EXPECT_EQ(ranks(ascending(kU)), (Map{1.5, 1.5, 3, 5, 5, 5, 7}));
  EXPECT_EQ(ranks(ascending(kV)), (Map{3, 1.5, 1.5, 6, 4.5, 4.5, 7}));
  EXPECT_NEAR(spearman(kU, kV), 0.8860760232362956, 1e-15);
  EXPECT_NEAR(kendall(kU, kV), 0.7789808377045201, 1e-15);
  EXPECT_NEAR(pearson(kU, kV), 0.8777766249329544, 1e-15);
  EXPECT_EQ(w1_values(kU, kV), 2.0 / 7);
}
TEST(Similarity, OnTheSupportLeavesOutWhatBothHaveZero) {
  EXPECT_NEAR(spearman(kX, kY), 0.8261843893231646, 1e-15);
  EXPECT_EQ(spearman_support(kX, kY), 0.5);
  EXPECT_EQ(kendall_support(kX, kY), 1.0 / 3);
  EXPECT_EQ(spearman_abs_support(kX, kY), -1);
  EXPECT_NEAR(pearson_support(kX, kY), 4 / std::sqrt(14.0 * 2), 1e-15);
  EXPECT_EQ(cosine_support(kX, kY), cosine(kX, kY));
}
TEST(Similarity, OfTheLargestCellsGivesTiesToTheLowerIndex) {
  EXPECT_EQ(topk(Map{1, -1, 1}, Map{1, 0.5, 0}, 2), 1);
  EXPECT_EQ(topk(Map{1, -1, 1}, Map{1, 0, 0.5}, 2), 0.5);
  EXPECT_EQ(topk_chance(784), 78.0 / 784);
}
TEST(Similarity, OfTheLargestCellsOnTheSupportTakesATenthOfIt) {
  Map a(40, 0.0), b(40, 0.0);
  for (std::size_t i = 20; i < 40; ++i) a[i] = static_cast<double>(i);
  b[39] = 2, b[20] = 1, b[21] = 0.5, b[22] = 0.25;
  EXPECT_EQ(topk(a, b), 0.25);         // four cells of 40
  EXPECT_EQ(topk_support(a, b), 0.5);  // two cells of 20
}
TEST(Similarity, GiniOfASingleCellAmongFour) { EXPECT_EQ(gini(Map{0, 0, 0, 4}), 0.75); }

TEST(Similarity, ComplexityRisesFromTwoEqualBinsToFour) {
  EXPECT_NEAR(complexity_rise(Map{0, 0, 1, 1}, Map{0, 1, 2, 3}), 1, 1e-15);
  EXPECT_TRUE(std::isnan(complexity_rise(Map{1, 1}, Map{0, 1})));
}

TEST(Similarity, DoesNotMindHowLargeOrSmallTheValuesAre) {
  for (const double factor : {0x1p-900, 0x1p900}) {
    const Map a = times(kA, factor), b = times(kB, factor);
    EXPECT_EQ(pearson(a, b), pearson(kA, kB));
    EXPECT_EQ(cosine(a, b), cosine(kA, kB));
    EXPECT_EQ(ssim_raw(a, b, 28, 28), ssim_raw(kA, kB, 28, 28));
    EXPECT_EQ(mse(a, b), mse(kA, kB));
    EXPECT_EQ(entropy_100(a), entropy_100(kA));
  }
  EXPECT_EQ(entropy_100(Map{-1.7e308, 1.7e308}), entropy_100(Map{-1, 1}));
  EXPECT_NEAR(pearson(Map{1, 1 + 1e-12, 1}, Map{0, 1, 0}), 1, 1e-3);
}

TEST(Similarity, IsUndefinedForConstantZeroAndSmallMaps) {
  const Map flat(784, 0.1), zero(784, 0.0);
  for (const double value :
       {pearson(flat, kA), cosine(zero, kA), spearman(kA, flat), spearman_abs(Map{1, -1}, Map{1, 2}), kendall(kA, flat),
        topk(zero, kA), topk(Map{1, 2}, Map{1, 2}), mse(zero, kA), w1_values(kA, zero), w1_space(zero, kA, 28, 28),
        center_shift(kA, zero, 28, 28), entropy(zero), gini(zero), entropy_100(flat), topk_chance(9)})
    EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(std::isnan(ssim_drawn(Indices(10 * 30), Indices(10 * 30), 10, 30)));
  EXPECT_TRUE(std::isnan(ssim_uniform(Map(6 * 30, 1.0), Map(6 * 30, 1.0), 30, 6)));
  EXPECT_TRUE(std::isnan(ssim_raw(flat, flat, 28, 28)));
  EXPECT_TRUE(std::isnan(ssim_abs(zero, kA, 28, 28)));
  EXPECT_TRUE(std::isnan(pearson_support(zero, zero)));
}
TEST(Similarity, RefusesMapsOfDifferentSizes) {
  EXPECT_THROW(pearson(Map{1}, Map{1, 2}), std::invalid_argument);
  EXPECT_THROW(kendall_support(Map{1}, Map{1, 2}), std::invalid_argument);
  EXPECT_THROW(ssim_raw(Map(9, 1.0), Map(9, 1.0), 3, 2), std::invalid_argument);
}

}  // namespace
}  // namespace tocsin::explain
