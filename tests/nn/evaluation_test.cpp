// SPDX-License-Identifier: Apache-2.0
// Hits and counts by class: balanced accuracy, and the baseline that a collapsed model sits on.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {
using Samples = std::vector<std::uint32_t>;
using Counts = std::vector<std::size_t>;

constexpr std::size_t kClasses = 4;

/// 600 samples of 3 features: two in three of class 0, none of class 3.
data::Dataset uneven() {
  data::Dataset data;
  data.name = "uneven";
  data.shape = {3, 1, 1};
  data.classes = kClasses;
  const Stream stream(4);
  for (std::size_t i = 0; i < 1800; ++i) data.values.push_back(static_cast<float>(stream.normal(i)));
  for (std::size_t i = 0; i < 600; ++i) data.labels.push_back(i % 3 != 0 ? 0 : i % 2 == 0 ? 1 : 2);
  return data;
}

Samples all(std::size_t count) {
  Samples samples(count);
  std::iota(samples.begin(), samples.end(), 0U);
  return samples;
}

Architecture small() { return Architecture("small", {3, 1, 1}, {dense(5), relu(), dense(kClasses)}); }

std::unique_ptr<Network> fresh(std::size_t capacity, Precision precision) {
  auto network = make_network(small(), capacity, precision);
  Updates start(1, small().parameters());
  initialise(small(), Init::fan_in, Stream(1), start.rows());
  network->load(start.rows());
  return network;
}

class EvaluationByClass : public testing::TestWithParam<Precision> {};

TEST_P(EvaluationByClass, CountsHitsAsTheLogitsSay) {
  prepare_thread();
  const data::Dataset data = uneven();
  const auto network = fresh(64, GetParam());
  const Samples samples = all(599);
  Counts hits(kClasses), counts(kClasses);
  for (const std::uint32_t sample : samples) {
    network->put(data, Samples{sample});
    network->forward();
    const std::vector<double> logits = network->logits();
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    const auto label = static_cast<std::size_t>(data.labels[sample]);
    ++counts[label];
    if (best == data.labels[sample]) ++hits[label];
  }
  ASSERT_GT(std::count_if(hits.begin(), hits.end(), [](std::size_t n) { return n > 0; }), 1)
      << "the fixture must tell classes apart";
  const Evaluation found = evaluate(*network, data, samples);
  EXPECT_EQ(found.hits, hits);
  EXPECT_EQ(found.counts, counts);
  EXPECT_EQ(found.counts, (Counts{399, 100, 100, 0}));
  double shares = 0;
  for (std::size_t c = 0; c < 3; ++c) shares += static_cast<double>(hits[c]) / static_cast<double>(counts[c]);
  EXPECT_EQ(found.balanced_accuracy, shares / 3) << "a class without samples does not count";
  EXPECT_EQ(found.accuracy, static_cast<double>(std::accumulate(hits.begin(), hits.end(), std::size_t{0})) / 599);
  EXPECT_EQ(found.majority_baseline(), 399.0 / 599);
}

TEST_P(EvaluationByClass, ShowsAModelThatAnswersOneClassAlways) {
  prepare_thread();
  const data::Dataset data = uneven();
  const auto network = fresh(64, GetParam());
  std::vector<double> bias(small().parameters(), 0.0);
  bias[bias.size() - kClasses] = 1.0;
  Updates collapsed(1, bias.size());
  collapsed.rows().assign(0, bias);
  network->load(collapsed.rows());
  const Evaluation found = evaluate(*network, data, all(600));
  EXPECT_EQ(found.accuracy, found.majority_baseline());
  EXPECT_EQ(found.accuracy, 400.0 / 600);
  EXPECT_EQ(found.balanced_accuracy, 1.0 / 3);
}

INSTANTIATE_TEST_SUITE_P(Precisions, EvaluationByClass, testing::Values(Precision::float32, Precision::float64),
                         [](const auto& one) { return std::string(text(one.param)); });

TEST(EvaluationByClassAlone, IsExactWhereAccuracyIsMisleading) {
  ChunkLoss first{{0, 90}, {90, 0}, {90, 10}}, second{{0, 1}, {0, 1}, {0, 1}};
  const Evaluation found = join_chunks(std::vector<ChunkLoss>{first, second}, 101);
  EXPECT_EQ(found.hits, (Counts{90, 1}));
  EXPECT_EQ(found.counts, (Counts{90, 11}));
  EXPECT_EQ(found.balanced_accuracy, (1.0 + 1.0 / 11) / 2);
  EXPECT_EQ(found.majority_baseline(), 90.0 / 101);
}

TEST(EvaluationByClassAlone, OfARegressionIsNothing) {
  data::Dataset data;
  data.name = "lines";
  data.shape = {2, 1, 1};
  data.outputs = 1;
  data.values = {1, 2, 3, 4};
  data.targets = {1, 2};
  const auto network = make_network(Architecture("line", {2, 1, 1}, {dense(1)}, Loss::squared_error), 2, Precision::float64);
  const Evaluation found = evaluate(*network, data, all(2));
  EXPECT_TRUE(found.hits.empty() && found.counts.empty());
  EXPECT_EQ(found.balanced_accuracy, 0.0);
  EXPECT_EQ(found.majority_baseline(), 0.0);
}

TEST(EvaluationByClassAlone, AddsToTheHitsThatAreThere) {
  const data::Dataset data = uneven();
  const auto network = fresh(2, Precision::float64);
  network->put(data, Samples{1, 2});
  network->forward();
  std::vector<std::uint32_t> hits(kClasses, 7);
  const BatchLoss sums = network->score({.labels = std::vector<std::int32_t>{0, 0}}, hits);
  EXPECT_EQ(hits[0], 7 + sums.correct);
  EXPECT_EQ(hits[1], 7U);
  EXPECT_EQ(network->score({.labels = std::vector<std::int32_t>{0, 0}}).correct, sums.correct);
}

}  // namespace
}  // namespace tocsin::nn
