// SPDX-License-Identifier: Apache-2.0
// Column statistics: by hand on small integers, then against the plain references, bit for bit.
#include "tocsin/kernels/columns.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "support/drawn_rows.h"
#include "support/rows.h"

namespace tocsin::kernels {
namespace {
using support::bits;
using support::drawn_rows;
using support::Values;
using Numbers = std::vector<double>;

const Updates kRows = support::rows({{1, 9, 2}, {3, 1, 5}, {5, 4, 8}});
const Updates kFour = support::rows({{1, -7}, {2, 4}, {3, 4}, {9, 0}});

TEST(ColumnMedian, IsTheMiddleOfAnOddNumber) { EXPECT_EQ(column_median(kRows.rows()), (Numbers{3, 4, 5})); }

TEST(ColumnMedian, HasThreeReadingsForAnEvenNumber) {
  EXPECT_EQ(column_median(kFour.rows(), Even::average), (Numbers{2.5, 2}));
  EXPECT_EQ(column_median(kFour.rows(), Even::lower), (Numbers{2, 0}));
  EXPECT_EQ(column_median(kFour.rows(), Even::upper), (Numbers{3, 4}));
}

TEST(ColumnMedian, OrdersMinusZeroBeforeZeroWhateverTheOrderOfRows) {
  const Updates one = support::rows({{0.0}, {-0.0}, {-0.0}}), other = support::rows({{-0.0}, {0.0}, {-0.0}});
  EXPECT_EQ(bits(column_median(one.rows())), bits({-0.0}));
  EXPECT_EQ(bits(column_median(other.rows())), bits({-0.0}));
}

TEST(ColumnMedian, AveragesTheLargestDoublesWithoutOverflow) {
  const Updates rows = support::rows({{1.7e308}, {1.7e308}}, Element::float64);
  EXPECT_EQ(column_median(rows.rows()), (Numbers{1.7e308}));
}

TEST(ColumnMedian, OfNoRowsIsRefused) {
  EXPECT_EQ(support::error_of([] { column_median(Updates(0, 3).rows()); }), "the median of no rows does not exist");
}

TEST(ColumnMedian, IsRightForEveryNumberOfRows) {
  for (const Element element : {Element::float32, Element::float64})
    for (std::size_t n = 1; n <= 70; ++n) {
      const Updates rows = support::integer_rows(n, element);
      for (const Even even : {Even::average, Even::lower, Even::upper})
        EXPECT_EQ(column_median(rows.rows(), even), column_median_reference(rows.rows(), even)) << n << " rows";
      const Numbers ones(n, 1.0);
      EXPECT_EQ(weighted_column_median(rows.rows(), ones, Even::average), column_median_reference(rows.rows())) << n << " rows";
    }
}

RC_GTEST_PROP(ColumnMedian, HasTheBitsOfItsReference, ()) {
  const auto drawn = drawn_rows(*rc::gen::element(Values::small_integers, Values::any));
  const Even even = *rc::gen::element(Even::average, Even::lower, Even::upper);
  RC_ASSERT(bits(column_median(drawn.view(), even)) == bits(column_median_reference(drawn.view(), even)));
}

TEST(MedianShares, GoToTheRowThatSuppliedTheMedian) {
  // Columns: row 1 holds 3, row 2 holds 4, row 1 holds 5.
  EXPECT_EQ(median_shares(kRows.rows(), Even::average), (Numbers{0, 2.0 / 3.0, 1.0 / 3.0}));
}

TEST(MedianShares, AreHalvedBetweenTheMiddleTwo) {
  // Column 0: rows 1 and 2 hold 2 and 3. Column 1: row 3 holds 0, rows 1 and 2 hold 4, which goes to row 1.
  EXPECT_EQ(median_shares(kFour.rows(), Even::average), (Numbers{0, 0.5, 0.25, 0.25}));
  EXPECT_EQ(median_shares(kFour.rows(), Even::lower), (Numbers{0, 0.5, 0, 0.5}));
  EXPECT_EQ(median_shares(kFour.rows(), Even::upper), (Numbers{0, 0.5, 0.5, 0}));
}

RC_GTEST_PROP(MedianShares, NameTheLowestRowThatHoldsTheValue, ()) {
  const auto drawn = drawn_rows(Values::any, 12, 200);
  const ConstRows rows = drawn.view();
  const Numbers median = column_median_reference(rows, Even::lower);
  Numbers expected(rows.clients(), 0.0);
  for (std::size_t j = 0; j < rows.coordinates(); ++j)
    for (std::size_t i = 0; i < rows.clients(); ++i)
      if (rows.at(i, j) == median[j]) {
        expected[i] += 1;
        break;
      }
  for (double& share : expected) share /= static_cast<double>(rows.coordinates());
  const ColumnMedian result = column_median_with_shares(rows, Even::lower);
  RC_ASSERT(result.shares == expected);
  RC_ASSERT(bits(result.median) == bits(median));
}

TEST(WeightedColumnMedian, IsTheValueAtHalfTheMass) {
  const Updates rows = support::rows({{1}, {2}, {10}});
  EXPECT_EQ(weighted_column_median(rows.rows(), Numbers{1, 1, 4}, Even::average), (Numbers{10}));
  EXPECT_EQ(weighted_column_median(rows.rows(), Numbers{1, 1, 2}, Even::average), (Numbers{6}));  // half lies between 2 and 10
}

TEST(WeightedColumnMedian, WithEqualWeightsHasTheThreeReadings) {
  const Updates rows = support::rows({{1}, {2}, {3}, {4}});
  const Numbers ones(4, 1.0);
  EXPECT_EQ(weighted_column_median(rows.rows(), ones, Even::lower), (Numbers{2}));
  EXPECT_EQ(weighted_column_median(rows.rows(), ones, Even::upper), (Numbers{3}));
  EXPECT_EQ(weighted_column_median(rows.rows(), ones, Even::average), (Numbers{2.5}));
}

TEST(WeightedColumnMedian, PassesOverRowsWithoutWeight) {
  const Updates rows = support::rows({{1}, {7}, {2}, {3}, {9}});
  const ColumnMedian result = weighted_column_median_with_shares(rows.rows(), Numbers{1, 0, 1, 1, 0}, Even::average);
  EXPECT_EQ(result.median, (Numbers{2}));
  EXPECT_EQ(result.shares, (Numbers{0, 0, 1, 0, 0}));
}

TEST(WeightedColumnMedian, RefusesWhatIsNoMass) {
  const Updates rows = support::rows({{1}, {2}});
  EXPECT_EQ(support::error_of([&] { weighted_column_median(rows.rows(), Numbers{1}, Even::lower); }),
            "weighted median: 1 weights for 2 rows");
  EXPECT_EQ(support::error_of([&] {
              weighted_column_median(rows.rows(), Numbers{1, -1}, Even::lower);
            }),
            "weighted median: weight -1 of row 1 is not a mass");
  EXPECT_EQ(support::error_of([&] {
              weighted_column_median(rows.rows(), Numbers{0, 0}, Even::lower);
            }),
            "weighted median: the weights add up to 0");
}

TEST(WeightedColumnMedian, FindsHalfOfAMassThatIsRounded) {
  // 0.3 is half of 0.1 + 0.2 + 0.3, but twice the double is less than the sum of the doubles.
  EXPECT_EQ(weighted_column_median(support::rows({{2}, {3}, {1}}).rows(), Numbers{0.1, 0.2, 0.3}, Even::average), Numbers{1.5});
}

TEST(WeightedColumnMedian, TakesIntegersAsTheyAre) {
  const Updates rows = support::rows({{1}, {2}, {9}});
  EXPECT_EQ(weighted_column_median(rows.rows(), Numbers{1e15, 1, 1e15}, Even::average), Numbers{2});
  EXPECT_EQ(weighted_column_median(rows.rows(), Numbers{1e15, 1, 1e15 + 1}, Even::average), Numbers{5.5});
}

RC_GTEST_PROP(WeightedColumnMedian, HasTheBitsOfItsReference, ()) {
  const auto drawn = drawn_rows(*rc::gen::element(Values::small_integers, Values::any), 20, 150);
  Numbers weights(drawn.view().clients());
  for (double& weight : weights) weight = *rc::gen::inRange(0, 5);
  weights[0] += 1;
  const Even even = *rc::gen::element(Even::average, Even::lower, Even::upper);
  const Numbers result = weighted_column_median(drawn.view(), weights, even);
  RC_ASSERT(result == weighted_column_median_reference(drawn.view(), weights, even));
}

RC_GTEST_PROP(WeightedColumnMedian, OfIntegersIsTheMedianOfRepeatedRows, ()) {
  const auto drawn = drawn_rows(Values::any, 12, 80);
  const ConstRows rows = drawn.view();
  Numbers weights(rows.clients());
  std::vector<std::size_t> repeated;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const int times = *rc::gen::inRange(i == 0 ? 1 : 0, 4);
    weights[i] = times;
    repeated.insert(repeated.end(), static_cast<std::size_t>(times), i);
  }
  const Even even = *rc::gen::element(Even::average, Even::lower, Even::upper);
  RC_ASSERT(weighted_column_median(rows, weights, even) == column_median(RowList(rows, repeated).view(), even));
}

TEST(ColumnMoments, AreMeanAndDeviation) {
  const Updates rows = support::rows({{1, 5}, {5, 5}, {3, 5}, {7, 5}});
  const Moments population = column_moments(rows.rows()), sample = column_moments(support::rows({{1}, {3}}).rows(), 1);
  EXPECT_EQ(population.mean, (Numbers{4, 5}));
  EXPECT_EQ(population.deviation, (Numbers{std::sqrt(5.0), 0}));
  EXPECT_EQ(sample.deviation, (Numbers{std::sqrt(2.0)}));
}

TEST(ColumnMoments, NeedMoreRowsThanTheyAreCorrectedBy) {
  EXPECT_EQ(support::error_of([] { column_moments(support::rows({{1}}).rows(), 1); }), "moments: 1 rows are too few for ddof = 1");
}

RC_GTEST_PROP(ColumnMoments, HaveTheBitsOfTheirReference, ()) {
  const auto drawn = drawn_rows(*rc::gen::element(Values::small_integers, Values::any));
  const Moments result = column_moments(drawn.view()), reference = column_moments_reference(drawn.view());
  RC_ASSERT(bits(result.mean) == bits(reference.mean));
  RC_ASSERT(bits(result.deviation) == bits(reference.deviation));
}

TEST(Columns, HaveTheSameBitsForAnyNumberOfWorkers) {
  Updates rows(7, 70'001);
  for (std::size_t i = 0; i < 7; ++i) {
    Numbers row(70'001);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = static_cast<double>((i * 7919 + j * j * 31) % 1009) / 64 - 7;
    rows.rows().assign(i, row);
  }
  const ColumnMedian median = column_median_with_shares(rows.rows(), Even::average);
  const Numbers weights{3, 1, 4, 1, 5, 9, 2};
  const ColumnMedian weighted = weighted_column_median_with_shares(rows.rows(), weights, Even::average);
  const Moments moments = column_moments(rows.rows());
  EXPECT_DOUBLE_EQ(std::accumulate(median.shares.begin(), median.shares.end(), 0.0), 1.0);
  for (const std::size_t count : {1U, 2U, 8U}) {
    Workers workers(count);
    EXPECT_EQ(column_median(rows.rows(), Even::average, &workers), median.median);
    EXPECT_EQ(median_shares(rows.rows(), Even::average, &workers), median.shares);
    const ColumnMedian again = weighted_column_median_with_shares(rows.rows(), weights, Even::average, &workers);
    EXPECT_EQ(again.median, weighted.median);
    EXPECT_EQ(again.shares, weighted.shares);
    EXPECT_EQ(column_moments(rows.rows(), 0, &workers).deviation, moments.deviation);
  }
}

}  // namespace
}  // namespace tocsin::kernels
