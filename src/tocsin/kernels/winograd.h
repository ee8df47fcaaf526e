// SPDX-License-Identifier: Apache-2.0
// Convolutions of stride 1 with 5x5 and 3x3 kernels by Winograd's F(2x2, 5x5) and F(4x4, 3x3): 36 products for four outputs where
// direct convolution takes 100, or for sixteen where it takes 144. Lavin, Gray, Fast Algorithms for Convolutional Neural Networks,
// CVPR 2016, arXiv:1509.09308. The same tiles and transformed weights serve all three passes: y = A^T [(G g G^T) . (B^T d B)] A,
// its transpose for the gradient of the input (overlapping tiles are added), and G^T [V^T W] G for that of the weights. Points 0,
// +-3/4, +-3/2 and infinity: in float the error is about 1.4 times that of direct convolution; with the usual 0, +-1, +-2 it would
// be three times (docs/decisions/013).
#pragma once
#include <cstddef>

namespace tocsin::kernels {

/// Activations lie in blocks of channels, [batch, channels / block, height, width, block]; channels and filters are multiples of
/// `block`, which is 16, or 8 where no vector is longer. Weights are [kernel, kernel, channels, filters].
struct WinogradShape {
  static constexpr std::size_t kMostBlock = 16, kTile = 6, kPoints = kTile * kTile;
  std::size_t batch = 1, channels = 16, height = 5, width = 5, filters = 16, padding = 0, block = kMostBlock;
  std::size_t kernel = 5;  ///< or 3
  /// Outputs of a tile in each direction.
  [[nodiscard]] std::size_t outputs() const { return kTile + 1 - kernel; }
  [[nodiscard]] std::size_t out_height() const { return height + 2 * padding - (kernel - 1); }
  [[nodiscard]] std::size_t out_width() const { return width + 2 * padding - (kernel - 1); }
  /// Floats of the transformed weights.
  [[nodiscard]] std::size_t transformed() const { return kPoints * channels * filters; }
  /// Floats that a pass works in: nothing in them lasts.
  [[nodiscard]] std::size_t scratch() const;
};

/// u = G g G^T, [36, channels, filters].
void winograd_weights(const WinogradShape& shape, const float* weights, float* u);
/// The same, [36, filters, channels].
void winograd_transposed(const WinogradShape& shape, const float* u, float* transposed);
/// out = W in + bias [filters] (null: none), then max(0, .) if `rectify`.
void winograd_forward(const WinogradShape& shape, const float* in, const float* u, const float* bias, bool rectify, float* out,
                      float* scratch);
/// in_gradient = W^T out_gradient, of transposed transformed weights.
void winograd_data(const WinogradShape& shape, const float* out_gradient, const float* transposed, float* in_gradient,
                   float* scratch);
/// The gradient of the weights, summed over the batch.
void winograd_gradient(const WinogradShape& shape, const float* in, const float* out_gradient, float* gradient, float* scratch);
/// sums [channels] of activations [batch, channels / block, places, block] over batch and places.
void blocked_sums(const float* values, std::size_t batch, std::size_t channels, std::size_t places, std::size_t block, float* sums);
/// Floats of this CPU's vectors, 16 at most: `block` is a multiple of them.
std::size_t winograd_lanes();

}  // namespace tocsin::kernels
