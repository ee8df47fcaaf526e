// SPDX-License-Identifier: Apache-2.0
// Weighted sums of rows, in row order, in double.
#pragma once
#include <span>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"

namespace tocsin::kernels {

/// sum_i weights[i] x_i [d], accumulated in double in row order. Rows of weight 0 are not read. O(n d).
/// Throws std::invalid_argument if weights.size() != rows.clients().
std::vector<double> combine(ConstRows rows, std::span<const double> weights, Workers* workers = nullptr);
std::vector<double> combine_reference(ConstRows rows, std::span<const double> weights);

}  // namespace tocsin::kernels
