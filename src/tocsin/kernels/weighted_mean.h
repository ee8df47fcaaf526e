// SPDX-License-Identifier: Apache-2.0
// Weighted means of rows: summed in row order in twice the digits of a double (Knuth's TwoSum, Dekker's products), divided last.
// So equal rows give that row exactly, of float or of double; other means are within the last digit.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"

namespace tocsin::kernels {

/// sum_i weights[i] x_i / sum_i weights[i] [d]. Rows of weight 0 are not read; weights need not add up to 1, all may not be 0. O(n
/// d). Throws std::invalid_argument if weights.size() != rows.clients().
std::vector<double> weighted_mean(ConstRows rows, std::span<const double> weights, Workers* workers = nullptr);
/// In long double, in row order.
std::vector<double> weighted_mean_reference(ConstRows rows, std::span<const double> weights);

namespace detail {
/// A sum of weights and what rounding took from it: Knuth's TwoSum.
struct TotalWeight {
  double sum = 0, rest = 0;
  void add(double weight);
};
}  // namespace detail

/// The same of rows that come one by one, in row order: the same bits (but where values of a double are about to underflow).
class RunningMean {
 public:
  /// `most` is the sum of the weights of all rows that may come.
  RunningMean(std::size_t coordinates, double most);
  /// Adds row i of `rows`. O(d).
  void add(double weight, ConstRows rows, std::size_t i);
  /// The mean of the rows added [d]; spends the sum. Rows must have had weight.
  [[nodiscard]] std::vector<double> take();

 private:
  std::vector<double> sum_, rest_;
  double scale_;
  detail::TotalWeight total_;
};

}  // namespace tocsin::kernels
