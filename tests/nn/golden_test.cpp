// SPDX-License-Identifier: Apache-2.0
// The plain reference against PyTorch: forward, loss, gradients and twenty steps from the same numbers, at the tolerances of
// golden.h.
#include <gtest/gtest.h>

#include "nn/golden.h"
#include "tocsin/nn/reference_network.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {
using golden::Golden;
using golden::kReferenceTolerance;

/// A network at the golden start and the data it learns from.
struct Start {
  explicit Start(const std::string& name)
      : expected(golden::load(name)),
        architecture(golden::architecture(expected)),
        parameters(golden::parameters(architecture)),
        data(golden::dataset(architecture, expected.samples)),
        network(make_reference_network(architecture, expected.batch)) {
    network->load(parameters.rows());
    network->enable_dropout(false);
  }
  /// Puts the batch of a step; what it should come out as.
  Wanted put(std::size_t step) {
    const std::vector<std::uint32_t> samples = expected.step_samples(step);
    gather_wanted(data, samples, labels, targets);
    network->put(data, samples);
    return {labels, targets};
  }
  Golden expected;
  Architecture architecture;
  Updates parameters;
  data::Dataset data;
  std::unique_ptr<Network> network;
  std::vector<std::int32_t> labels;
  std::vector<float> targets;
};

void compare_first_step(const std::string& name) {
  Start start(name);
  const Golden& expected = start.expected;
  const Wanted wanted = start.put(0);
  start.network->forward();
  const std::vector<double> logits = start.network->logits();
  ASSERT_EQ(logits.size(), expected.logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected.logits[i], kReferenceTolerance.forward);
  for (std::size_t k = 0; k < expected.layer_outputs.size(); ++k) {
    const golden::Summary& summary = expected.layer_outputs[k];
    EXPECT_LT(golden::difference(summary, golden::summarise(start.network->output_of(k), summary)), kReferenceTolerance.forward)
        << k;
  }
  const std::vector<double> input_gradient = start.network->input_gradient(expected.logit_seed());
  EXPECT_LT(golden::difference(expected.input_gradient, golden::summarise(input_gradient, expected.input_gradient)),
            kReferenceTolerance.gradient);
  const BatchLoss loss = start.network->gradient(wanted, Stream(0));
  EXPECT_NEAR(loss.loss / static_cast<double>(expected.batch), expected.loss, kReferenceTolerance.forward);
  EXPECT_EQ(loss.correct, expected.correct);
  EXPECT_LT(golden::difference(expected.gradient, start.architecture.layout(), start.network->gradient_vector().row(0)),
            kReferenceTolerance.gradient);
}

void compare_steps(const std::string& name, const OptimizerPlan& plan) {
  Start start(name);
  const Golden& expected = start.expected;
  const bool adam = plan.kind == OptimizerKind::adam;
  const std::vector<double>& losses = adam ? expected.adam_losses : expected.sgd_losses;
  Optimizer optimizer(plan, start.architecture.parameters(), Element::float64);
  for (std::size_t step = 0; step < expected.steps; ++step) {
    const Wanted wanted = start.put(step);
    const BatchLoss loss = start.network->gradient(wanted, Stream(0));
    EXPECT_NEAR(loss.loss / static_cast<double>(expected.batch), losses[step], kReferenceTolerance.forward);
    optimizer.step(start.network->parameters(), start.network->gradient_vector(), plan.learning_rate);
  }
  std::vector<double> update = start.network->parameters().row(0);
  const std::vector<double> before = start.parameters.rows().row(0);
  for (std::size_t i = 0; i < update.size(); ++i) update[i] -= before[i];
  EXPECT_LT(golden::difference(adam ? expected.adam_update : expected.sgd_update, start.architecture.layout(), update),
            adam ? kReferenceTolerance.adam : kReferenceTolerance.sgd);
}

OptimizerPlan sgd() { return {.kind = OptimizerKind::sgd, .learning_rate = 0.05}; }
OptimizerPlan adam() { return {.kind = OptimizerKind::adam, .learning_rate = 1e-3}; }

TEST(Golden, TheFirstStepIsPyTorchs) {
  for (const char* name : {"paper_cnn", "lenet", "mlp", "mixed"}) {
    SCOPED_TRACE(name);
    compare_first_step(name);
  }
}

TEST(Golden, TwentyStepsOfSgdArePyTorchs) {
  for (const char* name : {"lenet", "mlp", "mixed"}) {
    SCOPED_TRACE(name);
    compare_steps(name, sgd());
  }
}

TEST(Golden, TwentyStepsOfAdamArePyTorchs) {
  for (const char* name : {"lenet", "mlp", "mixed"}) {
    SCOPED_TRACE(name);
    compare_steps(name, adam());
  }
}

TEST(SlowGolden, TwentyStepsOfThePaperCnnArePyTorchs) {
  compare_steps("paper_cnn", sgd());
  compare_steps("paper_cnn", adam());
}

TEST(Golden, TheComparisonSeesASmallError) {
  Start start("mixed");
  start.put(0);
  start.network->forward();
  const golden::Summary& summary = start.expected.layer_outputs.front();
  std::vector<double> output = start.network->output_of(0);
  output[7] += 1e-6;
  EXPECT_GT(golden::difference(summary, golden::summarise(output, summary)), 1e-8);
  output[7] = std::nan("");
  EXPECT_FALSE(golden::difference(summary, golden::summarise(output, summary)) < 1.0);
}

}  // namespace
}  // namespace tocsin::nn
