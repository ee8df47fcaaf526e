// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "support/attacker.h"
#include "support/rows.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
using support::Attacker;

/// What the attack sends of a shard whose samples have these labels.
std::vector<double> flipped(const std::string& options, std::vector<std::int32_t> labels, std::size_t round = 1) {
  Attacker place;
  place.round.index = round;
  data::Dataset data = *place.problem.train;
  for (std::size_t i = 0; i < labels.size(); ++i) data.labels[place.samples[i]] = labels[i];
  place.samples.resize(labels.size());
  place.problem.train = std::make_shared<const data::Dataset>(std::move(data));
  place.run(*support::make(*attacks().find("label_flip"), options));
  return place.update.rows().row(0);
}
/// What a benign client sends of the same samples with these labels.
std::vector<double> benign(std::vector<std::int32_t> labels) {
  Attacker place;
  data::Dataset data = *place.problem.train;
  for (std::size_t i = 0; i < labels.size(); ++i) data.labels[place.samples[i]] = labels[i];
  place.samples.resize(labels.size());
  place.problem.train = std::make_shared<const data::Dataset>(std::move(data));
  place.run(*support::make(*attacks().find("none")));
  return place.update.rows().row(0);
}
using Labels = std::vector<std::int32_t>;
const Labels kOwn{0, 1, 2, 2, 1, 0, 0};

TEST(LabelFlip, SendsWhatABenignClientWouldWithTheLabelsOfItsMode) {
  EXPECT_EQ(flipped("", kOwn), benign({2, 1, 0, 0, 1, 2, 2}));
  EXPECT_EQ(flipped("mode = 'pair'\nfrom = 0\nto = 2", kOwn), benign({2, 1, 2, 2, 1, 2, 2}));
  EXPECT_EQ(flipped("mode = 'swap'\nfrom = 0\nto = 1", kOwn), benign({1, 0, 2, 2, 0, 1, 1}));
  EXPECT_EQ(flipped("mode = 'all_to_one'\nto = 1", kOwn), benign(Labels(7, 1)));
  EXPECT_EQ(flipped("mode = 'shift'\nby = 2", kOwn), benign({2, 0, 1, 1, 0, 2, 2}));
}

TEST(LabelFlip, GivesAnotherLabelToEverySampleAtRandomAndTheSameInEveryRound) {
  const std::vector<double> sent = flipped("mode = 'random'", kOwn);
  std::size_t found = 0;
  for (std::size_t word = 0; word < 128; ++word) {  // every choice among two other labels for seven samples
    Labels labels;
    for (std::size_t i = 0; i < kOwn.size(); ++i)
      labels.push_back(static_cast<std::int32_t>((static_cast<std::size_t>(kOwn[i]) + 1 + (word >> i & 1U)) % 3));
    if (benign(labels) == sent) ++found;
  }
  EXPECT_EQ(found, 1U);
  EXPECT_EQ(flipped("mode = 'random'", kOwn, 7), sent);
}

TEST(LabelFlip, LeavesSoManySamplesOfItsShardAsTheyAre) {
  const std::vector<double> sent = flipped("mode = 'all_to_one'\nto = 1\nfraction = 0.4", Labels(7, 0));
  std::size_t found = 0;
  for (std::size_t word = 0; word < 128; ++word) {
    Labels labels;
    for (std::size_t i = 0; i < 7; ++i) labels.push_back(static_cast<std::int32_t>(word >> i & 1));
    if (benign(labels) != sent) continue;
    ++found;
    EXPECT_EQ(std::count(labels.begin(), labels.end(), 1), 3);  // of 7, rounded
  }
  EXPECT_EQ(found, 1U);
  EXPECT_EQ(flipped("mode = 'all_to_one'\nto = 1\nfraction = 1e-9", {0}), benign({1}));
}

TEST(LabelFlip, SaysHowManyClassesItNeeds) {
  const auto classes = [](const std::string& text) {
    return support::read_table(text, {}, "[attack]",
                               [](Options& options) { return attacks().find("label_flip")->facts.classes(options); });
  };
  EXPECT_EQ(classes(""), 2U);
  EXPECT_EQ(classes("mode = 'pair'\nfrom = 5\nto = 3"), 6U);
  EXPECT_EQ(classes("mode = 'all_to_one'\nto = 9"), 10U);
  EXPECT_EQ(classes("mode = 'shift'\nby = 10"), 11U);
}

}  // namespace
}  // namespace tocsin::attack
