// SPDX-License-Identifier: Apache-2.0
// The weights of a 5x5 convolution as kernels/winograd.h wants them, transformed when they are first needed after a change.
#pragma once
#include "tocsin/kernels/winograd.h"
#include "tocsin/nn/aligned_floats.h"

namespace tocsin::nn {

class WinogradWeights {
 public:
  explicit WinogradWeights(const kernels::WinogradShape& shape) : shape_(shape) {}

  [[nodiscard]] const kernels::WinogradShape& shape() const { return shape_; }
  /// From [5, 5, channels, filters].
  void set(const float* weights) {
    if (forward_.size() == 0) forward_ = AlignedFloats(shape_.transformed());
    kernels::winograd_weights(shape_, weights, forward_.data());
    is_stale_ = true;
  }
  /// Transformed; and transposed for the pass back. Set them first.
  [[nodiscard]] const float* forward() const { return forward_.data(); }
  const float* backward() {
    if (backward_.size() == 0) backward_ = AlignedFloats(shape_.transformed());
    if (is_stale_) kernels::winograd_transposed(shape_, forward_.data(), backward_.data());
    is_stale_ = false;
    return backward_.data();
  }

 private:
  kernels::WinogradShape shape_;
  AlignedFloats forward_, backward_;
  bool is_stale_ = true;
};

}  // namespace tocsin::nn
