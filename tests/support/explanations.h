// SPDX-License-Identifier: Apache-2.0
// What explanations are tried on: small networks, random or by hand, and one call that explains a few inputs.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/rows.h"
#include "tocsin/core/random.h"
#include "tocsin/explain/registry.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::support {

/// A network with its parameters.
struct Model {
  nn::Architecture architecture;
  std::vector<double> parameters;
  [[nodiscard]] Updates flat() const {
    Updates row(1, parameters.size(), Element::float64);
    row.rows().assign(0, parameters);
    return row;
  }
  [[nodiscard]] std::unique_ptr<explain::Walker> walker(nn::Precision precision = nn::Precision::float64,
                                                        std::size_t capacity = 8) const {
    auto result = explain::make_walker(architecture, capacity, precision);
    const Updates row = flat();
    result->load(row.rows());
    return result;
  }
  /// Logits [n, outputs] by the plain walk.
  [[nodiscard]] std::vector<double> logits(std::span<const double> inputs) const {
    const std::size_t n = inputs.size() / architecture.input().features();
    const auto plain = walker(nn::Precision::float64, n);
    plain->forward(inputs, n);
    return plain->logits();
  }
};

/// Weights in +-1, biases in +-0.3 (statistics of a batch_norm near 0 and 1), inputs in [0, 1): all from a stream of this seed.
inline Model random_model(std::string name, nn::Shape input, std::vector<nn::Layer> layers, std::uint64_t seed) {
  Model model{.architecture = nn::Architecture(std::move(name), input, std::move(layers)), .parameters = {}};
  Draws draws(Stream(seed).at("model"));
  for (const Tensor& tensor : model.architecture.layout().tensors)
    for (std::size_t i = 0; i < tensor.size; ++i) {
      const double u = 2.0 * draws.uniform() - 1.0;
      const bool variance = tensor.name.ends_with("running_var");
      model.parameters.push_back(variance ? 1.0 + 0.5 * u : tensor.is_bias || tensor.name.ends_with("mean") ? 0.3 * u : u);
    }
  return model;
}
inline std::vector<double> random_inputs(std::size_t count, std::uint64_t seed) {
  Draws draws(Stream(seed).at("inputs"));
  std::vector<double> result(count);
  for (double& value : result) value = draws.uniform();
  return result;
}

/// Networks with every layer kind that a method must pass: images of 2 x 9 x 9, three classes.
inline std::vector<Model> sample_models(bool bias = true) {
  using namespace nn;
  const Shape image{2, 9, 9};
  return {
      random_model("mlp", {7, 1, 1}, {dense(9, bias), relu(), dense(6, bias), relu(), dense(3, bias)}, 11),
      random_model("conv", image, {conv2d(4, 3, 1, 0, bias), relu(), conv2d(5, 3, 2, 1, bias), relu(), flatten(), dense(3, bias)},
                   12),
      random_model("pooled", image,
                   {conv2d(4, 3, 1, 1, bias), relu(), max_pool(2), conv2d(3, 2, 1, 0, bias), relu(), flatten(), dropout(0.5),
                    dense(5, bias), relu(), dense(3, bias)},
                   13),
      random_model("overlapping", image, {conv2d(6, 2, 1, 0, bias), relu(), max_pool(3, 2), flatten(), dense(3, bias)}, 14),
      random_model("averaged", image, {conv2d(4, 3, 1, 0, bias), relu(), avg_pool(2), flatten(), dense(3, bias)}, 15),
      random_model("late_relu", image, {conv2d(4, 2, 1, 0, bias), max_pool(2), relu(), flatten(), dense(3, bias)}, 16),
  };
}

inline std::vector<std::size_t> own_neurons(const Model& model, std::span<const double> inputs) {
  const std::vector<double> logits = model.logits(inputs);
  std::vector<std::size_t> result;
  for (std::size_t at = 0; at < logits.size(); at += model.architecture.outputs())
    result.push_back(explain::arg_max(std::span(logits).subspan(at, model.architecture.outputs())));
  return result;
}

/// Maps of inputs [n, features] for `neurons` [n] by one method with options, images numbered from 0.
inline std::vector<double> explained(explain::Walker& walker, const explain::Method& method, std::span<const double> inputs,
                                     std::span<const std::size_t> neurons) {
  std::vector<std::uint64_t> images(neurons.size());
  std::iota(images.begin(), images.end(), std::uint64_t{0});
  const explain::Chunk chunk{.inputs = inputs, .images = images, .neurons = neurons};
  const explain::Noise noise{Stream(5).at("common"), Stream(5).at("own")};
  explain::Scene scene(walker, chunk, noise);
  return method.maps(scene);
}
inline std::vector<double> explained(const Model& model, std::string_view method, const std::string& options,
                                     std::span<const double> inputs, std::span<const std::size_t> neurons,
                                     nn::Precision precision = nn::Precision::float64) {
  const auto walker = model.walker(precision);
  return explained(*walker, *support::make(*explain::methods().find(method), options), inputs, neurons);
}

inline double largest(std::span<const double> values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}
inline double sum(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

}  // namespace tocsin::support
