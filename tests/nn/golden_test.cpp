// SPDX-License-Identifier: Apache-2.0
// The plain reference against PyTorch: forward, loss, gradients and twenty steps from the same numbers, at the tolerances of
// golden.h.
#include <gtest/gtest.h>

#include "nn/golden.h"
#include "tocsin/nn/network.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {
using golden::Golden;
using golden::kReferenceTolerance;

/// A network at the golden start and the data it learns from.
struct Start {
  explicit Start(const std::string& name, Precision precision = Precision::float64)
      : expected(golden::load(name)),
        architecture(golden::architecture(expected)),
        parameters(golden::parameters(architecture)),
        data(golden::dataset(architecture, expected.samples)),
        network(make_network(architecture, expected.batch, precision)),
        tolerance(precision == Precision::float64 ? golden::kReferenceTolerance : golden::kEngineTolerance) {
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
  /// The gradient [d] in the flat order.
  std::vector<double> gradient() {
    Updates flat(1, architecture.parameters(), network->gradient_vector().element());
    network->to_flat(network->gradient_vector(), flat.rows());
    return flat.rows().row(0);
  }
  /// Parameters less those at the start [d].
  std::vector<double> update() {
    Updates now(1, architecture.parameters(), Element::float64);
    network->save(now.rows());
    std::vector<double> result = now.rows().row(0);
    for (std::size_t i = 0; i < result.size(); ++i) result[i] -= parameters.rows().at(0, i);
    return result;
  }
  Golden expected;
  Architecture architecture;
  Updates parameters;
  data::Dataset data;
  std::unique_ptr<Network> network;
  golden::Tolerance tolerance;
  std::vector<std::int32_t> labels;
  std::vector<float> targets;
};

void compare_first_step(const std::string& name, Precision precision) {
  SCOPED_TRACE(name);
  Start start(name, precision);
  const Golden& expected = start.expected;
  const Wanted wanted = start.put(0);
  start.network->forward();
  const std::vector<double> logits = start.network->logits();
  ASSERT_EQ(logits.size(), expected.logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected.logits[i], start.tolerance.forward);
  for (std::size_t k = 0; k < expected.layer_outputs.size(); ++k) {
    const golden::Summary& summary = expected.layer_outputs[k];
    EXPECT_LT(golden::difference(summary, golden::summarise(start.network->output_of(k), summary)), start.tolerance.forward) << k;
  }
  const std::vector<double> input_gradient = start.network->input_gradient(expected.logit_seed());
  EXPECT_LT(golden::difference(expected.input_gradient, golden::summarise(input_gradient, expected.input_gradient)),
            start.tolerance.gradient);
  const BatchLoss loss = start.network->gradient(wanted, Stream(0));
  EXPECT_NEAR(loss.loss / static_cast<double>(expected.batch), expected.loss, start.tolerance.forward);
  EXPECT_EQ(loss.correct, expected.correct);
  EXPECT_LT(golden::difference(expected.gradient, start.architecture.layout(), start.gradient()), start.tolerance.gradient);
}

enum class Way { sgd, fused_sgd, adam };

void compare_steps(const std::string& name, Way way, Precision precision) {
  SCOPED_TRACE(name);
  Start start(name, precision);
  const Golden& expected = start.expected;
  const bool adam = way == Way::adam;
  const OptimizerPlan plan{.kind = adam ? OptimizerKind::adam : OptimizerKind::sgd};
  const double rate = adam ? expected.adam_rate : expected.sgd_rate;
  const std::vector<double>& losses = adam ? expected.adam_losses : expected.sgd_losses;
  const double tolerance = adam ? start.tolerance.adam : start.tolerance.sgd;
  Optimizer optimizer(plan, start.network->gradient_vector().coordinates(), start.network->gradient_vector().element());
  for (std::size_t step = 0; step < expected.steps; ++step) {
    const Wanted wanted = start.put(step);
    const BatchLoss loss =
        way == Way::fused_sgd ? start.network->descend(wanted, Stream(0), rate) : start.network->gradient(wanted, Stream(0));
    if (way != Way::fused_sgd) optimizer.step(start.network->parameters(), start.network->gradient_vector(), rate);
    EXPECT_NEAR(loss.loss / static_cast<double>(expected.batch), losses[step], tolerance);
  }
  EXPECT_LT(golden::difference(adam ? expected.adam_update : expected.sgd_update, start.architecture.layout(), start.update()),
            tolerance);
}

constexpr const char* kAll[] = {"paper_cnn", "lenet", "mlp", "mixed"};
constexpr const char* kQuick[] = {"lenet", "mlp", "mixed"};  // in plain double loops

TEST(Golden, TheFirstStepIsPyTorchs) {
  for (const char* name : kAll) compare_first_step(name, Precision::float64);
}
TEST(SlowGolden, TwentyStepsOfSgdArePyTorchs) {
  for (const char* name : kQuick) compare_steps(name, Way::sgd, Precision::float64);
}
TEST(SlowGolden, TwentyStepsOfAdamArePyTorchs) {
  for (const char* name : kQuick) compare_steps(name, Way::adam, Precision::float64);
}
TEST(SlowGolden, TwentyStepsOfThePaperCnnArePyTorchs) {
  compare_steps("paper_cnn", Way::sgd, Precision::float64);
  compare_steps("paper_cnn", Way::adam, Precision::float64);
}

TEST(GoldenEngine, TheFirstStepIsPyTorchs) {
  for (const char* name : kAll) compare_first_step(name, Precision::float32);
}
TEST(GoldenEngine, TwentyStepsOfSgdArePyTorchs) {
  for (const char* name : kAll) compare_steps(name, Way::sgd, Precision::float32);
}
TEST(GoldenEngine, TwentyFusedStepsOfSgdArePyTorchs) {
  for (const char* name : kAll) compare_steps(name, Way::fused_sgd, Precision::float32);
}
TEST(GoldenEngine, TwentyStepsOfAdamArePyTorchs) {
  for (const char* name : kAll) compare_steps(name, Way::adam, Precision::float32);
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
