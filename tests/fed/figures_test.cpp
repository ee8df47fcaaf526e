// SPDX-License-Identifier: Apache-2.0
// Distances and cosines to the mean of the benign rows, by hand.
#include "tocsin/fed/figures.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/rows.h"
#include "tocsin/kernels/norms.h"

namespace tocsin::fed {
namespace {
using Numbers = std::vector<double>;

MeanFigures figures(const Updates& rows, const std::vector<std::size_t>& benign, const Numbers& result) {
  return to_benign_mean(rows.rows(), kernels::norms(rows.rows()), benign, result);
}

TEST(Figures, AreAgainstTheMeanOfTheBenignRows) {
  // mu = (2, 0); the benign rows lie 2 from it, so their spread is 4; R = (2, 3) lies 3 from it.
  const Updates rows = support::rows({{0, 0}, {4, 0}, {2, 9}});
  const MeanFigures found = figures(rows, {0, 1}, {2, 3});
  EXPECT_EQ(found.distance, (Numbers{2, 2, 9}));
  EXPECT_EQ(found.cosine[1], 1.0);
  ASSERT_TRUE(found.result.has_value());
  EXPECT_EQ(found.result->distance, 3.0);
  EXPECT_EQ(found.result->relative, 1.5);
  EXPECT_NEAR(found.result->cosine, 2.0 / std::sqrt(13.0), 1e-15);
  EXPECT_EQ(found.result->kappa, 2.25);
}

TEST(Figures, AreAgainstTheMeanBySampleCountsTooWhereTheseDiffer) {
  // By samples 1 : 3, mu = (3, 0); the benign rows lie 3 and 1 from it, so their spread is (9 + 3 * 1) / 4; R lies 4 from it.
  const Updates rows = support::rows({{0, 0}, {4, 0}, {2, 9}});
  const auto with = [&](const Numbers& samples) {
    return to_benign_mean(rows.rows(), kernels::norms(rows.rows()), std::vector<std::size_t>{0, 1}, Numbers{3, 4}, samples);
  };
  const MeanFigures found = with({10, 30, 500});
  ASSERT_TRUE(found.result_by_samples.has_value());
  EXPECT_EQ(found.result_by_samples->distance, 4.0);
  EXPECT_DOUBLE_EQ(found.result_by_samples->relative, 4.0 / 3.0);
  EXPECT_DOUBLE_EQ(found.result_by_samples->cosine, 0.6);
  EXPECT_DOUBLE_EQ(found.result_by_samples->kappa, 16.0 / 3.0);
  EXPECT_DOUBLE_EQ(found.result->distance, std::sqrt(17.0)) << "the mean that counts no samples stays";
  EXPECT_FALSE(with({7, 7, 500}).result_by_samples.has_value()) << "the benign ones have as many";
  EXPECT_FALSE(with({0, 0, 500}).result_by_samples.has_value());
  EXPECT_FALSE(with({}).result_by_samples.has_value());
  EXPECT_EQ(support::error_of([&] { with({1, 2}); }), "figures: 2 sample counts for 3 rows");
}

TEST(Figures, AreNoneWhereTheyAreUndefined) {
  const Updates equal = support::rows({{1, 1}, {1, 1}}), zero = support::rows({{1, 0}, {-1, 0}});
  EXPECT_TRUE(std::isnan(figures(equal, {0, 1}, {2, 2}).result->kappa)) << "no spread";
  EXPECT_TRUE(std::isnan(figures(zero, {0, 1}, {2, 2}).result->relative)) << "a mean of 0";
  EXPECT_TRUE(std::isnan(figures(zero, {0, 1}, {2, 2}).result->cosine));
  EXPECT_FALSE(figures(equal, {0, 1}, {}).result.has_value());
  EXPECT_FALSE(figures(equal, {}, {2, 2}).result.has_value());
  EXPECT_EQ(support::error_of([&] { figures(equal, {0}, {1, 2, 3}); }), "figures: a result of 3 coordinates for updates of 2");
}

}  // namespace
}  // namespace tocsin::fed
