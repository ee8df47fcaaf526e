// SPDX-License-Identifier: Apache-2.0
// The golden values of tests/golden/make_nn.py (PyTorch, float64), the networks and numbers they were made from, and how far a
// network is from them. Largest difference over the tensors, see `difference`:
//
//   tolerances                reference float64   engine float32   found of the engine   norm of PyTorch's own float32 error
//   logits, outputs, loss            1e-9              1e-5               2e-6
//   gradient, input gradient         1e-9              2e-5               3e-6                  3e-7
//   update after 20 SGD steps        1e-9              3e-4               4e-5                  3e-6
//   update after 20 Adam steps       1e-9              1e-3               9e-5                  4e-5
//
// "Found" is of AVX-512; other instruction classes round elsewhere, so the tolerances leave room.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "tocsin/core/layout.h"
#include "tocsin/core/rows.h"
#include "tocsin/data/dataset.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::nn::golden {

struct Tolerance {
  double forward, gradient, sgd, adam;
};
constexpr Tolerance kReferenceTolerance{1e-9, 1e-9, 1e-9, 1e-9};
constexpr Tolerance kEngineTolerance{1e-5, 2e-5, 3e-4, 1e-3};

/// 64 random bits for index i, and a multiple of 2^-24 in [0, 1) made of them: the formula of make_nn.py.
inline std::uint64_t mix(std::uint64_t seed, std::uint64_t i) {
  std::uint64_t z = seed * 0x9E3779B97F4A7C15U + i * 0xD1B54A32D192ED03U;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
  z = (z ^ z >> 27) * 0x94D049BB133111EBU;
  return z ^ z >> 31;
}
inline double unit(std::uint64_t seed, std::uint64_t i) { return static_cast<double>(mix(seed, i) >> 40) * 0x1p-24; }

constexpr std::uint64_t kInputSeed = 1001, kLabelSeed = 1002, kProjectionSeed = 2001, kLogitSeed = 4001;

/// The flat parameters [1, d] every network starts from; floats hold them exactly.
inline Updates parameters(const Architecture& architecture, Element element = Element::float64) {
  std::vector<double> flat(architecture.parameters());
  std::uint64_t seed = 0;
  for (const Tensor& tensor : architecture.layout().tensors) {
    double half_width = 1.0 / 16.0;
    if (!tensor.is_bias) {
      const double fan_in = static_cast<double>(tensor.size / tensor.shape.front());
      for (half_width = 1.0; half_width * half_width * fan_in > 6.0;) half_width /= 2.0;
    }
    ++seed;
    for (std::size_t i = 0; i < tensor.size; ++i) flat[tensor.offset + i] = (2.0 * unit(seed, i) - 1.0) * half_width;
  }
  Updates result(1, flat.size(), element);
  result.rows().assign(0, flat);
  return result;
}

inline data::Dataset dataset(const Architecture& architecture, std::size_t samples) {
  data::Dataset result;
  result.name = "golden";
  result.shape = architecture.input();
  result.classes = architecture.outputs();
  for (std::size_t i = 0; i < samples * result.shape.features(); ++i)
    result.values.push_back(static_cast<float>(unit(kInputSeed, i)));
  for (std::size_t i = 0; i < samples; ++i) result.labels.push_back(static_cast<std::int32_t>(mix(kLabelSeed, i) % result.classes));
  return result;
}

/// What is kept of a vector: norm, a few coordinates, products with vectors of signs.
struct Summary {
  std::string name;
  double norm = 0;
  std::vector<std::size_t> at;
  std::vector<double> values, projections;
  std::size_t size = 0;  ///< 0 as read from a file
};

/// The summary of `vector` with the coordinates that `like` names.
inline Summary summarise(std::span<const double> vector, const Summary& like) {
  Summary result;
  result.name = like.name;
  result.at = like.at;
  result.size = vector.size();
  double squares = 0.0;
  for (const double x : vector) squares += x * x;
  result.norm = std::sqrt(squares);
  for (const std::size_t i : like.at) result.values.push_back(i < vector.size() ? vector[i] : std::nan(""));
  for (std::uint64_t k = 0; k < like.projections.size(); ++k) {
    double sum = 0.0;
    for (std::size_t i = 0; i < vector.size(); ++i) sum += mix(kProjectionSeed + k, i) >> 63 == 0 ? vector[i] : -vector[i];
    result.projections.push_back(sum);
  }
  return result;
}

/// The larger; NaN is the worst of all.
inline double worse(double a, double b) { return std::isnan(a) || a >= b ? a : b; }

