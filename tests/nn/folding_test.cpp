// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/folding.h"

#include <gtest/gtest.h>

#include "support/explanations.h"

namespace tocsin::nn {
namespace {
using support::Model;

/// The model after folding.
Model folded(const Model& model, Unfolded rest) {
  const Updates flat = model.flat();
  Folded result = fold(model.architecture, flat.rows(), rest);
  return {std::move(result.architecture), std::as_const(result.parameters).rows().row(0)};
}

/// Batch normalisation before and behind ReLUs, at both ends, before a padded convolution, before a flatten, twice in a row.
std::vector<Model> models() {
  const Shape image{2, 7, 7};
  return {
      support::random_model("before_relu", image,
                            {conv2d(4, 3, 1, 1, false), batch_norm(), relu(), flatten(), dense(3), batch_norm(1e-3)}, 1),
      support::random_model("behind_relu", image,
                            {conv2d(4, 3), relu(), batch_norm(), conv2d(3, 3), relu(), batch_norm(), flatten(), dense(3)}, 2),
      support::random_model("first", image,
                            {batch_norm(), conv2d(4, 3), batch_norm(), batch_norm(), relu(), max_pool(2), flatten(), dense(3)}, 3),
      support::random_model("padded", image, {conv2d(4, 3), relu(), batch_norm(), conv2d(3, 3, 1, 1), relu(), flatten(), dense(3)},
                            4),
      support::random_model("table", {6, 1, 1}, {batch_norm(), dense(5), relu(), batch_norm(), dense(3)}, 5),
  };
}

TEST(Folding, ComputesTheSameFunction) {
  for (const Model& model : models())
    for (const Unfolded rest : {Unfolded::stays, Unfolded::becomes_convolution}) {
      const Model plain = folded(model, rest);
      const auto x = support::random_inputs(3 * model.architecture.input().features(), 9);
      const auto before = model.logits(x), after = plain.logits(x);
      for (std::size_t i = 0; i < before.size(); ++i)
        EXPECT_NEAR(after[i], before[i], 1e-11 * support::largest(before)) << model.architecture.name();
    }
}

TEST(Folding, LeavesNoBatchNormWhereANeighbourTakesIt) {
  for (const Model& model : models()) {
    const bool padded = model.architecture.name() == "padded";
    EXPECT_EQ(folded(model, Unfolded::stays).architecture.has_batch_norm(), padded) << model.architecture.name();
    EXPECT_FALSE(folded(model, Unfolded::becomes_convolution).architecture.has_batch_norm());
  }
}

TEST(Folding, LeavesANetworkWithoutBatchNormAsItIs) {
  const Model model = support::sample_models()[2];
  EXPECT_EQ(folded(model, Unfolded::stays).parameters, model.parameters);
}

/// The gradient's walk through batch_norm itself is exact.
TEST(BatchNorm, HasTheGradientOfCentralDifferences) {
  constexpr double h = 1e-6;
  for (const Model& model : models()) {
    const auto x = support::random_inputs(model.architecture.input().features(), 10);
    const std::vector<std::size_t> neuron{1};
    const auto map = support::explained(model, "gradient", "", x, neuron);
    for (std::size_t i = 0; i < x.size(); i += 7) {
      std::vector<double> up = x, down = x;
      up[i] += h, down[i] -= h;
      EXPECT_NEAR(map[i], (model.logits(up)[1] - model.logits(down)[1]) / (2 * h), 1e-6 * support::largest(map))
          << model.architecture.name();
    }
  }
}

TEST(BatchNorm, StartsAsTheIdentityButForEpsilon) {
  const Architecture net("net", {2, 3, 3}, {batch_norm(0.0), flatten(), dense(2)});
  Updates parameters(1, net.parameters(), Element::float64);
  initialise(net, Init::glorot, Stream(1), parameters.rows());
  EXPECT_EQ(std::as_const(parameters).rows().columns(0, 8).row(0), (std::vector<double>{1, 1, 0, 0, 0, 0, 1, 1}));
}

TEST(BatchNorm, IsNotTrainedByTheEngine) {
  const Architecture net("net", {2, 3, 3}, {batch_norm(), flatten(), dense(2)});
  EXPECT_EQ(support::error_of([&] { make_network(net, 2, Precision::float32); }),
            "net: batch_norm is evaluated folded, and cannot be trained yet");
}

}  // namespace
}  // namespace tocsin::nn
