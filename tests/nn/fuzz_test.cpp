// SPDX-License-Identifier: Apache-2.0
// The fuzz target of the safetensors reader, without a fuzzer: each seed of the corpus, then 1,000 mutations that are the same
// every time.
#include <gtest/gtest.h>

#include "support/replay.h"
#include "targets.h"

namespace tocsin {
namespace {

TEST(SafetensorsFuzz, SurvivesItsCorpus) {
  const auto inputs = support::corpus(TOCSIN_SOURCE_DIR, "safetensors");
  ASSERT_GT(inputs.size(), 10u);
  for (const auto& [name, input] : inputs) {
    SCOPED_TRACE(name);
    EXPECT_EQ(fuzz_safetensors(input.data(), input.size()), 0);
  }
}

TEST(SafetensorsFuzz, SurvivesAThousandMutations) {
  const auto inputs = support::corpus(TOCSIN_SOURCE_DIR, "safetensors");
  ASSERT_GT(inputs.size(), 10u);
  for (std::uint64_t k = 0; k < 1000; ++k) {
    SCOPED_TRACE(k);
    const support::FuzzInput input = support::mutation(inputs, "safetensors", k);
    EXPECT_EQ(fuzz_safetensors(input.data(), input.size()), 0);
  }
}

}  // namespace
}  // namespace tocsin
