// SPDX-License-Identifier: Apache-2.0
// Made-up problems: their optimum against independent arithmetic, their laws, their pinned numbers.
#include "tocsin/data/synthetic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "support/rows.h"

namespace tocsin::data {
namespace {

using support::error_of;

std::vector<std::uint32_t> all_of(const Dataset& data) {
  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

/// X^T (X w - y) / n, by features.
std::vector<double> gradient(const Dataset& data, const std::vector<std::uint32_t>& samples, const std::vector<double>& w) {
  std::vector<double> result(w.size(), 0.0);
  for (const std::uint32_t i : samples) {
    double off = -static_cast<double>(data.targets[i]);
    for (std::size_t j = 0; j < w.size(); ++j) off += static_cast<double>(data.values[i * w.size() + j]) * w[j];
    for (std::size_t j = 0; j < w.size(); ++j)
      result[j] += off * static_cast<double>(data.values[i * w.size() + j]) / static_cast<double>(samples.size());
  }
  return result;
}

/// Independent of Cholesky: Gauss-Jordan with the largest pivot on the augmented normal equations.
std::vector<double> eliminate(const Dataset& data, const std::vector<std::uint32_t>& samples) {
  const std::size_t p = data.shape.features();
  std::vector<std::vector<long double>> a(p, std::vector<long double>(p + 1, 0.0L));
  for (const std::uint32_t i : samples)
    for (std::size_t j = 0; j < p; ++j) {
      const long double x = data.values[i * p + j];
      for (std::size_t k = 0; k < p; ++k) a[j][k] += x * data.values[i * p + k];
      a[j][p] += x * data.targets[i];
    }
  for (std::size_t c = 0; c < p; ++c) {
    std::size_t best = c;
    for (std::size_t r = c; r < p; ++r)
      if (std::fabs(a[r][c]) > std::fabs(a[best][c])) best = r;
    std::swap(a[c], a[best]);
    for (std::size_t r = 0; r < p; ++r) {
      if (r == c) continue;
      const long double factor = a[r][c] / a[c][c];
      for (std::size_t k = c; k <= p; ++k) a[r][k] -= factor * a[c][k];
    }
  }
  std::vector<double> w(p);
  for (std::size_t j = 0; j < p; ++j) w[j] = static_cast<double>(a[j][p] / a[j][j]);
  return w;
}

Dataset regression(std::size_t features, std::vector<float> values, std::vector<float> targets) {
  Dataset data;
  data.shape = {features, 1, 1};
  data.outputs = 1;
  data.values = std::move(values);
  data.targets = std::move(targets);
  return data;
}

TEST(LeastSquares, SolvesASmallSystemExactly) {
  // y = 2 a - b but for the last, which is 4 higher: 4 u + 2 v = 10 and 2 u + 2 v = 2. All roots are whole, so nothing is rounded.
  const Dataset data = regression(2, {1, 1, 1, 1, 1, 0, 1, 0}, {1, 1, 2, 6});
  EXPECT_EQ(least_squares(data, std::vector<std::uint32_t>{0, 1, 2, 3}), (std::vector<double>{4.0, -3.0}));
}

TEST(LeastSquares, AgreesWithElimination) {
  for (const double condition : {1.0, 100.0, 1e6}) {
    const Problem problem = quadratic({.features = 12, .samples = 300, .noise = 0.5, .condition = condition}, Stream(11));
    const std::vector<std::uint32_t> all = all_of(*problem.train);
    const std::vector<double> ours = least_squares(*problem.train, all), other = eliminate(*problem.train, all);
    for (std::size_t j = 0; j < 12; ++j) EXPECT_NEAR(ours[j], other[j], 1e-13 * condition + 1e-11) << j;
  }
}

TEST(LeastSquares, LeavesNoGradientOverItsOwnSamples) {
  const Problem problem = quadratic({.features = 8, .samples = 200, .noise = 1.0, .condition = 50.0}, Stream(3));
  const std::vector<std::uint32_t> some = choice(200, 77, Stream(4));
  const std::vector<double> w = least_squares(*problem.train, some);
  for (const double g : gradient(*problem.train, some, w)) EXPECT_NEAR(g, 0.0, 1e-13);
  double elsewhere = 0.0;
  for (const double g : gradient(*problem.train, all_of(*problem.train), w)) elsewhere = std::max(elsewhere, std::fabs(g));
  EXPECT_GT(elsewhere, 1e-3);
}

TEST(LeastSquares, RefusesWhatHasNoSingleSolution) {
  EXPECT_EQ(error_of([] {
              least_squares(regression(2, {1, 2, 2, 4, 3, 6}, {1, 2, 3}), std::vector<std::uint32_t>{0, 1, 2});
            }),
            "least_squares: the samples do not determine weight 1");
  EXPECT_EQ(error_of([] {
              least_squares(regression(2, {1, 2, 2, 5}, {1, 2}), std::vector<std::uint32_t>{1});
            }),
            "least_squares: the samples do not determine weight 1");
  EXPECT_EQ(error_of([] { least_squares(*blobs({}, Stream(0)).train, std::vector<std::uint32_t>{0}); }),
            "least_squares: needs a regression of one output");
}

TEST(Quadratic, IsExactlyLinearWithoutNoise) {
  const QuadraticOptions options{.features = 5, .samples = 100, .noise = 0.0};
  const std::vector<double> truth = true_weights(options, Stream(9));
  const Problem problem = quadratic(options, Stream(9));
  for (const Dataset* part : {problem.train.get(), problem.test.get()})
    for (std::size_t i = 0; i < part->size(); ++i) {
      double target = 0.0;
      for (std::size_t j = 0; j < 5; ++j) target += static_cast<double>(part->values[i * 5 + j]) * truth[j];
      EXPECT_EQ(part->targets[i], static_cast<float>(target));
    }
  const std::vector<double> w = least_squares(*problem.train, all_of(*problem.train));
  for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(w[j], truth[j], 1e-6);
}

TEST(Quadratic, HasTheNoiseAndTheConditionOfItsOptions) {
  const QuadraticOptions options{.features = 3, .samples = 20000, .noise = 0.5, .condition = 16.0};
  const Problem problem = quadratic(options, Stream(2));
  const std::vector<double> truth = true_weights(options, Stream(2));
  std::vector<double> variance(3, 0.0);
  double noise = 0.0;
  for (std::size_t i = 0; i < 20000; ++i) {
    double off = static_cast<double>(problem.train->targets[i]);
    for (std::size_t j = 0; j < 3; ++j) {
      const double x = static_cast<double>(problem.train->values[i * 3 + j]);
      variance[j] += x * x / 20000;
      off -= x * truth[j];
    }
    noise += off * off / 20000;
  }
  EXPECT_NEAR(variance[0], 1.0, 0.05);  // five standard errors: variance * sqrt(2 / n) * 5
  EXPECT_NEAR(variance[1], 1.0 / 4, 0.0125);
  EXPECT_NEAR(variance[2], 1.0 / 16, 0.0031);
  EXPECT_NEAR(noise, 0.25, 0.0125);
}

TEST(Quadratic, HasATestPartOfItsOwn) {
  const Problem problem = quadratic({.features = 2, .samples = 50}, Stream(1));
  EXPECT_EQ(problem.train->size(), 50u);
  EXPECT_EQ(problem.test->size(), 10u);
  EXPECT_NE(problem.test->values[0], problem.train->values[0]);
  EXPECT_EQ(quadratic({.features = 2, .samples = 3}, Stream(1)).test->size(), 1u);
  EXPECT_EQ(problem.train->classes, 0u);
}

TEST(Quadratic, DependsOnItsStreamAlone) {
  EXPECT_EQ(quadratic({}, Stream(1)).train->values, quadratic({}, Stream(1)).train->values);
  EXPECT_NE(quadratic({}, Stream(1)).train->values, quadratic({}, Stream(2)).train->values);
}

TEST(Blobs, HaveBalancedClasses) {
  const Problem problem = blobs({.classes = 3, .samples = 302}, Stream(1));
  std::vector<std::size_t> counts(3, 0);
  for (const std::int32_t label : problem.train->labels) ++counts[static_cast<std::size_t>(label)];
  EXPECT_EQ(counts, (std::vector<std::size_t>{101, 101, 100}));
  EXPECT_EQ(problem.test->size(), 60u);
}

TEST(Blobs, SpreadTheirCentersOverASphere) {
  for (const std::size_t features : {2u, 3u, 10u}) {
    const BlobOptions options{.classes = 4, .features = features, .separation = 3.0};
    const std::vector<double> centers = blob_centers(options, Stream(5));
    ASSERT_EQ(centers.size(), 4 * features);
    for (std::size_t k = 0; k < 4; ++k) {
      double square = 0.0;
      for (std::size_t j = 0; j < features; ++j) square += centers[k * features + j] * centers[k * features + j];
      EXPECT_NEAR(square, 9.0, 1e-12);
      for (std::size_t other = 0; other < k; ++other) {
        double apart = 0.0;
        for (std::size_t j = 0; j < features; ++j)
          apart += (centers[k * features + j] - centers[other * features + j]) *
                   (centers[k * features + j] - centers[other * features + j]);
        EXPECT_GT(std::sqrt(apart), 3.0) << features;  // a square would have 4.2
      }
    }
  }
}

TEST(Blobs, LieOnTheirCentersWithoutSpread) {
  const BlobOptions options{.classes = 3, .features = 2, .samples = 9, .spread = 0.0};
  const std::vector<double> centers = blob_centers(options, Stream(5));
  const Problem problem = blobs(options, Stream(5));
  for (std::size_t i = 0; i < 9; ++i)
    for (std::size_t j = 0; j < 2; ++j) EXPECT_EQ(problem.train->values[i * 2 + j], static_cast<float>(centers[i % 3 * 2 + j]));
  EXPECT_EQ(bayes_accuracy(options, Stream(5), *problem.test), 1.0);
}

TEST(Blobs, CanBeToldApartAsWellAsTheoryAllows) {
  // Two classes at distance D: the best rule is right with probability Phi(D / (2 spread)).
  const BlobOptions options{.classes = 2, .features = 3, .samples = 100000, .spread = 2.0, .separation = 1.5};
  const std::vector<double> centers = blob_centers(options, Stream(6));
  double square = 0.0;
  for (std::size_t j = 0; j < 3; ++j) square += (centers[j] - centers[3 + j]) * (centers[j] - centers[3 + j]);
  const double expected = 0.5 * std::erfc(-std::sqrt(square) / 4.0 / std::sqrt(2.0));
  const Problem problem = blobs(options, Stream(6));
  EXPECT_NEAR(bayes_accuracy(options, Stream(6), *problem.test), expected, 4 * 0.003);  // 20,000 samples
  EXPECT_LT(expected, 0.8);
}

TEST(Blobs, RefuseWhatCannotBe) {
  EXPECT_EQ(error_of([] { blobs({.classes = 3, .features = 1}, Stream(0)); }), "blobs: one feature has room for 2 classes, got 3");
  EXPECT_EQ(error_of([] { blobs({.classes = 1}, Stream(0)); }), "blobs: needs at least 2 classes, got 1");
  EXPECT_EQ(blobs({.classes = 2, .features = 1, .samples = 10, .spread = 0.0, .separation = 2.0}, Stream(0)).train->size(), 10u);
}

}  // namespace
}  // namespace tocsin::data
