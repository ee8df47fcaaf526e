// SPDX-License-Identifier: Apache-2.0
// The weight gradient of a convolution of few input channels, a first layer's: images lie plainly, the outputs' channels in blocks
// of 8. For CPUs with AVX2 alone, where oneDNN has no kernel for it (docs/performance.md).
#pragma once
#include <cstddef>

namespace tocsin::kernels {

/// Images [batch, channels, height, width]; errors [batch, blocks of 8 filters, out_height, out_width, 8], padded filters 0.
struct FewChannelsShape {
  std::size_t batch = 1, channels = 1, height = 1, width = 1, filters = 8, kernel = 1, stride = 1, padding = 0;
  [[nodiscard]] std::size_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  [[nodiscard]] std::size_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }
  [[nodiscard]] std::size_t blocks() const { return (filters + 7) / 8; }
  /// Floats that the pass works in: nothing in them lasts.
  [[nodiscard]] std::size_t scratch() const;
};

/// gradient [kernel, kernel, channels, filters], and bias_gradient [filters] unless null, summed over the batch: in float within a
/// row of outputs, then row by row.
void few_channels_gradient(const FewChannelsShape& shape, const float* in, const float* out_gradient, float* gradient,
                           float* bias_gradient, float* scratch);

}  // namespace tocsin::kernels
