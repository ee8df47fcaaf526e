// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy and its gradient in one pass: exponentials in float (relative error below 2e-7), their sums, the
// logarithms and the losses in double.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace tocsin::kernels {

/// Softmax cross-entropy of logits [rows, classes]: the sum of losses (double) and the number of hits (lowest index on ties;
/// a row with NaN is none). If `gradient` is not empty it becomes scale * (softmax - onehot) [rows, classes]; if `hits` [classes]
/// is not, each hit adds one to its label's.
struct LossSums {
  double loss = 0;
  std::size_t correct = 0;
};
LossSums softmax_cross_entropy(std::span<const float> logits, std::span<const std::int32_t> labels, std::size_t classes,
                               float scale, std::span<float> gradient, std::span<std::uint32_t> hits = {});

}  // namespace tocsin::kernels
