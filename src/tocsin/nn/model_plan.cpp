// SPDX-License-Identifier: Apache-2.0
// [model]: a built-in network by name, or a list of layers; how its parameters start.
#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/core/errors.h"
#include "tocsin/nn/architecture.h"

namespace tocsin::nn {
namespace {
constexpr std::size_t kMostUnits = std::size_t{1} << 24;
constexpr std::size_t kMostLayers = 1000;

CountOption size_option(std::string_view help, std::size_t at_most = kMostUnits) {
  return {.fallback = std::nullopt, .at_least = 1, .at_most = at_most, .help = help};
}

bool read_bias(Options& options) { return options.flag("bias", {.fallback = true, .help = "whether it has a bias"}); }

Layer read_convolution(Options& options) {
  const std::size_t filters = options.count("filters", size_option("output channels"));
  const std::size_t kernel = options.count("kernel", size_option("side of the window"));
  const std::size_t stride =
      options.count("stride", {.fallback = 1, .at_least = 1, .at_most = kMostUnits, .help = "step of the window"});
  const std::size_t padding =
      options.count("padding", {.fallback = 0, .at_most = kMostUnits, .help = "zeros on each side, below the kernel"});
  return conv2d(filters, kernel, stride, padding, read_bias(options));
}

Layer read_pool(Options& options, LayerKind kind) {
  const std::size_t kernel = options.count("kernel", size_option("side of the window"));
  const std::size_t stride = options.count(
      "stride", {.fallback = kernel, .at_least = 1, .at_most = kMostUnits, .help = "step of the window; default: the kernel"});
  return kind == LayerKind::max_pool ? max_pool(kernel, stride) : avg_pool(kernel, stride);
}

Layer read_dropout(Options& options) {
  const double rate = options.number(
      "rate", {.fallback = std::nullopt, .at_least = 0.0, .at_most = 1.0, .help = "share dropped in training, below 1"});
  if (rate < 1.0) return dropout(rate);
  options.fault("rate", "rate must be below 1, got 1", "a rate of 1 would drop everything");
  return dropout(0.0);
}

Layer read_layer(Options& options) {
  const std::string type =
      options.word("type", {.fallback = "",
                            .words = {"conv2d", "relu", "max_pool", "avg_pool", "flatten", "dense", "dropout", "batch_norm"},
                            .help = "kind of layer"});
  if (type == "conv2d") return read_convolution(options);
  if (type == "max_pool") return read_pool(options, LayerKind::max_pool);
  if (type == "avg_pool") return read_pool(options, LayerKind::avg_pool);
  if (type == "dense") {
    const std::size_t units = options.count("units", size_option("outputs"));
    return dense(units, read_bias(options));
  }
  if (type == "dropout") return read_dropout(options);
  if (type == "relu") return relu();
  if (type == "flatten") return flatten();
  if (type == "batch_norm")
    return batch_norm(
        options.number("epsilon", {.fallback = 1e-5, .at_least = 0.0, .help = "added to the variance under the root"}));
  if (!options.has("type")) options.fault("type", "a layer needs a type", "for example { type = \"relu\" }");
  for (const char* key : {"filters", "kernel", "stride", "padding", "units", "bias", "rate", "epsilon"})
    options.raw(key, "", std::nullopt, "");  // of whatever the layer was meant to be: one fault is enough
  return relu();
}

std::vector<std::string_view> built_in_names() {
  std::vector<std::string_view> names;
  for (const BuiltIn& network : built_in_networks()) names.push_back(network.name);
  return names;
}

constexpr std::string_view kLayersHelp = "layers of one's own from input to output, each { type = \"...\", ... }";

Loss read_loss(Options& options) {
  const std::string loss = options.word("loss", {.fallback = "cross_entropy",
                                                 .words = {"cross_entropy", "squared_error"},
                                                 .help = "loss of layers of one's own; a built-in network has its own"});
  return loss == "squared_error" ? Loss::squared_error : Loss::cross_entropy;
}

/// Layers of the user's own; `name` is then only a label.
void read_own_layers(Options& options, ModelPlan& plan) {
  plan.name = options.text("name", {.fallback = "custom", .help = "a label for layers of one's own"});
  const std::vector<std::string_view> names = built_in_names();
  if (std::find(names.begin(), names.end(), plan.name) != names.end())
    options.fault("name", fmt::format("'{}' is a built-in network, and layers are given as well", plan.name),
                  "leave the layers out, or take another name");
  std::vector<Options> tables = options.tables("layers", kLayersHelp);
  if (tables.empty() || tables.size() > kMostLayers) {
    options.fault("layers", fmt::format("layers must be a list of 1 to {} layers, got {}", kMostLayers, tables.size()));
    return;
  }
  for (Options& table : tables) plan.layers.push_back(read_layer(table));
  plan.loss = read_loss(options);
}
}  // namespace

ModelPlan read_model(Options& options, const std::string& folder) {
  ModelPlan plan;
  if (options.has("layers"))
    read_own_layers(options, plan);
  else
    plan.name = options.word("name", {.fallback = std::nullopt, .words = built_in_names(), .help = "a built-in network"});
  if (options.is_describing()) {
    options.tables("layers", kLayersHelp);
    read_loss(options);
  }
  const std::string init =
      options.word("init", {.fallback = "glorot",
                            .words = {"glorot", "he", "fan_in"},
                            .help = "distribution of fresh weights: uniform in +-sqrt(6 / (fan_in + fan_out)), "
                                    "+-sqrt(6 / fan_in) or +-sqrt(1 / fan_in)"});
  plan.init = init == "he" ? Init::he : init == "fan_in" ? Init::fan_in : Init::glorot;
  plan.weights = options.text("weights", {.fallback = "", .help = "safetensors file to start from; empty: fresh weights"});
  const std::filesystem::path weights(plan.weights);
  if (!plan.weights.empty() && weights.is_relative()) plan.weights = (std::filesystem::path(folder) / weights).string();
  return plan;
}

Architecture make_architecture(const ModelPlan& plan, Shape input, std::size_t outputs) {
  if (plan.layers.empty()) return built_in(plan.name, input, outputs);
  Architecture architecture(plan.name, input, plan.layers, plan.loss);
  require(architecture.outputs() == outputs, "network '{}' ends in {} outputs, the data need {}", printable(plan.name),
          architecture.outputs(), outputs);
  return architecture;
}

}  // namespace tocsin::nn
