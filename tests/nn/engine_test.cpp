// SPDX-License-Identifier: Apache-2.0
// The engine against the plain double reference, layer by layer and as a whole, on networks that take every path through it.
// Tolerance: the largest difference relative to the largest value, 2e-5 in float32 and 4e-2 in bf16 (three significant digits a
// product).
#include "tocsin/nn/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/rows.h"
#include "tocsin/nn/reference_network.h"
#include "tocsin/nn/training.h"

namespace tocsin::nn {
namespace {

constexpr double kFloat = 2e-5, kBf16 = 4e-2, kBf16Cosine = 0.99;

struct Case {
  std::string name;
  Shape input;
  std::vector<Layer> layers;
  Loss loss = Loss::cross_entropy;
};

Layer conv(std::size_t filters, std::size_t kernel, std::size_t stride = 1, std::size_t padding = 0, bool bias = true) {
  return {.kind = LayerKind::conv2d, .filters = filters, .kernel = kernel, .stride = stride, .padding = padding, .bias = bias};
}
Layer pool(LayerKind kind, std::size_t kernel, std::size_t stride) { return {.kind = kind, .kernel = kernel, .stride = stride}; }

std::vector<Case> cases() {
  const LayerKind max = LayerKind::max_pool, avg = LayerKind::avg_pool;
  return {
      {"lenet_like",
       {1, 16, 16},
       {conv(8, 5), relu(), pool(max, 2, 2), conv(20, 3), relu(), pool(max, 2, 2), flatten(), dense(24), relu(), dense(10)}},
      {"two_convolutions_and_dropout",
       {1, 12, 12},
       {conv(16, 3), relu(), conv(17, 3), relu(), dropout(.25), flatten(), dense(12), relu(), dropout(.5), dense(10)}},
      {"blocks_filled_up",
       {1, 14, 14},
       {conv(20, 3), relu(), conv(21, 3, 1, 1), relu(), pool(max, 2, 2), conv(18, 5, 1, 2), relu(), conv(19, 3), flatten(),
        dense(5)}},
      {"few_filters_on_few_channels",
       {2, 11, 8},
       {conv(4, 3, 2, 1), relu(), pool(avg, 2, 1), conv(5, 3, 1, 2, false), relu(), pool(max, 3, 2), flatten(), dense(3)}},
      {"stride_and_padding", {3, 11, 9}, {conv(5, 3, 2, 1), relu(), conv(7, 3, 1, 1), relu(), flatten(), dense(4)}},
      {"overlapping_pool",
       {2, 10, 10},
       {conv(6, 3), relu(), pool(max, 3, 1), conv(4, 2), relu(), pool(avg, 2, 2), flatten(), dense(3)}},
      {"no_bias", {1, 9, 9}, {conv(4, 3, 1, 0, false), relu(), flatten(), dense(6, false), relu(), dense(5, false)}},
      {"dropout_between_convolutions", {1, 10, 10}, {conv(6, 3), relu(), dropout(.3), conv(5, 3), relu(), flatten(), dense(4)}},
      {"relu_behind_the_pool", {1, 10, 10}, {conv(6, 3), pool(max, 2, 2), relu(), conv(5, 2), flatten(), relu(), dense(4)}},
      {"relu_between_pools", {1, 12, 12}, {conv(6, 3), pool(avg, 2, 2), relu(), pool(max, 2, 1), conv(4, 2), flatten(), dense(4)}},
      {"pool_first", {2, 8, 8}, {pool(max, 2, 2), conv(3, 2), relu(), flatten(), dense(4)}},
      {"convolution_last", {1, 6, 6}, {conv(8, 3), relu(), conv(4, 4), flatten()}},
      {"mlp", {1, 7, 7}, {flatten(), dense(33), relu(), dense(20), relu(), dense(10)}},
      {"wide_output", {5, 1, 1}, {dense(40), relu(), dense(27)}},
      {"softmax", {1, 28, 28}, {flatten(), dense(10)}},
      {"census", {21, 1, 1}, {dense(64), relu(), dropout(.5), dense(2)}},
      {"linear", {9, 1, 1}, {dense(1, false)}, Loss::squared_error},
  };
}

/// Made-up inputs, labels and parameters of a case.
struct Made {
  explicit Made(const Case& c, std::size_t batch)
      : architecture(c.name, c.input, c.layers, c.loss), parameters(1, architecture.parameters()) {
    const Stream stream = Stream(5).at(c.name);
    initialise(architecture, Init::fan_in, stream, parameters.rows());
    inputs = Updates(batch, c.input.features());
    Draws draws(stream.at("inputs"));
    for (std::size_t i = 0; i < batch; ++i) {
      std::vector<double> row(c.input.features());
      for (double& value : row) value = std::max(0.0, draws.normal());
      inputs.rows().assign(i, row);
      labels.push_back(static_cast<std::int32_t>(draws.below(architecture.outputs())));
      targets.push_back(static_cast<float>(draws.normal()));
    }
  }
  [[nodiscard]] Wanted wanted(std::size_t batch) const {
    if (architecture.loss() == Loss::squared_error) return {.targets = std::span<const float>(targets).first(batch)};
    return {.labels = std::span<const std::int32_t>(labels).first(batch)};
  }
  Architecture architecture;
  Updates parameters, inputs;
  std::vector<std::int32_t> labels;
  std::vector<float> targets;
};

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 1e-30, difference = 0;
  EXPECT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, std::abs(b[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  return difference / largest;
}
double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  const double ab = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  return ab /
         std::sqrt(std::inner_product(a.begin(), a.end(), a.begin(), 0.0) * std::inner_product(b.begin(), b.end(), b.begin(), 0.0));
}
std::vector<double> flat_parameters(Network& network) {
  Updates flat(1, network.architecture().parameters(), Element::float64);
  network.save(flat.rows());
  return flat.rows().row(0);
}
std::vector<double> flat_gradient(Network& network) {
  Updates flat(1, network.architecture().parameters(), Element::float64);
  network.to_flat(network.gradient_vector(), flat.rows());
  return flat.rows().row(0);
}

class EngineAgainstReference : public testing::TestWithParam<Case> {
 protected:
  static constexpr std::size_t kCapacity = 6;
  Made made_{GetParam(), kCapacity};
  std::unique_ptr<Network> engine_ = make_engine(made_.architecture, kCapacity, Precision::float32);
  std::unique_ptr<Network> reference_ = make_reference_network(made_.architecture, kCapacity);
  void SetUp() override {
    engine_->load(made_.parameters.rows());
    reference_->load(made_.parameters.rows());
  }
};

TEST_P(EngineAgainstReference, KeepsParametersToTheBit) { EXPECT_EQ(flat_parameters(*engine_), made_.parameters.rows().row(0)); }

TEST_P(EngineAgainstReference, GivesTheSameLogitsLossAndOutputOfEveryLayer) {
  for (const std::size_t batch : {kCapacity, std::size_t{4}, std::size_t{1}}) {
    for (Network* network : {engine_.get(), reference_.get()}) {
      network->put(made_.inputs.rows().slice(0, batch));
      network->forward();
    }
    EXPECT_LT(distance(engine_->logits(), reference_->logits()), kFloat) << "batch " << batch;
    const BatchLoss ours = engine_->score(made_.wanted(batch)), theirs = reference_->score(made_.wanted(batch));
    EXPECT_NEAR(ours.loss, theirs.loss, kFloat * theirs.loss);
    EXPECT_EQ(ours.correct, theirs.correct);
    for (std::size_t layer = 0; layer < made_.architecture.layers().size(); ++layer)
      EXPECT_LT(distance(engine_->output_of(layer), reference_->output_of(layer)), kFloat)
          << "layer " << layer << " batch " << batch;
  }
}

TEST_P(EngineAgainstReference, GivesTheSameGradientOnFullAndShortBatches) {
  for (const std::size_t batch : {std::size_t{5}, kCapacity, std::size_t{1}}) {
    for (Network* network : {engine_.get(), reference_.get()}) {
      network->put(made_.inputs.rows().slice(0, batch));
      network->gradient(made_.wanted(batch), Stream(3).at(batch));
    }
    EXPECT_LT(distance(flat_gradient(*engine_), flat_gradient(*reference_)), kFloat) << "batch " << batch;
  }
}

TEST_P(EngineAgainstReference, GivesTheSameInputGradient) {
  for (const std::size_t batch : {kCapacity, std::size_t{2}}) {
    std::vector<double> seed(batch * made_.architecture.outputs(), 0.0);
    for (std::size_t i = 0; i < batch; ++i) seed[i * made_.architecture.outputs() + i % made_.architecture.outputs()] = 1.0;
    for (Network* network : {engine_.get(), reference_.get()}) {
      network->put(made_.inputs.rows().slice(0, batch));
      network->forward();
    }
    EXPECT_LT(distance(engine_->input_gradient(seed), reference_->input_gradient(seed)), kFloat) << "batch " << batch;
  }
}

TEST_P(EngineAgainstReference, DescendsLikeTheReferenceForTenSteps) {
  for (int step = 0; step < 10; ++step) {
    const std::size_t batch = step % 3 == 2 ? 3 : kCapacity;
    for (Network* network : {engine_.get(), reference_.get()}) {
      network->put(made_.inputs.rows().slice(0, batch));
      network->descend(made_.wanted(batch), Stream(4).at(static_cast<std::uint64_t>(step)), 0.05);
    }
  }
  EXPECT_LT(distance(flat_parameters(*engine_), flat_parameters(*reference_)), kFloat);
}

TEST_P(EngineAgainstReference, FusesPlainDescentExactlyToRounding) {
  const std::unique_ptr<Network> unfused = make_engine(made_.architecture, kCapacity, Precision::float32);
  unfused->load(made_.parameters.rows());
  Optimizer optimizer(OptimizerPlan(), unfused->gradient_vector().coordinates(), Element::float32);
  for (Network* network : {engine_.get(), unfused.get()}) network->put(made_.inputs.rows());
  engine_->descend(made_.wanted(kCapacity), Stream(4), 0.05);
  unfused->gradient(made_.wanted(kCapacity), Stream(4));
  optimizer.step(unfused->parameters(), unfused->gradient_vector(), 0.05);
  EXPECT_LT(distance(flat_parameters(*engine_), flat_parameters(*unfused)), 1e-6);
}

TEST_P(EngineAgainstReference, RepeatsItselfToTheBit) {
  const std::unique_ptr<Network> second = make_engine(made_.architecture, kCapacity, Precision::float32);
  second->load(made_.parameters.rows());
  for (int step = 0; step < 3; ++step)
    for (Network* network : {engine_.get(), second.get()}) {
      network->put(made_.inputs.rows().slice(0, step == 1 ? 2 : kCapacity));
      network->descend(made_.wanted(step == 1 ? 2 : kCapacity), Stream(4), 0.1);
    }
  EXPECT_EQ(flat_parameters(*engine_), flat_parameters(*second));
}

TEST_P(EngineAgainstReference, ComesNearInBf16) {
  if (!available(Precision::bf16)) GTEST_SKIP() << "this CPU has no AVX512_BF16";
  const std::unique_ptr<Network> half = make_engine(made_.architecture, kCapacity, Precision::bf16);
  half->load(made_.parameters.rows());
  EXPECT_EQ(flat_parameters(*half), made_.parameters.rows().row(0));  // master weights stay float32
  for (Network* network : {half.get(), reference_.get()}) {
    network->put(made_.inputs.rows());
    network->gradient(made_.wanted(kCapacity), Stream(3));
  }
  EXPECT_LT(distance(half->logits(), reference_->logits()), kBf16);
  EXPECT_GT(cosine(flat_gradient(*half), flat_gradient(*reference_)), kBf16Cosine);
}

INSTANTIATE_TEST_SUITE_P(Networks, EngineAgainstReference, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& one) { return one.param.name; });

/// A narrow first layer reads pixels as they are stored; a wide one, or a convolution, has them as floats.
TEST(Engine, TrainsOnPixelsLikeTheReference) {
  const std::vector<std::uint32_t> samples = {4, 0, 6, 1, 3};
  const std::vector<std::vector<Layer>> networks = {
      {flatten(), dense(10)},        {flatten(), dense(7), relu(), dense(3)},  {flatten(), dense(3, false), dense(12)},
      {flatten(), relu(), dense(5)}, {flatten(), dense(16), relu(), dense(4)}, {conv(4, 3), relu(), flatten(), dense(4)}};
  for (std::size_t k = 0; k < networks.size(); ++k) {
    SCOPED_TRACE(k);
    const Made made({"pixels", {1, 7, 5}, networks[k]}, 7);
    data::Dataset images;
    images.shape = {1, 7, 5};
    images.classes = made.architecture.outputs();
    images.labels = made.labels;
    images.scale = 1.0 / 255.0;
    Draws draws(Stream(6).at("pixels"));
    for (std::size_t i = 0; i < 7 * 35; ++i) images.pixels.push_back(static_cast<std::uint8_t>(draws.below(256)));
    const std::unique_ptr<Network> engine = make_engine(made.architecture, 6, Precision::float32);
    const std::unique_ptr<Network> reference = make_reference_network(made.architecture, 6);
    std::vector<std::int32_t> labels;
    for (const std::uint32_t sample : samples) labels.push_back(made.labels[sample]);
    std::vector<double> seed(samples.size() * made.architecture.outputs(), 1.0);
    seed[1] = -2.0;
    std::vector<double> slopes[2];
    for (Network* network : {engine.get(), reference.get()}) {
      network->load(made.parameters.rows());
      network->put(images, samples);
      network->gradient({.labels = labels}, Stream(3));
      slopes[network == engine.get() ? 0 : 1] = network->input_gradient(seed);
    }
    EXPECT_LT(distance(engine->logits(), reference->logits()), kFloat);
    EXPECT_LT(distance(flat_gradient(*engine), flat_gradient(*reference)), kFloat);
    EXPECT_LT(distance(slopes[0], slopes[1]), kFloat);
    for (std::size_t layer = 0; layer < networks[k].size(); ++layer)
      EXPECT_LT(distance(engine->output_of(layer), reference->output_of(layer)), kFloat) << "layer " << layer;
    for (Network* network : {engine.get(), reference.get()}) {
      network->descend({.labels = labels}, Stream(4), 0.05);
      network->put(made.inputs.rows().slice(0, 5));  // numbers after bytes
      network->descend({.labels = labels}, Stream(4), 0.05);
    }
    EXPECT_LT(distance(flat_parameters(*engine), flat_parameters(*reference)), kFloat);
    EXPECT_THROW(engine->put(images, std::vector<std::uint32_t>{7}), std::invalid_argument);
  }
}

TEST(Engine, LeavesDropoutOutWhenAsked) {
  const Case c{"d", {8, 1, 1}, {dense(16), relu(), dropout(.5), dense(3)}};
  const Made made(c, 4);
  const std::unique_ptr<Network> network = make_engine(made.architecture, 4, Precision::float32);
  network->load(made.parameters.rows());
  network->put(made.inputs.rows());
  const double with = network->gradient(made.wanted(4), Stream(1)).loss;
  network->enable_dropout(false);
  const double without = network->gradient(made.wanted(4), Stream(1)).loss;
  network->forward();
  EXPECT_NE(with, without);
  EXPECT_DOUBLE_EQ(without, network->score(made.wanted(4)).loss);
}

TEST(Engine, ForgetsADivergedBatchInBothPrecisions) {
  // What one client left behind (NaN in every buffer) must not reach the next one through the padding of a short batch.
  for (const Precision precision : {Precision::float32, Precision::bf16}) {
    if (!available(precision)) continue;
    for (const Case& c : cases()) {
      const Made made(c, 4);
      const std::unique_ptr<Network> used = make_engine(made.architecture, 4, precision),
                                     fresh = make_engine(made.architecture, 4, precision);
      Updates diverged(1, made.architecture.parameters());
      diverged.rows().assign(0, std::vector<double>(made.architecture.parameters(), std::nan("")));
      used->load(diverged.rows());
      used->put(made.inputs.rows());
      used->gradient(made.wanted(4), Stream(1));
      for (Network* network : {used.get(), fresh.get()}) {
        network->load(made.parameters.rows());
        network->put(made.inputs.rows().slice(0, 2));
        network->gradient(made.wanted(2), Stream(1));
      }
      EXPECT_EQ(flat_gradient(*used), flat_gradient(*fresh)) << c.name;
    }
  }
}

TEST(Engine, SaysWhatItRefuses) {
  const Case c{"d", {8, 1, 1}, {dense(3)}};
  const Made made(c, 4);
  const std::unique_ptr<Network> network = make_engine(made.architecture, 3, Precision::float32);
  EXPECT_EQ(support::error_of([&] { network->put(made.inputs.rows()); }), "network: a batch has 1 to 3 samples, got 4");
  EXPECT_EQ(support::error_of([&] { network->load(made.inputs.rows()); }), "network: a flat vector is [1, 27], got [4, 8]");
  EXPECT_EQ(support::error_of([&] { make_engine(made.architecture, 3, Precision::float64); }),
            "engine: float64 is the reference's");
}

}  // namespace
}  // namespace tocsin::nn
