// SPDX-License-Identifier: Apache-2.0
// The fuzz targets of the readers, without a fuzzer: each seed of the corpus, then 1,000 mutations that are the same every time.
#include <gtest/gtest.h>

#include "support/replay.h"
#include "targets.h"

namespace tocsin {
namespace {

constexpr std::uint64_t kMutations = 1000;

struct Target {
  std::string name;
  support::FuzzTarget run;
};

class Fuzz : public testing::TestWithParam<Target> {};

TEST_P(Fuzz, SurvivesItsCorpus) {
  const auto inputs = support::corpus(TOCSIN_SOURCE_DIR, GetParam().name);
  ASSERT_GT(inputs.size(), 10u);
  for (const auto& [name, input] : inputs) {
    SCOPED_TRACE(name);
    EXPECT_EQ(GetParam().run(input.data(), input.size()), 0);
  }
}

TEST_P(Fuzz, SurvivesAThousandMutations) {
  const auto inputs = support::corpus(TOCSIN_SOURCE_DIR, GetParam().name);
  ASSERT_GT(inputs.size(), 10u);
  for (std::uint64_t k = 0; k < kMutations; ++k) {
    SCOPED_TRACE(k);
    const support::FuzzInput input = support::mutation(inputs, GetParam().name, k);
    EXPECT_EQ(GetParam().run(input.data(), input.size()), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, Fuzz,
                         testing::Values(Target{"csv", fuzz_csv}, Target{"gzip", fuzz_gzip}, Target{"idx", fuzz_idx}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace tocsin
