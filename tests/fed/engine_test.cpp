// SPDX-License-Identifier: Apache-2.0
// Federations on the engine (oneDNN, OpenBLAS): the bytes of one worker with any number of them, in float32.
#include <gtest/gtest.h>

#include "support/federation.h"

namespace tocsin::fed {
namespace {
using support::Federation;
using support::Scenario;
using support::text_of_run;

class Engine : public testing::Test {
 protected:
  static void SetUpTestSuite() { nn::prepare_libraries(); }
};
using SlowEngine = Engine;

Scenario images(const std::string& network, std::size_t samples) {
  Scenario scenario{.problem = support::noise_images(samples), .network = network, .clients = 4};
  scenario.training = {.epochs = 1, .batch = 10, .optimizer = {}, .precision = nn::Precision::float32};
  scenario.training.optimizer = {.kind = nn::OptimizerKind::adam, .learning_rate = 1e-3, .schedule = {}};
  scenario.attack = "explicit_boosting";
  scenario.malicious = {2};
  scenario.targets = {{.index = 3, .label = 3, .wanted = 7}};
  return scenario;
}

TEST_F(Engine, AnyNumberOfWorkersGivesTheSameBytes) {
  for (const std::string network : {"mlp", "small_cnn", "mnist_cnn"}) {
    Scenario scenario = images(network, 24);
    scenario.training.batch = 4;  // shards of 6: the last batch is short
    const std::string once = text_of_run(scenario, 2);
    for (const std::size_t workers : {2U, 5U}) {
      scenario.workers = workers;
      EXPECT_EQ(text_of_run(scenario, 2), once) << network << " with " << workers;
    }
  }
}

TEST_F(Engine, AgreesWithTheDoubleReference) {
  Scenario scenario = images("mlp", 60);
  scenario.training.optimizer = {.kind = nn::OptimizerKind::sgd, .learning_rate = 0.05, .schedule = {}};
  const Federation engine(scenario);
  scenario.training.precision = nn::Precision::float64;
  const Federation reference(scenario);
  State found = engine.start(), expected = reference.start();
  const RoundRecord a = engine.round(found), b = reference.round(expected);
  EXPECT_NEAR(a.test.loss, b.test.loss, 1e-4 * b.test.loss);
  EXPECT_NEAR(a.target_confidence, b.target_confidence, 1e-3);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(a.update_norms[i], b.update_norms[i], 1e-3 * b.update_norms[i]);
}

/// What the serial variant of OpenBLAS fails: two threads in it at the same time (reliability.md, 5.2).
TEST_F(SlowEngine, TwoWorkersGiveTheBitsOfOneInTwentyTimesTwoThousandSteps) {
  Scenario scenario = images("mlp", 2000);
  scenario.clients = 2;
  scenario.attack.clear();
  scenario.malicious.clear();
  scenario.training.epochs = 64;
  scenario.training.batch = 32;
  scenario.training.optimizer = {.kind = nn::OptimizerKind::sgd, .learning_rate = 0.01, .schedule = {}};
  const Federation one(scenario);
  scenario.workers = 2;
  const Federation two(scenario);
  State start = one.start();
  for (int again = 0; again < 20; ++again) {
    State alone = start, together = start;
    one.round(alone);
    two.round(together);
    ASSERT_EQ(support::bytes_of(together.global.rows()), support::bytes_of(alone.global.rows())) << again;
    start = alone;
  }
}

}  // namespace
}  // namespace tocsin::fed
