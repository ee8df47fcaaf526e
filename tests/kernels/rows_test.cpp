// SPDX-License-Identifier: Apache-2.0
// Weighted sums, norms and the scan for NaN and Inf, against their plain references.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "support/drawn_rows.h"
#include "support/rows.h"
#include "tocsin/kernels/combine.h"
#include "tocsin/kernels/norms.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::kernels {

bool operator==(const NonFinite& a, const NonFinite& b) { return a.count == b.count && (a.count == 0 || a.first == b.first); }

namespace {
using support::bits;
using support::drawn_rows;
using support::Values;
using Numbers = std::vector<double>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

Numbers drawn_weights(std::size_t n) {
  Numbers weights(n);
  for (double& weight : weights) weight = *rc::gen::inRange(-3, 4) / 7.0;
  return weights;
}

TEST(Combine, IsTheWeightedSumOfRows) {
  const Updates rows = support::rows({{1, 2}, {10, 20}, {100, 200}});
  EXPECT_EQ(combine(rows.rows(), Numbers{1, 0.5, -1}), (Numbers{-94, -188}));
}

TEST(Combine, DoesNotReadRowsOfWeightZero) {
  const Updates rows = support::rows({{1, 2}, {kNan, kInf}});
  EXPECT_EQ(combine(rows.rows(), Numbers{2, 0}), (Numbers{2, 4}));
}

TEST(Combine, RefusesAnotherNumberOfWeights) {
  EXPECT_EQ(support::error_of([] { combine(Updates(2, 1).rows(), Numbers{1}); }), "combine: 1 weights for 2 rows");
}

RC_GTEST_PROP(Combine, HasTheBitsOfItsReference, ()) {
  const auto drawn = drawn_rows(*rc::gen::element(Values::small_integers, Values::any), 40, 1500);
  const Numbers weights = drawn_weights(drawn.view().clients());
  RC_ASSERT(bits(combine(drawn.view(), weights)) == bits(combine_reference(drawn.view(), weights)));
}

TEST(WeightedMean, OfEqualRowsIsThatRow) {
  // 0.1 is no double: six of it add up to 0.6 or to its neighbour, and a third of it three times is not it.
  for (const Element element : {Element::float32, Element::float64})
    for (const std::size_t n : {1U, 2U, 3U, 6U, 7U, 10U, 49U})
      for (const double factor : {1.0, 600.0, 360.0 / 11.0, 1.0 / 3.0, 1e-300, 1e300}) {
        Updates rows(n, 19, element);
        Numbers row(19), weights(n);
        for (std::size_t j = 0; j < row.size(); ++j) row[j] = (j % 2 == 0 ? 0.1 : -1.0 / 3) * static_cast<double>(j + 1);
        for (std::size_t i = 0; i < n; ++i) weights[i] = factor * static_cast<double>(1 + i % 3);
        for (std::size_t i = 0; i < n; ++i) rows.rows().assign(i, row);
        ASSERT_EQ(weighted_mean(rows.rows(), weights), rows.rows().row(0)) << n << " rows, weights times " << factor;
      }
}

TEST(WeightedMean, DividesLast) {
  const Updates rows = support::rows({{1, 7, 2}, {1, 9, 2}, {3, 0, 1}});
  EXPECT_EQ(weighted_mean(rows.rows(), Numbers{1, 1, 1}), (Numbers{5.0 / 3, 16.0 / 3, 5.0 / 3}));
  EXPECT_EQ(weighted_mean(rows.rows(), Numbers{100, 300, 600}), (Numbers{2.2, 3.4, 1.4}));
  EXPECT_EQ(weighted_mean(rows.rows(), Numbers{0, 0.5, 0}), (Numbers{1, 9, 2}));
}

TEST(WeightedMean, LosesNothingBesideALoudRowThatCancels) {
  const Updates rows = support::rows({{1e16}, {1}, {-1e16}, {2}}, Element::float64);
  EXPECT_EQ(weighted_mean(rows.rows(), Numbers(4, 1.0)), Numbers{0.75});
}

TEST(WeightedMean, OfTheLargestDoublesIsFinite) {
  const Updates rows = support::rows({{1e308, -1.5e308}, {1.7e308, -1.5e308}}, Element::float64);
  EXPECT_EQ(weighted_mean(rows.rows(), Numbers{600, 600}), (Numbers{1.35e308, -1.5e308}));
}

TEST(WeightedMean, DoesNotReadRowsOfWeightZeroAndRefusesAnotherNumberOfWeights) {
  EXPECT_EQ(weighted_mean(support::rows({{1, 2}, {kNan, kInf}}).rows(), Numbers{2, 0}), (Numbers{1, 2}));
  EXPECT_EQ(support::error_of([] { weighted_mean(Updates(2, 1).rows(), Numbers{1}); }), "weighted mean: 1 weights for 2 rows");
}

RC_GTEST_PROP(WeightedMean, IsItsReference, ()) {
  const auto drawn = drawn_rows(*rc::gen::element(Values::small_integers, Values::any), 40, 1500);
  const ConstRows rows = drawn.view();
  Numbers weights(rows.clients());
  for (double& weight : weights) weight = *rc::gen::inRange(0, 900) / *rc::gen::element(1.0, 7.0);
  weights[0] += 1;
  const Numbers mean = weighted_mean(rows, weights), reference = weighted_mean_reference(rows, weights);
  for (std::size_t j = 0; j < mean.size(); ++j) {
    double largest = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) largest = std::max(largest, std::abs(rows.at(i, j)));
    RC_ASSERT(std::abs(mean[j] - reference[j]) <= 3e-16 * largest);
  }
}

