// SPDX-License-Identifier: Apache-2.0
// Passes over pieces of rows into doubles, vectorised: what weighted sums and moments are made of.
// Products and sums are rounded one by one (never fused), so every target gives the bits of the plain loop.
#pragma once
#include <cstddef>
#include <span>

namespace tocsin::kernels::detail {

/// sum[c] += weights[0] rows[0][c], then += weights[1] rows[1][c], ... for c in [0, sum.size()).
void add_rows(std::span<double> sum, std::span<const double> weights, std::span<const float* const> rows);
void add_rows(std::span<double> sum, std::span<const double> weights, std::span<const double* const> rows);

/// sum[c] += (row[c] - center[c])^2.
void add_squares(std::span<double> sum, const double* center, const float* row);
void add_squares(std::span<double> sum, const double* center, const double* row);

}  // namespace tocsin::kernels::detail
