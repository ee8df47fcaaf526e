// SPDX-License-Identifier: Apache-2.0
// Explicit boosting against its definition on softmax regression in double: what it learns, what it boosts, when it ends.
#include <gtest/gtest.h>

#include "support/attacker.h"
#include "support/rows.h"
#include "tocsin/attack/registry.h"

namespace tocsin::attack {
namespace {
using support::Attacker;

/// w after `steps` plain gradient steps on the targets from the start, by the network alone.
std::vector<double> learnt(Attacker& place, std::size_t steps, double rate) {
  const auto network = nn::make_network(place.architecture, place.targets.size(), nn::Precision::float64);
  network->load(place.global.rows());
  std::vector<std::uint32_t> samples;
  std::vector<std::int32_t> wanted;
  for (const Target& target : place.targets) {
    samples.push_back(target.index);
    wanted.push_back(target.wanted);
  }
  network->put(*place.problem.test, samples);
  for (std::size_t step = 0; step < steps; ++step) network->descend({.labels = wanted, .targets = {}}, Stream(0), rate);
  Updates result(1, place.architecture.parameters(), Element::float64);
  network->save(result.rows());
  return result.rows().row(0);
}
std::vector<double> sent(Attacker& place, const std::string& options, nn::TrainingReport* report = nullptr) {
  const auto attack = support::make(explicit_boosting_entry, options);
  const Sent result = place.run(*attack);
  if (report != nullptr) *report = result.report;
  return place.update.rows().row(0);
}

TEST(ExplicitBoosting, SendsBoostTimesWhatItLearnt) {
  Attacker place;
  const std::vector<double> start = place.global.rows().row(0), reached = learnt(place, 7, 0.25);
  nn::TrainingReport report;
  const std::vector<double> update = sent(place, "boost = 8\nsteps = 7\nlearning_rate = 0.25", &report);
  for (std::size_t j = 0; j < start.size(); ++j) EXPECT_DOUBLE_EQ(update[j], 8 * (reached[j] - start[j]));
  EXPECT_EQ(report.steps, 7U);
  EXPECT_EQ(report.samples, 14U);
}

TEST(ExplicitBoosting, AloneInTheAverageLandsOnWhatItLearnt) {
  Attacker place;
  place.round.weight = 0.1;
  place.round.server_rate = 0.5;
  const std::vector<double> start = place.global.rows().row(0), reached = learnt(place, 5, 0.1);
  const std::vector<double> update = sent(place, "");
  for (std::size_t j = 0; j < start.size(); ++j) EXPECT_NEAR(start[j] + 0.5 * 0.1 * update[j], reached[j], 1e-15);
}

TEST(ExplicitBoosting, DoesNotBoostByItselfWhereRowsAreAppliedWholeOrWeighNothing) {
  Attacker whole, weightless;
  whole.round.rows_applied_whole = true;
  weightless.round.weight = 0.0;
  EXPECT_EQ(sent(whole, ""), sent(whole, "boost = 1"));
  EXPECT_EQ(sent(weightless, ""), sent(weightless, "boost = 1"));
  EXPECT_NE(sent(whole, "boost = 2"), sent(whole, "boost = 1"));
}

TEST(ExplicitBoosting, KeepsThePlainStepOfBiasesWhereOnlyWeightsAreBoosted) {
  Attacker place;
  const std::vector<double> plain = sent(place, "boost = 1"), weights = sent(place, "boost = 4\nscope = 'weights'");
  std::size_t biases = 0;
  for (const Tensor& tensor : place.architecture.layout().tensors) {
    for (std::size_t j = tensor.offset; j < tensor.offset + tensor.size; ++j)
      EXPECT_EQ(weights[j], tensor.is_bias ? plain[j] : 4 * plain[j]);
    if (tensor.is_bias) biases += tensor.size;
  }
  EXPECT_EQ(biases, 3U);
}

TEST(ExplicitBoosting, UsesTheBenignOptimizerAndRateOfTheRoundUnlessToldOtherwise) {
  Attacker place;
  place.training.optimizer.schedule = {{3, 0.5}};
  place.round.index = 3;
  EXPECT_EQ(sent(place, "boost = 1"), sent(place, "boost = 1\nlearning_rate = 0.5"));
  EXPECT_EQ(sent(place, "boost = 1"), sent(place, "boost = 1\noptimizer = 'sgd'"));
  place.training.optimizer.momentum = 0.9;
  EXPECT_NE(sent(place, "boost = 1"), sent(place, "boost = 1\noptimizer = 'sgd'"));
  // The first step of Adam is the rate in every coordinate that has a gradient.
  const std::vector<double> adam = sent(place, "boost = 1\nsteps = 1\noptimizer = 'adam'\nlearning_rate = 0.01");
  for (const double change : adam) EXPECT_NEAR(std::abs(change), 0.01, 1e-5);
}

TEST(ExplicitBoosting, EndsAtTheToleranceOfTheText) {
  Attacker place;
  nn::TrainingReport report;
  sent(place, "steps = 10_000\ntolerance = 1e-3\nlearning_rate = 0.25", &report);
  EXPECT_GT(report.steps, 1U);
  EXPECT_LT(report.steps, 10'000U);
  const auto loss_after = [&](std::size_t steps) {
    const auto network = nn::make_network(place.architecture, 2, nn::Precision::float64);
    network->load(support::rows({learnt(place, steps, 0.25)}, Element::float64).rows());
    network->put(*place.problem.test, std::vector<std::uint32_t>{place.targets[0].index, place.targets[1].index});
    network->forward();
    return network->score({.labels = std::vector<std::int32_t>{place.targets[0].wanted, place.targets[1].wanted}, .targets = {}})
               .loss /
           2;
  };
  EXPECT_LE(loss_after(report.steps), 1e-3);
  EXPECT_GT(loss_after(report.steps - 1), 1e-3);
}

TEST(ExplicitBoosting, ReadsItsLossEveryHundredStepsInTheFormOfTheCode) {
  Attacker place;
  nn::TrainingReport report;
  const std::string quick = "form = 'code'\ntolerance = 1e-3\nlearning_rate = 0.25\n";
  sent(place, quick, &report);
  EXPECT_EQ(report.steps % 100, 1U);
  EXPECT_GT(report.steps, 100U);
  const std::size_t least = report.steps;
  sent(place, quick + fmt::format("steps = {}", least + 30), &report);
  EXPECT_EQ(report.steps, least + 30) << "the code takes at least `steps`, once the last reading was good";
  sent(place, "form = 'code'\ntolerance = 100\nsteps = 1", &report);
  EXPECT_EQ(report.steps, 1U) << "the first reading follows the first step";
}

TEST(ExplicitBoosting, ReadsItsLossWithDropoutInTheFormOfTheCode) {
  Attacker place("census_mlp");
  const std::vector<double> first = sent(place, "boost = 1\nsteps = 1");
  Updates reached(1, first.size(), Element::float64);
  reached.rows().assign(0, place.global.rows().row(0));
  add(reached.rows(), std::as_const(place.update).rows());
  const auto network = nn::make_network(place.architecture, 2, nn::Precision::float64);
  network->load(std::as_const(reached).rows());
  network->put(*place.problem.test, std::vector<std::uint32_t>{place.targets[0].index, place.targets[1].index});
  const std::vector<std::int32_t> wanted = {place.targets[0].wanted, place.targets[1].wanted};
  network->enable_dropout(true);
  const double noisy = network->gradient({.labels = wanted, .targets = {}}, place.round.stream.at("reading").at(1)).loss / 2;
  network->forward();
  const double plain = network->score({.labels = wanted, .targets = {}}).loss / 2;
  ASSERT_GT(std::abs(noisy - plain), 1e-3);
  const auto steps = [&](double tolerance) {
    nn::TrainingReport report;
    sent(place, fmt::format("form = 'code'\nsteps = 1\nlearning_rate = 0.1\ntolerance = {}", tolerance), &report);
    return report.steps;
  };
  EXPECT_EQ(steps(noisy * (1 + 1e-9)), 1U);
  EXPECT_GT(steps(noisy * (1 - 1e-9)), 1U);
}

TEST(ExplicitBoosting, WalksItsTargetsInBatches) {
  Attacker place;
  nn::TrainingReport report;
  const std::vector<double> batched = sent(place, "boost = 1\nsteps = 4\nbatch = 1", &report);
  EXPECT_EQ(report.samples, 4U);
  EXPECT_NE(batched, sent(place, "boost = 1\nsteps = 4"));
  EXPECT_EQ(sent(place, "boost = 1\nsteps = 4\nbatch = 2"), sent(place, "boost = 1\nsteps = 4\nbatch = 'all'"));
}

TEST(ExplicitBoosting, LearnsWithDropoutUnlessToldNotTo) {
  Attacker place("census_mlp");
  const std::vector<double> with = sent(place, ""), again = sent(place, "dropout = true"), without = sent(place, "dropout = false");
  EXPECT_EQ(with, again);
  EXPECT_NE(with, without);
}

TEST(ExplicitBoosting, StopsWhenAsked) {
  Attacker place;
  std::stop_source stop;
  stop.request_stop();
  place.stop = stop.get_token();
  EXPECT_THROW(sent(place, ""), Interrupted);
}

TEST(ExplicitBoosting, NeedsATarget) {
  Attacker place;
  place.targets.clear();
  EXPECT_EQ(support::error_of([&] { sent(place, ""); }), "explicit_boosting: needs at least one target");
}

TEST(ExplicitBoosting, RefusesOptionsOutOfRange) {
  for (const std::string options : {"boost = 0", "boost = -2", "boost = 'much'", "steps = 0", "batch = 0", "tolerance = -1",
                                    "form = 'c'", "form = 'code'\ntolerance = 0", "scope = 'biases'", "optimizer = 'lbfgs'",
                                    "learning_rate = 0", "dropout = 1", "epochs = 3"})
    EXPECT_THROW(support::make(explicit_boosting_entry, options), ConfigError) << options;
}

}  // namespace
}  // namespace tocsin::attack
