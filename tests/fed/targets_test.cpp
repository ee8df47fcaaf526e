// SPDX-License-Identifier: Apache-2.0
// What a round says of its targets, and what explicit boosting does to them.
#include <gtest/gtest.h>

#include <cmath>

#include "support/federation.h"

namespace tocsin::fed {
namespace {
using support::Federation;
using support::Scenario;

Scenario with_targets() {
  Scenario scenario;
  scenario.targets = {{.index = 3, .label = 0, .wanted = 1}, {.index = 7, .label = 1, .wanted = 1}};
  return scenario;
}

TEST(Targets, AreJudgedByTheNewGlobalModel) {
  const Federation federation(with_targets());
  State state = federation.start();
  const RoundRecord record = federation.round(state);
  const std::vector<std::uint32_t> indices = {3, 7};
  const std::vector<double> logits = federation.parts.fleet->logits(state.global.rows(), *federation.parts.problem.test, indices);
  ASSERT_EQ(record.targets.size(), 2U);
  double confidence = 0.0, hits = 0.0;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto row = std::span(logits).subspan(3 * i, 3);
    const double sum = std::exp(row[0]) + std::exp(row[1]) + std::exp(row[2]);
    EXPECT_NEAR(record.targets[i].confidence, std::exp(row[1]) / sum, 1e-14);
    EXPECT_EQ(record.targets[i].predicted, std::max_element(row.begin(), row.end()) - row.begin());
    EXPECT_EQ(record.targets[i].success, record.targets[i].predicted == 1);
    confidence += record.targets[i].confidence / 2;
    hits += record.targets[i].success ? 0.5 : 0.0;
  }
  EXPECT_NEAR(record.target_confidence, confidence, 1e-15);
  EXPECT_EQ(record.attack_success_rate, hits);
}

TEST(Targets, ArePushedOverByBoostingAndNotWithoutIt) {
  Scenario scenario = with_targets();
  scenario.targets.resize(1);
  scenario.attack = "explicit_boosting";
  scenario.attack_options = "steps = 50\nlearning_rate = 0.2";
  scenario.malicious = {4};
  const Federation attacked(scenario);
  scenario.attack = "none";
  scenario.attack_options.clear();
  const Federation clean(scenario);
  State bad = attacked.start(), good = clean.start();
  const RoundRecord under_attack = attacked.rounds(bad, 3).back(), undisturbed = clean.rounds(good, 3).back();
  EXPECT_GT(under_attack.target_confidence, 0.9);
  EXPECT_EQ(under_attack.attack_success_rate, 1.0);
  EXPECT_LT(undisturbed.target_confidence, 0.1);
  EXPECT_GT(under_attack.update_norms[4], 3 * under_attack.update_norms[0]) << "boosting is loud";
  EXPECT_GT(under_attack.distance_to_mean[4], 3 * under_attack.distance_to_mean[0]);
}

TEST(Boosting, AutoUndoesTheAverageWhateverItsWeights) {
  for (const std::string rule : {"mean", "weighted_mean"}) {
    for (const AlphaOver alpha : {AlphaOver::cohort, AlphaOver::all_clients}) {
      Scenario scenario = with_targets();
      scenario.attack = "explicit_boosting";
      scenario.attack_options = "learning_rate = 0.25";
      scenario.malicious = {1};
      scenario.rule = rule;
      scenario.training.optimizer.learning_rate = 0.0;  // the others stay where they are, so the attacker is alone
      scenario.federation.alpha = alpha;
      scenario.federation.server.learning_rate = 0.5;
      Federation federation(scenario);
      federation.parts.partition[0].samples.resize(5);
      State state = federation.start();
      const std::vector<double> before = support::parameters(state);
      const RoundRecord record = federation.round(state);
      EXPECT_EQ(record.update_norms[0], 0.0);

      const auto network = nn::make_network(*federation.parts.architecture, 2, nn::Precision::float64);
      const Updates start = support::rows({before}, Element::float64);
      network->load(start.rows());
      const std::vector<std::uint32_t> samples = {3, 7};
      const std::vector<std::int32_t> wanted = {1, 1};
      network->put(*scenario.problem.test, samples);
      for (int step = 0; step < 5; ++step) network->descend({.labels = wanted, .targets = {}}, Stream(0), 0.25);
      Updates reached(1, before.size(), Element::float64);
      network->save(reached.rows());
      for (std::size_t j = 0; j < before.size(); ++j)
        EXPECT_NEAR(support::parameters(state)[j], reached.rows().at(0, j), 1e-14) << rule;
      EXPECT_GT(record.target_confidence, 0.0);
    }
  }
}

}  // namespace
}  // namespace tocsin::fed
