// SPDX-License-Identifier: Apache-2.0
// The convolutional part of the engine: conv2d, pools, and the element-wise layers between them, on oneDNN.
// Blocked layouts from the first convolution to the flatten; ReLU fused into the convolution before it; all memory and primitives
// made once (backward ones at the first backward pass). The layout that the weight gradient wants is the layout of the master
// weights.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "tocsin/core/random.h"
#include "tocsin/nn/architecture.h"
#include "tocsin/nn/network.h"

namespace tocsin::nn {

/// Where a tensor lies in the replica's raw vector, in floats.
struct RawTensor {
  std::size_t offset = 0, size = 0;
  /// A tensor of so many floats at `offset`, padded to 64 bytes so that the next one is aligned as well.
  static RawTensor padded(std::size_t offset, std::size_t floats) { return {offset, (floats + 15) / 16 * 16}; }
};

class Spatial {
 public:
  /// Layers [0, count) of the architecture, for batches of exactly `batch` rows. Raw tensors are laid out from raw offset 0.
  Spatial(const Architecture& architecture, std::size_t count, std::size_t batch, Precision precision);
  ~Spatial();
  Spatial(const Spatial&) = delete;
  Spatial& operator=(const Spatial&) = delete;

  [[nodiscard]] std::size_t raw_size() const;
  /// Raw place of the weights and the bias of a conv2d layer.
  [[nodiscard]] RawTensor weights(std::size_t layer) const;
  [[nodiscard]] RawTensor bias(std::size_t layer) const;
  /// The raw vectors all passes use; they must outlive this.
  void bind(float* parameters, float* gradient);
  /// Weights of a layer [out, in, k, k] into their raw place of `raw` (the whole raw vector), and back.
  void weights_to_raw(std::size_t layer, const float* plain, float* raw) const;
  void weights_to_flat(std::size_t layer, const float* raw, float* plain) const;
  /// After parameters changed: copies in other layouts or precisions are stale.
  void parameters_changed();

  /// Plain [batch, input features] to plain [batch, output features]. `dropout` null: evaluation.
  void forward(const float* input, float* output, const Stream* dropout);
  /// From the plain gradient of the output; fills the gradient vector if `parameters`, and `input_gradient` (plain) if not null.
  void backward(const float* output_gradient, bool parameters, float* input_gradient);
  /// Output of a layer as plain floats [batch, out]; recomputes what fusing left out.
  void output_of(std::size_t layer, float* plain) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::nn
