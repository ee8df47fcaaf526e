// SPDX-License-Identifier: Apache-2.0
// Max-pooling where windows do not overlap, on channels in blocks: a vector of channels at a time, and no record of the winners,
// which the pass back finds again. For CPUs with AVX2 alone, where oneDNN takes three to five times as long (docs/performance.md).
#pragma once
#include <cstddef>

namespace tocsin::kernels {

/// Planes [planes, height, width, block]: one for each image and block of channels. The block is a multiple of 8. No padding; the
/// stride is at least the kernel.
struct PoolShape {
  std::size_t planes = 1, height = 1, width = 1, kernel = 2, stride = 2, block = 8;
  [[nodiscard]] std::size_t out_height() const { return (height - kernel) / stride + 1; }
  [[nodiscard]] std::size_t out_width() const { return (width - kernel) / stride + 1; }
};

/// out = the largest value of each window; a NaN counts as larger than any.
void max_pool(const PoolShape& shape, const float* in, float* out);
/// in_gradient = out_gradient where a value was the first largest one of its window, row by row; else 0. `out` is what max_pool
/// made of `in`.
void max_pool_gradient(const PoolShape& shape, const float* in, const float* out, const float* out_gradient, float* in_gradient);

}  // namespace tocsin::kernels
