// SPDX-License-Identifier: Apache-2.0
// A plan meets its data: who is held out, who is a target, what is evaluated.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/experiment.h"

namespace tocsin::lab {
namespace {
using support::edited;
using support::Folder;
using support::kBlobs;
using support::meet;
using support::Met;

TEST(Setting, CutsTheHoldOutFromTheTrainingPart) {
  const Met met = meet(kBlobs);
  EXPECT_EQ(met.setting.validation_samples.size(), 40u);
  EXPECT_EQ(met.setting.validation_data, met.setting.problem.train.get());
  EXPECT_EQ(met.setting.test_samples.size(), met.setting.problem.test->size());
  std::set<std::uint32_t> dealt;
  for (const data::Shard& shard : met.setting.partition) {
    EXPECT_EQ(shard.samples.size(), 90u);
    dealt.insert(shard.samples.begin(), shard.samples.end());
  }
  EXPECT_EQ(dealt.size(), 360u);
  for (const std::uint32_t sample : met.setting.validation_samples) EXPECT_EQ(dealt.count(sample), 0u);
}

TEST(Setting, CutsTheHoldOutFromTheTestPartButNeverATarget) {
  // 79 of 80 test samples but the target: it must be the one that is left.
  const Met met = meet(edited(kBlobs, "validation = 40", "validation = { from = \"test\", count = 78 }"));
  EXPECT_EQ(met.setting.problem.test->size(), 80u);
  EXPECT_EQ(met.setting.validation_samples.size(), 78u);
  EXPECT_EQ(met.setting.test_samples.size(), 2u);
  EXPECT_TRUE(std::binary_search(met.setting.test_samples.begin(), met.setting.test_samples.end(), 3u));
  EXPECT_EQ(met.setting.partition.front().samples.size(), 100u);
}

TEST(Setting, KnowsTheLabelsOfTargets) {
  const Met met = meet(kBlobs);
  ASSERT_EQ(met.setting.targets.size(), 1u);
  EXPECT_EQ(met.setting.targets[0].index, 3u);
  EXPECT_EQ(met.setting.targets[0].label, 0);  // sample i of class i mod 3
  EXPECT_EQ(met.setting.targets[0].wanted, 1);
}

TEST(Setting, DrawsTargetsOfAClass) {
  const Met met = meet(edited(kBlobs, "{ test_indices = [3], wanted = [1] }", "{ count = 10, label = 2, wanted = [0] }"));
  ASSERT_EQ(met.setting.targets.size(), 10u);
  std::set<std::uint32_t> different;
  for (const attack::Target& target : met.setting.targets) {
    EXPECT_EQ(target.label, 2);
    EXPECT_EQ(target.wanted, 0);
    EXPECT_EQ(met.setting.problem.test->labels[target.index], 2);
    different.insert(target.index);
  }
  EXPECT_EQ(different.size(), 10u);
}

TEST(Setting, DrawsWantedLabelsThatAreNotTheTrueOnes) {
  const Met met = meet(edited(kBlobs, "{ test_indices = [3], wanted = [1] }", "{ count = 60 }"));
  std::set<std::int32_t> shifts;
  for (const attack::Target& target : met.setting.targets) {
    EXPECT_NE(target.wanted, target.label);
    shifts.insert((target.wanted - target.label + 3) % 3);
  }
  EXPECT_EQ(shifts, (std::set<std::int32_t>{1, 2}));
}

TEST(Setting, DrawsTargetsFromWhatIsEvaluated) {
  std::string text = edited(kBlobs, "validation = 40", "validation = { from = \"test\", count = 50 }");
  const Met met = meet(edited(text, "{ test_indices = [3], wanted = [1] }", "{ count = 30 }"));
  for (const attack::Target& target : met.setting.targets)
    EXPECT_TRUE(std::binary_search(met.setting.test_samples.begin(), met.setting.test_samples.end(), target.index));
}

TEST(Setting, DrawsTheSameForTheSameSeedOnly) {
  const std::string text = edited(kBlobs, "{ test_indices = [3], wanted = [1] }", "{ count = 8 }");
  const auto indices = [](const Met& met) {
    std::vector<std::uint32_t> result;
    for (const attack::Target& target : met.setting.targets) result.push_back(target.index);
    return result;
  };
  EXPECT_EQ(indices(meet(text)), indices(meet(text)));
  EXPECT_NE(indices(meet(text)), indices(meet(edited(text, "seed = 3", "seed = 4"))));
}

TEST(Setting, SharesDataThatAreTheSame) {
  const Folder folder;
  const Experiment experiment = support::read(folder, kBlobs);
  DataShelf shelf;
  const data::Dataset* first = shelf.get(experiment.plans[0]).train.get();
  EXPECT_EQ(shelf.get(experiment.plans[1]).train.get(), first);
}

TEST(Setting, MakesPartsWithoutAnAttackForNone) {
  const Folder folder;
  Experiment experiment = support::read(folder, kBlobs);
  DataShelf shelf;
  const Setting setting = make_setting(experiment.plans[0], shelf.get(experiment.plans[0]));
  EXPECT_EQ(make_parts(experiment.plans[0], setting, nullptr).attack, nullptr);
  EXPECT_EQ(make_parts(experiment.plans[0], setting, nullptr).threat.malicious, (std::vector<std::uint32_t>{1}));
  EXPECT_NE(make_parts(experiment.plans[1], setting, nullptr).attack, nullptr);
}

}  // namespace
}  // namespace tocsin::lab
