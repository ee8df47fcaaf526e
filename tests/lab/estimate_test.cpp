// SPDX-License-Identifier: Apache-2.0
// Memory before it is taken: sums by hand, and the refusal with its numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/experiment.h"
#include "tocsin/lab/estimate.h"
#include "tocsin/lab/speed.h"
#include "tocsin/lab/table.h"

namespace tocsin::lab {
namespace {
using support::edited;
using support::kBlobs;
using support::meet;
using support::Met;

const Holding* find(const MemoryEstimate& estimate, const std::string& what) {
  for (const Holding& holding : estimate.holdings)
    if (holding.what == what) return &holding;
  return nullptr;
}

TEST(Estimate, CountsRowsThatARuleHolds) {
  const Met met = meet(edited(kBlobs, "precision = \"float64\"", "precision = \"float32\""));
  const MemoryEstimate estimate = estimate_memory(met.plan, met.setting, 2);
  EXPECT_FALSE(estimate.folds);
  EXPECT_EQ(find(estimate, "updates")->bytes, 4 * 9 * 4.0);  // 4 clients, 2 x 3 weights and 3 biases, float
  EXPECT_EQ(find(estimate, "updates")->formula, "4 x 9 x 4 B");
  EXPECT_EQ(find(estimate, "updates")->reason, "median holds every row");
  EXPECT_EQ(find(estimate, "data")->bytes, 480 * (2 * 4 + 4.0));
}

TEST(Estimate, CountsAWindowWhereRowsAreFolded) {
  std::string text = edited(edited(kBlobs, "rule = \"median\"", "rule = \"mean\""), "rounds = 3", "rounds = 3\nkeep_rows = false");
  text = edited(edited(text, "clients = 4", "clients = 20"), "sign_flip", "explicit_boosting");  // the other one crafts rows
  const Met met = meet(text);
  const MemoryEstimate estimate = estimate_memory(met.plan, met.setting, 3);
  EXPECT_TRUE(estimate.folds);
  EXPECT_EQ(find(estimate, "updates")->bytes, 2 * 3 * 9 * 8.0);  // two buffers a worker, double
  EXPECT_EQ(find(estimate, "rule"), nullptr);
}

TEST(Estimate, FoldsExactlyWhereTheFederationDoes) {
  for (const char* rule : {"mean", "weighted_mean", "median"})
    for (const char* keep : {"true", "false"}) {
      Met met = meet(edited(edited(kBlobs, "rule = \"median\"", std::string("rule = \"") + rule + "\""), "rounds = 3",
                            std::string("rounds = 3\nkeep_rows = ") + keep));
      EXPECT_EQ(estimate_memory(met.plan, met.setting, 2).folds, fed::folds(make_parts(met.plan, met.setting, nullptr)))
          << rule << keep;
    }
}

TEST(Estimate, RefusesWhatCannotFitWithTheNumbers) {
  const Met met = meet(kBlobs);
  try {
    check_memory(met.plan, met.setting, 2, memory_allowed(1e6));
    FAIL() << "fits";
  } catch (const RunError& error) {
    EXPECT_EQ(error.code(), Exit::estimate);
    EXPECT_THAT(error.what(),
                ::testing::MatchesRegex("needs about [0-9.]+ MiB, 879 KiB may be used \\(0.9 x 977 KiB, --memory-limit\\)\n"
                                        "  updates +4 x 9 x 8 B[^\n]+median holds every row\n(.|\n)*"));
    EXPECT_THAT(error.hint(), ::testing::StartsWith("would fit: "));
  }
  EXPECT_NO_THROW(check_memory(met.plan, met.setting, 2, memory_allowed()));
}

TEST(Estimate, NeverAllowsMoreThanTheLimit) {
  EXPECT_EQ(memory_allowed(5e6).bytes, 5e6);
  EXPECT_EQ(memory_allowed(5e6).source, "--memory-limit");
  EXPECT_GT(memory_allowed().bytes, 1e8);
  EXPECT_LE(memory_allowed(1e18).bytes, 1e18);
}

TEST(Estimate, CountsTheWorkOfARound) {
  const Met met =
      meet(edited(edited(kBlobs, "rounds = 3", "rounds = 3\nparticipation = 0.75"), "batch = 10", "batch = 10\nepochs = 3"));
  const RoundCost cost = round_cost(met.plan, met.setting);
  EXPECT_EQ(cost.trained, 3 * 3 * 90.0);
  EXPECT_EQ(cost.evaluated, 80.0 + 40.0 + 3 * 3 * 40.0) << "and three models a client of the cohort in the accuracy check";
  EXPECT_GT(estimate_seconds(met.plan, met.setting, 1, 1000.0), estimate_seconds(met.plan, met.setting, 2, 1000.0));
}

TEST(Estimate, CountsMapsThatARunRecords) {
  const std::string maps =
      "[explain]\nevery = 2\nneurons = [\"own\", \"label\"]\nmethods = [\"gradient\", { name = \"smoothgrad\", draws = 9 }]\n";
  const Met plain = meet(kBlobs), met = meet(kBlobs + maps);
  EXPECT_EQ(round_cost(plain.plan, plain.setting).explained, 0.0);
  // One target, two neurons, there and back for one and nine gradients, every other round.
  EXPECT_EQ(round_cost(met.plan, met.setting).explained, 2 * 2 * (1 + 9) / 2.0);
  EXPECT_EQ(find(estimate_memory(plain.plan, plain.setting, 1), "explanations"), nullptr);
  EXPECT_GT(find(estimate_memory(met.plan, met.setting, 1), "explanations")->bytes, 0.0);
}

TEST(Estimate, MeasuresTrainingByTraining) {
  const Met met = meet(kBlobs);
  EXPECT_GT(measure_speed(met.setting.architecture, met.plan.training, *met.setting.problem.train, 0.05).samples_per_second, 1.0);
  const nn::Architecture mlp = nn::built_in("mlp", {1, 28, 28}, 10);
  const data::Dataset random = random_samples(mlp, 70);
  EXPECT_EQ(random.size(), 70u);
  EXPECT_EQ(random.pixels.size(), 70u * 784u);
}

TEST(Text, PutsNumbersAsPeopleReadThem) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(5.04 * 1024 * 1024 * 1024), "5.04 GiB");
  EXPECT_EQ(bytes_text(90.0 * 1024 * 1024), "90.0 MiB");
  EXPECT_EQ(bytes_text(1e30), "888178419700125 PiB");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(3382346), "3,382,346");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(percent(0.7812), "78.1 %");
  EXPECT_EQ(figure(34.212), "34.21");
  EXPECT_EQ(figure(0.0), "0.000");
  EXPECT_EQ(figure(1.2e7), "1.2e+07");
  EXPECT_EQ(figure(std::nan("")), "-");
  EXPECT_EQ(duration_text(47.6), "48 s");
  EXPECT_EQ(duration_text(72), "1 min 12 s");
  EXPECT_EQ(duration_text(7500), "2 h 05 min");
  EXPECT_EQ(duration_text(1e300), "very long");
}

}  // namespace
}  // namespace tocsin::lab
