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
