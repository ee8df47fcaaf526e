// SPDX-License-Identifier: Apache-2.0
// Passes over pieces of rows into doubles, vectorised: what weighted sums and moments are made of.
// Products and sums are rounded one by one (never fused), so every target gives the bits of the plain loop.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace tocsin::kernels::detail {

/// sum[c] += weights[0] rows[0][c], then += weights[1] rows[1][c], ... for c in [0, sum.size()).
void add_rows(std::span<double> sum, std::span<const double> weights, std::span<const float* const> rows);
void add_rows(std::span<double> sum, std::span<const double> weights, std::span<const double* const> rows);

/// A weight as the sum of two doubles, of 26 and of 27 bits: their products with either half of a value are exact.
struct HalvedWeight {
  double high, low;
};
HalvedWeight halved(double weight);
constexpr std::uint64_t kHighBits = ~((std::uint64_t{1} << 27) - 1);  ///< of a double, without the lower half of its fraction

/// The same sums as above, and in `rest` what rounding took from them: sum + rest has about twice the digits.
void add_rows_twofold(std::span<double> sum, std::span<double> rest, std::span<const HalvedWeight> weights,
                      std::span<const float* const> rows);
void add_rows_twofold(std::span<double> sum, std::span<double> rest, std::span<const HalvedWeight> weights,
                      std::span<const double* const> rows);

/// sum[c] = (sum[c] + rest[c]) / (by + by_rest), rounded once where that can be told: what the quotient of sum and by lacks is
/// added.
void divide_twofold(std::span<double> sum, std::span<const double> rest, double by, double by_rest);

/// sum[c] += (row[c] - center[c])^2.
void add_squares(std::span<double> sum, const double* center, const float* row);
void add_squares(std::span<double> sum, const double* center, const double* row);

}  // namespace tocsin::kernels::detail
