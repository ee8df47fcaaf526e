// SPDX-License-Identifier: Apache-2.0
// The fixed summation tree over blocks of columns: partial sums arrive in any order and are joined in one.
// tree(b) = tree(first half) + tree(second half), the first half being the largest power of two below b (reliability.md, 5.5).
#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace tocsin::kernels {

constexpr std::size_t kBlockColumns = 65'536;  ///< columns a block of the fixed summation tree

/// Joins per-block partial sums, each of the same length, by the tree above. Result in partials[0]; the others are spent.
void tree_sum(std::vector<std::vector<double>>& partials);

namespace detail {

/// The same tree, fed by many threads: a pair is joined as soon as both halves are there, so that about (depth + threads) partial
/// sums live at a time; which half came first does not change their sum.
class TreeSum {
 public:
  /// `blocks` leaves, at least one.
  explicit TreeSum(std::size_t blocks) : blocks_(blocks) {}
  /// Takes the partial sum of one block. Thread-safe; each block once.
  void add(std::size_t block, std::vector<double> partial);
  /// The whole sum, once every block was added.
  [[nodiscard]] std::vector<double> take() { return std::move(result_); }

 private:
  std::size_t blocks_;
  std::mutex mutex_;
  std::map<std::pair<unsigned, std::size_t>, std::vector<double>> waiting_;  ///< by (level, node): halves without their other half
  std::vector<double> result_;
};

}  // namespace detail
}  // namespace tocsin::kernels
