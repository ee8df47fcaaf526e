// SPDX-License-Identifier: Apache-2.0
// Fashion-MNIST end to end, with and without explicit boosting: what the paper starts from, as bands over seeds.
#include <gtest/gtest.h>

#include "support/experiment.h"

namespace tocsin::lab {
namespace {

/// lenet, ten clients of 6,000, one epoch a round; the attacker takes five steps on one image and boosts by ten.
const char* const kExperiment = R"(name = "fashion"
seed = 1
[data]
dataset = "fashion_mnist"
[partition]
clients = 10
[model]
name = "lenet"
[training]
epochs = 1
batch = 50
optimizer = "adam"
learning_rate = 1e-3
[federation]
rounds = 8
[threat]
malicious = [9]
[attack]
name = "explicit_boosting"
boost = 10.0
steps = 5
targets = { test_indices = [5454], wanted = [7] }
[[variant]]
name = "clean"
set = { attack.name = "none" }
[[variant]]
name = "attacked"
)";

/// Where a figure of one round must lie.
struct Band {
  std::size_t round;
  double least, most;
};

// Measured over seeds 1 to 5 (least to most), and wider bands for another CPU class.
// Test accuracy without an attack: round 1 .767 to .787, round 3 .850 to .858, round 6 .877 to .883, round 8 .886 to .889.
constexpr Band kClean[] = {{1, 0.74, 0.82}, {3, 0.83, 0.88}, {6, 0.86, 0.90}, {8, 0.87, 0.91}};
// Under attack: round 1 .101 to .199, round 2 .672 to .705, round 3 .599 to .638, round 8 .835 to .845.
constexpr Band kAttacked[] = {{1, 0.05, 0.35}, {2, 0.55, 0.80}, {3, 0.50, 0.75}, {8, 0.80, 0.88}};
// Confidence in the wanted label: .65 to .98 in the third round (above .95 in two seeds of five), .965 or more from the fourth on.
constexpr std::size_t kSuccessFrom = 4;
constexpr double kConfidence = 0.9;
// And accuracy recovers to within so many points of the clean model: 4.3 to 5.3 were measured.
constexpr std::size_t kRecoveredBy = 8;
constexpr double kLost = 0.08;

TEST(SlowFashionMnist, BoostingSucceedsAndIsLoud) {
  const support::Folder folder;
  const std::vector<RunResult> results = support::run(folder, kExperiment, "runs", usable_workers(0));
  ASSERT_EQ(results.size(), 2u);
  const Summary &clean = results[0].summary, &attacked = results[1].summary;
  for (const Band& band : kClean) {
    EXPECT_GE(clean.test_accuracy[band.round - 1], band.least) << "clean, round " << band.round;
    EXPECT_LE(clean.test_accuracy[band.round - 1], band.most) << "clean, round " << band.round;
  }
  for (const Band& band : kAttacked) {
    EXPECT_GE(attacked.test_accuracy[band.round - 1], band.least) << "attacked, round " << band.round;
    EXPECT_LE(attacked.test_accuracy[band.round - 1], band.most) << "attacked, round " << band.round;
  }
  for (std::size_t round = kSuccessFrom; round <= attacked.rounds; ++round)
    EXPECT_GT(attacked.target_confidence[round - 1], kConfidence) << "attacked, round " << round;
  EXPECT_GT(attacked.test_accuracy[kRecoveredBy - 1], clean.test_accuracy[kRecoveredBy - 1] - kLost);
  EXPECT_LT(clean.target_confidence.back(), 0.5);
  for (const Stealth& round : attacked.stealth) {
    EXPECT_GT(round.malicious_norm, 1.5 * round.benign_norm) << "round " << round.round;
    EXPECT_GT(round.malicious_distance, 2.0 * round.benign_distance) << "round " << round.round;
    EXPECT_LT(round.malicious_cosine, round.benign_cosine) << "round " << round.round;
  }
}

TEST(SlowFashionMnist, HasTheSameBytesForOneAndTwoWorkers) {
  const support::Folder folder;
  Request request;
  request.settings = {"federation.rounds=1", "partition.clients=100", "federation.participation=0.04", "threat.malicious=[9,40]"};
  support::run(folder, kExperiment, "one", 1, request);
  support::run(folder, kExperiment, "two", 2, request);
  EXPECT_EQ(support::compared(folder.at("two")), support::compared(folder.at("one")));
}

}  // namespace
}  // namespace tocsin::lab
