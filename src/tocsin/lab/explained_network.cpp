// SPDX-License-Identifier: Apache-2.0
#include "tocsin/lab/explained_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <utility>

#include "tocsin/core/errors.h"
#include "tocsin/core/options.h"
#include "tocsin/explain/npy.h"
#include "tocsin/nn/safetensors.h"

namespace tocsin::lab {
namespace {

nn::ModelPlan read_layers(const std::string& file) {
  const Table root = read_toml(file);
  Faults faults;
  const Value* within = root.find("model");
  const Table* table = within == nullptr ? &root : within->as<Table>();
  if (table == nullptr) faults.add(within->place, fmt::format("'model' must be a table, got {}", within->kind()));
  faults.raise();
  Options options(table, within == nullptr ? Place{file, 0, 0} : within->place, within == nullptr ? "" : "[model]", faults);
  const nn::ModelPlan plan = nn::read_model(options, std::filesystem::path(file).parent_path().string());
  options.finish();
  faults.raise();
  return plan;
}

nn::Shape shape_of(const explain::Npy& array, const std::string& file) {
  const std::vector<std::size_t>& shape = array.shape;
  if (shape.size() == 4) return {shape[1], shape[2], shape[3]};
  if (shape.size() == 3) return {1, shape[1], shape[2]};
  if (shape.size() == 2) return {shape[1], 1, 1};
  throw DataError(file, std::nullopt,
                  fmt::format("inputs are [n, C, H, W], [n, H, W] or [n, features], this is [{}]", fmt::join(shape, ", ")));
}

/// Throws DataError for the first of `values` that the walks cannot hold; `what` says what they are.
void check_numbers(std::span<const double> values, nn::Precision precision, const std::string& file, const std::string& what) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  const auto fits = [&](double value) {
    return std::isfinite(value) && (precision == nn::Precision::float64 || std::abs(value) <= kLargest);
  };
  const auto found = std::find_if_not(values.begin(), values.end(), fits);
  if (found == values.end()) return;
  const std::string place = fmt::format("{}: value {} (counted from 0) is {}", what, found - values.begin(), *found);
  if (std::isfinite(*found)) throw DataError(file, std::nullopt, place + ", beyond float32", "--precision float64 can hold it");
  const auto finite = std::count_if(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
  throw DataError(
      file, std::nullopt,
      fmt::format("{}; {} of {} are not finite", place, values.size() - static_cast<std::size_t>(finite), values.size()));
}

explain::Images images_of(const explain::Npy& array, const std::string& file, nn::Precision precision) {
  explain::Images images;
  std::visit([&](const auto& values) { images.inputs.assign(values.begin(), values.end()); }, array.values);
  const std::size_t rows = array.shape.front(), features = rows == 0 ? 0 : images.inputs.size() / rows;
  for (std::size_t i = 0; i < rows; ++i)
    check_numbers(std::span(images.inputs).subspan(i * features, features), precision, file, fmt::format("row {}", i));
  images.index.resize(rows);
  std::iota(images.index.begin(), images.index.end(), std::uint64_t{0});
  if (images.index.empty()) throw DataError(file, std::nullopt, "there is no input in it: its first extent is 0");
  return images;
}

/// Outputs of a built-in network: the rows of the last weights in the file.
std::size_t outputs_of(const nn::Safetensors& weights, const std::string& file) {
  std::size_t outputs = 0, last = 0;
  for (const nn::NamedTensor& tensor : weights.tensors) {
    const std::size_t layer = static_cast<std::size_t>(std::strtoul(tensor.name.c_str(), nullptr, 10));
    if (tensor.name.ends_with(".weight") && !tensor.values.empty() && layer >= last) outputs = tensor.shape.front(), last = layer;
  }
  if (outputs == 0) throw DataError(file, std::nullopt, "no tensor is named '<layer>.weight', so the outputs are not known");
  return outputs;
}
}  // namespace

ExplainedNetwork read_network(const std::string& network, const std::string& weights, const std::string& input,
                              nn::Precision precision) {
  const nn::ModelPlan plan = read_layers(network);
  const nn::Safetensors tensors = nn::read_safetensors(weights);
  const explain::Npy array = explain::read_npy(input);
  const nn::Shape shape = shape_of(array, input);
  try {
    nn::Architecture architecture = plan.layers.empty() ? nn::built_in(plan.name, shape, outputs_of(tensors, weights))
                                                        : nn::Architecture(plan.name, shape, plan.layers, plan.loss);
    Updates parameters(1, architecture.parameters(), Element::float64);
    nn::assign(tensors, weights, architecture.layout(), parameters.rows());
    for (const nn::NamedTensor& tensor : tensors.tensors)
      check_numbers(tensor.values, precision, weights, fmt::format("tensor '{}'", printable(tensor.name)));
    return {std::move(architecture), std::move(parameters), images_of(array, input, precision)};
  } catch (const std::invalid_argument& error) {
    throw ConfigError({{Place{network, 0, 0},
                        fmt::format("the network does not fit inputs of {} x {} x {}: {}", shape.channels, shape.height,
                                    shape.width, error.what()),
                        fmt::format("{} gives their shape", printable(input, 4096))}});
  }
}

std::string npy_of(const explain::Maps& maps, const nn::Shape& shape) {
  const std::size_t n = maps.values.clients(), size = maps.values.coordinates();
  std::vector<std::size_t> extents{n, shape.channels, shape.height, shape.width};
  if (shape.height * shape.width == 1) extents = {n, shape.channels};
  if (size != shape.features()) extents = {n, size};
  return maps.values.rows().visit([&](auto typed) {
    std::vector<typename std::remove_const_t<typename decltype(typed)::value_type>> all;
    for (std::size_t i = 0; i < n; ++i) all.insert(all.end(), typed[i].begin(), typed[i].end());
    return explain::format_npy(extents, std::span<const typename decltype(all)::value_type>(all));
  });
}

}  // namespace tocsin::lab
