// SPDX-License-Identifier: Apache-2.0
// Detectors that look for a number unlike the others' - length, direction, sparsity - against the definitions.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/detectors.h"
#include "support/drawn_rows.h"
#include "tocsin/defense/others.h"

namespace tocsin::defense {
namespace {
using Numbers = std::vector<double>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Reading look(const Entry<Detector>& entry, const Updates& rows) {
  return support::make(entry)->suspicion(rows.rows(), Round{}).readings[0];
}

/// The median of all but one by sorting them.
double median_without(Numbers values, std::size_t i) {
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(i));
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : values[half - 1] + (values[half] - values[half - 1]) / 2;
}

TEST(MediansOfOthers, AreThoseOfSortingAllButOne) {
  for (std::size_t n = 2; n <= 9; ++n)
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Draws draws(Stream(seed).at(n));
      Numbers values(n);
      for (double& value : values) value = static_cast<double>(draws.below(6));  // ties are common
      const Numbers found = medians_of_others(values);
      for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(found[i], median_without(values, i));
    }
  EXPECT_TRUE(std::isnan(medians_of_others(Numbers{3})[0]));
  EXPECT_TRUE(medians_of_others(Numbers{}).empty());
  EXPECT_EQ(medians_of_others(Numbers{1, kInfinity, kInfinity})[0], kInfinity);
}

TEST(Norm, IsTheDistanceFromTheMedianLengthOfTheOthers) {
  const Reading found = look(norm_entry, support::rows({{3, 4}, {0, 5}, {6, 8}, {30, 40}}));  // 5, 5, 10, 50
  EXPECT_EQ(found.suspicion, (Numbers{0.5, 0.5, 1, 9}));
}

TEST(Norm, KnowsOthersOfLengthZero) {
  EXPECT_EQ(look(norm_entry, support::rows({{0}, {0}, {2}})).suspicion, (Numbers{1, 1, kInfinity}));
  EXPECT_EQ(look(norm_entry, support::rows({{0}, {0}})).suspicion, (Numbers{0, 0}));
  EXPECT_TRUE(std::isnan(look(norm_entry, support::rows({{1}})).suspicion[0]));
}

/// 1 - cos(x_i, sum of the others) by plain loops.
double turned(ConstRows rows, std::size_t i) {
  long double product = 0, own = 0, other = 0;
  for (std::size_t c = 0; c < rows.coordinates(); ++c) {
    long double sum = 0;
    for (std::size_t j = 0; j < rows.clients(); ++j)
      if (j != i) sum += rows.at(j, c);
    product += sum * rows.at(i, c);
    own += static_cast<long double>(rows.at(i, c)) * rows.at(i, c);
    other += sum * sum;
  }
  return own == 0 || other == 0 ? 1.0 : static_cast<double>(1 - product / std::sqrt(own * other));
}

TEST(CosineToMean, IsTheAngleWithTheOthersAlone) {
  const Reading found = look(cosine_to_mean_entry, support::rows({{1, 0}, {0, 1}, {0, 3}, {-2, 0}}));
  EXPECT_NEAR(found.suspicion[0], 1 + 2 / std::sqrt(20.0), 1e-15);
  EXPECT_NEAR(found.suspicion[1], 1 - 3 / std::sqrt(10.0), 1e-15);
  EXPECT_EQ(found.figures[0].name, "cosine");
  EXPECT_NEAR(found.figures[0].values[0], -2 / std::sqrt(20.0), 1e-15);
  const support::DetectorRound on(9, 131);
  const Reading many = look(cosine_to_mean_entry, on.updates);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(many.suspicion[i], turned(on.updates.rows(), i), 1e-12);
}

TEST(CosineToMean, IsNotCarriedAwayByALoudRow) {
  support::DetectorRound on(6, 131);
  Numbers loud(131, 0.0);
  loud[3] = 1e20;
  loud[5] = -3e19;
  on.updates.rows().assign(2, loud);
  const Reading found = look(cosine_to_mean_entry, on.updates);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(found.suspicion[i], turned(on.updates.rows(), i), 1e-9) << i;
}

TEST(CosineToMean, IsZeroWhereThereIsNoDirection) {
  EXPECT_EQ(look(cosine_to_mean_entry, support::rows({{0, 0}, {1, 1}, {1, 1}})).suspicion[0], 1.0);
  EXPECT_EQ(look(cosine_to_mean_entry, support::rows({{1, 0}, {2, 1}, {-2, -1}})).suspicion[0], 1.0);
  EXPECT_TRUE(std::isnan(look(cosine_to_mean_entry, support::rows({{1, 0}})).suspicion[0]));
}

TEST(Sparsity, IsHoyersFigureAgainstTheMedianOfTheOthers) {
  const Reading found = look(sparsity_entry, support::rows({{0, 0, 0, -5}, {2, -2, 2, 2}, {3, 0, 3, 0}, {0, 0, 0, 0}}));
  const double half = 2 - std::sqrt(2.0);  // (sqrt 4 - 6 / sqrt 18) / (sqrt 4 - 1)
  EXPECT_EQ(found.figures[0].name, "sparsity");
  EXPECT_EQ(found.figures[0].values[0], 1.0);
  EXPECT_EQ(found.figures[0].values[1], 0.0);
  EXPECT_NEAR(found.figures[0].values[2], half, 1e-15);
  EXPECT_EQ(found.figures[0].values[3], 1.0);
  EXPECT_NEAR(found.suspicion[0], 1 - half, 1e-15);
  EXPECT_EQ(found.suspicion[1], 1.0);
  EXPECT_EQ(found.figures[1].name, "range");
  EXPECT_EQ(found.figures[1].values, (Numbers{5, 4, 3, 0}));
}

TEST(Sparsity, KnowsRowsOfOneCoordinate) {
  const Reading found = look(sparsity_entry, support::rows({{3}, {0}}));
  EXPECT_EQ(found.figures[0].values, (Numbers{1, 1}));
  EXPECT_EQ(found.figures[1].values, (Numbers{0, 0}));
  EXPECT_TRUE(std::isnan(look(sparsity_entry, support::rows({{3, 1}})).suspicion[0]));
}

TEST(Sparsity, OfLongRowsIsThatOfAPlainLoop) {
  for (const Element element : {Element::float32, Element::float64}) {
    const Updates rows = support::integer_rows(3, element, 140'003);
    const Reading found = look(sparsity_entry, rows);
    for (std::size_t i = 0; i < 3; ++i) {
      double sum = 0, squares = 0, least = 0, most = 0;
      for (const double value : rows.rows().row(i)) {
        sum += std::abs(value), squares += value * value;
        least = std::min(least, value), most = std::max(most, value);
      }
      const double root = std::sqrt(140'003.0);
      EXPECT_DOUBLE_EQ(found.figures[0].values[i], (root - sum / std::sqrt(squares)) / (root - 1));
      EXPECT_EQ(found.figures[1].values[i], most - least);
    }
  }
}

}  // namespace
}  // namespace tocsin::defense
