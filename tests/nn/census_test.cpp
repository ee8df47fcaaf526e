// SPDX-License-Identifier: Apache-2.0
// The whole Adult table, trained in one place: what census_mlp reaches, against the 84.8 % of Bhagoji et al. 2019 (section 4.1).
// Bands: eight seeds gave 84.5 to 85.0 % after three epochs, balanced 72 to 77 %; always answering "<=50K" is right in 76.4 %.
#include <gtest/gtest.h>

#include <numeric>

#include "tocsin/data/catalog.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {

std::vector<std::uint32_t> all_of(const data::Dataset& data) {
  std::vector<std::uint32_t> samples(data.size());
  std::iota(samples.begin(), samples.end(), 0U);
  return samples;
}

TEST(SlowCensus, ReachesTheAccuracyOfCentralisedTraining) {
  prepare_libraries();
  prepare_thread();
  const data::Problem adult = data::load(data::Source{.name = "adult"}, Stream(0));
  const std::vector<std::uint32_t> train_samples = all_of(*adult.train), test_samples = all_of(*adult.test);
  const Architecture architecture = built_in("census_mlp", adult.train->shape, adult.train->classes);
  ASSERT_EQ(architecture.parameters(), 27394U);
  const LocalTraining training{
      .epochs = 3, .batch = 50, .optimizer = {.kind = OptimizerKind::adam, .learning_rate = 1e-3}, .precision = Precision::float32};
  const auto network = make_network(architecture, 256, Precision::float32);
  constexpr int kSeeds = 4;
  double sum = 0.0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Updates start(1, architecture.parameters());
    initialise(architecture, Init::glorot, Stream(seed).at("init"), start.rows());
    network->load(start.rows());
    train(training, {.network = *network, .data = *adult.train, .samples = train_samples, .stream = Stream(seed).at("train")});
    const Evaluation found = evaluate(*network, *adult.test, test_samples);
    EXPECT_EQ(found.samples, 16281U);
    EXPECT_EQ(found.majority_baseline(), 12435.0 / 16281.0);
    EXPECT_GT(found.accuracy, 0.840) << "seed " << seed;
    EXPECT_LT(found.accuracy, 0.854) << "seed " << seed;
    EXPECT_GT(found.balanced_accuracy, 0.70) << "seed " << seed;
    EXPECT_LT(found.balanced_accuracy, 0.80) << "seed " << seed;
    sum += found.accuracy;
  }
  EXPECT_NEAR(sum / kSeeds, 0.8475, 0.003);
}

}  // namespace
}  // namespace tocsin::nn
