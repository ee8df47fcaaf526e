// SPDX-License-Identifier: Apache-2.0
// The tests of a fuzz target where there is no fuzzer: each seed of its corpus, then 1,000 mutations that are the same every time.
// A room's fuzz_test.cpp names its targets: INSTANTIATE_TEST_SUITE_P(Readers, Fuzz, fuzz_targets({{"idx", fuzz_idx}}), fuzz_name).
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/replay.h"
#include "targets.h"

namespace tocsin::support {

struct NamedTarget {
  std::string name;
  FuzzTarget run;
};
inline auto fuzz_targets(const std::vector<NamedTarget>& targets) { return testing::ValuesIn(targets); }
inline std::string fuzz_name(const testing::TestParamInfo<NamedTarget>& one) { return one.param.name; }

class Fuzz : public testing::TestWithParam<NamedTarget> {
 protected:
  static constexpr std::uint64_t kMutations = 1000;
  std::map<std::string, FuzzInput> inputs_ = corpus(TOCSIN_SOURCE_DIR, GetParam().name);
  void SetUp() override { ASSERT_GT(inputs_.size(), 10u); }
  void run(const FuzzInput& input) { EXPECT_EQ(GetParam().run(input.data(), input.size()), 0); }
};

TEST_P(Fuzz, SurvivesItsCorpus) {
  for (const auto& [name, input] : inputs_) {
    SCOPED_TRACE(name);
    run(input);
  }
}

TEST_P(Fuzz, SurvivesAThousandMutations) {
  for (std::uint64_t k = 0; k < kMutations; ++k) {
    SCOPED_TRACE(k);
    run(mutation(inputs_, GetParam().name, k));
  }
}

}  // namespace tocsin::support
