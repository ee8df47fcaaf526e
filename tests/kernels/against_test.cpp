// SPDX-License-Identifier: Apache-2.0
// Distances and inner products against one vector, compared with the plain reference.
#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <hwy/targets.h>

#include "support/rows.h"
#include "tocsin/core/random.h"
#include "tocsin/kernels/against.h"

namespace tocsin::kernels {
namespace {
using Numbers = std::vector<double>;

/// Small integers, so that every sum is exact.
Updates integers(std::size_t n, std::size_t d, Element element) {
  Updates rows(n, d, element);
  Numbers row(d);
  for (std::size_t i = 0; i < n; ++i) {
    Draws draws(Stream(5).at(i));
    for (double& value : row) value = static_cast<double>(draws.below(19)) - 9;
    rows.rows().assign(i, row);
  }
  return rows;
}

TEST(Against, GivesSquaredDistancesAndProducts) {
  const Against found = against(support::rows({{1, 2}, {3, 0}}).rows(), Numbers{3, -1});
  EXPECT_EQ(found.distance2, (Numbers{13, 1}));
  EXPECT_EQ(found.product, (Numbers{1, 9}));
}

TEST(Against, EqualsThePlainLoopAtEveryLength) {
  for (const Element element : {Element::float32, Element::float64})
    for (const std::size_t d : {0U, 1U, 7U, 8U, 9U, 1001U, 65'537U, 131'080U}) {
      const Updates rows = integers(4, d, element), vector = integers(1, d, Element::float64);
      const Numbers v = vector.rows().row(0);
      const Against found = against(rows.rows(), v), plain = against_reference(rows.rows(), v);
      EXPECT_EQ(found.distance2, plain.distance2) << d;
      EXPECT_EQ(found.product, plain.product) << d;
    }
}

TEST(Against, EveryTargetAndAnyNumberOfWorkersGiveTheSameBits) {
  Updates rows(3, 140'003);
  Numbers row(140'003), vector(140'003);
  Draws draws(Stream(6));
  for (double& value : vector) value = draws.normal();
  for (std::size_t i = 0; i < 3; ++i) {
    for (double& value : row) value = draws.normal();
    rows.rows().assign(i, row);
  }
  const Against once = against(rows.rows(), vector);
  for (const std::size_t count : {1U, 2U, 5U}) {
    Workers workers(count);
    EXPECT_EQ(against(rows.rows(), vector, &workers).distance2, once.distance2);
    EXPECT_EQ(against(rows.rows(), vector, &workers).product, once.product);
  }
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    EXPECT_EQ(against(rows.rows(), vector).distance2, once.distance2) << hwy::TargetName(target);
    EXPECT_EQ(against(rows.rows(), vector).product, once.product) << hwy::TargetName(target);
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

TEST(Against, WantsAVectorOfTheRowsLength) {
  EXPECT_EQ(support::error_of([] {
              against(support::rows({{1, 2}}).rows(), Numbers{1});
            }),
            "against: a vector of 1 for rows of 2 coordinates");
}

}  // namespace
}  // namespace tocsin::kernels
