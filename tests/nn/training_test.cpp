// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/training.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/rows.h"
#include "tocsin/nn/reference_network.h"

namespace tocsin::nn {
namespace {
using Samples = std::vector<std::uint32_t>;

/// `count` made-up samples of 5 features and 3 classes.
data::Dataset made_up(std::size_t count) {
  data::Dataset data;
  data.name = "made up";
  data.shape = {5, 1, 1};
  data.classes = 3;
  const Stream stream = Stream(2);
  for (std::size_t i = 0; i < 5 * count; ++i) data.values.push_back(static_cast<float>(stream.normal(i)));
  for (std::size_t i = 0; i < count; ++i) data.labels.push_back(static_cast<std::int32_t>(i * i % 3));
  return data;
}

Samples all(std::size_t count) {
  Samples result(count);
  std::iota(result.begin(), result.end(), 0U);
  return result;
}

Architecture small() { return Architecture("small", {5, 1, 1}, {dense(4), relu(), dropout(0.5), dense(3)}); }

std::unique_ptr<Network> fresh(std::size_t capacity) {
  auto network = make_reference_network(small(), capacity);
  Updates start(1, small().parameters());
  initialise(small(), Init::fan_in, Stream(1), start.rows());
  network->load(start.rows());
  return network;
}

std::vector<double> flat(const Network& network) {
  Updates result(1, network.architecture().parameters(), Element::float64);
  network.save(result.rows());
  return result.rows().row(0);
}

LocalTraining plan(std::size_t epochs, std::size_t batch, OptimizerPlan optimizer = {}) {
  return {.epochs = epochs, .batch = batch, .optimizer = std::move(optimizer), .precision = Precision::float64};
}

TEST(Training, WalksAPermutationOfTheShardEachEpoch) {
  const Samples shard = {3, 8, 1, 9, 30, 7, 12};
  const Samples first = epoch_order(shard, Stream(5), 0), second = epoch_order(shard, Stream(5), 1);
  EXPECT_TRUE(std::is_permutation(first.begin(), first.end(), shard.begin(), shard.end()));
  EXPECT_NE(first, second);
  EXPECT_EQ(first, epoch_order(shard, Stream(5), 0));
  Samples shuffled = shard;
  shuffle(shuffled, Stream(5).at("shuffle").at(1));
  EXPECT_EQ(second, shuffled);
}

/// What `train` promises, written out: order, batches, dropout streams and steps.
std::vector<double> trained_by_hand(const LocalTraining& training, const data::Dataset& data, const Samples& shard,
                                    const Stream& stream, double rate) {
  const auto network = fresh(training.batch);
  Optimizer optimizer(training.optimizer, small().parameters(), Element::float64);
  std::size_t step = 0;
  for (std::size_t epoch = 0; epoch < training.epochs; ++epoch) {
    const Samples order = epoch_order(shard, stream, epoch);
    for (std::size_t begin = 0; begin < order.size(); begin += training.batch) {
      const std::size_t end = std::min(order.size(), begin + training.batch);
      const Samples batch(order.begin() + static_cast<std::ptrdiff_t>(begin), order.begin() + static_cast<std::ptrdiff_t>(end));
      std::vector<std::int32_t> labels;
      for (const std::uint32_t sample : batch) labels.push_back(data.labels[sample]);
      network->put(data, batch);
      network->gradient({labels, {}}, stream.at("dropout").at(step++));
      optimizer.step(network->parameters(), network->gradient_vector(), rate);
    }
  }
  return flat(*network);
}

TEST(Training, DoesWhatItSaysStepByStep) {
  const data::Dataset data = made_up(20);
  const Samples shard = {0, 2, 3, 5, 7, 11, 13, 17, 19, 18, 4};
  OptimizerPlan momentum{.kind = OptimizerKind::sgd, .learning_rate = 0.2, .momentum = 0.5, .weight_decay = 0.01};
  OptimizerPlan adam{.kind = OptimizerKind::adam, .learning_rate = 0.01};
  for (const OptimizerPlan& optimizer : {OptimizerPlan{}, momentum, adam}) {
    const LocalTraining training = plan(2, 4, optimizer);
    const auto network = fresh(4);
    const TrainingReport report = train(training, {.network = *network, .data = data, .samples = shard, .stream = Stream(6)});
    EXPECT_EQ(report.steps, 6U);
    EXPECT_EQ(report.samples, 22U);
    const std::vector<double> expected = trained_by_hand(training, data, shard, Stream(6), optimizer.learning_rate),
                              found = flat(*network);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_DOUBLE_EQ(found[i], expected[i]);
  }
}

TEST(Training, TakesTheRateOfItsRound) {
  const data::Dataset data = made_up(8);
  const Samples shard = all(8);
  OptimizerPlan scheduled;
  scheduled.schedule = {{3, 0.25}};
  const auto network = fresh(8);
  train(plan(1, 8, scheduled), {.network = *network, .data = data, .samples = shard, .round = 4, .stream = Stream(6)});
  const std::vector<double> expected = trained_by_hand(plan(1, 8), data, shard, Stream(6), 0.25), found = flat(*network);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_DOUBLE_EQ(found[i], expected[i]);
}

TEST(Training, LearnsWhatItIsShown) {
  const data::Dataset data = made_up(30);
  const Samples shard = all(30);
  const auto network = fresh(10);
  network->enable_dropout(false);
  const LocalTraining once = plan(1, 10);
  const double before = train(once, {.network = *network, .data = data, .samples = shard}).loss;
  train(plan(200, 10), {.network = *network, .data = data, .samples = shard});
  const double after = train(once, {.network = *network, .data = data, .samples = shard}).loss;
  EXPECT_LT(after, 0.7 * before);
}

TEST(Training, DoesNothingWithAnEmptyShard) {
  const data::Dataset data = made_up(3);
  const auto network = fresh(2);
  const std::vector<double> before = flat(*network);
  const TrainingReport report = train(plan(3, 2), {.network = *network, .data = data, .samples = {}});
  EXPECT_EQ(report.steps, 0U);
  EXPECT_EQ(report.loss, 0.0);
  EXPECT_EQ(flat(*network), before);
}

TEST(Training, StopsBetweenBatches) {
  const data::Dataset data = made_up(6);
  const Samples shard = all(6);
  std::stop_source source;
  source.request_stop();
  const auto network = fresh(2);
  const TrainingPlace place{.network = *network, .data = data, .samples = shard, .stop = source.get_token()};
  EXPECT_THROW(train(plan(1, 2), place), Interrupted);
  Updates gradient(1, small().parameters(), Element::float64);
  EXPECT_THROW(full_gradient(plan(1, 2), place, gradient.rows()), Interrupted);
}

TEST(Training, RefusesABatchBeyondTheNetworksRoom) {
  const data::Dataset data = made_up(6);
  const auto network = fresh(2);
  EXPECT_EQ(support::error_of([&] { train(plan(1, 3), {.network = *network, .data = data, .samples = {}}); }),
            "training: batch must be in [1, 2], got 3");
}

TEST(Training, TakesTheFullGradientAtTheStart) {
  const data::Dataset data = made_up(7);
  const Samples shard = all(7);
  const auto whole = fresh(7), pieces = fresh(3);
  for (Network* network : {whole.get(), pieces.get()}) network->enable_dropout(false);
  Updates expected(1, small().parameters(), Element::float64), found(1, small().parameters(), Element::float64);
  const TrainingReport a = full_gradient(plan(1, 7), {.network = *whole, .data = data, .samples = shard}, expected.rows());
  const TrainingReport b = full_gradient(plan(1, 3), {.network = *pieces, .data = data, .samples = shard}, found.rows());
  EXPECT_EQ(a.steps, 1U);
  EXPECT_EQ(b.steps, 3U);
  EXPECT_NEAR(a.loss, b.loss, 1e-14);
  EXPECT_EQ(expected.rows().row(0), whole->gradient_vector().row(0));
  for (std::size_t i = 0; i < found.coordinates(); ++i) EXPECT_NEAR(found.rows().at(0, i), expected.rows().at(0, i), 1e-15);
  EXPECT_EQ(flat(*pieces), flat(*fresh(1))) << "no step is taken";
}

/// The batches of a walk, by the first feature of each sample.
std::vector<Samples> walked(const Samples& shard, std::size_t epochs, std::size_t batch, BatchOrder order) {
  const auto network = fresh(batch);
  data::Dataset data = made_up(40);
  for (std::size_t i = 0; i < 40; ++i) data.labels[i] = static_cast<std::int32_t>(i);
  data.classes = 40;
  const TrainingPlace place{.network = *network, .data = data, .samples = shard, .stream = Stream(5), .stop = {}};
  BatchWalk walk(place, epochs, batch, order);
  std::vector<Samples> batches;
  while (walk.next()) {
    batches.emplace_back(walk.wanted().labels.begin(), walk.wanted().labels.end());
    EXPECT_EQ(walk.samples(), batches.back().size());
    EXPECT_EQ(walk.step(), batches.size() - 1);
  }
  EXPECT_FALSE(walk.next());
  EXPECT_EQ(walk.steps(), batches.size());
  return batches;
}

TEST(BatchWalk, FollowsItsOrder) {
  const Samples shard = {3, 8, 1, 9, 30, 7, 12};
  const std::vector<Samples> listed = {{3, 8, 1}, {9, 30, 7}, {12}},
                             twice = {{3, 8, 1}, {9, 30, 7}, {12}, {3, 8, 1}, {9, 30, 7}, {12}};
  EXPECT_EQ(walked(shard, 1, 3, BatchOrder::as_listed), listed);
  EXPECT_EQ(walked(shard, 2, 3, BatchOrder::as_listed), twice);
  const Samples order = epoch_order(shard, Stream(5), 1);
  EXPECT_EQ(walked(shard, 2, 7, BatchOrder::shuffled).back(), order);
  // The published code: 2 * 7 / 3 = 4 batches, at 0, 3, 6 mod 4 = 2, 9 mod 4 = 1; 3 * 7 / 3 = 7 of three epochs.
  const std::vector<Samples> published = {{3, 8, 1}, {9, 30, 7}, {1, 9, 30}, {8, 1, 9}};
  EXPECT_EQ(walked(shard, 2, 3, BatchOrder::published), published);
  EXPECT_EQ(walked(shard, 3, 3, BatchOrder::published).size(), 7U);
}

TEST(BatchWalk, OfTheCodeTakesAnyBatch) {
  const Samples shard = {3, 8, 1, 9, 30, 7, 12};
  const auto network = fresh(3);
  const data::Dataset data = made_up(40);
  const TrainingPlace place{.network = *network, .data = data, .samples = shard, .stream = Stream(5), .stop = {}};
  BatchWalk walk(place, 1, 3, BatchOrder::published), shuffled(place, 1, 3);
  EXPECT_EQ(walk.steps(), 2U);
  for (const auto& [k, label] : {std::pair{5U, 9}, {7U, 8}}) {  // at 15 mod 4 = 3, 21 mod 4 = 1
    walk.take(k);
    EXPECT_EQ(walk.samples(), 3U);
    EXPECT_EQ(walk.wanted().labels[0], data.labels[static_cast<std::size_t>(label)]);
  }
  EXPECT_FALSE(walk.next()) << "two batches were taken, which is the whole walk";
  EXPECT_THROW(shuffled.take(0), std::invalid_argument);
}

TEST(BatchWalk, OfTheCodeTakesAShardSmallerThanABatchWhole) {
  const std::vector<Samples> whole = {{3, 8}, {3, 8}};
  EXPECT_EQ(walked({3, 8}, 2, 5, BatchOrder::published), whole);
  EXPECT_TRUE(walked({}, 2, 5, BatchOrder::published).empty());
  EXPECT_TRUE(walked({}, 2, 5, BatchOrder::shuffled).empty());
}

TEST(Training, GathersLabelsOrTargets) {
  std::vector<std::int32_t> labels = {99};
  std::vector<float> targets = {99};
  gather_wanted(made_up(5), Samples{4, 2}, labels, targets);
  EXPECT_EQ(labels, (std::vector<std::int32_t>{1, 1}));
  EXPECT_TRUE(targets.empty());
  data::Dataset regression;
  regression.name = "lines";
  regression.outputs = 2;
  regression.targets = {1, 2, 3, 4, 5, 6};
  gather_wanted(regression, Samples{2, 0}, labels, targets);
  EXPECT_TRUE(labels.empty());
  EXPECT_EQ(targets, (std::vector<float>{5, 6, 1, 2}));
  EXPECT_EQ(support::error_of([&] { gather_wanted(regression, Samples{3}, labels, targets); }),
            "sample 3 does not exist: 'lines' has 3");
}

TEST(Evaluation, CountsEverySampleOnce) {
  const data::Dataset data = made_up(700);
  const Samples samples = all(699);
  const auto network = fresh(100), roomy = fresh(256);
  double loss = 0.0;
  std::size_t correct = 0;
  for (const std::uint32_t sample : samples) {
    network->put(data, Samples{sample});
    network->forward();
    const std::vector<std::int32_t> label = {data.labels[sample]};
    const BatchLoss one = network->score({label, {}});
    loss += one.loss;
    correct += one.correct;
  }
  const Evaluation found = evaluate(*network, data, samples);
  EXPECT_EQ(found.samples, 699U);
  EXPECT_NEAR(found.loss, loss / 699, 1e-12);
  EXPECT_EQ(found.accuracy, static_cast<double>(correct) / 699);
  EXPECT_NEAR(evaluate(*roomy, data, samples).loss, found.loss, 1e-14);
}

TEST(Evaluation, JoinsChunksByAFixedTree) {
  const std::vector<ChunkLoss> chunks = {{{1e16, 1}}, {{1, 2}}, {{-1e16, 3}}, {{1, 4}}, {{1, 5}}};
  EXPECT_EQ(join_chunks(chunks, 10).loss, ((1e16 + 1) + (-1e16 + 1) + 1) / 10) << "((0 1) (2 3)) 4, not one after the other";
  EXPECT_EQ(join_chunks(chunks, 10).accuracy, 1.5);
  EXPECT_EQ(join_chunks({}, 0).samples, 0U);
}

TEST(Evaluation, OfNothingIsNothing) {
  const auto network = fresh(1);
  EXPECT_EQ(evaluate(*network, made_up(1), {}).samples, 0U);
}

TEST(Softmax, GivesProbabilities) {
  EXPECT_EQ(softmax(std::vector<double>{5, 5}), (std::vector<double>{0.5, 0.5}));
  const std::vector<double> found = softmax(std::vector<double>{0, std::log(2.0), std::log(5.0)});
  EXPECT_NEAR(found[0], 0.125, 1e-15);
  EXPECT_NEAR(found[1], 0.25, 1e-15);
  EXPECT_NEAR(found[2], 0.625, 1e-15);
  EXPECT_EQ(softmax(std::vector<double>{1e300, 0}), (std::vector<double>{1, 0}));
}

}  // namespace
}  // namespace tocsin::nn
