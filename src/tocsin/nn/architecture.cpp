// SPDX-License-Identifier: Apache-2.0
#include "tocsin/nn/architecture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "tocsin/core/errors.h"

namespace tocsin::nn {

std::string_view text(LayerKind kind) {
  switch (kind) {
    case LayerKind::conv2d:
      return "conv2d";
    case LayerKind::max_pool:
      return "max_pool";
    case LayerKind::avg_pool:
      return "avg_pool";
    case LayerKind::dense:
      return "dense";
    case LayerKind::relu:
      return "relu";
    case LayerKind::dropout:
      return "dropout";
    case LayerKind::flatten:
      return "flatten";
    case LayerKind::batch_norm:
      return "batch_norm";
  }
  return "unknown";
}

Layer conv2d(std::size_t filters, std::size_t kernel, std::size_t stride, std::size_t padding, bool bias) {
  return {.kind = LayerKind::conv2d, .filters = filters, .kernel = kernel, .stride = stride, .padding = padding, .bias = bias};
}
Layer max_pool(std::size_t kernel, std::size_t stride) { return {.kind = LayerKind::max_pool, .kernel = kernel, .stride = stride}; }
Layer avg_pool(std::size_t kernel, std::size_t stride) { return {.kind = LayerKind::avg_pool, .kernel = kernel, .stride = stride}; }
Layer dense(std::size_t units, bool bias) { return {.kind = LayerKind::dense, .units = units, .bias = bias}; }
Layer dropout(double rate) { return {.kind = LayerKind::dropout, .rate = rate}; }
Layer relu() { return {.kind = LayerKind::relu}; }
Layer flatten() { return {.kind = LayerKind::flatten}; }
Layer batch_norm(double epsilon) { return {.kind = LayerKind::batch_norm, .epsilon = epsilon}; }

namespace {
/// The libraries below take sizes as 32-bit integers, and no sample or tensor that fits a machine is larger than this.
constexpr std::size_t kMostUnits = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kMostElements = std::size_t{1} << 40;

std::string text(const Shape& shape) {
  if (shape.height == 1 && shape.width == 1) return fmt::format("{}", shape.channels);
  return fmt::format("{} x {} x {}", shape.channels, shape.height, shape.width);
}

/// Checks one layer against its input and fills in what follows from it. `where` is "layer 3 (conv2d)".
class LayerCheck {
 public:
  LayerCheck(std::string where, Layer& layer) : where_(std::move(where)), layer_(layer) {}

  void run() {
    switch (layer_.kind) {
      case LayerKind::conv2d:
        return convolution();
      case LayerKind::max_pool:
      case LayerKind::avg_pool:
        return pool();
      case LayerKind::dense:
        return dense_layer();
      case LayerKind::dropout:
        require(layer_.rate >= 0.0 && layer_.rate < 1.0, "{}: rate must be in [0, 1), got {}", where_, layer_.rate);
        layer_.out = layer_.in;
        return;
      case LayerKind::batch_norm:
        require(layer_.epsilon >= 0.0, "{}: epsilon must be >= 0, got {}", where_, layer_.epsilon);
        layer_.out = layer_.in;
        return;
      case LayerKind::relu:
        layer_.out = layer_.in;
        return;
      case LayerKind::flatten:
        layer_.out = {layer_.in.features(), 1, 1};
        return;
    }
  }

 private:
  void convolution() {
    in_range("filters", layer_.filters);
    if (layer_.stride == 0) layer_.stride = 1;
    window(layer_.padding);
    require(layer_.padding < layer_.kernel, "{}: padding {} must be below the kernel, {}", where_, layer_.padding, layer_.kernel);
    layer_.out = {layer_.filters, positions(layer_.in.height + 2 * layer_.padding),
                  positions(layer_.in.width + 2 * layer_.padding)};
    bounded({layer_.filters, layer_.in.channels, layer_.kernel, layer_.kernel});
    bounded({layer_.out.channels, layer_.out.height, layer_.out.width});
  }

  void pool() {
    if (layer_.stride == 0) layer_.stride = layer_.kernel;
    window(0);
    layer_.out = {layer_.in.channels, positions(layer_.in.height), positions(layer_.in.width)};
  }

  void dense_layer() {
    in_range("units", layer_.units);
    require(layer_.in.height == 1 && layer_.in.width == 1, "{}: its input {} is not flat; put a flatten layer before it", where_,
            text(layer_.in));
    layer_.out = {layer_.units, 1, 1};
    bounded({layer_.units, layer_.in.channels});
  }

