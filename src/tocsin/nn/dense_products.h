// SPDX-License-Identifier: Apache-2.0
// The three products of a dense layer in float32, row-major: OpenBLAS, and our own kernels where few outputs make them faster.
#pragma once
#include <cstddef>

namespace tocsin::nn {

/// y [batch, out] = x [batch, in] W^T, W [out, in].
void multiply_forward(std::size_t batch, std::size_t in, std::size_t out, const float* x, const float* w, float* y);
/// dx [batch, in] = dy [batch, out] W.
void multiply_backward(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* w, float* dx);
/// w [out, in] = keep * w + scale * dy^T x.
void multiply_weights(std::size_t batch, std::size_t in, std::size_t out, const float* dy, const float* x, float scale, float keep,
                      float* w);

}  // namespace tocsin::nn
