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

RC_GTEST_PROP(Accumulate, RowByRowIsCombine, ()) {
  const auto drawn = drawn_rows(Values::any, 12, 200);
  const Numbers weights = drawn_weights(drawn.view().clients());
  Numbers sum(drawn.view().coordinates(), 0.0);
  for (std::size_t i = 0; i < weights.size(); ++i) accumulate(sum, weights[i], drawn.view(), i);
  RC_ASSERT(bits(sum) == bits(combine(drawn.view(), weights)));
}

TEST(Accumulate, RefusesASumOfAnotherLength) {
  Numbers sum(3);
  EXPECT_EQ(support::error_of([&] { accumulate(sum, 1, Updates(1, 2).rows(), 0); }),
            "accumulate: a sum of 3 coordinates for rows of 2");
  EXPECT_EQ(support::error_of([&] { accumulate(sum, 1, Updates(1, 3).rows(), 1); }),
            "accumulate: row 1 does not exist, there are 1");
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
  const Numbers weights{0.1, 0.3, 0.25, 0.2, 0.15}, sum = combine(rows.rows(), weights), lengths = norms(rows.rows());
  for (const std::size_t count : {1U, 2U, 8U}) {
    Workers workers(count);
    EXPECT_EQ(combine(rows.rows(), weights, &workers), sum);
    EXPECT_EQ(norms(rows.rows(), &workers), lengths);
    EXPECT_EQ(non_finite(rows.rows(), &workers), std::vector<NonFinite>(5));
  }
}

}  // namespace
}  // namespace tocsin::kernels