RC_GTEST_PROP(WeightedMean, OfSmallIntegersIsTheirSumOverTheirNumber, ()) {
  const auto drawn = drawn_rows(Values::small_integers, 40, 300);
  const ConstRows rows = drawn.view();
  const Numbers mean = weighted_mean(rows, Numbers(rows.clients(), 1.0));
  for (std::size_t j = 0; j < mean.size(); ++j) {
    double sum = 0;
    for (std::size_t i = 0; i < rows.clients(); ++i) sum += rows.at(i, j);
    RC_ASSERT(mean[j] == sum / static_cast<double>(rows.clients()));
  }
}

RC_GTEST_PROP(RunningMean, RowByRowHasTheBitsOfTheWhole, ()) {
  const auto drawn = drawn_rows(Values::any, 12, 200);
  const ConstRows rows = drawn.view();
  Numbers weights(rows.clients());
  for (double& weight : weights) weight = *rc::gen::inRange(0, 5) / 7.0;
  weights[0] += 1;
  RunningMean running(rows.coordinates(), 1000);
  for (std::size_t i = 0; i < weights.size(); ++i) running.add(weights[i], rows, i);
  RC_ASSERT(bits(running.take()) == bits(weighted_mean(rows, weights)));
}

TEST(RunningMean, RefusesRowsOfAnotherLength) {
  RunningMean running(3, 1);
  EXPECT_EQ(support::error_of([&] { running.add(1, Updates(1, 2).rows(), 0); }), "running mean: 3 coordinates and rows of 2");
  EXPECT_EQ(support::error_of([&] { running.add(1, Updates(1, 3).rows(), 1); }), "running mean: row 1 does not exist, there are 1");
}

TEST(Norms, AreEuclidean) {
  EXPECT_EQ(norms(support::rows({{3, 4}, {0, 0}, {-5, 12}}).rows()), (Numbers{5, 0, 13}));
  EXPECT_EQ(norms(Updates(2, 0).rows()), (Numbers{0, 0}));
}

RC_GTEST_PROP(Norms, AreExactOnSmallIntegers, ()) {
  const auto drawn = drawn_rows(Values::small_integers, 12, 900);
  RC_ASSERT(norms(drawn.view()) == norms_reference(drawn.view()));
}

RC_GTEST_PROP(Norms, AreCloseToTheirReference, ()) {
  const auto drawn = drawn_rows(Values::any, 12, 900);
  const Numbers result = norms(drawn.view()), reference = norms_reference(drawn.view());
  for (std::size_t i = 0; i < result.size(); ++i) RC_ASSERT(std::abs(result[i] - reference[i]) <= 1e-13 * reference[i]);
}

TEST(NonFinite, CountsNanAndInfAndNamesTheFirst) {
  for (const Element element : {Element::float32, Element::float64}) {
    const Updates rows = support::rows({{1, 2, 3}, {1, kNan, -kInf}, {3e38, -3e38, 1e-45}}, element);
    const std::vector<NonFinite> result = non_finite(rows.rows());
    EXPECT_EQ(result, (std::vector<NonFinite>{{0, 0}, {2, 1}, {0, 0}}));
  }
}

RC_GTEST_PROP(NonFinite, IsAsItsReference, ()) {
  auto drawn = drawn_rows(Values::any, 6, 300);
  const std::size_t d = drawn.owner.coordinates();
  for (int k = *rc::gen::inRange(0, 6); k > 0; --k) {
    const auto i = *rc::gen::inRange<std::size_t>(0, drawn.owner.clients()), j = *rc::gen::inRange<std::size_t>(0, d);
    const double bad = *rc::gen::element(kNan, -kNan, kInf, -kInf);
    drawn.owner.rows().visit([&](auto rows) { rows[i][j] = static_cast<typename decltype(rows)::value_type>(bad); });
  }
  RC_ASSERT(non_finite(drawn.view()) == non_finite_reference(drawn.view()));
}

TEST(RowKernels, HaveTheSameBitsForAnyNumberOfWorkers) {
  Updates rows(5, 200'003);
  for (std::size_t i = 0; i < 5; ++i) {
    Numbers row(200'003);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = std::sin(static_cast<double>(i * 77 + j));
    rows.rows().assign(i, row);
  }
  const Numbers weights{0.1, 0.3, 0.25, 0.2, 0.15}, sum = combine(rows.rows(), weights), lengths = norms(rows.rows()),
                                                    mean = weighted_mean(rows.rows(), weights);
  for (const std::size_t count : {1U, 2U, 8U}) {
    Workers workers(count);
    EXPECT_EQ(combine(rows.rows(), weights, &workers), sum);
    EXPECT_EQ(weighted_mean(rows.rows(), weights, &workers), mean);
    EXPECT_EQ(norms(rows.rows(), &workers), lengths);
    EXPECT_EQ(non_finite(rows.rows(), &workers), std::vector<NonFinite>(5));
  }
}

}  // namespace
}  // namespace tocsin::kernels
