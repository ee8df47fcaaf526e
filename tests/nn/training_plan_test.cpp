// SPDX-License-Identifier: Apache-2.0
// What [training] may say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/rows.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {

LocalTraining read(const std::string& toml) { return support::read_table(toml, {"test.toml", 0, 0}, "[training]", read_training); }
std::vector<std::string> faults_of(const std::string& toml) {
  return support::messages_of([&] { read(toml); });
}

TEST(TrainingPlan, IsPlainSgdByDefault) {
  const LocalTraining training = read("");
  EXPECT_EQ(training.epochs, 1U);
  EXPECT_EQ(training.batch, 50U);
  EXPECT_EQ(training.precision, Precision::float32);
  EXPECT_TRUE(training.optimizer.is_plain());
  EXPECT_EQ(training.optimizer.learning_rate, 0.1);
}

TEST(TrainingPlan, GivesAdamItsOwnDefaultRate) {
  EXPECT_EQ(read("optimizer = 'adam'").optimizer.learning_rate, 1e-3);
  EXPECT_EQ(read("optimizer = 'adam'\nlearning_rate = 1").optimizer.learning_rate, 1.0);
}

TEST(TrainingPlan, ReadsEveryKeyOfSgd) {
  const LocalTraining training = read(
      "epochs = 3\nbatch = 20\noptimizer = 'sgd'\nlearning_rate = 0.5\nmomentum = 0.9\nnesterov = true\nweight_decay = 1e-4\n"
      "precision = 'float64'\nschedule = [[1, 0.4], [7, 1]]");
  EXPECT_EQ(training.epochs, 3U);
  EXPECT_EQ(training.batch, 20U);
  EXPECT_EQ(training.precision, Precision::float64);
  EXPECT_EQ(training.optimizer.momentum, 0.9);
  EXPECT_TRUE(training.optimizer.nesterov);
  EXPECT_EQ(training.optimizer.weight_decay, 1e-4);
  EXPECT_EQ(training.optimizer.schedule, (std::vector<std::pair<std::size_t, double>>{{1, 0.4}, {7, 1.0}}));
}

TEST(TrainingPlan, ReadsEveryKeyOfAdam) {
  const OptimizerPlan plan = read("optimizer = 'adam'\nbetas = [0.5, 0.75]\nepsilon = 1e-6\nweight_decay = 0.1").optimizer;
  EXPECT_EQ(plan.beta1, 0.5);
  EXPECT_EQ(plan.beta2, 0.75);
  EXPECT_EQ(plan.epsilon, 1e-6);
  EXPECT_EQ(plan.weight_decay, 0.1);
}

TEST(TrainingPlan, RefusesTheKeysOfTheOtherOptimizer) {
  EXPECT_THAT(faults_of("optimizer = 'adam'\nmomentum = 0.9\nnesterov = true"), testing::SizeIs(2));
  EXPECT_THAT(faults_of("optimizer = 'sgd'\nbetas = [0.9, 0.99]\nepsilon = 1e-8"), testing::SizeIs(2));
}

TEST(TrainingPlan, RefusesNesterovWithoutMomentum) {
  EXPECT_EQ(faults_of("nesterov = true"), (std::vector<std::string>{"nesterov needs momentum above 0"}));
}

TEST(TrainingPlan, RefusesBetasThatAreNotTwoSharesBelowOne) {
  EXPECT_EQ(faults_of("optimizer = 'adam'\nbetas = [0.9]"),
            (std::vector<std::string>{"betas must be two numbers in [0, 1), got 1 numbers"}));
  EXPECT_EQ(faults_of("optimizer = 'adam'\nbetas = [0.9, 1.0]"),
            (std::vector<std::string>{"betas must be two numbers in [0, 1), got [0.9, 1]"}));
}

TEST(TrainingPlan, RefusesABadSchedule) {
  const auto only_fault = [](const std::string& schedule) {
    const std::vector<std::string> faults = faults_of("schedule = " + schedule);
    return faults.size() == 1 ? faults.front() : "not one fault";
  };
  EXPECT_EQ(only_fault("3"), "schedule must be a list of [round, rate], found an integer");
  EXPECT_EQ(only_fault("[3]"), "schedule must be a list of [round, rate], found an integer in it");
  EXPECT_EQ(only_fault("[[3]]"), "schedule must be a list of [round, rate], found a list of 1 in it");
  EXPECT_EQ(only_fault("[[1.5, 0.1]]"), "schedule must be a list of [round, rate], found a float for a round");
  EXPECT_EQ(only_fault("[[0, 0.1]]"),
            "schedule must be a list of [round, rate], found round 0 after round 0; rounds ascend from 1");
  EXPECT_EQ(only_fault("[[5, 0.1], [5, 0.2]]"),
            "schedule must be a list of [round, rate], found round 5 after round 5; rounds ascend from 1");
  EXPECT_EQ(only_fault("[[5, 'x']]"), "schedule must be a list of [round, rate], found a string for a rate");
  EXPECT_EQ(only_fault("[[5, 0.0]]"), "schedule must be a list of [round, rate], found the rate 0; a rate is above 0");
}

TEST(TrainingPlan, RefusesWhatIsOutOfRange) {
  for (const char* toml :
       {"epochs = 0", "batch = 0", "batch = 65537", "learning_rate = 0", "learning_rate = -1", "momentum = -0.1", "momentum = 1.5",
        "weight_decay = -1", "optimizer = 'adam'\nepsilon = 0", "optimizer = 'lion'", "precision = 'f32'"})
    EXPECT_THAT(faults_of(toml), testing::SizeIs(1)) << toml;
}

TEST(TrainingPlan, RefusesAPrecisionThatThisMachineLacks) {
  if (available(Precision::bf16))
    EXPECT_EQ(read("precision = 'bf16'").precision, Precision::bf16);
  else
    EXPECT_EQ(faults_of("precision = 'bf16'"), (std::vector<std::string>{"this CPU cannot run bf16"}));
}

TEST(TrainingPlan, DescribesTheKeysOfBothOptimizers) {
  Faults scratch;
  Options options = Options::describing(scratch);
  read_training(options);
  std::vector<std::string> keys;
  for (const OptionDoc& doc : options.documented()) keys.push_back(doc.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"epochs", "batch", "optimizer", "learning_rate", "momentum", "nesterov", "weight_decay",
                                            "betas", "epsilon", "schedule", "precision"}));
  EXPECT_TRUE(scratch.empty());
}

}  // namespace
}  // namespace tocsin::nn
