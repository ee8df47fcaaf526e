// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "nn/golden.h"
#include "support/rows.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {

OptimizerPlan plan_of(const nlohmann::json& json) {
  OptimizerPlan plan;
  plan.kind = json.at("kind") == "adam" ? OptimizerKind::adam : OptimizerKind::sgd;
  plan.momentum = json.value("momentum", 0.0);
  plan.nesterov = json.value("nesterov", false);
  plan.weight_decay = json.value("weight_decay", 0.0);
  plan.beta1 = json.value("beta1", 0.9);
  plan.beta2 = json.value("beta2", 0.999);
  plan.epsilon = json.value("epsilon", 1e-8);
  return plan;
}

Updates made_up(std::uint64_t seed, std::size_t size, Element element) {
  std::vector<double> values;
  for (std::size_t i = 0; i < size; ++i) values.push_back(2.0 * golden::unit(seed, i) - 1.0);
  return support::rows({values}, element);
}

/// Walks all cases of nn_optimizers.json in one element type.
void compare_with_pytorch(Element element, double tolerance) {
  const nlohmann::json json = golden::read_json("nn_optimizers.json");
  const auto size = json.at("size").get<std::size_t>(), steps = json.at("steps").get<std::size_t>();
  ASSERT_GE(json.at("cases").size(), 8U);
  for (const nlohmann::json& entry : json.at("cases")) {
    SCOPED_TRACE(entry.at("kind").get<std::string>() + " of rate " + std::to_string(entry.at("rate").get<double>()));
    Optimizer optimizer(plan_of(entry), size, element);
    Updates parameters = made_up(1, size, element);
    for (std::size_t step = 0; step < steps; ++step) {
      const Updates gradient = made_up(10 + step, size, element);
      optimizer.step(parameters.rows(), gradient.rows(), entry.at("rate").get<double>());
      const auto expected = entry.at("after").at(step).get<std::vector<double>>();
      for (std::size_t i = 0; i < size; ++i) EXPECT_NEAR(parameters.rows().at(0, i), expected[i], tolerance);
    }
  }
}

TEST(Optimizer, StepsAsPyTorchDoesInDouble) { compare_with_pytorch(Element::float64, 1e-14); }
TEST(Optimizer, StepsAsPyTorchDoesInFloat) { compare_with_pytorch(Element::float32, 2e-6); }

const OptimizerPlan kMomentum{.kind = OptimizerKind::sgd, .momentum = 0.5};

TEST(Optimizer, DescendsByHand) {
  Updates parameters = support::rows({{8, 16, 24}});
  const Updates gradient = support::rows({{4, -8, 0}});
  Optimizer(OptimizerPlan{}, 3, Element::float32).step(parameters.rows(), gradient.rows(), 0.5);
  EXPECT_EQ(parameters.rows().row(0), (std::vector<double>{6, 20, 24}));
  Optimizer momentum(kMomentum, 3, Element::float32);
  momentum.step(parameters.rows(), gradient.rows(), 1.0);
  momentum.step(parameters.rows(), gradient.rows(), 1.0);  // b = 0.5 g + g
  EXPECT_EQ(parameters.rows().row(0), (std::vector<double>{-4, 40, 24}));
}

TEST(Optimizer, BoostsTheStepButNotItsMemory) {
  Updates once = support::rows({{0, 0}}), twice = support::rows({{0, 0}});
  const Updates gradient = support::rows({{1, -2}});
  Optimizer plain(kMomentum, 2, Element::float32), boosted(kMomentum, 2, Element::float32);
  for (int step = 0; step < 3; ++step) {
    plain.step(once.rows(), gradient.rows(), 0.25);
    boosted.step(twice.rows(), gradient.rows(), 0.25, 8.0);
  }
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(twice.rows().at(0, i), 8.0 * once.rows().at(0, i));
}

TEST(Optimizer, BoostsAdamToo) {
  const OptimizerPlan adam{.kind = OptimizerKind::adam};
  Updates once = support::rows({{0, 0}}, Element::float64), twice = support::rows({{0, 0}}, Element::float64);
  const Updates gradient = support::rows({{1, -2}}, Element::float64);
  Optimizer(adam, 2, Element::float64).step(once.rows(), gradient.rows(), 0.25);
  Optimizer(adam, 2, Element::float64).step(twice.rows(), gradient.rows(), 0.25, 4.0);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(twice.rows().at(0, i), 4.0 * once.rows().at(0, i), 1e-15);
}