  void window(std::size_t padding) {
    in_range("kernel", layer_.kernel);
    in_range("stride", layer_.stride);
    require(padding <= kMostUnits, "{}: padding must be at most {}, got {}", where_, kMostUnits, padding);
    const bool fits = layer_.kernel <= layer_.in.height + 2 * padding && layer_.kernel <= layer_.in.width + 2 * padding;
    require(fits, "{}: kernel {} does not fit its input {}", where_, layer_.kernel, text(layer_.in));
  }

  [[nodiscard]] std::size_t positions(std::size_t extent) const { return (extent - layer_.kernel) / layer_.stride + 1; }

  void in_range(std::string_view key, std::size_t value) const {
    require(value >= 1 && value <= kMostUnits, "{}: {} must be in [1, {}], got {}", where_, key, kMostUnits, value);
  }

  void bounded(std::initializer_list<std::size_t> sizes) const {
    std::size_t product = 1;
    for (const std::size_t size : sizes) {
      const bool overflow = __builtin_mul_overflow(product, size, &product);
      require(!overflow && product <= kMostElements, "{}: too large, more than {} elements", where_, kMostElements);
    }
  }

  std::string where_;
  Layer& layer_;
};

/// Weight and bias of a layer behind the tensors already there.
void add_tensors(Layout& layout, std::size_t index, Layer& layer) {
  std::vector<std::size_t> shape;
  if (layer.kind == LayerKind::conv2d)
    shape = {layer.filters, layer.in.channels, layer.kernel, layer.kernel};
  else
    shape = {layer.units, layer.in.features()};
  std::size_t size = 1;
  for (const std::size_t extent : shape) size *= extent;
  const std::size_t outputs = shape.front();
  layer.weight_offset = layout.coordinates();
  layout.tensors.push_back({fmt::format("{}.weight", index), std::move(shape), layer.weight_offset, size, false});
  layer.bias_offset = layout.coordinates();
  if (layer.bias) layout.tensors.push_back({fmt::format("{}.bias", index), {outputs}, layer.bias_offset, outputs, true});
}

void add_statistics(Layout& layout, std::size_t index, Layer& layer) {
  const std::size_t channels = layer.in.channels;
  const auto add = [&](const char* name, bool is_bias) {
    const std::size_t offset = layout.coordinates();
    layout.tensors.push_back({fmt::format("{}.{}", index, name), {channels}, offset, channels, is_bias});
    return offset;
  };
  layer.weight_offset = add("weight", false);
  layer.bias_offset = add("bias", true);
  layer.mean_offset = add("running_mean", false);
  layer.variance_offset = add("running_var", false);
}

/// Multiply-adds of one pass over a layer, counted twice.
double pass_flops(const Layer& layer) {
  if (!layer.has_parameters()) return 0.0;
  const double outputs = static_cast<double>(layer.out.features());
  if (layer.kind == LayerKind::dense) return 2.0 * outputs * static_cast<double>(layer.in.features());
  return 2.0 * outputs * static_cast<double>(layer.in.channels * layer.kernel * layer.kernel);
}
}  // namespace

Architecture::Architecture(std::string name, Shape input, std::vector<Layer> layers, Loss loss)
    : name_(std::move(name)), input_(input), layers_(std::move(layers)), loss_(loss) {
  require(!layers_.empty(), "network '{}' has no layers", name_);
  for (const std::size_t extent : {input.channels, input.height, input.width})
    require(extent >= 1 && extent <= kMostUnits, "network '{}': its input {} x {} x {} is not a shape", name_, input.channels,
            input.height, input.width);
  require(input.channels * input.height <= kMostElements / input.width, "network '{}': its input {} is too large", name_,
          text(input));
  Shape shape = input_;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    layer.in = shape;
    LayerCheck(fmt::format("layer {} ({})", i, nn::text(layer.kind)), layer).run();
    if (layer.has_parameters()) add_tensors(layout_, i, layer);
    if (layer.kind == LayerKind::batch_norm) add_statistics(layout_, i, layer);
    require(parameters() <= kMostElements, "layer {} ({}): too large, more than {} parameters", i, nn::text(layer.kind),
            kMostElements);
    shape = layer.out;
  }
  require(parameters() > 0, "network '{}' has no conv2d and no dense layer, so nothing to learn", name_);
}

bool Architecture::has_batch_norm() const {
  return std::any_of(layers_.begin(), layers_.end(), [](const Layer& layer) { return layer.kind == LayerKind::batch_norm; });
}

double Architecture::forward_flops_per_sample() const {
  double flops = 0.0;
  for (const Layer& layer : layers_) flops += pass_flops(layer);
  return flops;
}

double Architecture::flops_per_sample() const {
  double flops = 0.0;
  bool first = true;
  for (const Layer& layer : layers_) {
    if (!layer.has_parameters()) continue;
    flops += pass_flops(layer) * (first ? 2.0 : 3.0);
    first = false;
  }
  return flops;
}

}  // namespace tocsin::nn
