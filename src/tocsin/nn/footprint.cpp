// SPDX-License-Identifier: Apache-2.0
// What a replica takes, added up from its layers before it exists. Each term is one kind of buffer of the engine (spatial.cpp,
// dense.cpp) or of the reference; padded channels and primitives are covered by a fixed share.
#include "tocsin/nn/network.h"

namespace tocsin::nn {
namespace {

constexpr double kPadding = 1.15;                // blocked layouts round channels up to 16; alignment
constexpr double kPrimitives = 6.0 * (1 << 20);  // generated code, scratchpads, OpenBLAS's packing buffer

/// Bytes of one activation and of its gradient, by layer: convolutional ones may be bfloat16.
double activation_bytes(const Layer& layer, Precision precision) {
  if (precision == Precision::float64) return sizeof(double);
  const bool spatial = layer.kind == LayerKind::conv2d || layer.kind == LayerKind::max_pool || layer.kind == LayerKind::avg_pool;
  return spatial && precision == Precision::bf16 ? sizeof(float) / 2.0 : sizeof(float);
}

}  // namespace

std::size_t footprint(const Architecture& architecture, std::size_t capacity, Precision precision) {
  const double element = precision == Precision::float64 ? sizeof(double) : sizeof(float);
  const double parameters = static_cast<double>(architecture.parameters());
  double bytes = 2.0 * element * parameters;  // and their gradient
  double activations = 2.0 * element * static_cast<double>(architecture.input().features());
  for (const Layer& layer : architecture.layers()) {
    if (layer.kind == LayerKind::flatten) continue;
    const double features = static_cast<double>(layer.out.features());
    activations += 2.0 * activation_bytes(layer, precision) * features;
    if (layer.kind == LayerKind::dropout || layer.kind == LayerKind::max_pool) activations += element * features;  // mask, winners
    // Copies of the weights in the layouts of other passes, or rounded.
    const bool copied = layer.kind == LayerKind::conv2d || precision == Precision::bf16;
    if (layer.has_parameters() && copied && precision != Precision::float64)
      bytes += 2.0 * (precision == Precision::bf16 ? 2.0 : 4.0) * static_cast<double>(layer.bias_offset - layer.weight_offset);
  }
  bytes += activations * static_cast<double>(capacity);
  return static_cast<std::size_t>(kPadding * bytes + kPrimitives);
}

}  // namespace tocsin::nn
