// SPDX-License-Identifier: Apache-2.0
// The layers and losses by hand on small integers, and their gradients against central differences.
#include "tocsin/nn/reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/rows.h"

namespace tocsin::nn {
namespace {
using Numbers = std::vector<double>;
const double kNan = std::numeric_limits<double>::quiet_NaN();

/// The first layer of a network whose input is `input`, sizes filled in.
Layer checked(Shape input, Layer layer) {
  std::vector<Layer> layers = {std::move(layer)};
  if (!layers.front().has_parameters()) {
    layers.push_back(flatten());
    layers.push_back(dense(1));
  }
  return Architecture("test", input, layers).layers().front();
}

Numbers normals(std::size_t n, std::string_view name) {
  const Stream stream = Stream(11).at(name);
  Numbers result(n);
  for (std::size_t i = 0; i < n; ++i) result[i] = stream.normal(i);
  return result;
}

double dot(const Numbers& a, const Numbers& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::size_t parameters_of(const Layer& layer) {
  if (layer.kind == LayerKind::dense) return layer.bias_offset + layer.units * (layer.bias ? 1 : 0);
  return layer.has_parameters() ? layer.bias_offset + (layer.bias ? layer.filters : 0) : 0;
}

/// Largest difference of `gradient` from the central differences of `function` at `point`, relative to its largest element.
template <class Function>
double central_difference_error(Numbers point, const Numbers& gradient, Function&& function) {
  constexpr double kStep = 1e-6;
  double worst = 0.0, scale = 1e-3;
  for (const double g : gradient) scale = std::max(scale, std::abs(g));
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double at = point[i];
    point[i] = at + kStep;
    const double above = function(point);
    point[i] = at - kStep;
    const double below = function(point);
    point[i] = at;
    worst = std::max(worst, std::abs((above - below) / (2.0 * kStep) - gradient[i]));
  }
  return worst / scale;
}

/// Checks both gradients of a layer: of seed . output with respect to input and parameters, batch 3.
void check_layer(const Layer& layer, bool with_mask = false) {
  constexpr std::size_t kBatch = 3;
  const Numbers input = normals(kBatch * layer.in.features(), "input"), parameters = normals(parameters_of(layer), "parameters");
  const Numbers seed = normals(kBatch * layer.out.features(), "seed");
  Numbers mask;
  if (with_mask)
    for (const double x : normals(input.size(), "mask")) mask.push_back(x < 0.0 ? 0.0 : 4.0);
  Numbers gradient(parameters.size());
  const Numbers input_gradient = reference::backward(layer, parameters, input, seed, kBatch, mask, gradient);
  EXPECT_LT(
      central_difference_error(input, input_gradient,
                               [&](const Numbers& x) { return dot(seed, reference::forward(layer, parameters, x, kBatch, mask)); }),
      1e-7);
  EXPECT_LT(
      central_difference_error(parameters, gradient,
                               [&](const Numbers& p) { return dot(seed, reference::forward(layer, p, input, kBatch, mask)); }),
      1e-7);
  if (with_mask) return;
  const Numbers along = normals(input.size(), "along"), tangent = reference::tangent(layer, parameters, input, along, kBatch);
  EXPECT_NEAR(dot(seed, tangent), dot(input_gradient, along), 1e-10) << "forward and back are each other's transpose";
}

TEST(Reference, ConvolvesByHand) {
  const Layer layer = checked({1, 3, 3}, conv2d(1, 2));
  const Numbers parameters = {1, 10, 100, 1000, 5};
  EXPECT_EQ(reference::forward(layer, parameters, Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, {}), (Numbers{5426, 6537, 8759, 9870}));
}

TEST(Reference, ConvolvesOverAPaddedEdgeInStrides) {
  const Layer layer = checked({1, 3, 3}, conv2d(1, 3, 2, 1, false));
  const Numbers parameters = {1, 2, 3, 4, 5, 6, 7, 8, 9};  // the kernel is not turned round
  EXPECT_EQ(reference::forward(layer, parameters, Numbers{1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, {}), (Numbers{94, 106, 106, 94}));
}

TEST(Reference, AddsOverChannelsAndKeepsFiltersApart) {
  const Layer layer = checked({2, 1, 2}, conv2d(3, 1));
  const Numbers parameters = {1, 10, 2, 20, 3, 30, 100, 200, 300};
  EXPECT_EQ(reference::forward(layer, parameters, Numbers{1, 2, 3, 4}, 1, {}), (Numbers{131, 142, 262, 284, 393, 426}));
}

TEST(Reference, PoolsByHand) {
  const Numbers input = {1, 2, 3, 4, 9, 6, 7, 8, 5};
  EXPECT_EQ(reference::forward(checked({1, 3, 3}, max_pool(2, 1)), {}, input, 1, {}), (Numbers{9, 9, 9, 9}));
  EXPECT_EQ(reference::forward(checked({1, 3, 3}, avg_pool(2, 1)), {}, input, 1, {}), (Numbers{4, 5, 7, 7}));
  EXPECT_EQ(reference::forward(checked({1, 3, 3}, max_pool(2)), {}, input, 1, {}), (Numbers{9}))
      << "what does not fill a window is left out";
}

TEST(Reference, GivesTheGradientOfATieInAMaxPoolToTheFirst) {
  const Layer layer = checked({1, 2, 3}, max_pool(2, 1));
  const Numbers input = {7, 7, 0, 0, 7, 7};
  EXPECT_EQ(reference::backward(layer, {}, input, Numbers{10, 100}, 1, {}, {}), (Numbers{10, 100, 0, 0, 0, 0}));
}

TEST(Reference, LetsANanThroughAMaxPool) {
  const Layer layer = checked({1, 2, 2}, max_pool(2));
  EXPECT_TRUE(std::isnan(reference::forward(layer, {}, Numbers{1, kNan, 3, 2}, 1, {}).front()));
  EXPECT_TRUE(std::isnan(reference::forward(layer, {}, Numbers{kNan, 1, 3, 2}, 1, {}).front()));
}

TEST(Reference, ClosesReluAtZero) {
  const Layer layer = checked({4, 1, 1}, relu());
  const Numbers input = {-1, 0, 2, -3};
  EXPECT_EQ(reference::forward(layer, {}, input, 1, {}), (Numbers{0, 0, 2, 0}));
  EXPECT_EQ(reference::backward(layer, {}, input, Numbers{5, 6, 7, 8}, 1, {}, {}), (Numbers{0, 0, 7, 0}));
}

TEST(Reference, DropsInTrainingOnly) {
  const Layer layer = checked({3, 1, 1}, dropout(0.5));
  EXPECT_EQ(reference::forward(layer, {}, Numbers{1, 2, 3}, 1, {}), (Numbers{1, 2, 3}));
  EXPECT_EQ(reference::forward(layer, {}, Numbers{1, 2, 3}, 1, Numbers{2, 0, 2}), (Numbers{2, 0, 6}));
}

TEST(Reference, MultipliesByHandAndAddsToTheGradientOfABatch) {
  const Layer layer = checked({2, 1, 1}, dense(2));
  const Numbers parameters = {1, 2, 3, 4, 10, 20}, input = {1, 1, 2, 0};
  EXPECT_EQ(reference::forward(layer, parameters, input, 2, {}), (Numbers{13, 27, 12, 26}));
  Numbers gradient(6, 1000.0);
  EXPECT_EQ(reference::backward(layer, parameters, input, Numbers{1, 0, 2, 5}, 2, {}, gradient), (Numbers{1, 2, 17, 24}));
  EXPECT_EQ(gradient, (Numbers{1005, 1001, 1010, 1000, 1003, 1005}));
}

TEST(Reference, AgreesWithCentralDifferencesInEveryLayer) {
  check_layer(checked({2, 5, 4}, conv2d(3, 3)));
  check_layer(checked({2, 7, 6}, conv2d(3, 3, 2, 1)));
  check_layer(checked({1, 6, 7}, conv2d(2, 4, 3, 2, false)));
  check_layer(checked({3, 4, 4}, conv2d(2, 1)));
  check_layer(checked({2, 3, 3}, conv2d(2, 3, 1, 2)));
  check_layer(checked({2, 6, 4}, max_pool(2)));
  check_layer(checked({2, 6, 5}, max_pool(3, 1)));
  check_layer(checked({2, 7, 5}, max_pool(2, 3)));
  check_layer(checked({2, 6, 4}, avg_pool(2)));
  check_layer(checked({2, 6, 5}, avg_pool(3, 2)));
  check_layer(checked({7, 1, 1}, dense(4)));
  check_layer(checked({7, 1, 1}, dense(4, false)));
  check_layer(checked({2, 3, 3}, relu()));
  check_layer(checked({2, 3, 3}, flatten()));
  check_layer(checked({2, 3, 3}, dropout(0.75)), true);
  check_layer(checked({2, 3, 3}, dropout(0.75)));
}

TEST(Reference, AgreesWithCentralDifferencesInEveryLoss) {
  constexpr std::size_t kBatch = 4, kOutputs = 5;
  const Numbers logits = normals(kBatch * kOutputs, "logits");
  const std::vector<std::int32_t> labels = {3, 0, 4, 3};
  std::vector<float> targets;
  for (const double x : normals(logits.size(), "targets")) targets.push_back(static_cast<float>(x));
  const Wanted wanted{labels, targets};
  for (const Loss kind : {Loss::cross_entropy, Loss::squared_error}) {
    Numbers gradient(logits.size());
    reference::loss(kind, logits, wanted, kBatch, kOutputs, gradient);
    EXPECT_LT(central_difference_error(logits, gradient,
                                       [&](const Numbers& x) {
                                         return reference::loss(kind, x, wanted, kBatch, kOutputs, {}).loss /
                                                static_cast<double>(kBatch);
                                       }),
              1e-7);
  }
}

TEST(Reference, KnowsTheCrossEntropyOfEqualLogits) {
  const std::vector<std::int32_t> labels = {2};
  Numbers gradient(4);
  const BatchLoss result = reference::loss(Loss::cross_entropy, Numbers{7, 7, 7, 7}, {labels, {}}, 1, 4, gradient);
  EXPECT_DOUBLE_EQ(result.loss, std::log(4.0));
  EXPECT_EQ(gradient, (Numbers{0.25, 0.25, -0.75, 0.25}));
}

TEST(Reference, SurvivesHugeLogits) {
  const std::vector<std::int32_t> labels = {1};
  EXPECT_EQ(reference::loss(Loss::cross_entropy, Numbers{1e300, 0}, {labels, {}}, 1, 2, {}).loss, 1e300);
}

TEST(Reference, CountsAHitOnlyWhereTheLabelIsTheFirstLargest) {
  const auto correct = [](const Numbers& logits, std::int32_t label) {
    const std::vector<std::int32_t> labels = {label};
    return reference::loss(Loss::cross_entropy, logits, {labels, {}}, 1, logits.size(), {}).correct;
  };
  EXPECT_EQ(correct({1, 3, 2}, 1), 1U);
  EXPECT_EQ(correct({1, 3, 2}, 2), 0U);
  EXPECT_EQ(correct({3, 3, 2}, 0), 1U);
  EXPECT_EQ(correct({3, 3, 2}, 1), 0U);
  EXPECT_EQ(correct({kNan, kNan, kNan}, 0), 0U) << "a network of NaN guesses nothing";
}

TEST(Reference, HalvesTheSquaredError) {
  const std::vector<float> targets = {1, 2, 3, 4};
  Numbers gradient(4);
  const BatchLoss result = reference::loss(Loss::squared_error, Numbers{2, 2, 3, 8}, {{}, targets}, 2, 2, gradient);
  EXPECT_EQ(result.loss, 8.5);
  EXPECT_EQ(result.correct, 0U);
  EXPECT_EQ(gradient, (Numbers{0.5, 0, 0, 2}));
}

TEST(Reference, SaysWhatDoesNotFit) {
  const Layer layer = checked({2, 1, 1}, dense(2));
  EXPECT_EQ(support::error_of([&] { reference::forward(layer, Numbers(6), Numbers(3), 2, {}); }),
            "dense: needs an input of 2 x 2, got 3 elements");
  const std::vector<std::int32_t> labels = {2};
  EXPECT_EQ(support::error_of([&] {
              reference::loss(Loss::cross_entropy, Numbers{0, 0}, {labels, {}}, 1, 2, {});
            }),
            "loss: label 2 of sample 0 is not in [0, 2)");
  EXPECT_EQ(support::error_of([&] {
              reference::loss(Loss::squared_error, Numbers{0, 0}, {labels, {}}, 1, 2, {});
            }),
            "loss: needs 2 targets, got 0");
}

}  // namespace
}  // namespace tocsin::nn
