// SPDX-License-Identifier: Apache-2.0
// How rows lie to one vector: distances and inner products in a single pass. For figures, and for rules with a reference.
#pragma once
#include <span>
#include <vector>

#include "tocsin/core/rows.h"
#include "tocsin/core/workers.h"

namespace tocsin::kernels {

/// Of each row x_i against v: ||x_i - v||^2 and x_i . v, [n] each.
struct Against {
  std::vector<double> distance2, product;
};

/// O(n d), double sums over the fixed block tree; `workers` never changes a bit. Throws std::invalid_argument if v is not [d].
Against against(ConstRows rows, std::span<const double> vector, Workers* workers = nullptr);
Against against_reference(ConstRows rows, std::span<const double> vector);

}  // namespace tocsin::kernels
