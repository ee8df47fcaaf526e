// SPDX-License-Identifier: Apache-2.0
// The layers of a network one at a time over a full batch, forwards and backwards, with weights of the caller's choosing: for those
// who walk back through a network by rules of their own. Float32 on oneDNN and OpenBLAS, the kernels of training, in the same
// layouts. Value 0 is the input of the network, value k + 1 the output of layer k. A value lies in the engine's own order, in which
// any element-wise operation that keeps 0 at 0 may be done: padded channels are zero and must stay so.
#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "tocsin/nn/architecture.h"

namespace tocsin::nn {

class LayerEngine {
 public:
  /// For batches of exactly `batch` rows. The architecture has no batch_norm (fold it first) and must outlive this.
  LayerEngine(const Architecture& architecture, std::size_t batch);
  ~LayerEngine();
  LayerEngine(const LayerEngine&) = delete;
  LayerEngine& operator=(const LayerEngine&) = delete;

  /// Floats that a value takes.
  [[nodiscard]] std::size_t floats(std::size_t value) const;
  /// Plain rows [batch, features], C, H, W order, to a value and back.
  void enter(std::size_t value, const float* plain, float* to);
  void leave(std::size_t value, const float* from, float* plain);

  /// Weights for a conv2d or dense layer: [out, in] or [out, in, k, k], and a bias [out] or none. Laid out once, until `set` again.
  std::size_t add(std::size_t layer);
  void set(std::size_t weights, std::span<const float> values, std::span<const float> bias);
  /// to = W from + b, then max(0, .) if `rectify`: from value `layer` to value `layer + 1`.
  void push(std::size_t weights, const float* from, float* to, bool rectify);
  /// to = W^T from: from value `layer + 1` to value `layer`. `from` may not be `to`.
  void pull(std::size_t weights, const float* from, float* to);

  /// A pool or a flatten. A max-pool remembers its winners, the first of equals in row-major order, for `pass_back`.
  void pass(std::size_t layer, const float* from, float* to);
  /// Its transpose: to the winners; in equal parts; back to the layout before the flatten.
  void pass_back(std::size_t layer, const float* from, float* to);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::nn
