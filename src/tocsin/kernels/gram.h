// SPDX-License-Identifier: Apache-2.0
// The Gram matrix X X^T of a set of rows, and distances from it: all that most aggregation rules need of [n, d].
// Float rows, double accumulation. Columns are cut into blocks of 65,536, each summed by one thread in one order, blocks joined by
// a balanced tree over block numbers, so the bits depend on d alone (reliability.md, section 5).
#pragma once
#include <cstddef>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"

namespace tocsin::kernels {

/// A symmetric [n, n] matrix of inner products, in squared units of the rows.
class Gram {
 public:
  explicit Gram(std::size_t clients) : clients_(clients), values_(clients * clients) {}
  [[nodiscard]] std::size_t clients() const { return clients_; }
  [[nodiscard]] double operator()(std::size_t i, std::size_t j) const { return values_[i * clients_ + j]; }
  double& operator()(std::size_t i, std::size_t j) { return values_[i * clients_ + j]; }
  /// max(0, G_ii + G_jj - 2 G_ij), 0 on the diagonal: the squared distance of rows i and j.
  [[nodiscard]] double distance2(std::size_t i, std::size_t j) const;

 private:
  std::size_t clients_;
  std::vector<double> values_;
};

constexpr std::size_t kBlockColumns = 65'536;  ///< columns a block of the fixed summation tree

/// X X^T [n, n] of `rows` [n, d]. O(n^2 d). `workers` may be null; never changes a bit.
Gram gram(ConstRows rows, Workers* workers = nullptr);
/// The same of the rows minus their column median (distances are unchanged, cancellation is not): what distances are made from.
/// Centring on the median, never on the mean, which one loud row carries away.
Gram centered_gram(ConstRows rows, Workers* workers = nullptr);
/// Plain loops in row order, the reference the kernel is tested against.
Gram gram_reference(ConstRows rows);
Gram centered_gram_reference(ConstRows rows);

/// The k smallest squared distances from row i to other rows, ascending. O(n log n).
std::vector<double> nearest(const Gram& gram, std::size_t i, std::size_t k);

/// Joins per-block partial sums by the balanced tree over block numbers: tree(b) = tree(first half) + tree(second half), the first
/// half being the largest power of two below the count. Each partial has the same length. Result in partials[0].
void tree_sum(std::vector<std::vector<double>>& partials);

}  // namespace tocsin::kernels
