// SPDX-License-Identifier: Apache-2.0
// The three products of a dense layer with few outputs (a classifier's last layer), where a general matrix product loses to
// packing. All matrices row-major float; x [batch, in], w [out, in], y and dy [batch, out]; sums in float, lane by lane.
#pragma once
#include <cstddef>
#include <cstdint>

namespace tocsin::kernels {

constexpr std::size_t kNarrowOutputs = 10;  ///< the most outputs these kernels take

/// Inputs [batch, in] kept as bytes, each meaning byte * scale: products are made of the bytes and scaled after.
struct ByteRows {
  const std::uint8_t* data = nullptr;
  float scale = 1.0F;
};

/// y = x w^T.
void narrow_forward(std::size_t batch, std::size_t in, std::size_t out, const float* x, const float* w, float* y);
void narrow_forward(std::size_t batch, std::size_t in, std::size_t out, ByteRows x, const float* w, float* y);
/// dx = dy w.
void narrow_backward(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* w, float* dx);
/// w = keep w + scale dy^T x, with keep 0 or 1.
void narrow_weights(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* x, float scale, float keep,
                    float* w);
void narrow_weights(std::size_t batch, std::size_t in, std::size_t out, const float* dy, ByteRows x, float scale, float keep,
                    float* w);

}  // namespace tocsin::kernels
