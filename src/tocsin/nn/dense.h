// SPDX-License-Identifier: Apache-2.0
// The dense part of the engine: dense layers, ReLU and dropout over row-major [batch, features], on OpenBLAS.
// Weights lie as they are, [out, in]. Plain SGD is fused into the weight gradient, W += -rate * D^T X, so no gradient is stored.
// A first layer with few outputs reads images as the bytes they are, four times less memory to pass through.
// In bf16, a network without convolutions takes oneDNN's bfloat16 products. Behind convolutions dense layers stay float32: they
// hold a small share of the operations and are bound by memory, and rounding their weights every step cost more than it saved
// (docs/performance.md).
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tocsin/core/random.h"
#include "tocsin/data/dataset.h"
#include "tocsin/kernels/narrow.h"
#include "tocsin/nn/aligned_floats.h"
#include "tocsin/nn/architecture.h"
#include "tocsin/nn/half_products.h"
#include "tocsin/nn/network.h"
#include "tocsin/nn/spatial.h"

namespace tocsin::nn {

class Dense {
 public:
  /// Layers [first, end) of the architecture, batches of up to `capacity` rows; raw tensors are laid out from `raw_offset`.
  Dense(const Architecture& architecture, std::size_t first, std::size_t capacity, Precision precision, std::size_t raw_offset);

  [[nodiscard]] std::size_t raw_size() const { return raw_ - raw_offset_; }
  [[nodiscard]] RawTensor weights(std::size_t layer) const;
  [[nodiscard]] RawTensor bias(std::size_t layer) const;
  void bind(float* parameters, float* gradient);

  /// Where the caller puts the input of a batch: plain rows [capacity, input features].
  [[nodiscard]] float* input() {
    pixels_ = {};
    return values_.front().data();
  }
  /// The same for a data set of bytes, whose rows are then kept as bytes if the first layer can read them; false if it cannot.
  bool put_pixels(const data::Dataset& data, std::span<const std::uint32_t> samples);
  /// Logits [batch, outputs] of the rows in `input`. `dropout` null: evaluation.
  void forward(std::size_t batch, const Stream* dropout);
  [[nodiscard]] std::span<const float> logits(std::size_t batch) const;
  /// Where the caller puts the gradient of the logits [batch, outputs].
  [[nodiscard]] float* logit_gradient() { return gradients_.back().data(); }
  /// Backwards through all layers. With `rate` > 0 parameters move at once by -rate times their gradient; else, if `parameters`,
  /// the gradient vector is filled. The input's gradient [batch, input features] is made if `want_input`, and returned.
  float* backward(std::size_t batch, bool parameters, float rate, bool want_input);
  /// Output of a layer [batch, out]; recomputes what fusing left out.
  void output_of(std::size_t layer, std::size_t batch, float* plain) const;

 private:
  /// A dense layer with the ReLU behind it, or a ReLU or dropout of its own.
  struct Op {
    LayerKind kind = LayerKind::dense;
    std::size_t layer = 0;
    std::size_t in = 0, out = 0;
    bool rectified = false;
    RawTensor weights, bias;
    std::unique_ptr<HalfProducts> half;  // bf16
  };
  void backward_dense(std::size_t k, std::size_t batch, bool parameters, float rate, bool further);
  void clear_rows(float* values, std::size_t width, std::size_t batch) const;
  void forward_op(std::size_t k, std::size_t batch, const Stream* dropout);
  void multiply(std::size_t k, std::size_t batch, float* y) const;
  const Op* op_of(std::size_t layer) const;

  const Architecture& architecture_;
  std::size_t capacity_;
  std::size_t raw_offset_, raw_;
  float* parameters_ = nullptr;
  float* gradient_ = nullptr;
  std::vector<Op> ops_;
  std::vector<AlignedFloats> values_;     ///< [ops + 1]: input, then each op's output
  std::vector<AlignedFloats> gradients_;  ///< the same of their gradients
  std::vector<AlignedFloats> masks_;      ///< [ops], of dropouts
  std::vector<std::uint8_t> bytes_;       ///< [capacity, input features] if the first layer can read them
  kernels::ByteRows pixels_;              ///< the batch, if it was put as bytes; else none, and values_.front() holds it
  bool dropped_ = false;                  ///< the last forward pass drew masks
};

}  // namespace tocsin::nn
