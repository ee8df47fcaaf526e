// SPDX-License-Identifier: Apache-2.0
// Samples of tensors, and distances of sets of values against plain definitions.
#include "tocsin/defense/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "support/detectors.h"
#include "support/drawn_rows.h"

namespace tocsin::defense {
namespace {
using Numbers = std::vector<double>;

/// Both distances from the distribution functions at every value.
ValueDistance plainly(const Numbers& a, const Numbers& b) {
  std::set<double> values(a.begin(), a.end());
  values.insert(b.begin(), b.end());
  const auto share = [](const Numbers& of, double x) {
    return static_cast<double>(std::count_if(of.begin(), of.end(), [x](double y) { return y <= x; })) /
           static_cast<double>(of.size());
  };
  ValueDistance result{0, 0};
  for (auto it = values.begin(); it != values.end(); ++it) {
    const double gap = std::abs(share(a, *it) - share(b, *it));
    result.kolmogorov_smirnov = std::max(result.kolmogorov_smirnov, gap);
    if (std::next(it) != values.end()) result.wasserstein += gap * (*std::next(it) - *it);
  }
  return result;
}

Numbers drawn(std::size_t count, std::uint64_t seed) {
  Draws draws(Stream(seed).at("values"));
  Numbers values(count);
  for (double& value : values) value = static_cast<double>(draws.below(12)) / 4 - 1;
  std::sort(values.begin(), values.end());
  return values;
}

TEST(ValueDistances, AreKnownForSmallSets) {
  const ValueDistance moved = value_distance(Numbers{0, 1}, Numbers{3, 4});
  EXPECT_EQ(moved.wasserstein, 3.0);
  EXPECT_EQ(moved.kolmogorov_smirnov, 1.0);
  const ValueDistance half = value_distance(Numbers{0, 0, 4, 4}, Numbers{0, 4, 4, 4});
  EXPECT_EQ(half.wasserstein, 1.0);
  EXPECT_EQ(half.kolmogorov_smirnov, 0.25);
  EXPECT_EQ(value_distance(Numbers{1, 2}, Numbers{1, 1, 2, 2}).wasserstein, 0.0);
  EXPECT_TRUE(std::isnan(value_distance(Numbers{}, Numbers{1}).wasserstein));
}

TEST(ValueDistances, AreThoseOfTheDistributionFunctions) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Numbers a = drawn(1 + seed % 7, seed), b = drawn(1 + seed % 11, seed + 100);
    const ValueDistance found = value_distance(a, b), expected = plainly(a, b);
    EXPECT_NEAR(found.wasserstein, expected.wasserstein, 1e-14);
    EXPECT_NEAR(found.kolmogorov_smirnov, expected.kolmogorov_smirnov, 1e-15);
  }
}

TEST(AgainstOthers, PoolsAllOtherSets) {
  for (std::size_t n = 2; n <= 6; ++n) {
    std::vector<Numbers> sets;
    for (std::size_t i = 0; i < n; ++i) sets.push_back(drawn(9, i == 1 ? 0 : i));  // sets 0 and 1 are equal
    const std::vector<ValueDistance> found = against_others({sets.begin(), sets.end()});
    for (std::size_t i = 0; i < n; ++i) {
      Numbers others;
      for (std::size_t j = 0; j < n; ++j)
        if (j != i) others.insert(others.end(), sets[j].begin(), sets[j].end());
      EXPECT_NEAR(found[i].wasserstein, plainly(sets[i], others).wasserstein, 1e-14);
      EXPECT_NEAR(found[i].kolmogorov_smirnov, plainly(sets[i], others).kolmogorov_smirnov, 1e-15);
    }
    EXPECT_EQ(found[0].wasserstein, found[1].wasserstein);
  }
  EXPECT_TRUE(std::isnan(against_others({Numbers{1, 2}})[0].wasserstein));
  EXPECT_EQ(support::error_of([] {
              const Numbers two{1, 2}, one{1};
              against_others({two, one});
            }),
            "histogram: sets of 2 and of 1 values");
}

const Layout kLayout{{{.name = "0.weight", .shape = {90}, .offset = 0, .size = 90, .is_bias = false},
                      {.name = "0.bias", .shape = {10}, .offset = 90, .size = 10, .is_bias = true}}};

