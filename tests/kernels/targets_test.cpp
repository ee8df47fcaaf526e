// SPDX-License-Identifier: Apache-2.0
// Every instruction set that this build holds and this machine has gives the bits of the best one, as far as kernels promise it.
#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <hwy/targets.h>

#include "support/rows.h"
#include "tocsin/core/random.h"
#include "tocsin/kernels/columns.h"
#include "tocsin/kernels/combine.h"
#include "tocsin/kernels/gram.h"
#include "tocsin/kernels/norms.h"
#include "tocsin/kernels/weighted_mean.h"

namespace tocsin::kernels {
namespace {
using Numbers = std::vector<double>;

/// What is promised on every target, and what only where multiplication and addition fuse.
struct Results {
  Numbers everywhere, fused;
  bool operator==(const Results&) const = default;
};

void append(Numbers& to, const Numbers& from) { to.insert(to.end(), from.begin(), from.end()); }
void append(Numbers& to, const Gram& gram) {
  for (std::size_t i = 0; i < gram.clients(); ++i)
    for (std::size_t j = 0; j < gram.clients(); ++j) to.push_back(gram(i, j));
}

Results results() {
  Results all;
  for (const Element element : {Element::float32, Element::float64}) {
    Updates rows(9, 1237, element);
    Numbers row(1237), weights(9);
    for (std::size_t i = 0; i < 9; ++i) {
      Draws draws(Stream(3).at(i));
      for (double& value : row) value = draws.normal();
      rows.rows().assign(i, row);
      weights[i] = draws.uniform();
    }
    const ConstRows view = rows.rows();
    append(all.everywhere, column_median(view));
    append(all.everywhere, median_shares(view, Even::average));
    append(all.everywhere, weighted_column_median(view, weights, Even::average));
    append(all.everywhere, column_moments(view).deviation);
    append(all.everywhere, combine(view, weights));
    append(all.everywhere, weighted_mean(view, weights));
    append(all.everywhere, norms(view));
    append(element == Element::float32 ? all.everywhere : all.fused, gram(view));
    append(all.fused, centered_gram(view));
  }
  return all;
}

TEST(Targets, GiveTheSameBits) {
  const Results best = results();
  std::size_t tried = 0;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    const Results here = results();
    EXPECT_EQ(here.everywhere, best.everywhere) << hwy::TargetName(target);
    const bool fuses = (target & (HWY_SSSE3 | HWY_SSE4 | HWY_EMU128 | HWY_SCALAR)) == 0;
    if (fuses) {
      EXPECT_EQ(here.fused, best.fused) << hwy::TargetName(target);
    }
    ++tried;
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  EXPECT_GE(tried, 1U);
}

}  // namespace
}  // namespace tocsin::kernels
