// SPDX-License-Identifier: Apache-2.0
// The Gram matrix: exact on small integers, close to the plain loops elsewhere, the same bits however the work is cut.
#include "tocsin/kernels/gram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "support/drawn_rows.h"
#include "support/rows.h"
#include "tocsin/core/random.h"

namespace tocsin::kernels {
namespace {
using support::drawn_rows;
using support::Values;
using Numbers = std::vector<double>;

Numbers flat(const Gram& gram) {
  Numbers result;
  for (std::size_t i = 0; i < gram.clients(); ++i)
    for (std::size_t j = 0; j < gram.clients(); ++j) result.push_back(gram(i, j));
  return result;
}

/// n rows of normals around a common row, `apart` as far from it as its own length.
Updates normal_rows(std::size_t n, std::size_t d, double apart, Element element = Element::float32) {
  Updates result(n, d, element);
  const Stream stream = Stream(11).at("rows");
  Numbers row(d);
  for (std::size_t i = 0; i < n; ++i) {
    Draws common(stream.at("common")), own(stream.at(i));
    for (double& value : row) value = common.normal() + apart * own.normal();
    result.rows().assign(i, row);
  }
  return result;
}

TEST(Gram, IsTheMatrixOfInnerProducts) {
  const Updates rows = support::rows({{1, 2, 3}, {4, 5, 6}});
  EXPECT_EQ(flat(gram(rows.rows())), (Numbers{14, 32, 32, 77}));
}

TEST(Gram, OfNothingIsEmptyOrZero) {
  EXPECT_EQ(gram(Updates(0, 4).rows()).clients(), 0U);
  EXPECT_EQ(flat(centered_gram(Updates(2, 0).rows())), (Numbers{0, 0, 0, 0}));
}

TEST(Gram, GivesSquaredDistances) {
  const Gram result = centered_gram(support::rows({{0, 0}, {3, 4}, {3, 4}}).rows());
  EXPECT_EQ(result.distance2(0, 1), 25);
  EXPECT_EQ(result.distance2(1, 2), 0);
  EXPECT_EQ(result.distance2(2, 2), 0);
}

TEST(Gram, SaysInfiniteWhereSquaresLeaveTheRange) {
  const Gram result = centered_gram(support::rows({{0}, {1e200}, {-1e200}, {1}}, Element::float64).rows());
  EXPECT_EQ(result.distance2(1, 2), std::numeric_limits<double>::infinity());
  EXPECT_EQ(result.distance2(0, 1), std::numeric_limits<double>::infinity());
  EXPECT_EQ(result.distance2(0, 3), 1);
}

RC_GTEST_PROP(Gram, IsExactOnSmallIntegers, ()) {
  const auto drawn = drawn_rows(Values::small_integers, 40, 1100);
  RC_ASSERT(flat(gram(drawn.view())) == flat(gram_reference(drawn.view())));
  RC_ASSERT(flat(centered_gram(drawn.view())) == flat(centered_gram_reference(drawn.view())));
}

TEST(Gram, IsExactForEveryNumberOfRows) {
  for (const Element element : {Element::float32, Element::float64})
    for (std::size_t n = 1; n <= 40; ++n) {
      const Updates rows = support::integer_rows(n, element);
      EXPECT_EQ(flat(gram(rows.rows())), flat(gram_reference(rows.rows()))) << n << " rows";
      EXPECT_EQ(flat(centered_gram(rows.rows())), flat(centered_gram_reference(rows.rows()))) << n << " rows";
    }
}

RC_GTEST_PROP(Gram, IsCloseToItsReference, ()) {
  const auto drawn = drawn_rows(Values::any, 20, 700);
  for (const bool centered : {false, true}) {
    const Gram result = centered ? centered_gram(drawn.view()) : gram(drawn.view());
    const Gram reference = centered ? centered_gram_reference(drawn.view()) : gram_reference(drawn.view());
    for (std::size_t i = 0; i < result.clients(); ++i)
      for (std::size_t j = 0; j < result.clients(); ++j) {
        const double scale = std::sqrt(reference(i, i)) * std::sqrt(reference(j, j));
        RC_ASSERT(std::abs(result(i, j) - reference(i, j)) <= 1e-13 * scale);
        RC_ASSERT(result(i, j) == result(j, i));
      }
  }
}

RC_GTEST_PROP(Gram, OfRowsInAnotherOrderHasTheSameBits, ()) {
  const auto drawn = drawn_rows(Values::any, 11, 600);
  const std::size_t n = drawn.view().clients();
  std::vector<std::size_t> backwards(n);
  for (std::size_t i = 0; i < n; ++i) backwards[i] = n - 1 - i;
  const Gram whole = centered_gram(drawn.view()), turned = centered_gram(RowList(drawn.view(), backwards).view());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) RC_ASSERT(whole(i, j) == turned(n - 1 - i, n - 1 - j));
}

TEST(Gram, HasTheSameBitsForAnyNumberOfWorkers) {
  const Updates rows = normal_rows(7, 3 * kBlockColumns + 777, 0.5);
  const Numbers alone = flat(centered_gram(rows.rows())), plain = flat(gram(rows.rows()));
  for (const std::size_t count : {1U, 2U, 8U}) {
    Workers workers(count);
    EXPECT_EQ(flat(centered_gram(rows.rows(), &workers)), alone) << count << " workers";
    EXPECT_EQ(flat(gram(rows.rows(), &workers)), plain) << count << " workers";
  }
}

TEST(Gram, OfShardsJoinedByTheTreeIsThatOfTheWhole) {
  const std::size_t d = 4 * kBlockColumns + 5;
  const Updates rows = normal_rows(5, d, 0.5);
  std::vector<Numbers> parts;
  for (std::size_t begin = 0; begin < d; begin += kBlockColumns)
    parts.push_back(flat(centered_gram(rows.rows().columns(begin, std::min(d, begin + kBlockColumns)))));
  tree_sum(parts);
  EXPECT_EQ(parts.front(), flat(centered_gram(rows.rows())));
}

TEST(Gram, KeepsDistancesOfNearRowsAccurate) {
  // rules.md, section 1: relative error below 1e-5 for rows of 100,000 coordinates that differ by 1e-4 of their length; a loud
  // row must not change that.
  for (const bool loud : {false, true}) {
    Updates rows = normal_rows(6, 100'000, 1e-4);
    if (loud) rows.rows().assign(5, Numbers(100'000, 1e30));
    const Gram result = centered_gram(rows.rows());
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        double exact = 0;
        for (std::size_t c = 0; c < rows.coordinates(); ++c) exact += std::pow(rows.rows().at(i, c) - rows.rows().at(j, c), 2);
        EXPECT_NEAR(result.distance2(i, j) / exact, 1.0, 1e-9) << "rows " << i << ", " << j << (loud ? " beside a loud row" : "");
      }
  }
}

TEST(Gram, KeepsDistancesOfNearRowsBesideAsManyLoudOnes) {
  for (const double loud : {1e30, -1e30}) {
    Updates rows = normal_rows(6, 100'000, 1e-4);
    for (const std::size_t i : {3U, 4U, 5U}) rows.rows().assign(i, Numbers(100'000, loud));
    const Gram result = centered_gram(rows.rows());
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        double exact = 0;
        for (std::size_t c = 0; c < rows.coordinates(); ++c) exact += std::pow(rows.rows().at(i, c) - rows.rows().at(j, c), 2);
        EXPECT_NEAR(result.distance2(i, j) / exact, 1.0, 1e-9) << "rows " << i << ", " << j << " beside three of " << loud;
      }
  }
}

TEST(Gram, OfSomeRowsIsCutFromTheWhole) {
  const Gram whole = gram(support::rows({{1}, {2}, {3}}).rows());
  const std::vector<std::size_t> chosen{2, 0};
  EXPECT_EQ(flat(sub_gram(whole, chosen)), (Numbers{9, 3, 3, 1}));
}

TEST(Nearest, AreTheSmallestDistancesInAscendingOrder) {
  const Gram result = gram(support::rows({{0}, {5}, {1}, {-2}}).rows());
  EXPECT_EQ(nearest(result, 0, 3), (Numbers{1, 4, 25}));
  EXPECT_EQ(nearest(result, 0, 0), Numbers{});
  EXPECT_EQ(support::error_of([&] { nearest(result, 0, 4); }), "nearest: 4 neighbors wanted of 3 other rows");
}

TEST(TreeSum, TakesTheLargestPowerOfTwoFirst) {
  // 1 + 2^-53 rounds to 1, so the order of additions shows: ((a + b) + (c + d)) + e.
  const double tiny = 0x1p-53;
  std::vector<Numbers> parts{{1.0}, {tiny}, {tiny}, {tiny}, {-1.0}};
  tree_sum(parts);
  EXPECT_EQ(parts.front(), (Numbers{2 * tiny}));
}

RC_GTEST_PROP(TreeSum, ArrivesAtTheSameBitsInAnyOrder, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 40);
  std::vector<Numbers> parts(count);
  for (Numbers& part : parts) part = {support::drawn_value(Values::any), support::drawn_value(Values::any)};
  const std::vector<std::uint32_t> order = permutation(count, Stream(*rc::gen::arbitrary<std::uint32_t>()));
  detail::TreeSum sum(count);
  for (const std::uint32_t block : order) sum.add(block, parts[block]);
  tree_sum(parts);
  RC_ASSERT(support::bits(sum.take()) == support::bits(parts.front()));
}

}  // namespace
}  // namespace tocsin::kernels
