// SPDX-License-Identifier: Apache-2.0
// The three products of a dense layer in bfloat16: operands rounded from float32 master values, sums in float32, by oneDNN.
#pragma once
#include <cstddef>
#include <memory>

namespace tocsin::nn {

/// Products of one dense layer for batches of exactly `batch` rows; rows that do not belong to the batch must be zero.
/// x [batch, in], w [out, in], y and dy [batch, out], all float32 and row-major; the bfloat16 copies live in here.
class HalfProducts {
 public:
  HalfProducts(std::size_t batch, std::size_t in, std::size_t out);
  ~HalfProducts();
  HalfProducts(const HalfProducts&) = delete;
  HalfProducts& operator=(const HalfProducts&) = delete;

  /// y = x w^T. Keeps x for `weights`.
  void forward(const float* x, const float* w, float* y);
  /// Takes dy for the two passes below.
  void take_gradient(const float* dy);
  /// dx = dy w.
  void backward(const float* w, float* dx);
  /// dw = dy^T x.
  void weights(float* dw);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::nn