TEST(Optimizer, StartsAgainWhenReset) {
  for (const OptimizerPlan& plan : {kMomentum, OptimizerPlan{.kind = OptimizerKind::adam}}) {
    const Updates gradient = support::rows({{1, -2, 3}});
    Updates fresh = support::rows({{1, 1, 1}}), reset = support::rows({{5, 5, 5}});
    Optimizer optimizer(plan, 3, Element::float32);
    for (int step = 0; step < 3; ++step) optimizer.step(reset.rows(), gradient.rows(), 0.1);
    optimizer.reset();
    reset = support::rows({{1, 1, 1}});
    optimizer.step(reset.rows(), gradient.rows(), 0.1);
    Optimizer(plan, 3, Element::float32).step(fresh.rows(), gradient.rows(), 0.1);
    EXPECT_EQ(reset.rows().row(0), fresh.rows().row(0));
  }
}

TEST(Optimizer, TreatsEveryCoordinateAlikeAtAnyLength) {
  const OptimizerPlan nesterov{.kind = OptimizerKind::sgd, .momentum = 0.5, .nesterov = true, .weight_decay = 0.25};
  const OptimizerPlan adam{.kind = OptimizerKind::adam, .weight_decay = 0.25};
  for (const OptimizerPlan& plan : {OptimizerPlan{}, kMomentum, nesterov, adam})
    for (const Element element : {Element::float32, Element::float64})
      for (std::size_t n : {1U, 7U, 16U, 33U, 130U}) {
        Optimizer optimizer(plan, n, element), single(plan, 1, element);
        Updates parameters = support::rows({std::vector<double>(n, 0.75)}, element), one = support::rows({{0.75}}, element);
        for (int step = 0; step < 3; ++step) {
          optimizer.step(parameters.rows(), support::rows({std::vector<double>(n, 0.3)}, element).rows(), 0.1);
          single.step(one.rows(), support::rows({{0.3}}, element).rows(), 0.1);
        }
        for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(parameters.rows().at(0, i), one.rows().at(0, 0)) << n << ' ' << i;
      }
}

TEST(Optimizer, ReadsTheRateOfARound) {
  OptimizerPlan plan;
  plan.learning_rate = 0.1;
  plan.schedule = {{3, 0.01}, {5, 0.001}};
  std::vector<double> rates;
  for (std::size_t round = 1; round <= 6; ++round) rates.push_back(plan.rate_at(round));
  EXPECT_EQ(rates, (std::vector<double>{0.1, 0.1, 0.01, 0.01, 0.001, 0.001}));
}

TEST(Optimizer, TakesAPullAlongAsIfItStoodInTheGradient) {
  for (const Element element : {Element::float32, Element::float64})
    for (const OptimizerPlan& plan : {OptimizerPlan{}, kMomentum, OptimizerPlan{.kind = OptimizerKind::adam}})
      for (const std::size_t size : {std::size_t{1}, std::size_t{100}, std::size_t{5003}}) {
        Updates pulled = made_up(1, size, element), plain = pulled;
        const Updates gradient = made_up(2, size, element), anchor = made_up(3, size, element);
        Optimizer with(plan, size, element), without(plan, size, element);
        for (int step = 0; step < 3; ++step) {
          std::vector<double> sum = gradient.rows().row(0);
          for (std::size_t i = 0; i < size; ++i) sum[i] += 0.25 * (plain.rows().at(0, i) - anchor.rows().at(0, i));
          const double square = with.step(pulled.rows(), gradient.rows(), 0.1, Pull{anchor.rows(), 0.25});
          without.step(plain.rows(), support::rows({sum}, element).rows(), 0.1);
          double expected = 0;
          for (std::size_t i = 0; i < size; ++i) {
            ASSERT_NEAR(pulled.rows().at(0, i), plain.rows().at(0, i), element == Element::float32 ? 2e-5 : 1e-13);
            expected += std::pow(pulled.rows().at(0, i) - anchor.rows().at(0, i), 2);
          }
          EXPECT_NEAR(square, expected, 1e-6 * expected);
        }
      }
}

TEST(Optimizer, RefusesVectorsItWasNotMadeFor) {
  Optimizer optimizer(kMomentum, 3, Element::float32);
  Updates two(1, 2), three(1, 3), wide(1, 3, Element::float64);
  EXPECT_EQ(support::error_of([&] { optimizer.step(two.rows(), two.rows(), 0.1); }),
            "optimizer: was made for 3 coordinates, got 2");
  EXPECT_EQ(support::error_of([&] { optimizer.step(three.rows(), two.rows(), 0.1); }),
            "optimizer: needs parameters and gradient [1, d] of one element type, got [1, 3] and [1, 2]");
  EXPECT_NE(support::error_of([&] { optimizer.step(three.rows(), wide.rows(), 0.1); }), "no exception");
}

}  // namespace
}  // namespace tocsin::nn