/// The largest difference of two summaries: norm and projections relative to the norm, coordinates relative to the larger of
/// themselves and the root mean square. NaN if anything is.
inline double difference(const Summary& expected, const Summary& actual) {
  const double scale = std::max(expected.norm, 1e-300),
               rms = scale / std::sqrt(static_cast<double>(std::max<std::size_t>(1, actual.size)));
  double worst = std::abs(actual.norm - expected.norm) / scale;
  const auto take = [&](double value) { worst = worse(worst, value); };
  for (std::size_t k = 0; k < expected.projections.size(); ++k)
    take(std::abs(actual.projections[k] - expected.projections[k]) / scale);
  for (std::size_t k = 0; k < expected.values.size(); ++k)
    take(std::abs(actual.values[k] - expected.values[k]) / std::max(rms, std::abs(expected.values[k])));
  return worst;
}

/// The largest difference over the tensors of a flat vector [d].
inline double difference(const std::vector<Summary>& expected, const Layout& layout, std::span<const double> flat) {
  if (expected.size() != layout.tensors.size()) return std::nan("");
  double worst = 0.0;
  for (std::size_t t = 0; t < expected.size(); ++t) {
    if (expected[t].name != layout.tensors[t].name) return std::nan("");
    const double value =
        difference(expected[t], summarise(flat.subspan(layout.tensors[t].offset, layout.tensors[t].size), expected[t]));
    worst = worse(worst, value);
  }
  return worst;
}

/// One file nn_<network>.json.
struct Golden {
  std::string network;
  Shape input;
  std::size_t outputs = 0, batch = 0, samples = 0, steps = 0, correct = 0;
  double sgd_rate = 0, adam_rate = 0, loss = 0;
  std::vector<double> logits, sgd_losses, adam_losses;
  std::vector<Summary> layer_outputs, gradient, sgd_update, adam_update;
  Summary input_gradient;

  /// The batch of a step: samples walk round the data set.
  [[nodiscard]] std::vector<std::uint32_t> step_samples(std::size_t step) const {
    std::vector<std::uint32_t> result;
    for (std::size_t j = 0; j < batch; ++j) result.push_back(static_cast<std::uint32_t>((step * batch + j) % samples));
    return result;
  }
  /// The seed of the input gradient [batch * outputs].
  [[nodiscard]] std::vector<double> logit_seed() const {
    std::vector<double> result;
    for (std::size_t i = 0; i < batch * outputs; ++i) result.push_back(unit(kLogitSeed, i) - 0.5);
    return result;
  }
};

inline std::string folder() { return std::string(TOCSIN_SOURCE_DIR) + "/tests/golden/"; }

inline nlohmann::json read_json(const std::string& name) {
  std::ifstream file(folder() + name);
  return nlohmann::json::parse(file);
}

inline Summary summary(const nlohmann::json& json) {
  Summary result;
  result.name = json.at("name").get<std::string>();
  result.norm = json.at("norm").get<double>();
  result.at = json.at("at").get<std::vector<std::size_t>>();
  result.values = json.at("values").get<std::vector<double>>();
  result.projections = json.at("projections").get<std::vector<double>>();
  return result;
}

inline Golden load(const std::string& network) {
  const nlohmann::json json = read_json("nn_" + network + ".json");
  const auto list = [&](const char* key) {
    std::vector<Summary> result;
    for (const nlohmann::json& entry : json.at(key)) result.push_back(summary(entry));
    return result;
  };
  const auto number = [&](const char* key) { return json.at(key).get<double>(); };
  const auto count = [&](const char* key) { return json.at(key).get<std::size_t>(); };
  const auto numbers = [&](const char* key) { return json.at(key).get<std::vector<double>>(); };
  const auto shape = json.at("input").get<std::vector<std::size_t>>();
  Golden result;
  result.network = json.at("network").get<std::string>();
  result.input = {shape[0], shape[1], shape[2]};
  result.outputs = count("outputs");
  result.batch = count("batch");
  result.samples = count("samples");
  result.steps = count("steps");
  result.correct = count("correct");
  result.sgd_rate = number("sgd_rate");
  result.adam_rate = number("adam_rate");
  result.loss = number("loss");
  result.logits = numbers("logits");
  result.sgd_losses = numbers("sgd_losses");
  result.adam_losses = numbers("adam_losses");
  result.layer_outputs = list("layer_outputs");
  result.gradient = list("gradient");
  result.sgd_update = list("sgd_update");
  result.adam_update = list("adam_update");
  result.input_gradient = summary(json.at("input_gradient"));
  return result;
}

/// The network of a file: a built-in one, or "mixed": strides, padding, overlapping pools, no bias, not square.
inline Architecture architecture(const Golden& golden) {
  if (golden.network != "mixed") return built_in(golden.network, golden.input, golden.outputs);
  return Architecture("mixed", golden.input,
                      {conv2d(4, 3, 2, 1), relu(), avg_pool(2, 1), conv2d(5, 3, 1, 2, false), relu(), max_pool(3, 2), flatten(),
                       dense(7), relu(), dense(golden.outputs)});
}

}  // namespace tocsin::nn::golden
