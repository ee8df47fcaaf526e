// SPDX-License-Identifier: Apache-2.0
// The whole loop against a closed form: least squares by FedSGD in double, without an attack and under a 100-fold sign flip.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "support/federation.h"

namespace tocsin::fed {
namespace {

/// 200 samples of four features, five clients of 40, one gradient a round.
support::Scenario quadratic(std::string rule) {
  support::Scenario scenario{
      .problem = data::quadratic({.features = 4, .samples = 200, .noise = 0.1, .condition = 4.0}, Stream(11)),
      .network = "linear",
      .rule = std::move(rule)};
  scenario.training.batch = 16;
  scenario.training.optimizer.learning_rate = 0.5;
  scenario.federation.algorithm = Algorithm::fedsgd;
  return scenario;
}
support::Scenario flipped(std::string rule) {
  support::Scenario scenario = quadratic(std::move(rule));
  scenario.attack = "sign_flip";
  scenario.attack_options = "c = 100";
  scenario.malicious = {4};
  scenario.assumed = 1;
  return scenario;
}

double distance_to_optimum(const support::Scenario& scenario, const State& state) {
  std::vector<std::uint32_t> everything(scenario.problem.train->size());
  std::iota(everything.begin(), everything.end(), 0U);
  const std::vector<double> best = data::least_squares(*scenario.problem.train, everything);
  const std::vector<double> found = support::parameters(state);
  double sum = 0.0;
  for (std::size_t j = 0; j < best.size(); ++j) sum += (best[j] - found[j]) * (best[j] - found[j]);
  return std::sqrt(sum);
}
double after(const support::Scenario& scenario, std::size_t rounds) {
  const support::Federation federation(scenario);
  State state = federation.start();
  federation.rounds(state, rounds);
  return distance_to_optimum(scenario, state);
}

TEST(Convergence, MeanReachesTheLeastSquaresOptimum) { EXPECT_LT(after(quadratic("mean"), 400), 1e-12); }

TEST(Convergence, WeightedMeanReachesItWithUnequalShards) {
  const support::Scenario scenario = quadratic("weighted_mean");
  support::Federation federation(scenario);
  std::vector<std::uint32_t> order(200);
  std::iota(order.begin(), order.end(), 0U);
  data::Partition partition(5);
  for (std::uint32_t i = 0; i < 200; ++i) partition[i < 100 ? 0 : i < 160 ? 1 : i < 185 ? 2 : i < 195 ? 3 : 4].samples.push_back(i);
  federation.parts.partition = partition;
  State state = federation.start();
  federation.rounds(state, 400);
  EXPECT_LT(distance_to_optimum(scenario, state), 1e-12);
}

TEST(Convergence, MeanDivergesUnderAHundredfoldSignFlip) { EXPECT_GT(after(flipped("mean"), 20), 1e6); }
TEST(Convergence, MedianStandsAHundredfoldSignFlip) { EXPECT_LT(after(flipped("median"), 100), 0.05); }
TEST(Convergence, KrumStandsAHundredfoldSignFlip) { EXPECT_LT(after(flipped("krum"), 100), 0.1); }

TEST(Convergence, BlobsAreLearnt) {
  support::Scenario scenario;
  scenario.problem = data::blobs({.classes = 3, .features = 4, .samples = 600, .spread = 1.0, .separation = 4.0}, Stream(5));
  const support::Federation federation(scenario);
  State state = federation.start();
  const double bayes = data::bayes_accuracy({.classes = 3, .features = 4, .samples = 600, .spread = 1.0, .separation = 4.0},
                                            Stream(5), *scenario.problem.test);
  EXPECT_GE(federation.rounds(state, 10).back().test.accuracy, bayes - 0.02);
}

}  // namespace
}  // namespace tocsin::fed
