// SPDX-License-Identifier: Apache-2.0
// Column statistics of [n, d]: median, mean, standard deviation. Order is total (an integer key of the float), so -0 and +0, or
// equal values in another order, cannot change a byte; the middle pair of an even n is averaged in double.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"

namespace tocsin::kernels {

/// Which value stands for the middle of an even number of rows (rules.md, median).
enum class Even { average, lower, upper };

/// Median of each column [d]. n >= 1, all finite. O(n log^2 n d), vectorised over columns. Throws std::invalid_argument if n = 0.
std::vector<double> column_median(ConstRows rows, Even even = Even::average, Workers* workers = nullptr);
std::vector<double> column_median_reference(ConstRows rows, Even even = Even::average);

/// Mean [d] and standard deviation [d] of each column, sums in double in row order; ddof is subtracted from n under the deviation.
/// Throws std::invalid_argument if n <= ddof.
struct Moments {
  std::vector<double> mean, deviation;
};
Moments column_moments(ConstRows rows, std::size_t ddof = 0, Workers* workers = nullptr);
Moments column_moments_reference(ConstRows rows, std::size_t ddof = 0);

/// How often each row supplied the value of the column median, as a share of all columns [n]; the two middle rows of an even n
/// (average) share a half each; equal values go to the lower row.
std::vector<double> median_shares(ConstRows rows, Even even, Workers* workers = nullptr);

/// Exact weighted median of each column [d] (rules.md): lower = the smallest value v with mass(<= v) >= half, upper its mirror.
/// `weights` [n] >= 0, not all zero; a row of weight 0 is as good as absent. What is half is what HalfMass says.
/// Throws std::invalid_argument for other weights.
std::vector<double> weighted_column_median(ConstRows rows, std::span<const double> weights, Even even, Workers* workers = nullptr);
std::vector<double> weighted_column_median_reference(ConstRows rows, std::span<const double> weights, Even even);

/// A column median and the shares of rows in it, from one pass.
struct ColumnMedian {
  std::vector<double> median;  ///< [d]
  std::vector<double> shares;  ///< [n], as `median_shares`
};
ColumnMedian column_median_with_shares(ConstRows rows, Even even, Workers* workers = nullptr);
/// Equal values go to the lower row of positive weight.
ColumnMedian weighted_column_median_with_shares(ConstRows rows, std::span<const double> weights, Even even,
                                                Workers* workers = nullptr);

}  // namespace tocsin::kernels
