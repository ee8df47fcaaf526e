// SPDX-License-Identifier: Apache-2.0
// The Gram matrix X X^T of a set of rows, and distances from it: all that most aggregation rules need of [n, d].
// Float rows, double accumulation. Columns are cut into blocks of 65,536, each summed by one thread in one order, blocks joined by
// a balanced tree over block numbers, so the bits depend on d alone (reliability.md, section 5). Within a block tiles of 512
// columns are summed in eight interleaved lanes whatever the width of a vector, so every target with fused multiply-add (AVX2,
// AVX-512, NEON) gives the same bits; without it (SSE) products of float rows are exact in double and only centred or double rows
// differ.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"
#include "tocsin/kernels/tree.h"

namespace tocsin::kernels {

/// A symmetric [n, n] matrix of inner products, in squared units of the rows.
class Gram {
 public:
  explicit Gram(std::size_t clients) : clients_(clients), values_(clients * clients) {}
  [[nodiscard]] std::size_t clients() const { return clients_; }
  [[nodiscard]] double operator()(std::size_t i, std::size_t j) const { return values_[i * clients_ + j]; }
  double& operator()(std::size_t i, std::size_t j) { return values_[i * clients_ + j]; }
  /// max(0, G_ii + G_jj - 2 G_ij), 0 on the diagonal: the squared distance of rows i and j. Infinite where squares leave the range
  /// of double (rows of double beyond 1e150).
  [[nodiscard]] double distance2(std::size_t i, std::size_t j) const;

 private:
  std::size_t clients_;
  std::vector<double> values_;
};

/// X X^T [n, n] of `rows` [n, d]. O(n^2 d). `workers` may be null; never changes a bit.
Gram gram(ConstRows rows, Workers* workers = nullptr);
/// The same of the rows minus their column median (distances are unchanged, cancellation is not): what distances are made from.
/// Centring on the median, never on the mean, which one loud row carries away. Of the two middles of an even n the one nearer to 0
/// is taken, never their mean: where half of the rows are loud, that would lose the distances among the others.
Gram centered_gram(ConstRows rows, Workers* workers = nullptr);
/// Plain loops in row order, the reference the kernel is tested against.
Gram gram_reference(ConstRows rows);
Gram centered_gram_reference(ConstRows rows);

/// The Gram matrix of some rows alone, in the order of `rows`. Throws std::invalid_argument if one does not exist.
Gram sub_gram(const Gram& gram, std::span<const std::size_t> rows);

/// The k smallest squared distances from row i to other rows, ascending. O(n log n). Throws std::invalid_argument if k >= n.
std::vector<double> nearest(const Gram& gram, std::size_t i, std::size_t k);

}  // namespace tocsin::kernels
