// SPDX-License-Identifier: Apache-2.0
// The built-in networks. Convolutions have no padding, pools do not overlap.
#include <algorithm>
#include <string>
#include <vector>

#include "tocsin/core/errors.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::nn {
namespace {
using Layers = std::vector<Layer>;

Layers paper_cnn(std::size_t outputs) {
  return {conv2d(64, 5), relu(), conv2d(64, 5), relu(), dropout(0.25), flatten(), dense(128), relu(), dropout(0.5), dense(outputs)};
}
Layers lenet(std::size_t outputs) {
  return {conv2d(32, 5), relu(), max_pool(2), conv2d(64, 5), relu(), max_pool(2), flatten(), dense(512), relu(), dense(outputs)};
}
Layers mnist_cnn(std::size_t outputs) {
  return {conv2d(32, 3), relu(),     conv2d(64, 3), relu(),       max_pool(2),   dropout(0.25),
          flatten(),     dense(128), relu(),        dropout(0.5), dense(outputs)};
}
Layers small_cnn(std::size_t outputs) {
  return {conv2d(30, 3), relu(), max_pool(2), conv2d(50, 3), relu(), max_pool(2), flatten(), dense(100), relu(), dense(outputs)};
}
Layers mlp(std::size_t outputs) { return {flatten(), dense(100), relu(), dense(100), relu(), dense(outputs)}; }
Layers softmax_regression(std::size_t outputs) { return {flatten(), dense(outputs)}; }
Layers census_mlp(std::size_t outputs) { return {dense(256), relu(), dropout(0.5), dense(outputs)}; }
Layers linear(std::size_t outputs) { return {dense(outputs, false)}; }

struct Recipe {
  BuiltIn facts;
  Layers (*layers)(std::size_t outputs);
  Loss loss;
};

constexpr Shape kImage{1, 28, 28};

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> all = {
      {{"paper_cnn", "two 5x5 convolutions of 64 without pooling, dense 128, dropout; 3,382,346 parameters", kImage, 10},
       paper_cnn,
       Loss::cross_entropy},
      {{"lenet", "5x5 convolutions of 32 and 64, each pooled, dense 512", kImage, 10}, lenet, Loss::cross_entropy},
      {{"mnist_cnn", "3x3 convolutions of 32 and 64, one pool, dense 128, dropout", kImage, 10}, mnist_cnn, Loss::cross_entropy},
      {{"small_cnn", "3x3 convolutions of 30 and 50, each pooled, dense 100", kImage, 10}, small_cnn, Loss::cross_entropy},
      {{"mlp", "two dense layers of 100", kImage, 10}, mlp, Loss::cross_entropy},
      {{"softmax", "one dense layer: softmax regression", kImage, 10}, softmax_regression, Loss::cross_entropy},
      {{"census_mlp", "one dense layer of 256 with dropout, for tables", {104, 1, 1}, 2}, census_mlp, Loss::cross_entropy},
      {{"linear", "one dense layer without bias under squared error: linear regression", {10, 1, 1}, 1},
       linear,
       Loss::squared_error},
  };
  return all;
}
}  // namespace

std::vector<BuiltIn> built_in_networks() {
  std::vector<BuiltIn> result;
  for (const Recipe& recipe : recipes()) result.push_back(recipe.facts);
  return result;
}

Architecture built_in(std::string_view name, Shape input, std::size_t outputs) {
  std::vector<std::string> known;
  for (const Recipe& recipe : recipes()) {
    if (recipe.facts.name == name) return Architecture(std::string(name), input, recipe.layers(outputs), recipe.loss);
    known.emplace_back(recipe.facts.name);
  }
  throw std::invalid_argument(fmt::format("no network is called '{}'; known: {}", printable(name), joined(known)));
}

}  // namespace tocsin::nn