TEST(SampledLayers, HoldEveryCoordinateWhereAllAreAskedFor) {
  const Updates rows = support::integer_rows(3, Element::float32, 100);
  const std::vector<LayerSample> layers = sample_layers(rows.rows(), &kLayout, 0);
  ASSERT_EQ(layers.size(), 2U);
  EXPECT_EQ(layers[0].name, "0.weight");
  EXPECT_EQ(layers[1].size, 10U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Numbers row = rows.rows().row(i);
    Numbers weights(row.begin(), row.begin() + 90), biases(row.begin() + 90, row.end());
    double all = 0, bias = 0;
    for (const double value : row) all += value * value;
    for (const double value : biases) bias += value * value;
    std::sort(weights.begin(), weights.end());
    std::sort(biases.begin(), biases.end());
    EXPECT_EQ(layers[0].values[i], weights);
    EXPECT_EQ(layers[1].values[i], biases);
    EXPECT_DOUBLE_EQ(layers[1].shares[i], bias / all);
    EXPECT_DOUBLE_EQ(layers[0].shares[i] + layers[1].shares[i], 1.0);
  }
}

TEST(SampledLayers, AreTheSameCoordinatesForEveryRowAndSpreadOverTheTensor) {
  Updates rows(2, 100);
  Numbers numbers(100);
  for (std::size_t c = 0; c < 100; ++c) numbers[c] = static_cast<double>(c);
  rows.rows().assign(0, numbers);
  rows.rows().assign(1, numbers);
  const std::vector<LayerSample> layers = sample_layers(rows.rows(), &kLayout, 20),
                                 again = sample_layers(rows.rows(), &kLayout, 20);
  EXPECT_EQ(layers[0].values[0], layers[0].values[1]);
  EXPECT_EQ(layers[0].values[0], again[0].values[0]);
  ASSERT_EQ(layers[0].values[0].size(), 20U);
  ASSERT_EQ(layers[1].values[0].size(), 10U) << "a small tensor whole";
  for (std::size_t k = 0; k < 20; ++k) {  // one from each piece of 4.5
    EXPECT_GE(layers[0].values[0][k], static_cast<double>(k * 90 / 20));
    EXPECT_LT(layers[0].values[0][k], static_cast<double>((k + 1) * 90 / 20));
  }
}

TEST(SampledLayers, TakeEverythingForOneTensorWithoutALayout) {
  const Updates rows = support::integer_rows(2, Element::float64, 33);
  const std::vector<LayerSample> layers = sample_layers(rows.rows(), &kLayout, 0);
  ASSERT_EQ(layers.size(), 1U);
  EXPECT_EQ(layers[0].name, "all");
  EXPECT_EQ(layers[0].values[0].size(), 33U);
  EXPECT_EQ(layers[0].shares[0], 1.0);
  const Updates zeros(2, 33);
  EXPECT_TRUE(std::isnan(sample_layers(zeros.rows(), nullptr, 5)[0].shares[0]));
}

TEST(UpdateHistogram, CountsTensorsBySizeForOneDistanceAndAlikeForTheOther) {
  // Weights equal but for row 2, which is moved by 1 in all of them; biases of row 2 moved by 10.
  Updates rows(3, 100);
  for (std::size_t i = 0; i < 3; ++i) {
    Numbers row(100);
    for (std::size_t c = 0; c < 100; ++c) row[c] = static_cast<double>(c % 5) + (i == 2 ? (c < 90 ? 1.0 : 10.0) : 0.0);
    rows.rows().assign(i, row);
  }
  Round round;
  round.layout = &kLayout;
  const Suspicion found = support::make(update_histogram_entry)->suspicion(rows.rows(), round);
  EXPECT_NEAR(found.readings[0].suspicion[2], 0.9 * 1 + 0.1 * 10, 1e-12);
  EXPECT_NEAR(found.readings[1].suspicion[2], (0.2 + 1.0) / 2, 1e-12);
  EXPECT_NEAR(found.readings[0].suspicion[0], 0.5 * (0.9 * 1 + 0.1 * 10), 1e-12);  // half of the others are row 2
  EXPECT_EQ(found.readings[0].suspicion[0], found.readings[0].suspicion[1]);
  EXPECT_EQ(found.samples.size(), 2U);
}

TEST(UpdateHistogram, LooksAtAsManyCoordinatesAsItIsTold) {
  const Updates rows = support::integer_rows(2, Element::float32, 5000);
  const auto sampled = [&](const std::string& options) {
    return support::make(update_histogram_entry, options)->suspicion(rows.rows(), Round{}).samples[0].values[0].size();
  };
  EXPECT_EQ(sampled(""), 2000U);
  EXPECT_EQ(sampled("coordinates = 7"), 7U);
  EXPECT_EQ(sampled("coordinates = \"all\""), 5000U);
}

}  // namespace
}  // namespace tocsin::defense
