// SPDX-License-Identifier: Apache-2.0
// The weights of a convolution as kernels/winograd.h wants them, transformed when they are first needed after a change; and filled
// up with zeros where channels or filters fill no block.
#pragma once
#include <algorithm>

#include "tocsin/kernels/winograd.h"
#include "tocsin/nn/aligned_floats.h"

namespace tocsin::nn {

class WinogradWeights {
 public:
  /// `shape` has whole blocks; the layer has so many `channels` and `filters`.
  WinogradWeights(const kernels::WinogradShape& shape, std::size_t channels, std::size_t filters)
      : shape_(shape), channels_(channels), filters_(filters) {
    if (is_whole()) return;
    padded_ = AlignedFloats(shape.kernel * shape.kernel * shape.channels * shape.filters);
    padded_gradient_ = AlignedFloats(padded_.size());
  }

  [[nodiscard]] const kernels::WinogradShape& shape() const { return shape_; }
  /// From [kernel, kernel, channels, filters].
  void set(const float* weights) {
    if (forward_.size() == 0) forward_ = AlignedFloats(shape_.transformed());
    if (!is_whole())
      each_row([&](std::size_t plain, std::size_t padded) { std::copy_n(weights + plain, filters_, padded_.data() + padded); });
    kernels::winograd_weights(shape_, is_whole() ? weights : padded_.data(), forward_.data());
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
  /// The gradient of the weights into [kernel, kernel, channels, filters].
  void gradient(const float* in, const float* out_gradient, float* to, float* scratch) {
    kernels::winograd_gradient(shape_, in, out_gradient, is_whole() ? to : padded_gradient_.data(), scratch);
    if (!is_whole())
      each_row([&](std::size_t plain, std::size_t padded) { std::copy_n(padded_gradient_.data() + padded, filters_, to + plain); });
  }

 private:
  [[nodiscard]] bool is_whole() const { return channels_ == shape_.channels && filters_ == shape_.filters; }
  /// use(where a row of filters begins in plain weights, where in padded ones).
  template <class Use>
  void each_row(Use use) const {
    for (std::size_t k = 0; k < shape_.kernel * shape_.kernel; ++k)
      for (std::size_t c = 0; c < channels_; ++c) use((k * channels_ + c) * filters_, (k * shape_.channels + c) * shape_.filters);
  }

  kernels::WinogradShape shape_;
  std::size_t channels_, filters_;
  AlignedFloats forward_, backward_;
  AlignedFloats padded_, padded_gradient_;  // two, so that the padding of the weights stays 0 whatever a gradient holds
  bool is_stale_ = true;
};

}  // namespace tocsin::nn
